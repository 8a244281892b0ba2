import { useDesk } from "../Shell";

/** A branch, a department of one, or the group, as people call it. */
export function Place({ of }: { of: string }) {
  return <>{useDesk().placeName(of)}</>;
}
