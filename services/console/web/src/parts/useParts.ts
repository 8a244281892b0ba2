import { useInfiniteQuery, type InfiniteData } from "@tanstack/react-query";
import { ask, type Page } from "../api";

/** A long list, read in parts as somebody asks for more; asked again as `often` says of what is there, in ms. */
export function useParts<T>(key: unknown[], path: string, often: (found: T[]) => number | false = () => false, enabled = true) {
  return useInfiniteQuery<Page<T>, Error, InfiniteData<Page<T>, string>, unknown[], string>({
    queryKey: key, initialPageParam: "", enabled,
    refetchInterval: ({ state }) => often(state.data?.pages.flatMap((page) => page.items) ?? []),
    queryFn: ({ pageParam, signal }) => ask<Page<T>>(`${path}${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
}
