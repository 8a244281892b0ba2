import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { ask, type Page } from "../api";
import { useSpeech } from "../language";

interface BranchTitles {
  branch: string;
  title: string;
  departments: { department: string; title: string }[];
}

/** What people call a place (`sh-pudong`, `sh-pudong/sales`, `group`): its title at the staff service, without one its code. */
export function usePlaceName(enabled: boolean): (place: string) => string {
  const { t } = useSpeech();
  const found = useQuery({
    queryKey: ["branch-titles"], enabled, retry: false, staleTime: 300_000, queryFn: ({ signal }) => everyTitle(signal),
  });
  const titles = found.data;
  return useCallback((place) => (place === "group" ? t("wholeGroup") : titles?.get(place) ?? place), [titles, t]);
}

/** The title of each branch and department; branches that share one bear their code with it. */
async function everyTitle(signal: AbortSignal): Promise<Map<string, string>> {
  const branches: BranchTitles[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Page<BranchTitles> = await ask(`/api/staff/v1/branches?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
    branches.push(...page.items);
    cursor = page.next;
  }
  const titles = new Map<string, string>();
  for (const { branch, title, departments } of branches) {
    const shared = branches.some((other) => other.title === title && other.branch !== branch);
    const name = shared ? `${title} (${branch})` : title;
    titles.set(branch, name);
    for (const one of departments) titles.set(`${branch}/${one.department}`, `${name} · ${one.title}`);
  }
  return titles;
}

/** A choice of branches, found by title and by code. */
export interface BranchOption {
  value: string;
  label: string;
}

export const isMeant = (text: string, option?: BranchOption): boolean =>
  option !== undefined && (option.label.includes(text) || option.value.includes(text.toLowerCase()));

/** The branch that a text means: its code, its title, or the only one that is found by it; null where that is none. */
export function branchMeant(text: string, options: BranchOption[]): string | null {
  const said = text.trim();
  const exact = options.find((one) => one.value === said || one.label === said);
  if (exact) return exact.value;
  const found = said ? options.filter((one) => isMeant(said, one)) : [];
  return found.length === 1 ? found[0]!.value : null;
}
