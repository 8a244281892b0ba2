// What the credit service answers.

export const CREDIT = "/api/credit/v1";

/** The number by which people name an account or a shipment: how its id begins, as far as it differs within a millisecond. */
export const numberOf = (id: string): string => id.slice(0, 18).toUpperCase();

export interface Reason {
  code: string;
  rules: string[];
  amount: string | null;
  customer_id: string | null;
  as_of: string | null;
}

export interface WayOut {
  code: string;
  rules: string[];
  amount: string | null;
  role: string | null;
  day: string | null;
}

export interface Decision {
  outcome: "released" | "held";
  way: string | null;
  rules: string[];
  reasons: Reason[];
  ways_out: WayOut[];
  on: string;
  amount: string;
  prepaid: string;
  exposure: string;
  after: string;
  limit: string;
  plan_wanted: boolean;
  plan_owed?: boolean;
}

export interface Line {
  product: string;
  batch: string;
  quantity: string;
  price: string;
  amount: string;
  returned: string;
}

export interface Shipment {
  id: string;
  account_id: string;
  customer_id: string;
  branch: string;
  state: "held" | "released" | "invoiced" | "issued" | "delivered" | "cancelled";
  destination: string;
  lines: Line[];
  amount: string;
  prepaid: string;
  returned: string;
  decision: Decision;
  overrun: "first" | "last" | null;
  signature: { kind: "first" | "last"; amount: string; until: string; signer: string } | null;
  invoice_id: string | null;
  invoiced_on: string | null;
  issued_on: string | null;
  delivered_on: string | null;
  unreleased: boolean;
  part_of: string | null;
  copy_of: string | null;
  requested_by: string;
  requested_at: string;
  waits_for: string[];
  version: number;
}

export interface AccountLine {
  id: string;
  branch: string;
  contract: string;
  term_days: number;
  balance: string;
  released: string;
  reserved: string;
  exposure: string;
  limit_on: string;
  limit: string;
  opened_at: string;
  version: number;
  customer_ids: string[];
}

export interface Account extends Omit<AccountLine, "customer_ids"> {
  customers: { customer_id: string; known: boolean; confirmed_at: string | null; as_of: string | null; papers_as_of: string | null }[];
  eligible: boolean;
  missing: { code: string; customer_id: string | null; as_of: string | null; rules: string[] }[];
  oldest_open: string | null;
  reviewed_at: string;
  terms: { amount: string; until: string } | null;
}

export type PartName = "receivable" | "released" | "reserved";

export interface Standing {
  account_id: string;
  on: string;
  eligible: boolean;
  missing: string[];
  facts_as_of: string | null;
  exposure: string;
  parts: Record<PartName, string>;
  limit: string;
  window: [string, string] | null; // null: what sales has approved for the longer term
  within: boolean;
  over: string;
  room: string;
  largest_signed: string;
  overruns: { shipment: string; kind: "first" | "last"; amount: string; on: string; signer: string }[];
  back_on: string | null;
  rules: string[];
}

export interface LimitDay {
  day: string;
  amount: string;
  before: string;
  why: { what: string; day?: string; amount: string }[];
}

export interface ExposureLine {
  id: string;
  what: string;
  dated_on: string;
  amount: string;
  counts: string;
}

export interface DocumentLine {
  id: string;
  kind: string;
  dated_on: string;
  amount: string;
  open: string;
  origin: string;
  origin_ref: string;
  shipment_id: string | null;
  customer_id: string;
  corrects: string | null;
  reversed_by: string | null;
}

/** `reason`: why it was reversed, of both documents; of a return, why less was booked than its `lines` are worth. */
export interface Document extends DocumentLine {
  reason: string | null;
  lines: { line: number; product: string; batch: string; quantity: string; price: string }[];
  entries: { ledger: string; amount: string }[];
  allocations: { credit_id: string; debit_id: string; amount: string; allocated_at: string }[];
}

export interface Ageing {
  on: string;
  balance: string;
  bands: Record<string, string>;
  unused: string;
  documents: {
    document_id: string; kind: string; dated_on: string; due_on: string; days_over: number; band: string; amount: string; open: string;
  }[];
}

export interface Plan {
  id: string;
  state: "running" | "superseded";
  instalments: { due_on: string; amount: string; met_on: string | null }[];
  broken: number;
  agreed_at: string;
}

export interface Loss {
  id: string;
  kind: "bad_debt" | "unauthorised_shipment" | "last_overrun_unpaid";
  rule: string;
  state: "found" | "verified" | "approved" | "borne" | "dismissed";
  account_id: string | null;
  branch: string;
  document_id: string | null;
  shipment_id: string | null;
  amount: string;
  occurred_on: string;
  found_at: string;
  legal_reserved: boolean;
  shares: { part: string; person: string | null; weight: number; amount: string | null }[];
  ended_at: string | null;
  approval: string | null;
  evidence: { id: string; origin_ref: string; line: number; product: string; batch: string; quantity: string; issued_on: string; finding: string | null; lost: string }[];
}

/** Whose rows are handed in as a file: by the path of the service. */
/** A case that a goods-issue list would raise, or add to; without a shipment it is about the slip. */
export interface ForeseenCase {
  what: "case_opened" | "case_joined";
  shipment_id: string | null;
  slips: string[];
  amount: string;
  because: string[];
  first_row: number;
  rows: number;
  rules: string[];
}

/** A line of the warehouse's lists: `lost` of its `value` is in the case. */
export interface GoodsIssue {
  id: string;
  branch: string;
  origin_ref: string;
  line: number;
  shipment_ref: string | null;
  product: string;
  batch: string;
  quantity: string;
  issued_on: string;
  state: "listed" | "part" | "matched" | "unauthorised" | "withdrawn";
  mistake: string | null;
  finding: string | null;
  shipment_id: string | null;
  loss_id: string | null;
  value: string;
  lost: string;
  listed_at: string;
  listed_by: string;
}

export interface WarningLine {
  id: string;
  account_id: string;
  branch: string;
  kind: "ageing" | "broken_promises" | "shrinking_payments" | "concentration";
  state: "open" | "acted" | "ended" | "closed";
  amount: string;
  raised_on: string;
  seen_on: string;
  ended_at: string | null;
}

export interface RiskEvidence {
  figures: Record<string, string>;
  thresholds: Record<string, number>;
  documents: string[];
  plans: string | null;
}

export interface RiskWarning extends WarningLine {
  raised: RiskEvidence;
  latest: RiskEvidence;
  steps: { step: string; code: string; by: string; at: string; note: string | null }[];
  rules: string[];
}

export interface LetterLine {
  id: string;
  account_id: string;
  customer_id: string;
  branch: string;
  level: number;
  made_on: string;
  total: string;
  days_over: number;
  state: "made" | "printed" | "sent" | "handed_over" | "void";
  person: string | null;
  sent_at: string | null;
  handed_on: string | null;
  way: string | null;
  void_because: string | null;
}

export interface Letter extends LetterLine {
  lines: { document: string; kind: string; dated_on: string; due_on: string; days_over: number; amount: string; open: string }[];
  papers: Record<string, { path: string; sha256: string; size: number }>;
  handed_by: string | null;
  approval: string | null;
  rules: string[];
}
