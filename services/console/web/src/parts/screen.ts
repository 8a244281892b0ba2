/** Where what a service tells of is done here: its path there, as a page of ours; null for what has no page yet. */
export function screenOf({ service, path }: { service: string; path: string }): string | null {
  const report = /^\/v1\/complaints\/reports\/([0-9a-f-]{36})(?:\/|$)/.exec(path)?.[1];
  if (service === "complaint" && report) return `/reports/${report}`;
  const [, what, id] = /^\/v1\/([a-z-]+)\/([0-9a-f-]{36})(?:\/|$)/.exec(path) ?? [];
  if (service === "complaint" && what === "complaints") return `/cases/${id}`;
  if (service === "notify" && what === "inbox") return "/inbox";
  if (service === "credit" && what === "shipments") return `/credit/shipments/${id}`;
  if (service === "credit" && what === "accounts") return `/credit/accounts/${id}`;
  if (service === "credit" && what === "losses") return `/credit/losses/${id}`;
  if (service === "credit" && what === "risk-warnings") return `/credit/warnings/${id}`;
  if (service === "credit" && what === "dunning-letters") return `/credit/letters/${id}`;
  return null;
}

/** The list in which it is found where it has no page of its own: what is due, what is to be signed. */
export function listOf({ path }: { path: string }): string | null {
  if (path.startsWith("/v1/approvals/")) return "/work?list=approvals";
  return path === "/v1/work" ? "/work" : null;
}
