"""What codes are called on paper: channels, states, levels, kinds of entries; an unknown code is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

CHANNELS = {
    "phone": "投诉电话",
    "mailbox": "投诉邮箱",
    "store": "到店",
    "sales_consultant": "销售顾问",
    "relations_specialist": "客户关系专员",
    "follow_up_call": "回访",
    "call_centre": "集团呼叫中心",
    "manufacturer": "厂家",
    "web": "网络",
    "import": "导入",
}
STATES = {
    "taken": "已受理",
    "judged": "已判定",
    "investigating": "调查中",
    "resolved": "已拟方案",
    "approved": "方案已批准",
    "answered": "已答复",
    "called_back": "已回访",
    "merged": "已并案",
    "closed": "已结案",
    "reopened": "重新受理",
}
LEVELS = {"normal": "一般", "serious": "重大", "gravest": "特别重大"}
WAYS = {"written": "书面", "oral": "口头"}
REACTIONS = {"accepted": "接受", "not_accepted": "不接受"}
UNRATED = {"declined": "客户未评价", "not_reached": "未能联系上客户"}
SERIOUS = {
    "repeat": "重复投诉",
    "to_manufacturer": "向厂方投诉",
    "blocked_door": "堵门",
    "disturbance": "闹事",
    "return_or_exchange": "退换车",
    "negative_media": "媒体负面报道",
    "wide_or_vicious": "影响面大或性质恶劣",
}
MATTERS = {
    "attitude": "服务态度",
    "professional_quality": "专业素质",
    "efficiency": "服务效率",
    "product": "商品质量",
    "other": "其他",
}
DEMANDS = {
    "price_reduction": "减价",
    "return": "退货",
    "exchange": "换货",
    "damages": "损害赔偿",
    "criticism": "批评建议",
    "other": "其他",
}
MEASURES = {"measure": "措施", "countermeasure": "对策", "prevention": "防范措施"}
MEASURE_STATES = {"open": "落实中", "done": "已落实", "dropped": "已取消"}
APPROVALS = {
    "complaint.judgement": "投诉判定",
    "complaint.investigation": "调查报告",
    "complaint.opinion": "行政人事意见",
    "complaint.resolution": "处理方案",
    "complaint.misconduct": "违规处罚",
    "complaint.compensation": "赔偿补偿",
}
DECISIONS = {
    "open": "待审批",
    "granted": "同意",
    "refused": "不同意",
    "withdrawn": "已撤回",
    "superseded": "已重新报批",
}


def named(names: Mapping[str, str], code: str | None) -> str | None:
    """A code by its Chinese name."""
    return None if code is None else names.get(code, code)


def listed(names: Mapping[str, str], codes: Iterable[str]) -> str:
    """Codes by their Chinese names, in one line."""
    return "、".join(names.get(code, code) for code in codes)
