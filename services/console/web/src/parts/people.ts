import { useQuery } from "@tanstack/react-query";
import { ask, type People } from "../api";

/** Who works at a branch, to choose from; nothing while it is not known or not to be seen: an account may be typed. */
export function usePeople(branch: string | undefined): People | undefined {
  const found = useQuery({
    queryKey: ["people", branch],
    enabled: branch !== undefined,
    retry: false,
    staleTime: 60_000,
    queryFn: ({ signal }) => ask<People>(`/api/console/v1/people?branch=${encodeURIComponent(branch!)}`, { signal }),
  });
  return found.data;
}
