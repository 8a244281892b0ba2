import { shown } from "./money";

/** An amount of money, to the cent, with its currency. */
export function Amount({ of, strong }: { of: string | null | undefined; strong?: boolean }) {
  if (of === null || of === undefined) return null;
  const text = <span className="amount">¥&nbsp;{shown(of)}</span>;
  return strong ? <b>{text}</b> : text;
}
