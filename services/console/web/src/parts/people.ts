import { useQuery } from "@tanstack/react-query";
import { ask, type People } from "../api";
import { nameOf } from "./Person";

/** A person to choose, as lists say it: name and account, and what they are. */
export const chosenAs = ({ subject, name }: People["people"][number], ...more: string[]): string =>
  [name ? `${name} ${subject}` : subject, ...more.filter(Boolean)].join(" · ");

/** Who works at a branch, to choose from; nothing while it is not known or not to be seen: an account may be typed. */
export function usePeople(branch: string | undefined): People | undefined {
  const found = useQuery({
    queryKey: ["people", branch],
    enabled: branch !== undefined,
    retry: false,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const found = await ask<People>(`/api/console/v1/people?branch=${encodeURIComponent(branch!)}`, { signal });
      return { ...found, people: await Promise.all(found.people.map(async (one) => ({ ...one, name: await nameOf(one.subject) }))) };
    },
  });
  return found.data;
}
