// Every request of the pages: same origin, our header, problems as one kind of error.

export interface FieldError {
  pointer: string;
  detail: string;
  /** the kind of what is wrong, and its limit where it has one */
  code?: string;
  limit?: string;
}

/** What a service answers when it says no (RFC 9457), or that nothing answered at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly title: string,
    readonly detail: string,
    readonly rules: string[] = [],
    readonly errors: FieldError[] = [],
    readonly traceId: string = "",
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  /** The network is gone, or the service is: the same may be sent again. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503 || this.status === 502;
  }
}

export interface Options {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** in the place of a body: a file as it is */
  file?: Blob;
  /** makes a repetition safe: the same key is the same request */
  key?: string;
  version?: number;
  signal?: AbortSignal;
  /** go where the service leads on, within it; without, that is an error */
  follow?: boolean;
}

const PATIENCE = 20_000;

/** What every request bears: that it is ours, and the language of the page. */
const ours = () => ({ "kehu-console": "1", "accept-language": document.documentElement.lang });

export async function ask<T>(path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { ...ours(), accept: "application/json" };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.file) headers["content-type"] = "application/octet-stream";
  if (options.key) headers["idempotency-key"] = options.key;
  if (options.version !== undefined) headers["if-match"] = `"${options.version}"`;
  const signals = [AbortSignal.timeout(PATIENCE), ...(options.signal ? [options.signal] : [])];
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, {
      method: options.method ?? "GET",
      headers,
      credentials: "same-origin",
      redirect: options.follow ? "follow" : "error",
      signal: AbortSignal.any(signals),
      ...(options.file ? { body: options.file } : options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    text = await answer.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, "offline", "", "");
  }
  if (answer.ok) return (text ? JSON.parse(text) : undefined) as T;
  throw problemOf(answer.status, answer.headers.get("retry-after"), text);
}

/** What a service sends as a file; who may not have it is told so. */
export async function fetched(path: string, type = "*/*"): Promise<Blob> {
  let answer: Response;
  try {
    answer = await fetch(path, { headers: { ...ours(), accept: type }, credentials: "same-origin", redirect: "error" });
    if (answer.ok) return await answer.blob();
  } catch {
    throw new Problem(0, "offline", "", "");
  }
  throw problemOf(answer.status, answer.headers.get("retry-after"), await answer.text());
}

/** Keep a file under this name. */
export function keep(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/** Save a paper that a service prints, under this name; who may not have it is told so. */
export async function download(path: string, type: string, name: string): Promise<void> {
  keep(await fetched(path, type), name);
}

/** Send a file as the body, piece by piece as the network takes it; `sent` hears which part of it has gone (0 to 1). */
export function upload<T>(path: string, file: Blob, type: string, key: string, sent: (part: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how far it has come
    request.open("POST", path);
    for (const [name, value] of Object.entries(ours())) request.setRequestHeader(name, value);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("content-type", type);
    request.setRequestHeader("idempotency-key", key);
    request.upload.onprogress = (event) => sent(event.loaded / Math.max(event.total, 1));
    request.onerror = () => reject(new Problem(0, "offline", "", ""));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(problemOf(request.status, request.getResponseHeader("retry-after"), request.responseText));
    };
    request.send(file);
  });
}

/** The problem that an answer tells of; who is not signed in any more is led to the provider. */
function problemOf(status: number, retryAfter: string | null, text: string): Problem {
  if (status === 401) signIn();
  const seconds = Number(retryAfter);
  const retry = Number.isFinite(seconds) && seconds > 0 ? seconds : null;
  try {
    const said = JSON.parse(text);
    const slug = String(said.type ?? "").replace("/problems/", "");
    return new Problem(
      status, slug, said.title ?? "", said.detail ?? "", said.rules ?? [], said.errors ?? [], said.trace_id ?? "", retry,
    );
  } catch {
    return new Problem(status, "unreadable", "", "", [], [], "", retry);
  }
}

let leaving = false;

/** To the provider, and back to this page. The address carries ids only. */
export function signIn(): void {
  if (leaving || location.pathname === "/signed-out") return;
  leaving = true;
  location.assign(`/auth/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
}

export async function signOut(): Promise<void> {
  await ask("/auth/sign-out", { method: "POST" });
  leaving = true;
  location.assign("/signed-out?why=done");
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Session {
  subject: string;
  name: string;
  ends_at: string;
}

export interface Me {
  subject: string;
  grants: { role: string; zh: string; en: string; place: string }[];
}

export interface Places {
  branches: { branch: string; profile: string; region: string | null }[];
  roles: { role: string; zh: string; en: string }[];
}

export interface People {
  people: { subject: string; name: string | null; department: string | null; roles: string[] }[];
  departments: string[];
}

export interface Work {
  id: string;
  service: string;
  kind: string;
  subject: string;
  rules: string[];
  role: string;
  place: string;
  person: string | null;
  due_at: string | null;
  late: boolean;
  why_due: string | null;
  why_due_zh: string | null;
  state: string;
  path: string;
  since: string | null;
  reminders: number | null;
  escalated_to: string[] | null;
}

export interface Counts {
  work: number;
  approvals: number;
  late: number;
  today: number;
}

export interface CaseLine {
  id: string;
  number: string;
  branch: string;
  channel: string;
  state: string;
  taken_at: string;
  brand: string;
  series: string | null;
  model: string | null;
  text: string;
  customer_id: string | null;
  serious: boolean;
  serious_kinds: string[];
  repeat_of: string | null;
  merged_into: string | null;
}

export interface Entry {
  id: string;
  at: string;
  kind: string;
  author: string;
  rules: string[];
  facts: Record<string, unknown>;
  words: Record<string, unknown>;
}

export interface Action {
  step: string;
  action: string | null;
  path: string;
  state: "possible" | "held" | "not_now";
  yours: boolean;
  awaits: string;
  places: string[];
  person: string | null;
  because: string | null;
  approval: string | null;
  rules: string[];
  roles: string[];
  handler: boolean;
  since: string[];
  gates: string[];
}

export interface Progress {
  id: string;
  number: string;
  state: string;
  level: string | null;
  department: string | null;
  handler: string | null;
  participants: string[];
  gates: Record<string, string | null>;
  round: number;
  waiting_for_customer: boolean;
  version: number;
}

export interface CaseActions {
  case: Progress;
  actions: Action[];
  version: number;
}

export interface Case extends CaseLine {
  region: string | null;
  model_year: number | null;
  fault_codes: string[];
  match: string;
  matched_at: string | null;
  directory_as_of: string | null;
  serious_at: string | null;
  caller: Record<string, string | null>;
  vehicle: Record<string, string | null>;
  words: string;
  demand: string | null;
  profile: string;
  judgement: {
    reason_holds: boolean; demand_holds: boolean; founded: boolean; by: string; at: string;
    respondent_department: string | null;
  } | null;
  opinion: string | null;
  respondent: string | null;
  held: Record<string, { id: string; actions: string[]; rules: string[] }>;
  version: number;
}

export interface Taken {
  id: string;
  number: string;
  taken_at: string;
  match: string;
  customer_id: string | null;
  serious: boolean;
  judge_by: string | null;
  text: string;
}

export interface CustomerLine {
  id: string;
  kind: string;
  customer_class: string | null;
  branch: string;
  registered_at: string;
}

export interface Resolved {
  id: string;
  name: string;
  phones: string[];
  customer_class: string | null;
  branch: string;
}

export interface Obligation {
  id: string;
  duty: string;
  title: string;
  title_zh: string;
  role: string;
  person: string | null;
  rules: string[];
  due_at: string | null;
  state: string;
  missed_at: string | null;
  ended_at: string | null;
  why: string;
  why_zh: string;
}

export interface Seat {
  role: string;
  place: string;
  waiting: boolean;
  nobody: boolean;
  signed_by: string | null;
  on_behalf_of: string | null;
  signed_at: string | null;
  reason: string | null;
}

export interface Approval {
  id: string;
  name: string;
  title: string;
  title_zh: string;
  rules: string[];
  subject: string;
  branch: string;
  asked_by: string;
  asked_at: string;
  amount: string | null;
  offer: Record<string, unknown>;
  digest: string;
  state: string;
  reason: string | null;
  stages: Seat[][];
  yours: boolean;
}

export interface Notice {
  id: string;
  title: string;
  text: string;
  title_en: string;
  text_en: string;
  template: string;
  service: string;
  subject: string;
  path: string;
  rules: string[];
  urgent: boolean;
  role: string;
  place: string;
  because: string | null;
  because_zh: string | null;
  made_at: string;
  confirm_by: string | null;
  unread: boolean;
  read_at: string | null;
  confirmed_at: string | null;
}

export interface Told {
  notice: string;
  person: string;
  role: string;
  place: string;
  channel: string;
  sent_at: string;
  because: string | null;
  read_at: string | null;
  confirmed_at: string | null;
}

export interface LadderStep {
  id: string;
  kind: string;
  title: string;
  title_zh: string;
  rules: string[];
  role: string;
  place: string;
  answers: string;
  answers_at: string;
  met_by: "sent" | "confirmed" | "done";
  since: string;
  due_at: string | null;
  why_due: string | null;
  why_due_zh: string | null;
  state: string;
  late: boolean;
  ended_at: string | null;
  confirmed_by: string | null;
  told: Told[];
  tried: string[];
  by_hand: { by: string; at: string; channel: string } | null;
  missing: string[];
}

export interface SeriousLadder {
  case_id: string;
  number: string;
  serious: boolean;
  kinds: string[];
  serious_at: string | null;
  marks: { kinds: string[]; by?: string; overruled_by?: string; at: string }[];
  steps: LadderStep[];
  repeats: { earlier_case_id: string; number: string; by: string[]; found_at: string; overruled_by: string | null }[];
}

export interface Measure {
  id: string;
  case_id: string;
  kind: string;
  words: string;
  outcome: string | null;
  due_on: string | null;
  owner: string | null;
  state: string;
  taken_at: string;
  ended_at: string | null;
}

export interface CrisisGroup {
  convened_by: string;
  convened_at: string;
  members: string[];
  meetings: { id: string; held_at: string; present: string[]; recorded_by: string; minutes: string; decisions: string[] }[];
  tasks: { id: string; meeting_id: string; person: string; what: string; due_at: string | null; done_at: string | null }[];
}

/** One running clock of a case. */
export interface DueLine {
  obligation: string;
  duty: string;
  due_at: string;
  missed: boolean;
  role: string;
  person: string | null;
  case: CaseLine;
}

export interface Money {
  amount: string;
  currency: string;
}

export interface Compensation {
  id: string;
  case_id: string;
  branch: string;
  lines: { kind: string; amount: Money }[];
  amount: Money;
  state: string;
  offered_by: string;
  offered_at: string;
  decided_at: string | null;
  paid_by: string | null;
  paid_at: string | null;
}

/** A file of a case; `path` is null when it was removed. */
export interface Attachment {
  id: string;
  kind: string;
  media_type: string;
  size: number;
  added_by: string;
  added_at: string;
  removed_by: string | null;
  removed_at: string | null;
  reason: string | null;
  handed_over: boolean;
  path: string | null;
}

export interface Attachments {
  items: Attachment[];
  adds: boolean;
  removes: boolean;
  largest: number;
  media_types: string[];
}

/** What a case has to do with others; `number` and `path` of a link are null where it is not the reader's. */
export interface Links {
  id: string;
  number: string;
  merged: string[];
  links: { kind: string; forward: boolean; number: string | null; path: string | null; by: string | null; at: string | null }[];
}

/** How many cases carry a tag (`taken`, `taken.channel=phone`). */
export interface Figure {
  figure: string;
  count: number;
}

/**
 * The statistics of a branch, or of the `group`, in a week or month; `open` is null where it was not counted then.
 * `owed`: somebody has yet to fill it in, by `due_at` where there is a term.
 */
export interface ReportLine {
  id: string;
  kind: "week" | "month";
  period: string;
  first_day: string;
  last_day: string;
  branch: string;
  state: "frozen" | "filled_in" | "reviewed";
  opening: number;
  taken: number;
  closed: number;
  open: number | null;
  serious: number;
  terms_missed: number;
  corrected: number;
  frozen_at: string;
  filled_at: string | null;
  reviewed_at: string | null;
  owed: boolean;
  due_at: string | null;
}

export interface Report extends ReportLine {
  figures: Figure[];
  corrections: Figure[];
  digest: string;
  filled_by: string | null;
  reviewed_by: string | null;
  remarks: string | null;
  held: Record<string, { id: string; actions: string[]; rules: string[] }>;
  version: number;
}

/** A case that a figure consists of; `path` for who may open it. */
export interface CaseNumber {
  number: string;
  branch: string;
  path: string;
}

/** A table that somebody handed in. */
export interface ImportView {
  id: string;
  state: "waiting" | "done" | "failed";
  dry_run: boolean;
  rows: number;
  done: number;
  outcomes: Record<string, number>;
  asked_at: string;
}

/** `type` of the problem that refused it; `foretold` by a dry run, where more would follow from the row. */
export interface ImportedRow {
  row: number;
  outcome: string;
  /** the id of what it has become */
  ref: string | null;
  type: string | null;
  detail: string | null;
  rules: string[];
  errors: FieldError[];
  foretold: { what: string; because: string; about: string | null; rules: string[] } | null;
}
