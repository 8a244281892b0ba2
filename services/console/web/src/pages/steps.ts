// What each step of the handling asks for: the names are those of the API, the words those of the originals.

export type Choice = [value: string, zh: string, en: string];

export interface Field {
  name: string;
  zh: string;
  en: string;
  kind: "words" | "line" | "yes" | "tick" | "choice" | "pick" | "several" | "amount" | "score" | "person" | "people" | "department" | "day" | "instant" | "list" | "case";
  required?: boolean;
  choices?: Choice[];
  /** of a list: what each of its entries asks for */
  of?: Field[];
  least?: number;
  /** of words: how many characters at most */
  most?: number;
}

const words = (zh: string, en: string, required = true, name = "words"): Field => ({ name, zh, en, kind: "words", required });
const person = (name: string, zh: string, en: string): Field => ({ name, zh, en, kind: "person" });
const people = (name: string, zh: string, en: string, required = false): Field => ({ name, zh, en, kind: "people", required });
const department = (name: string, zh: string, en: string): Field => ({ name, zh, en, kind: "department" });

const MEASURE_PARTS: Field[] = [words("措施内容", "what is to be done"), person("owner", "落实人", "by whom"), { name: "due_on", zh: "完成日期", en: "last day", kind: "day" }];
const measures = (name: string, zh: string, en: string, required: boolean): Field =>
  ({ name, zh, en, kind: "list", of: MEASURE_PARTS, required, least: required ? 1 : 0 });

const LEVELS: Choice[] = [["normal", "一般", "normal"], ["serious", "重大", "serious"], ["gravest", "特别重大", "gravest"]];

/** What a complaint is about (P04.1), what is asked for and by whom (P17.1): the statistics count by them. */
const MATTERS: Choice[] = [
  ["attitude", "服务态度", "attitude"], ["professional_quality", "专业素质", "professional quality"], ["efficiency", "服务效率", "efficiency"],
  ["product", "商品质量", "product"], ["other", "其他", "other"],
];
const DEMANDS: Choice[] = [
  ["price_reduction", "减价", "price reduction"], ["return", "退货", "return"], ["exchange", "换货", "exchange"],
  ["damages", "损害赔偿", "damages"], ["criticism", "批评建议", "criticism or suggestion"], ["other", "其他", "other"],
];
const CLAIMANTS: Choice[] = [["consumer", "消费者", "consumer"], ["agent", "代理商", "agent"], ["franchisee", "加盟商", "franchisee"]];

const UNRATED: Choice[] = [["declined", "客户未评价", "the customer did not rate it"], ["not_reached", "未能联系上客户", "the customer was not reached"]];

/** The forms of the steps at a branch of this profile; what else the branch's own policy asks for its refusal says. */
export function fieldsOf(step: string, profile: string): Field[] | undefined {
  const retail = profile === "retail";
  switch (step) {
    case "judge":
      return [
        { name: "reason_holds", zh: "投诉理由成立", en: "the reason holds", kind: "yes", required: true },
        { name: "demand_holds", zh: "客户要求成立", en: "the demand holds", kind: "yes", required: true },
        words("判定意见", "opinion", true, "opinion"),
        department("respondent_department", "被投诉部门", "department complained about"),
        person("respondent", "被投诉人", "member of staff complained about"),
        { name: "matter", zh: "投诉类别", en: "what it is about", kind: "pick", choices: MATTERS },
        { name: "demands", zh: "客户要求类别", en: "what is asked for", kind: "several", choices: DEMANDS },
        ...(retail ? [{ name: "claimant", zh: "投诉人", en: "who complains", kind: "pick", choices: CLAIMANTS } as Field] : []),
        ...(retail ? [{ name: "customer_cause", zh: "属客户原因（须立即答复）", en: "the customer is the cause (answered at once)", kind: "tick" } as Field] : []),
      ];
    case "hand_over":
      return [
        department("department", "受理部门", "handling department"),
        person("handler", "处理人", "handler"),
        { name: "level", zh: "投诉级别（只能上调）", en: "level (only raised)", kind: "pick", choices: LEVELS },
        people("participants", "参与人（原接待人员）", "takes part (original receptionist)"),
        person("respondent", "被投诉人", "member of staff complained about"),
        words("移交说明", "what to know", false),
      ];
    case "start_investigation":
    case "close":
      return [];
    case "report":
      return [
        words("发生原因", "cause", retail, "cause"),
        words("具体经过", "course", true, "course"),
        words("责任说明", "responsibility", true, "responsibility"),
        people("responsible", "责任人", "found responsible"),
        words("结论", "conclusion", true, "conclusion"),
        measures("countermeasures", "对策", "countermeasures", retail),
        measures("prevention", "防范措施", "prevention", retail),
        words("原投诉书", "original letter", false, "letter"),
      ];
    case "give_opinion":
      return [words("处理意见", "opinion")];
    case "propose":
      return [words("处理方案", "resolution"), words("如何回应客户要求", "how it answers to the demand", true, "takes_up_demand")];
    case "answer":
      return [
        { name: "way", zh: "答复方式", en: "way", kind: "choice", required: true, choices: [["written", "书面", "written"], ["oral", "口头", "oral"]] },
        words("答复内容", "answer"),
      ];
    case "react":
      return [
        { name: "accepted", zh: "客户接受", en: "the customer accepts", kind: "yes", required: true },
        words("客户说明", "what the customer says", false),
      ];
    case "settle":
      return [words("未被接受而结案的理由", "why it is settled without acceptance")];
    case "return_result":
      return [words("处理结果", "result")];
    case "call_back":
      return [
        words("最终处理结果", "final result", true, "result"),
        words("处理过程概述", "how it was handled", true, "summary"),
        words("评价", "evaluation", true, "evaluation"),
        words("客户最终意见", "the customer's final opinion", true, "final_opinion"),
        words("服务改进建议", "how the service is to become better", true, "suggestion"),
        { name: "satisfaction", zh: "满意度（1–5）", en: "satisfaction (1–5)", kind: "score" },
        { name: "unrated", zh: "未评价的原因（未评分时填写）", en: "why there is no rating", kind: "pick", choices: UNRATED },
      ];
    case "reopen":
      return [words("异议内容", "objection")];
    default:
      return undefined;
  }
}

/** Why a step cannot be taken in a state from which it usually can. */
export const OTHERWISE: Record<string, [zh: string, en: string]> = {
  hand_over: ["只有成立且处理尚未结束的投诉才移交", "only a founded complaint is handed over, until its handling has ended"],
  start_investigation: ["只有成立的投诉才调查；请直接答复", "only a founded complaint is investigated; answer this one"],
  give_opinion: ["此处无须签署意见，或已签署", "no opinion is asked for here, or it was given"],
  propose: ["客户不接受前一方案时才另提方案", "a next resolution is for a customer who has not accepted the one before"],
  answer: ["成立的投诉须以已批准的方案答复", "a founded complaint is answered with its approved resolution"],
  react: ["客户对本次答复的反馈已记录", "the reaction to this answer is recorded"],
  settle: ["仅在客户不接受时决定", "decided only where the customer does not accept"],
  return_result: ["无须反馈集团，或已反馈", "not owed to the group, or returned already"],
  call_back: ["此投诉无须回访", "this complaint gets no call-back"],
  reopen: ["已答复的投诉仅在不成立且客户异议时重新处理", "an answered complaint is reopened when it was unfounded and the customer objects"],
};

const KINDS: Choice[] = [
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
  { name: "at", zh: "通知时间", en: "when", kind: "instant", required: true },
  {
    name: "channel", zh: "通知方式", en: "how", kind: "choice", required: true,
    choices: [["phone", "电话", "phone"], ["in_person", "当面", "in person"], ["mail", "邮件", "mail"], ["letter", "信函", "letter"], ["other", "其他", "other"]],
  },
  words("通知情况", "what was said", true, "note"),
];

/** Compensation, one line a kind (P12.10). */
export const OFFER: Field[] = [
  {
    name: "lines", zh: "赔偿项目", en: "what is offered", kind: "list", required: true, least: 1,
    of: [
      {
        name: "kind", zh: "赔偿方式", en: "kind", kind: "pick", required: true,
        choices: [
          ["repair", "免费维修", "repair"], ["price_reduction", "折价", "price reduction"], ["goodwill", "慰问补偿", "goodwill"],
          ["damages", "赔偿", "damages"], ["exchange", "换车", "exchange"], ["return", "退车", "return"],
        ],
      },
      { name: "amount", zh: "金额", en: "amount", kind: "amount", required: true },
    ],
  },
  words("理由", "reason", true, "reason"),
];

/** The clocks stand while the customer has to say or bring something (P04.9). */
export const WAIT: Field[] = [words("等待客户什么", "what is waited for")];
export const GO_ON: Field[] = [words("客户答复或提供了什么", "what came")];

/** A measure, and its end (P04.14). */
export const MEASURE: Field[] = MEASURE_PARTS;
export const MEASURE_END: Field[] = [
  { name: "done", zh: "已落实", en: "carried through", kind: "yes", required: true },
  words("落实情况（不再落实的，说明理由）", "what came of it, or why it is dropped"),
];

/** A file of the case goes (P04.8). */
export const REMOVAL: Field[] = [words("移除理由", "why it is removed", true, "reason")];

/** Two cases become one, have to do with each other, or one becomes two (P04.8, P04.9). */
export const MERGE: Field[] = [{ name: "into", zh: "并入的投诉编号", en: "number of the case it goes into", kind: "case", required: true }, words("并案理由", "why")];
export const LINK: Field[] = [
  { name: "other", zh: "关联的投诉编号", en: "number of the other case", kind: "case", required: true },
  {
    name: "kind", zh: "关联方式", en: "how", kind: "choice", required: true,
    choices: [["related", "相关", "related"], ["same_vehicle", "同一车辆", "same vehicle"], ["same_cause", "同一原因", "same cause"], ["follows", "后续投诉", "follows"]],
  },
  words("关联理由", "why"),
];
export const SPLIT: Field[] = [
  { ...words("留在本投诉的内容", "what stays", true, "kept"), most: 4000 },
  { ...words("拆出为新投诉的内容", "what becomes a case of its own", true, "text"), most: 4000 },
  { ...words("新投诉的客户要求", "what the customer asks for there", false, "demand"), most: 4000 },
  words("拆分理由", "why"),
];

/** The crisis group: who joins, and what a meeting brought (P12.7). */
export const CONVENE: Field[] = [people("members", "小组成员", "members", true)];
export const MEETING: Field[] = [
  { name: "held_at", zh: "会议时间", en: "held at", kind: "instant", required: true },
  people("present", "出席人", "present", true),
  words("会议纪要", "minutes", true, "minutes"),
  { name: "decisions", zh: "决定", en: "decisions", kind: "list", of: [words("决定内容", "decision")] },
  {
    name: "tasks", zh: "交办事项", en: "tasks", kind: "list",
    of: [
      { ...person("person", "负责人", "who"), required: true },
      words("事项", "what", true, "what"),
      {
        name: "within", zh: "时限", en: "within", kind: "pick",
        choices: [["24 hours", "24 小时", "24 hours"], ["1 working day", "1 个工作日", "1 working day"], ["2 working days", "2 个工作日", "2 working days"], ["7 days", "7 日", "7 days"]],
      },
    ],
  },
];

/** The form as the API takes it: what was left empty is not sent. */
export function bodyOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
      .map(([name, value]) => [name, Array.isArray(value) ? value.map((one) => (one !== null && typeof one === "object" ? bodyOf(one) : one)) : value]),
  );
}
