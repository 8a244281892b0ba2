"""What each template says; its parameters are ids, numbers, dates and codes, never personal data (P05.15, P06.5)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Formatter

import structlog
from contracts.roles import Role
from policy.calendar import ZONE
from policy.directory import Directory

log = structlog.get_logger()

RULES = ("P05.15", "P06.5")

#: what the duties and approvals of all services are called, Chinese and English: written by `make docs`
DUTIES: dict[str, list[str]] = json.loads((Path(__file__).parent / "duties.json").read_text())

#: every parameter that words may have: what is not listed cannot be said
PARAMETERS = frozenset(
    {
        "number",
        "kind",
        "role",
        "place",
        "branch",
        "due_at",
        "at",
        "count",
        "rules",
        "until",
        "missing",
        "copies",
        "code",
    }
)
_INSTANTS = frozenset({"due_at", "at", "until"})
_PLACES = frozenset({"branch", "place"})
_VALUE = re.compile(r"[A-Za-z0-9 _.,:/+@#%-]{1,120}")
_CODE = re.compile(r"[!-~]{1,300}")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")


@dataclass(frozen=True)
class Words:
    """What is said: one line, the text below it, and the parameters as they are read in them."""

    title: str
    text: str
    params: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Template:
    """The words of one kind of notice in both languages, each a title and a text, and the rules it rests on."""

    name: str
    rules: tuple[str, ...]
    zh: Words
    en: Words

    @property
    def params(self) -> frozenset[str]:
        """What it cannot do without."""
        texts = (self.zh.title, self.zh.text, self.en.title, self.en.text)
        return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)

    def say(self, params: Mapping[str, str], language: str, directory: Directory) -> Words:
        """The words with the parameters put in; KeyError where one is missing."""
        words = self.en if language == "en" else self.zh
        said = {name: _said(name, value, language, directory) for name, value in params.items()}
        return Words(words.title.format_map(said), words.text.format_map(said), said)


GENERIC = Template(
    "generic",
    ("P05.15",),
    Words("您有一条通知", "有一件事需要您查看, 请打开链接。"),
    Words("You have a notice", "Something needs your attention. Open the link."),
)

TEMPLATES: dict[str, Template] = {
    one.name: one
    for one in (
        GENERIC,
        Template(
            "work_due",
            ("P04.9", "P17.9"),
            Words("{count} 项待办即将到期", "您有 {count} 项待办即将到期, 最早一项的期限为 {due_at}。请打开链接处理。"),
            Words("{count} pieces of work are due soon", "{count} are due soon, the first at {due_at}. Open the link."),
        ),
        Template(
            "work_missed",
            ("P04.9", "P12.8", "P17.9"),
            Words(
                "逾期未完成: {kind}",
                "{place} 的{role}应于 {due_at} 完成 {kind} (依据 {rules}), 现已逾期。请打开链接督促处理。",
            ),
            Words(
                "Missed: {kind}",
                "{kind} was due at {due_at} from the {role} of {place} (by {rules}) and is not done. Open the link.",
            ),
        ),
        Template(
            "approval_waiting",
            ("P12.10", "P17.5"),
            Words("等待您审批: {kind}", "有一项审批 ({kind}) 等待{role}决定。请打开链接, 同意或退回。"),
            Words("Waiting for your decision: {kind}", "An approval ({kind}) waits for the {role}. Open the link."),
        ),
        Template(
            "serious_complaint",
            ("P12.6", "P12.7"),
            Words("重大投诉 {number}", "重大投诉 {number}, 门店 {branch}, 认定时间 {at}。请立即打开链接查看。"),
            Words("Serious complaint {number}", "{number} at {branch} became serious at {at}. Open the link now."),
        ),
        Template(
            "serious_confirm",
            ("P12.6", "P12.7"),
            Words(
                "请确认: 重大投诉 {number}",
                "重大投诉 {number}, 门店 {branch}, 认定时间 {at}。请打开链接并点击确认; 逾时未确认将通知下一责任人。",
            ),
            Words(
                "Please confirm: serious complaint {number}",
                "{number} at {branch} became serious at {at}. Open the link and confirm, else the next one is told.",
            ),
        ),
        Template(
            "call_centre_complaint",
            ("P12.4",),
            Words("集团转来投诉 {number}", "集团呼叫中心转来投诉 {number}, 门店 {branch}。请打开链接安排处理。"),
            Words(
                "Complaint {number} from the call centre",
                "The group call centre has passed on {number} for {branch}. Open the link and have it handled.",
            ),
        ),
        Template(
            "serious_overruled",
            ("P12.5",),
            Words("重大投诉更正: {number}", "投诉 {number} (门店 {branch}) 的重大认定已更正。请打开链接查看原因。"),
            Words("No longer serious: {number}", "The marking of {number} at {branch} was overruled. Open the link."),
        ),
        Template(
            "complaint_refused",
            ("P17.2",),
            Words(
                "投诉未受理: {number}", "投诉 {number} (门店 {branch}) 判定不予受理, 由门店答复客户。请打开链接查看。"
            ),
            Words(
                "Complaint not accepted: {number}",
                "{number} at {branch} is not accepted; the store answers. Open the link.",
            ),
        ),
        Template(
            "complaint_feedback",
            ("P04.7",),
            Words("客户意见反馈: {number}", "投诉 {number} 回访完毕, 客户的最终意见和改进建议请打开链接查看。"),
            Words("What the customer says: {number}", "The customer was called back about {number}. Open the link."),
        ),
        Template(
            "crisis_meeting",
            ("P12.7",),
            Words(
                "危机处理小组会议: {number}", "重大投诉 {number} 的危机处理小组会议, 时间 {at}。请打开链接确认参加。"
            ),
            Words("Crisis group meets: {number}", "The crisis group on {number} meets at {at}. Open the link."),
        ),
        Template(
            "fund_risk_warning",
            ("P02.4",),
            Words(
                "资金风险预警: {number}",
                "门店 {branch} 的授信账户有资金风险预警 ({number})。请打开链接查看依据并处理。",
            ),
            Words(
                "Fund-risk warning: {number}", "An account at {branch} shows a risk ({number}). Open the link and act."
            ),
        ),
        Template(
            "dunning_letter",
            ("P02.4",),
            Words(
                "催款函待送达: 第 {number} 级", "门店 {branch} 的第 {number} 级催款函已备好。请打开链接下载并送达客户。"
            ),
            Words(
                "Dunning letter to hand over: level {number}",
                "A letter of level {number} at {branch} is ready. Open the link and hand it over.",
            ),
        ),
        Template(
            "loan_due",
            ("P05.10",),
            Words("借阅到期: {number}", "借阅 {number} 应于 {due_at} 前归还。请按时归还。"),
            Words("Loan due: {number}", "The loan {number} is to be returned by {due_at}."),
        ),
        Template(
            "dossier_incomplete",
            ("P13.4", "P13.16"),
            Words("档案资料不全: {number}", "档案 {number} 缺 {count} 项资料, 补齐期限 {due_at}。请打开链接查看。"),
            Words("Dossier incomplete: {number}", "{number} lacks {count} papers, due by {due_at}. Open the link."),
        ),
        Template(
            "goods_unreleased",
            ("P11.11", "P11.13"),
            Words(
                "未经放行出库 {number}",
                "{branch} 有货物既未先汇款也未经审批即已出库 (案件 {number}), 发现时间 {at}。请打开链接查实。",
            ),
            Words(
                "Goods out without a release: {number}",
                "Goods left {branch} neither paid first nor approved (case {number}, found {at}). Open the link.",
            ),
        ),
        Template(
            "loss_verified",
            ("P11.11", "P11.13"),
            Words(
                "未经放行出库已查实 {number}",
                "{branch} 的案件 {number} (发现时间 {at}) 已查实, 将裁定由谁承担。请打开链接查看。",
            ),
            Words("Verified: {number}", "The case {number} at {branch}, found {at}, holds. Who bears it is next."),
        ),
        Template(
            "loss_dismissed",
            ("P11.11",),
            Words("案件已撤销 {number}", "{branch} 的案件 {number} (发现时间 {at}) 经查不成立, 无人承担。"),
            Words("Dismissed: {number}", "The case {number} at {branch}, found {at}, does not hold. Nobody bears it."),
        ),
        Template(
            "leak_reported",
            ("P05.16", "P05.20"),
            Words("泄密报告 {number}", "有客户信息泄露 (或可能泄露) 的报告 {number}, 时间 {at}。请立即打开链接处置。"),
            Words(
                "Leak reported: {number}", "A certain or possible leak, {number}, was reported at {at}. Act at once."
            ),
        ),
    )
}


def chosen(name: str, params: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The template and the parameters that will be said.

    One that is unknown, lacks a parameter or was given what is no code gives way to the generic one, with an error in
    the log that names no value: nobody goes untold for it.
    """
    template = TEMPLATES.get(name)
    if template is None:
        log.error("unknown template, the generic one is sent", template=name[:60])
        return GENERIC.name, {}
    kept = {one: params[one] for one in template.params if one in params and harmless(params[one])}
    if lacking := sorted(template.params - kept.keys()):
        log.error("template lacks parameters, the generic one is sent", template=name, lacking=lacking)
        return GENERIC.name, {}
    return name, kept


def harmless(value: str) -> bool:
    """Whether it has the form of an id, a number, a date or a code, and not that of a phone or a mail address."""
    return bool(_VALUE.fullmatch(value)) and not _PHONE.search(value) and not _MAIL.search(value)


def in_code(value: str) -> bool:
    """Whether it can be an id, a place or a path: nothing that a name is written in."""
    return bool(_CODE.fullmatch(value))


def say(name: str, params: Mapping[str, str], directory: Directory, language: str = "zh") -> Words:
    """The words of a notice; the generic ones where the template is no more, or asks for more than it did."""
    template = TEMPLATES.get(name, GENERIC)
    return (template if template.params <= params.keys() else GENERIC).say(params, language, directory)


def _said(name: str, value: str, language: str, directory: Directory) -> str:
    """A parameter as people read it: instants in civil time, roles by their names, branches by their titles."""
    if name in _PLACES:
        return directory.place_title(value, language)
    if name in _INSTANTS:
        try:
            return datetime.fromisoformat(value).astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            return value
    if name == "kind" and value in DUTIES:
        return DUTIES[value][language == "en"]
    if name == "role" and value in set(Role):
        return Role(value).en if language == "en" else Role(value).zh
    return value
