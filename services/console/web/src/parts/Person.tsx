import { useQuery } from "@tanstack/react-query";
import { ask, Problem } from "../api";
import { useSpeech } from "../language";

/** how many one request asks for, and how long it waits for others on the same screen (milliseconds) */
const AT_ONCE = 100;
const TOGETHER = 20;

let asked: Map<string, ((name: string | null) => void)[]> | null = null;

/** The name of a colleague, asked for together with the others of the screen; null for whom the staff service does not show. */
export function nameOf(subject: string): Promise<string | null> {
  return new Promise((told) => {
    if (asked === null) {
      asked = new Map();
      window.setTimeout(() => {
        const now = asked!;
        asked = null;
        void resolve(now);
      }, TOGETHER);
    }
    asked.set(subject, [...(asked.get(subject) ?? []), told]);
  });
}

async function resolve(waiting: Map<string, ((name: string | null) => void)[]>): Promise<void> {
  const subjects = [...waiting.keys()];
  for (let at = 0; at < subjects.length; at += AT_ONCE) {
    const these = subjects.slice(at, at + AT_ONCE);
    const names = new Map<string, string>();
    try {
      const found = await ask<{ people: { subject: string; name: string }[] }>("/api/staff/v1/people/resolve", { method: "POST", body: { subjects: these } });
      for (const one of found.people) names.set(one.subject, one.name);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // without names there are the accounts
    }
    for (const one of these) for (const told of waiting.get(one)!) told(names.get(one) ?? null);
  }
}

/** Who an account is: a colleague by name, a service as the system, whoever cannot be shown by the account. */
export function Person({ of }: { of: string | null | undefined }) {
  const { t } = useSpeech();
  const machine = !of || of.startsWith("service:");
  const found = useQuery({
    queryKey: ["person", of], enabled: !machine, retry: false, queryFn: () => nameOf(of!),
    staleTime: ({ state }) => (state.data ? 600_000 : 30_000), // who has no name now may have one when the staff service is back
  });
  if (machine) return of ? <>{t("theSystem")}</> : null;
  if (found.isPending) return <>…</>;
  return found.data ? <span title={of}>{found.data}</span> : <>{of}</>;
}

/** Several of them. */
export function Persons({ of }: { of: string[] }) {
  const { mark } = useSpeech();
  return of.map((one, nth) => <span key={one}>{nth > 0 && mark("list")}<Person of={one} /></span>);
}
