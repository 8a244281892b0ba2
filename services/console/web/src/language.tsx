// Chinese first, English second: every word of the pages, and the names of the field's codes.
import { CREDIT_CODES, CREDIT_WORDS } from "./credit/words";
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";

export type Language = "zh" | "en";

const WORDS = {
  app: ["客户服务台", "Customer console"],
  take: ["受理来电", "Take a call"],
  work: ["我的工作", "My work"],
  inbox: ["通知", "Inbox"],
  signOut: ["退出登录", "Sign out"],
  signIn: ["登录", "Sign in"],
  signedOut: ["已退出登录", "You are signed out"],
  signInFailed: ["登录没有完成", "The sign-in was not completed"],
  signInFailedHint: ["请重新登录。如再次失败，请联系系统管理员，并告知原因：", "Please sign in again. If it fails again, tell the administrator why: "],
  skip: ["跳到正文", "Skip to content"],
  english: ["English", "中文"],
  offline: ["网络已断开。已输入的内容保留在本页，恢复后可继续。", "You are offline. What you entered stays on this page."],
  loading: ["正在载入…", "Loading…"],
  retry: ["重试", "Try again"],
  more: ["载入更多", "Load more"],
  close: ["关闭", "Close"],
  cancel: ["取消", "Cancel"],
  open: ["打开", "Open"],
  noRole: ["您的账号还没有任何岗位权限，请联系管理员授权。", "Your account holds no role yet. Ask the administrator for one."],
  // take a call
  phone: ["来电号码", "Phone"],
  plate: ["车牌", "Plate"],
  callerName: ["投诉人姓名", "Caller's name"],
  branch: ["被投诉门店", "Branch complained about"],
  channel: ["来源渠道", "Channel"],
  brand: ["品牌", "Brand"],
  series: ["车系", "Series"],
  model: ["车型", "Model"],
  words: ["投诉内容", "What is complained about"],
  demand: ["客户要求", "What the customer asks for"],
  serious: ["重大投诉（如有请勾选）", "Serious because (tick what applies)"],
  seriousTag: ["重大", "serious"],
  save: ["登记投诉", "Record the complaint"],
  saving: ["正在登记…", "Recording…"],
  saveHint: ["Enter 保存；在多行框内 Ctrl+Enter 保存", "Enter saves; in text areas Ctrl+Enter"],
  required: ["必填", "required"],
  whoCalls: ["来电人与历史", "Caller and history"],
  whoCallsHint: ["输入电话或车牌后，这里即时显示客户档案与未结投诉。", "Enter a phone or a plate: the customer file and open cases appear here."],
  known: ["已建档客户", "Known customer"],
  unknown: ["档案中没有这个号码或车牌。", "No customer file has this phone or plate."],
  noFileRight: ["您没有查看客户档案的权限。", "You may not look into customer files."],
  repeat: ["注意：该客户已有投诉", "Mind: there are earlier complaints"],
  repeatHint: ["如属同一事由，系统会自动标记为重复投诉。", "If it is the same matter, the system marks it as a repeat."],
  openCases: ["未结投诉", "Open cases"],
  earlierCases: ["以往投诉", "Earlier cases"],
  notSaved: ["尚未保存，正在自动重试", "Not saved yet, trying again by itself"],
  notSavedHint: ["内容保留在本页。重试使用同一登记键，不会重复登记。", "What you entered stays here. The same key is used again, so it is recorded once."],
  retryNow: ["立即重试", "Try now"],
  maybeSaved: ["上次登记的结果未知", "The result of the last recording is not known"],
  maybeSavedHint: ["本页在等待结果时被重新载入。请先按电话或车牌查询，确认是否已登记。", "This page was reloaded while waiting. Look the phone or plate up before recording again."],
  taken: ["已登记，请向客户报投诉编号", "Recorded. Read this number to the customer"],
  judgeBy: ["判定期限", "To be judged by"],
  redacted: ["列表与报表中显示的脱敏文字", "The words as lists and reports show them"],
  redactedHint: ["请核对：其中不应出现姓名、电话、车牌、地址。", "Check: no name, phone, plate or address must be in it."],
  next: ["受理下一个来电", "Take the next call"],
  openCase: ["打开投诉单", "Open the case"],
  matchMatched: ["已匹配客户档案", "matched to a customer file"],
  matchNone: ["未匹配到客户档案", "no customer file matches"],
  matchPending: ["客户档案稍后自动匹配", "will be matched later by itself"],
  leave: ["登记表尚未保存，确定离开？", "The form is not saved. Leave?"],
  // work
  mine: ["待办", "To do"],
  approvals: ["待审批", "To sign"],
  board: ["到期看板", "What is due"],
  nothing: ["没有待处理事项。", "Nothing to do."],
  late: ["已逾期", "late"],
  today: ["今日到期", "due today"],
  due: ["期限", "Due"],
  noDue: ["无期限", "no date"],
  live: ["实时更新中", "live"],
  notLive: ["实时连接已断开，正在重连", "reconnecting"],
  onlyLate: ["只看逾期", "late only"],
  allBranches: ["全部门店", "all branches"],
  findCase: ["按编号、电话或车牌查找", "Find by number, phone or plate"],
  find: ["查找", "Find"],
  notFound: ["没有找到您可以查看的投诉。", "There is no such case that you may see."],
  reminders: ["次提醒", "reminders"],
  // case
  case: ["投诉单", "Case"],
  caller: ["投诉人", "Caller"],
  vehicle: ["车辆", "Vehicle"],
  takenAt: ["受理时间", "Taken"],
  state: ["状态", "State"],
  timeline: ["处理经过", "Timeline"],
  terms: ["期限与依据", "Terms and why"],
  actions: ["可办理事项", "What can be done"],
  noActions: ["目前没有可由您办理的事项。", "There is nothing for you to do now."],
  heldBy: ["等待审批", "waits for an approval"],
  judgement: ["判定", "Judgement"],
  founded: ["成立", "founded"],
  unfounded: ["不成立", "not founded"],
  reasonHolds: ["投诉理由成立", "The reason holds"],
  demandHolds: ["客户要求成立", "The demand holds"],
  opinion: ["意见", "Opinion"],
  yes: ["是", "yes"],
  no: ["否", "no"],
  grant: ["同意", "Grant"],
  refuse: ["不同意", "Refuse"],
  refuseReason: ["不同意的理由", "Why it is refused"],
  askedBy: ["申请人", "Asked by"],
  signedBy: ["已签", "signed by"],
  waiting: ["待签", "waiting"],
  decided: ["已办理", "decided"],
  awaits: ["办理岗位", "Whose it is"],
  notNow: ["目前不能办理", "not now"],
  done: ["已完成", "done"],
  submit: ["提交", "Submit"],
  repeatOf: ["与以前的投诉重复", "repeats an earlier case"],
  recorded: ["您打开了含个人信息的投诉单，已记入查阅日志。", "You opened personal data; that is on record."],
  rules: ["依据", "Rules"],
  theHandler: ["处理人", "the handler"],
  digest: ["内容指纹", "Digest"],
  withoutCaller: ["您不办理此投诉：这里只显示须告知您的内容，不含客户信息。", "You do not handle this case: here is what you must be told, without the customer."],
  // the serious ladder and compensation
  ladder: ["重大投诉上报", "Serious: who must be told"],
  since: ["自", "since"],
  markSerious: ["标为重大投诉", "Mark as serious"],
  overrule: ["撤销重大认定", "Overrule"],
  marked: ["认定", "marked by"],
  overruled: ["撤销认定", "overruled by"],
  proof: ["下载告知证明 (PDF)", "Proof (PDF)"],
  answers: ["责任岗位", "answers for it:"],
  read: ["已读", "read"],
  notYet: ["尚未完成", "not yet"],
  byHand: ["人工告知", "by hand:"],
  missing: ["缺少", "missing"],
  recordStep: ["登记已人工告知", "Record that it was told by hand"],
  compensation: ["赔偿补偿", "Compensation"],
  offerCompensation: ["提出赔偿补偿", "Offer compensation"],
  recordPayment: ["登记支付", "Record the payment"],
  amountHint: ["金额：最多两位小数", "an amount with at most two decimals"],
  overdue: ["已逾期", "Late"],
  dueToday: ["今日到期", "Due today"],
  dueLater: ["以后到期", "Due later"],
  // inbox
  unread: ["未读", "unread"],
  toConfirm: ["待确认", "to confirm"],
  confirm: ["确认收到", "Confirm"],
  confirmed: ["已确认", "confirmed"],
  confirmBy: ["确认期限", "Confirm by"],
  noNotices: ["没有通知。", "No notices."],
  inboxAway: ["通知服务暂时不可用，其余功能不受影响。", "The inbox is not available now; everything else is."],
  toldAs: ["您作为", "told you as"],
  // errors
  errOffline: ["网络或服务没有响应。请检查网络后重试，已输入的内容不会丢失。", "No answer from the network. Check it and try again; nothing you entered is lost."],
  errBusy: ["系统繁忙，请稍后重试。", "The system is busy. Try again in a moment."],
  errStale: ["他人已修改此记录，请重新载入后再办理。", "Somebody changed it in the meantime. Reload and repeat."],
  errForbidden: ["您的岗位不能执行此操作，如需要请申请相应权限。", "None of your roles allows this. Ask for the role if you need it."],
  errReload: ["请重新载入页面后再试。", "Reload the page and try again."],
  errNotFound: ["不存在，或不在您的查看范围内。请核对编号。", "There is no such thing, or not within your reach. Check the number."],
  errInvalid: ["有字段需要更正，见下方标注。", "Some fields need correction, see below."],
  errRefused: ["当前状态不允许此操作。", "The present state does not allow this."],
  errUnexpected: ["系统出现意外错误，可重试；持续出现请报告追踪号。", "Something unexpected went wrong. Try again; if it goes on, report the trace id."],
  trace: ["追踪号", "trace id"],
  ...CREDIT_WORDS,
} satisfies Record<string, [string, string]>;

export type Word = keyof typeof WORDS;

const CODES: Record<string, [string, string]> = {
  // states
  taken: ["已受理", "taken"],
  judged: ["已判定", "judged"],
  handed_over: ["已移交", "handed over"],
  investigating: ["调查中", "investigating"],
  investigated: ["已调查", "investigated"],
  resolved: ["已拟方案", "resolved"],
  proposed: ["已拟方案", "proposed"],
  approved: ["方案已批准", "approved"],
  answered: ["已答复", "answered"],
  called_back: ["已回访", "called back"],
  closed: ["已结案", "closed"],
  reopened: ["重新处理", "reopened"],
  open: ["进行中", "open"],
  missed: ["已逾期", "missed"],
  done: ["已完成", "done"],
  met: ["已完成", "met"],
  waived: ["已免除", "waived"],
  granted: ["已同意", "granted"],
  refused: ["不同意", "refused"],
  withdrawn: ["已撤回", "withdrawn"],
  superseded: ["已替换", "superseded"],
  // channels
  phone: ["电话", "phone"],
  web: ["网络", "web"],
  mailbox: ["信箱", "mailbox"],
  store: ["到店", "at the store"],
  sales_consultant: ["销售顾问", "sales consultant"],
  relations_specialist: ["客户关系专员", "relations specialist"],
  follow_up_call: ["回访", "follow-up call"],
  call_centre: ["集团呼叫中心", "group call centre"],
  manufacturer: ["厂家", "manufacturer"],
  import: ["导入", "import"],
  // serious kinds (P12.5)
  repeat: ["重复投诉", "repeated complaint"],
  to_manufacturer: ["向厂家投诉", "complaint to the manufacturer"],
  blocked_door: ["堵门", "blocked door"],
  disturbance: ["闹事", "disturbance"],
  return_or_exchange: ["退换车", "return or exchange"],
  negative_media: ["媒体负面", "negative media"],
  wide_or_vicious: ["影响面大或性质恶劣", "wide or vicious"],
  // the timeline
  judgement: ["判定", "judgement"],
  objection: ["客户异议", "objection"],
  result_returned: ["已向集团反馈", "result returned"],
  opinion: ["处理意见", "opinion"],
  reaction: ["客户反馈", "the customer's reaction"],
  resolution: ["处理方案", "resolution"],
  settled_unaccepted: ["客户不接受，按理由结案", "settled without acceptance"],
  waiting: ["等待客户", "waiting for the customer"],
  went_on: ["继续处理", "went on"],
  measure_ended: ["措施完成", "measure ended"],
  misconduct_proposed: ["提出违规处理", "misconduct proposed"],
  no_penalty: ["不予处罚", "no penalty"],
  written: ["书面", "written"],
  oral: ["口头", "oral"],
  normal: ["一般", "normal"],
  serious: ["重大", "serious"],
  gravest: ["特别重大", "gravest"],
  system: ["系统", "the system"],
  // compensation
  asked: ["待审批", "asked"],
  paid: ["已支付", "paid"],
  repair: ["免费维修", "repair"],
  price_reduction: ["折价", "price reduction"],
  goodwill: ["慰问补偿", "goodwill"],
  damages: ["赔偿", "damages"],
  exchange: ["换车", "exchange"],
  return: ["退车", "return"],
  authority_matrix: ["权限核决表", "the authority matrix"],
  // telling
  inbox: ["站内通知", "inbox"],
  sms: ["短信", "text message"],
  mail: ["邮件", "mail"],
  in_person: ["当面", "in person"],
  letter: ["信函", "letter"],
  // work
  judge: ["判定投诉是否成立", "judge whether it holds"],
  hand_over: ["移交责任部门", "hand over to the department"],
  start_investigation: ["开始调查", "start the investigation"],
  investigate: ["调查", "investigate"],
  report: ["提交调查报告", "report the investigation"],
  give_opinion: ["签署处理意见", "give an opinion"],
  propose: ["提出处理方案", "propose a resolution"],
  approve: ["审批处理方案", "approve the resolution"],
  answer: ["答复客户", "answer the customer"],
  react: ["记录客户反馈", "record the customer's reaction"],
  settle: ["客户不接受时结案", "settle without acceptance"],
  return_result: ["向集团反馈结果", "return the result"],
  call_back: ["回访客户", "call the customer back"],
  close: ["结案", "close"],
  reopen: ["重新处理", "reopen"],
  resolve: ["处理", "resolve"],
  "approve.complaint.judgement": ["审批投诉判定", "sign the judgement"],
  // customer
  general: ["一般客户", "general"],
  key: ["重点客户", "key"],
  potential: ["潜在客户", "potential"],
  target: ["目标客户", "target"],
  person: ["个人", "person"],
  organisation: ["单位", "organisation"],
  // services
  complaint: ["投诉", "complaint"],
  customer: ["客户", "customer"],
  archive: ["档案", "archive"],
  credit: ["授信", "credit"],
  notify: ["通知", "notify"],
  staff: ["人事", "staff"],
  ...CREDIT_CODES,
};

interface Speech {
  language: Language;
  t: (word: Word) => string;
  /** the name of a code (a state, a kind, a role); what is not known is shown as it is */
  code: (value: string | null | undefined) => string;
  pick: (zh: string | null | undefined, en: string | null | undefined) => string;
  when: (instant: string | null | undefined) => string;
  setLanguage: (language: Language) => void;
}

const Context = createContext<Speech | null>(null);
const KEPT = "kehu.language";

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, keep] = useState<Language>(() => (localStorage.getItem(KEPT) === "en" ? "en" : "zh"));
  const speech = useMemo<Speech>(() => {
    const at = language === "zh" ? 0 : 1;
    const format = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
      timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
    });
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = WORDS.app[at];
    return {
      language,
      t: (word) => WORDS[word][at],
      code: (value) => {
        if (!value) return "";
        const known = CODES[value] ?? CODES[value.replace(/-/g, "_")];
        if (known) return known[at];
        if (value.startsWith("approve.")) return `${at === 0 ? "审批" : "sign"} ${value.slice(8)}`;
        return value.replace(/_/g, " ");
      },
      pick: (zh, en) => (at === 0 ? zh || en : en || zh) ?? "",
      when: (instant) => (instant ? format.format(new Date(instant)) : ""),
      setLanguage: (wanted) => {
        localStorage.setItem(KEPT, wanted);
        keep(wanted);
      },
    };
  }, [language]);
  return <Context value={speech}>{children}</Context>;
}

export function useSpeech(): Speech {
  const speech = useContext(Context);
  if (!speech) throw new Error("no language");
  return speech;
}
