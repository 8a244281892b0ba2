// What a refusal means and what to do next, in Chinese, by the type of the problem (RFC 9457): `/problems/<slug>`.
// A guard of the repository holds that every type that a service can answer has its sentence here.
import type { FieldError } from "./api";
import type { Language } from "./language";
// written by `make docs` from chassis/chassis/wrong.py
import WRONG from "./wrong.json";

export const REFUSALS: Record<string, string> = {
  // of every service
  "about:blank": "请求未被接受。请重新载入页面后再试。",
  "busy": "系统繁忙，此操作暂未完成。请稍后重试。",
  "damaged": "文件已损坏，无法打开。请报告系统管理员，并告知追踪号。",
  "erased": "有关个人信息已按规定删除，无法再查看。",
  "forbidden": "您的岗位不能执行此操作，如需要请申请相应权限。",
  "invalid": "有字段需要更正，请按标注修改后重新提交。",
  "key-reused": "此次提交与先前用同一登记键提交的内容不同。请重新载入页面，核对后再提交。",
  "malformed": "提交的内容无法读取。请重新载入页面后再试。",
  "method-not-allowed": "此地址不支持该操作。请重新载入页面后再试。",
  "not-a-table": "文件无法作为表格读取。请按导入模板整理为 CSV 或 XLSX 后再上传。",
  "not-found": "不存在，或不在您的查看范围内。请核对编号。",
  "not-what-it-says": "文件类型不被接受，或内容与类型不符。请换用可接受的类型，按原始格式上传。",
  "peer-away": "所需的服务暂时没有响应，已输入的内容保留在本页。请稍后重试。",
  "refused": "当前状态不允许此操作。请重新载入，核对后再办理。",
  "stale": "他人已修改此记录，请重新载入后再办理。",
  "token-expired": "登录已过期。请重新登录后再办理。",
  "token-refused": "登录凭证无效。请重新登录后再办理。",
  "too-large": "内容超过允许的大小。请压缩，或分成几份后再提交。",
  "too-many": "数量超过一次允许的上限。请缩小范围，或稍后再试。",
  "unauthenticated": "尚未登录。请登录后再办理。",
  "unexpected": "系统出现意外错误，可重试；持续出现请报告追踪号。",
  // approvals and policies
  "decided-already": "此审批已有结果或已终止，无须再签。请重新载入查看。",
  "held": "此操作须等待审批。请先由审批人签署，或撤回申请后再办理。",
  "no-chain": "制度未规定由谁审批，无法提交。请联系行政人事补充审批权限。",
  "not-set": "制度尚未规定此项数值，无法办理。请联系制度管理人补充。",
  "not-yours": "此审批现在不由您签署。请由待签岗位办理。",
  "nothing-owed": "此项已了结，没有待办或待收。请重新载入查看。",
  "shown-otherwise": "待签内容已变更。请重新载入，看过新内容后再签。",
  // archive
  "content-there": "此件已有文件，归档文件不能替换。请另立一件归档。",
  "custodian-missing": "涉密档案须指定保管人，非涉密档案不指定。请更正后再提交。",
  "differs": "收到的文件与移交清单不一致，未予接收。请核对来源后重新移交。",
  "dossier-there": "此事项已有案卷。请在原案卷中归档。",
  "filed-already": "文件已全部归档，无须再次接收。",
  "lent-already": "所借文件已借出。请待归还后再借。",
  "not-agreed": "协议未包括此项内容，不能提供。请按协议范围申请，或先变更协议。",
  "not-in-force": "协议当前不在有效期内，不能提供资料。请先确认或续签协议。",
  "not-of-the-loan": "所列文件不在此次借阅之内。请只登记实际借出的文件。",
  "not-the-groups": "审计日志面向整个集团，只有集团岗位可以查看。",
  "not-there": "尚未到这一步，或已办过这一步。请重新载入查看当前状态。",
  "place-taken": "此位置已有其他案卷。请另选位置。",
  "stands-apart": "涉密案卷须存放在保管人的专柜，与其他案卷分开。请另选位置。",
  "too-slow": "文件上传用时过长，已作废。请检查网络后重新上传。",
  // complaint
  "about-you": "此投诉涉及您本人，您不能参与办理。请由其他人员办理。",
  "anothers-step": "此步骤在本门店由其他岗位或处理人办理。请转由其办理。",
  "clocks-run-on": "本门店的期限不因等待客户而中止。请按原期限办理。",
  "compensation-open": "此投诉已有待审批或待支付的赔偿方案。请更改原方案，或待其办结后再提。",
  "enough-proposed": "不能再提新的处理方案。请由总经理决定是否按理由结案。",
  "excluded": "所列人员须回避此投诉。请改选其他人员。",
  "handed-over": "此附件已随案卷移交档案，不能在此移除。请联系档案管理人。",
  "handles-own-case": "被投诉人不能处理或参与本人的投诉。请改选其他人员。",
  "merged-already": "这两个投诉已经并案，或其中一个已并入其他投诉。请打开并案后的投诉办理。",
  "needs-text": "制度未规定此级处分的内容。请在决定中写明处分内容。",
  "no-agreement": "没有有效的资料提供协议，不能向该品牌提供客户资料。请先签订协议。",
  "nobody-handles": "没有可以处理的人员，或有多人可选。请指定处理人。",
  "not-for-them": "按投诉级别，须由更高级别的负责人处理。请改选处理人。",
  "not-granted": "赔偿尚未批准，不能支付。请待审批完成后再支付。",
  "not-in-the-group": "所列人员不是危机处理小组成员。请先将其加入小组。",
  "not-now": "投诉当前的状态不能办理此事项。请重新载入，按“可办理事项”办理。",
  "not-one-matter": "并案须为同一门店、同一客户，且均未结案。请改为关联，或先重新处理已结案的投诉。",
  "not-serious": "此投诉未认定为这类重大投诉。请先标为重大投诉，或核对情形。",
  "not-the-judge": "本门店的投诉由其他岗位判定。请转由其判定。",
  "not-your-step": "此告知步骤由其他岗位负责。请由责任岗位登记。",
  "origin-reused": "同一来源编号已登记过内容不同的投诉。请核对来源编号。",
  "paid-already": "赔偿已支付，不能更改或重复支付。如需追加，请另提方案。",
  "proposed-already": "此人在本投诉中的违规处理已经提出。请在原提案中办理。",
  "responsible-themselves": "处理人不能调查认定自己的责任。请先移交上级处理。",
  "reviewed-already": "报表已经审阅，不能再改。后来得知的情况列入下期更正。",
  "step-ended": "此告知步骤已完成或已取消，无须再登记。",
  "task-done": "此交办事项已办完，无须再登记。",
  "the-other-survives": "本投诉的办理比所选投诉更进一步，应予保留。请打开所选投诉，从那里并入本投诉。",
  "too-many-attachments": "附件已达上限。请将多张照片合成一个 PDF，再联系处理人安排归档。",
  "too-many-links": "关联已达上限。属同一事项的，请改为并案。",
  // console
  "foreign-page": "此操作不是由本系统页面发出。请重新载入页面后再试。",
  "not-a-stream": "实时连接的请求方式不对。请重新载入页面。",
  "signed-out": "登录已结束。请重新登录后再办理。",
  // credit
  "account-taken": "该客户已有授信账户。请在原账户办理。",
  "belongs-to-shipment": "此单据随发货产生，不能单独冲销。请取消发货，或办理退货。",
  "code-taken": "本门店已有账户使用此编号。请另取编号。",
  "corrections-first": "此单据已有退货或红字冲减。请先冲销这些更正。",
  "corrects-too-much": "冲减金额超过原发票余额。请核对金额。",
  "letter-not-there": "催款函尚未到这一步，或已办过这一步。请重新载入查看当前状态。",
  "more-than-received": "转出数量超过该持有人收到的数量。请核对数量。",
  "no-branches": "所选地区没有门店。请改选地区或门店。",
  "not-at-this-stage": "发货尚未到这一步，或已办过这一步。请重新载入查看当前状态。",
  "not-at-this-state": "损失处理尚未到这一步，或已办过这一步。请重新载入查看当前状态。",
  "not-open-so-far": "所列单据的未结金额不足。请核对单据与金额。",
  "not-payable": "此发货不再收款。请将款项记入账户或其他单据。",
  "nothing-to-sign": "此次暂停不能以签批放行。请按所列的其他办法处理。",
  "ordinary-term": "此账期为合同约定账期，无须审批。请直接办理。",
  "partly-out": "仓库记录显示部分货物已出库，不能更改或取消。请对已出库部分办理退货。",
  "parts-differ": "各部分之和与目标总额不符。请更正后再提交。",
  "proportions-not-set": "制度未规定损失的分担比例。请联系制度管理人补充。",
  "reference-used": "此参考号已用于其他业务。请核对，或换用新的参考号。",
  "reversed-already": "此单据已冲销，或本身就是冲销单据，不能再冲销。",
  "shipment-not-released": "货物按授信规则暂停放行，暂停已记录。请按所列办法处理后再办理。",
  "target-set": "该地区、期间和指标已有目标。请修改原目标。",
  "too-long": "清单过长，不能放入一个文件。请缩小范围后再导出。",
  "warning-over": "此预警已结束，无须再处理。",
  "worth-unknown": "尚未填写货物价值。请先填写价值再核实。",
  // customer
  "duplicate-customer": "可能已有此客户的档案（电话、车牌、车架号、证件号或邮箱相同）。请先核对原档案。",
  "erasure-asked": "此客户的信息删除已经申请。请等待审批与执行。",
  "not-complete": "信息删除尚未全部完成，暂无证明。请稍后再查看。",
  // notify
  "ended": "此订阅已终止。如需继续，请新建订阅。",
  "not-ended": "此投递仍在尝试，不能重发。请待其结束后再办理。",
  "only-in-development": "此功能只在开发环境可用。",
  // staff
  "another-text": "送审的文本与起草的文本不一致。请重新载入，审核现行草稿。",
  "away-already": "此人在该时段已有休假。请核对起止日期。",
  "branch-taken": "已有同名门店。请核对名称。",
  "card-incomplete": "门店的投诉电话或信箱未登记，不能印制卡片。请先补全门店资料。",
  "department-in-use": "该部门仍有人员或岗位，不能撤销。请先调整人员。",
  "drafter-reviews": "起草人不能审核自己的文件。请由其他人审核。",
  "earlier-open": "更早的月份尚未结账。请按月份先后办理。",
  "entered-already": "已有相同账号、工号、邮箱或手机的员工。请核对。",
  "has-left": "此人已离职，或届时已离职。请改选人员。",
  "held-already": "此人在该时段已担任这一岗位，无须重复授予。",
  "no-such-place": "没有这个集团、片区、门店或部门。请核对任职地点。",
  "not-doubled": "此处不扣绩效工资。只有加倍处罚且制度规定了范围时才可扣减。",
  "not-open": "此休假已结束或已取消，不能更改。",
  "not-over": "本月尚未结束，不能结账。请待月末之后办理。",
  "not-the-decider": "此违规由其他岗位决定。请转由其办理。",
  "not-theirs": "此人本身不担任该岗位，或只是代理，不能再委托他人。",
  "not-to-them": "所选人员不能代理：不能代理自己，休假或离职人员也不能代理。请改选人员。",
  "nothing-to-decide": "此违规的处罚已确定，无须再决定。",
  "over": "此任职已结束，不能更改。",
  "shifts-refused": "排班有冲突：同一人不能同时值两班，且须在岗。请按标注调整。",
  "withdrawn": "此违规记录已撤销，不再处罚。",
};

/** The Chinese sentence of a refusal, by the type of the problem or its slug, where Chinese is asked for. */
export function refusal(type: string | null, language: Language): string | undefined {
  return language === "zh" && type !== null ? REFUSALS[type.replace("/problems/", "")] : undefined;
}

const SENTENCES: Record<string, string> = WRONG;

/** What is wrong at a place, by the kind that the answer names (`code`) or its beginning; in English as the service says it. */
export function wrongHere({ code, limit, detail }: FieldError, language: Language): string {
  if (language !== "zh" || code === undefined) return detail;
  const said = SENTENCES[code] ?? SENTENCES[code.split("_")[0]!] ?? WRONG.value_error;
  return said.replace("{limit}", limit ?? "");
}
