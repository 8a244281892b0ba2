// The tables that are handed in: where, how the pages speak of each, and its columns as who fills them in knows them.
import type { Language, Word } from "../language";

export type Table = "payments" | "documents" | "goods-issues" | "complaints" | "people";

/** Where a kind of table is handed in, is found again, and says what became of its rows. */
export const PATHS: Record<Table, string> = {
  payments: "/api/credit/v1/payments/imports",
  documents: "/api/credit/v1/documents/imports",
  "goods-issues": "/api/credit/v1/goods-issues/imports",
  complaints: "/api/complaint/v1/complaints/imports",
  people: "/api/staff/v1/people/imports",
};

/** What is said differently of bookings, goods, complaints and people; `made` is the code of a row that was taken as new. */
type Said = Record<"columns" | "dryFirst" | "takeIn" | "refusedStay" | "nothingToTake" | "takenResult" | "dryDone" | "takenDone", Word> & { made: string };

const BOOKED = {
  dryFirst: "dryFirst", takeIn: "takeIn", refusedStay: "refusedStay", nothingToTake: "nothingToTake", takenResult: "takenResult",
  dryDone: "dryDone", takenDone: "takenDone", made: "booked",
} as const;

export const SAID: Record<Table, Said> = {
  payments: { ...BOOKED, columns: "bankColumns" },
  documents: { ...BOOKED, columns: "erpColumns" },
  "goods-issues": {
    columns: "issueColumns", dryFirst: "issuesDryFirst", takeIn: "takeIssues", refusedStay: "issuesRefusedStay", nothingToTake: "noIssuesToTake",
    takenResult: "issuesTaken", dryDone: "issuesDryDone", takenDone: "issuesDone", made: "listed",
  },
  complaints: {
    columns: "caseColumns", dryFirst: "casesDryFirst", takeIn: "takeCases", refusedStay: "casesRefusedStay", nothingToTake: "noCasesToTake",
    takenResult: "casesTaken", dryDone: "casesDryDone", takenDone: "casesDone", made: "taken",
  },
  people: {
    columns: "peopleColumns", dryFirst: "peopleDryFirst", takeIn: "takePeople", refusedStay: "peopleRefusedStay", nothingToTake: "noPeopleToTake",
    takenResult: "peopleTaken", dryDone: "peopleDryDone", takenDone: "peopleDone", made: "joined",
  },
};

/** The code of what became of a row of such a table. */
export const outcomeOf = (table: Table, outcome: string): string => `outcome.${outcome === "made" ? SAID[table].made : outcome}`;

const OF_ALL = { branch: "分支", account: "账户编号", customer: "客户编号", origin: "来源", amount: "金额" };

export const COLUMNS: Record<Table, Record<string, string>> = {
  payments: {
    ...OF_ALL, origin_ref: "交易流水号", dated_on: "交易日期", pays: "核销单据", shipment: "发货单", payer: "对方户名",
    payer_account: "对方账号", remark: "摘要",
  },
  documents: {
    ...OF_ALL, origin_ref: "单据编号", kind: "单据类型", dated_on: "单据日期", corrects: "冲减单据", issued_on: "发货日期",
  },
  "goods-issues": {
    ...OF_ALL, origin_ref: "出库单号", line: "行号", issued_on: "出库日期", shipment: "发货单", invoice: "发票号", product: "品种",
    batch: "批号", quantity: "数量",
  },
  complaints: {
    origin: "来源", origin_ref: "来源编号", branch: "分支", channel: "渠道", taken_at: "受理时间", name: "客户姓名", phone: "电话",
    address: "地址", brand: "品牌", series: "车系", model: "车型", plate: "车牌", vin: "车架号", text: "投诉内容", demand: "客户诉求",
    fault_codes: "故障码", closed_at: "结案时间", founded: "是否成立",
  },
  people: {
    subject: "账号", employee_number: "工号", name: "姓名", mail: "邮箱", mobile: "手机", branch: "分支", department: "部门",
    language: "语言", roles: "岗位",
  },
};

/** The heading of the column that a pointer leads to, also where what the row becomes has it deeper. A file takes either. */
export function columnAt(table: Table, pointer: string, language: Language): string {
  const parts = pointer.split("/").slice(1);
  const name = [...parts].reverse().find((part) => part in COLUMNS[table]);
  if (name === undefined) return parts.join("/");
  return language === "zh" ? COLUMNS[table][name]! : name;
}
