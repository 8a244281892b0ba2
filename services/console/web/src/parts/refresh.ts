import type { QueryClient } from "@tanstack/react-query";
import { Problem, type Me } from "../api";

/** What the pages know of one case or one report, by the first part of its key. */
export const OF_A_CASE = [
  "case", "case-actions", "case-timeline", "case-terms", "case-approvals", "case-ladder", "case-compensations",
  "case-measures", "case-crisis", "case-attachments", "case-links", "report",
];

/** Of the case that was read last: the instants of the caller's own steps after which every part of it was read. */
let read: { id: string; instants: Set<number> } = { id: "", instants: new Set() };
let reading: Promise<void> = Promise.resolve();

/** A step was taken: the case and the work are read anew. */
export function refresh(queries: QueryClient, id: string): Promise<void> {
  return (reading = readAnew(queries, id));
}

async function readAnew(queries: QueryClient, id: string): Promise<void> {
  await Promise.all([
    ...OF_A_CASE.map((name) => queries.invalidateQueries({ queryKey: [name, id] })),
    queries.invalidateQueries({ queryKey: ["work"] }),
  ]);
  if (OF_A_CASE.some((name) => !answered(queries.getQueryState([name, id])?.error))) return;
  // the step was answered before any part was asked for, so all of them have it; of what others did that is not sure
  const me = queries.getQueryData<Me>(["me"])?.subject;
  read = { id, instants: new Set(OF_A_CASE.flatMap((name) => done(queries.getQueryData([name, id]), me))) };
}

/** Whether a part was answered: also by that there is none, or none for the caller. */
const answered = (error: unknown): boolean => !error || (error instanceof Problem && [403, 404].includes(error.status));

/** When somebody did what a part tells of: by whom and at what instant go together, author and at, signed_by and signed_at. */
function done(part: unknown, me: string | undefined): number[] {
  if (part === null || typeof part !== "object") return [];
  const said = part as Record<string, unknown>;
  const own = Object.keys(said).filter((name) => said[name] === me && /^author$|(^|_)by$/.test(name));
  const instants = own.map((name) => Date.parse(String(said[name === "author" ? "at" : name.replace(/by$/, "at")])));
  return [...instants.filter(Number.isFinite), ...Object.values(said).flatMap((one) => done(one, me))];
}

/** Whether all that has changed about a case came of own steps, and was read after them; what is being read comes first. */
export async function hasRead(id: string, instants: (string | null)[]): Promise<boolean> {
  await reading;
  return read.id === id && instants.every((one) => one !== null && read.instants.has(Date.parse(one)));
}
