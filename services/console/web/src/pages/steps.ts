// What each step of the handling asks for: the names are those of the API, the words those of the originals.

export interface Field {
  name: string;
  zh: string;
  en: string;
  kind: "words" | "line" | "yes" | "choice" | "several" | "amount" | "score";
  required?: boolean;
  choices?: [value: string, zh: string, en: string][];
}

const words = (zh: string, en: string, required = true, name = "words"): Field => ({ name, zh, en, kind: "words", required });
const line = (name: string, zh: string, en: string): Field => ({ name, zh, en, kind: "line" });

export const STEPS: Record<string, Field[]> = {
  judge: [
    { name: "reason_holds", zh: "投诉理由成立", en: "the reason holds", kind: "yes", required: true },
    { name: "demand_holds", zh: "客户要求成立", en: "the demand holds", kind: "yes", required: true },
    words("判定意见", "opinion", true, "opinion"),
    line("respondent_department", "被投诉部门（代码）", "department complained about (code)"),
    line("respondent", "被投诉人（账号）", "member of staff complained about (account)"),
  ],
  hand_over: [
    line("department", "责任部门（代码）", "department (code)"),
    line("handler", "处理人（账号）", "handler (account)"),
    words("移交说明", "what to know", false),
  ],
  start_investigation: [],
  report: [
    words("发生原因", "cause", true, "cause"),
    words("具体经过", "course", true, "course"),
    words("责任说明", "responsibility", true, "responsibility"),
    words("结论", "conclusion", true, "conclusion"),
    words("对策", "countermeasure", false, "countermeasure"),
    words("防范措施", "prevention", false, "preventive"),
    words("原投诉书", "original letter", false, "letter"),
  ],
  give_opinion: [words("处理意见", "opinion")],
  propose: [words("处理方案", "resolution"), words("如何回应客户要求", "how it answers to the demand", true, "takes_up_demand")],
  answer: [
    {
      name: "way", zh: "答复方式", en: "way", kind: "choice", required: true,
      choices: [["written", "书面", "written"], ["oral", "口头", "oral"]],
    },
    words("答复内容", "answer"),
  ],
  react: [
    { name: "accepted", zh: "客户接受", en: "the customer accepts", kind: "yes", required: true },
    words("客户说明", "what the customer says", false),
  ],
  settle: [words("未被接受而结案的理由", "why it is settled without acceptance")],
  return_result: [words("处理结果", "result")],
  call_back: [
    words("最终处理结果", "final result", true, "result"),
    words("处理过程概述", "how it was handled", true, "summary"),
    words("评价", "evaluation", true, "evaluation"),
    words("客户最终意见", "the customer's final opinion", true, "final_opinion"),
    words("服务改进建议", "how the service is to become better", true, "suggestion"),
    { name: "satisfaction", zh: "满意度（1–5）", en: "satisfaction (1–5)", kind: "score" },
  ],
  close: [],
  reopen: [words("异议内容", "objection")],
};

const KINDS: [string, string, string][] = [
  ["repeat", "重复投诉", "repeated complaint"],
  ["to_manufacturer", "向厂家投诉", "complaint to the manufacturer"],
  ["blocked_door", "堵门", "blocked door"],
  ["disturbance", "闹事", "disturbance"],
  ["return_or_exchange", "退换车", "return or exchange"],
  ["negative_media", "媒体负面", "negative media"],
  ["wide_or_vicious", "影响面大或性质恶劣", "wide or vicious"],
];

/** In which ways a case is serious, of those that are said, and why (P12.5). */
export const serious = (kinds: (kind: string) => boolean): Field[] => [
  { name: "kinds", zh: "重大情形", en: "in which ways", kind: "several", required: true, choices: KINDS.filter(([kind]) => kinds(kind)) },
  words("理由", "reason", true, "reason"),
];

/** A step of the ladder that was taken by hand (P12.6). */
export const BY_HAND: Field[] = [
  {
    name: "channel", zh: "通知方式", en: "how", kind: "choice", required: true,
    choices: [["phone", "电话", "phone"], ["in_person", "当面", "in person"], ["mail", "邮件", "mail"], ["letter", "信函", "letter"], ["other", "其他", "other"]],
  },
  words("通知情况", "what was said", true, "note"),
];

/** Compensation of one kind (P12.10). */
export const OFFER: Field[] = [
  {
    name: "kind", zh: "赔偿方式", en: "kind", kind: "choice", required: true,
    choices: [
      ["repair", "免费维修", "repair"], ["price_reduction", "折价", "price reduction"], ["goodwill", "慰问补偿", "goodwill"],
      ["damages", "赔偿", "damages"], ["exchange", "换车", "exchange"], ["return", "退车", "return"],
    ],
  },
  { name: "amount", zh: "金额", en: "amount", kind: "amount", required: true },
  words("理由", "reason", true, "reason"),
];

/** The form as the API takes it: what was left empty is not sent. */
export function bodyOf(step: string, values: Record<string, unknown>): Record<string, unknown> {
  const said = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const body: Record<string, unknown> = Object.fromEntries(said);
  if (step === "report") {
    for (const [from, to] of [["countermeasure", "countermeasures"], ["preventive", "prevention"]] as const) {
      const text = body[from];
      delete body[from];
      body[to] = text ? [{ words: text }] : [];
    }
  }
  return body;
}
