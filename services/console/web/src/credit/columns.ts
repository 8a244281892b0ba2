// The columns of the files that are handed in, as who fills them in knows them (the forms of services/credit).
import type { Language } from "../language";
import type { FileKind } from "./api";

const OF_ALL = { branch: "分支", account: "账户编号", customer: "客户编号", origin: "来源", amount: "金额" };

export const COLUMNS: Record<FileKind, Record<string, string>> = {
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
};

/** The heading of the column that a pointer leads to, also where what the row becomes has it deeper. A file takes either. */
export function columnAt(kind: FileKind, pointer: string, language: Language): string {
  const parts = pointer.split("/").slice(1);
  const name = [...parts].reverse().find((part) => part in COLUMNS[kind]);
  if (name === undefined) return parts.join("/");
  return language === "zh" ? COLUMNS[kind][name]! : name;
}
