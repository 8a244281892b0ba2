import type { QueryClient } from "@tanstack/react-query";

/** What the pages know of one case, by the first part of its key. */
export const OF_A_CASE = [
  "case", "case-actions", "case-timeline", "case-terms", "case-approvals", "case-ladder", "case-compensations",
  "case-measures", "case-crisis", "case-attachments", "case-links",
];

/** A step was taken: the case and the work are read anew. */
export async function refresh(queries: QueryClient, id: string): Promise<void> {
  await Promise.all([
    ...OF_A_CASE.map((name) => queries.invalidateQueries({ queryKey: [name, id] })),
    queries.invalidateQueries({ queryKey: ["work"] }),
  ]);
}
