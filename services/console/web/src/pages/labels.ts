import type { Speech } from "../language";

// The names of what steps and offers carry, Chinese first.
export const LABELS: Record<string, [string, string]> = {
  number: ["投诉编号", "number"],
  reason_holds: ["投诉理由成立", "the reason holds"],
  demand_holds: ["客户要求成立", "the demand holds"],
  founded: ["成立", "founded"],
  by: ["依据或办理人", "by"],
  at: ["时间", "at"],
  amount: ["金额", "amount"],
  lines: ["项目", "lines"],
  offered: ["本次合计", "this offer"],
  together: ["累计（含以前）", "together with earlier ones"],
  currency: ["币种", "currency"],
  respondent_department: ["被投诉部门", "department"],
  department: ["责任部门", "department"],
  handler: ["处理人", "handler"],
  source: ["来源人员", "came through"],
  level: ["级别", "level"],
  participants: ["参与人", "participants"],
  way: ["答复方式", "way"],
  accepted: ["客户接受", "accepted"],
  round: ["轮次", "round"],
  satisfaction: ["满意度", "satisfaction"],
  unrated: ["未评价的原因", "why there is no rating"],
  opinion: ["意见", "opinion"],
  cause: ["发生原因", "cause"],
  course: ["具体经过", "course"],
  responsibility: ["责任说明", "responsibility"],
  conclusion: ["结论", "conclusion"],
  countermeasures: ["对策", "countermeasures"],
  prevention: ["防范措施", "prevention"],
  letter: ["原投诉书", "original letter"],
  resolution: ["处理方案", "resolution"],
  takes_up_demand: ["如何回应客户要求", "how it answers to the demand"],
  result: ["最终处理结果", "final result"],
  summary: ["处理过程概述", "how it was handled"],
  evaluation: ["评价", "evaluation"],
  final_opinion: ["客户最终意见", "final opinion"],
  suggestion: ["服务改进建议", "suggestion"],
  because: ["理由", "why"],
  reason: ["理由", "why"],
  of: ["原投诉编号", "earlier number"],
  how: ["关联方式", "how"],
  what: ["附件类别", "attachment"],
  channel: ["来源渠道", "channel"],
  before: ["拆分前内容", "before"],
  kept: ["保留内容", "what stayed"],
  moved: ["拆出内容", "what became a case of its own"],
  text: ["投诉内容", "words"],
  demand: ["客户要求", "demand"],
  name: ["姓名", "name"],
  phone: ["电话", "phone"],
  address: ["地址", "address"],
  plate: ["车牌", "plate"],
  vin: ["车架号", "VIN"],
  period: ["期间", "period"],
  opening: ["期初未结", "open before"],
  taken: ["本期受理", "taken"],
  closed: ["本期结案", "closed"],
  merged: ["本期并入他案", "merged into others"],
  open: ["期末未结", "left open"],
  serious: ["本期认定重大", "found serious"],
  terms_missed: ["逾期时限", "terms missed"],
  corrected: ["更正以前期间", "corrections"],
  figures: ["数字摘要", "digest of the figures"],
};

/** The name of what a step or an offer carries; what is not known is shown as it is. */
export function label(name: string, pick: (zh: string, en: string) => string): string {
  const known = LABELS[name];
  return known ? pick(...known) : name.replace(/_/g, " ");
}

const ORDER = Object.keys(LABELS);
const placeOf = (name: string) => (name in LABELS ? ORDER.indexOf(name) : ORDER.length);

/** What is carried in the order in which it is read; what is not known comes last. */
export const inOrder = ([a]: [string, unknown], [b]: [string, unknown]): number => placeOf(a) - placeOf(b);

/** Whether there is something to show. */
export const filled = (value: unknown) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);

/** Words and lists of words as one text. */
export function plain(value: unknown, mark: Speech["mark"]): string {
  if (Array.isArray(value)) return value.map((one) => plain(one, mark)).join(mark("parts"));
  return value !== null && typeof value === "object" ? Object.values(value).map((one) => plain(one, mark)).join(" ") : String(value);
}
