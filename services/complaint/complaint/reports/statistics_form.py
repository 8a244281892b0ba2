"""投诉统计表 on paper: what came in, what is left, how it was answered, which terms were missed, what is corrected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from policy.access import GROUP
from policy.directory import Directory
from policy.obligations import DUTIES

from complaint.papers.document import Document, Section, Table, facts, numbered, words
from complaint.papers.in_chinese import CHANNELS, DEMANDS, LEVELS, MATTERS, SERIOUS, STATES, UNRATED
from complaint.papers.people import person, unmarked
from complaint.reports.counting import UNSET
from complaint.reports.model import Report
from complaint.reports.period import PeriodKind

RULES = ("P12.9", "P17.10")

ENGLISH = "Complaint statistics"

JUDGEMENTS = {"founded": "成立", "unfounded": "不成立", UNSET: "未判定"}
REACTIONS = {"accepted": "接受", "not_accepted": "不接受", "settled": "不接受,由总经理决定", UNSET: "无"}
CLAIMANTS = {"consumer": "消费者", "agent": "代理商", "franchisee": "加盟商"}
RATINGS = {**UNRATED, UNSET: "未调查"}
WITHIN = {"2_days": "2天内", "7_days": "3至7天", "30_days": "8至30天", "longer": "30天以上"}
NOT_COUNTED = "当时未统计"
SERIOUSNESS = {"yes": "重大", "no": "一般"}
COMPARED = {
    "judgement": ("判定", JUDGEMENTS),
    "level": ("级别", LEVELS),
    "department": ("受理部门", {}),
    "matter": ("类别", MATTERS),
    "serious": ("重大", {"yes": "是", "no": "否"}),
}
STATES_OF_REPORT = {"frozen": "已冻结,待填报", "filled_in": "已填报,待审核", "reviewed": "已审核"}


def statistics_form(report: Report, remarks: str | None, directory: Directory) -> Document:
    """The form of the report; the figures are those that were frozen, the titles those of today."""
    period = report.period
    kind = "月报" if report.kind is PeriodKind.MONTH else "周报"
    whose = "全集团" if report.branch == GROUP else directory.named(report.branch)
    departments = _departments(report, directory)
    sections = [
        Section(
            "总览",
            facts(
                {
                    "期间": period.name,
                    "分支": whose,
                    "期初未结": report.count("opening"),
                    "补录(期初未结)": report.count("late.open"),
                    "本期受理": report.count("taken"),
                    "本期重新受理": report.count("returned"),
                    "本期结案": report.count("closed"),
                    "本期并入他案": report.count("merged"),
                    "期末未结": NOT_COUNTED if report.open is None else report.open,
                    "本期认定重大": report.count("serious"),
                    "本期回访": report.count("called_back"),
                    "数字冻结时间": report.frozen_at,
                    "状态": STATES_OF_REPORT[report.state.value],
                }
            ),
        ),
        _by(report, "本期受理:按渠道", "taken.channel", CHANNELS),
        _by(report, "本期受理:按类别", "taken.matter", MATTERS),
        _by(report, "本期受理:按客户要求", "taken.demand", DEMANDS),
        _by(report, "本期受理:按投诉人", "taken.claimant", CLAIMANTS),
        _by(report, "本期受理:按判定", "taken.judgement", JUDGEMENTS),
        _by(report, "本期受理:按受理部门", "taken.department", departments),
        _by(report, "本期受理:按级别", "taken.level", LEVELS),
        _by(report, "本期受理:按轻重", "taken.serious", SERIOUSNESS),
        _by(report, "本期受理:按品牌", "taken.brand", {}),
        _by(report, "本期认定重大:按情形", "serious.kind", SERIOUS),
        _by(report, "本期结案:按判定", "closed.judgement", JUDGEMENTS),
        _by(report, "本期结案:按客户意见", "closed.reaction", REACTIONS),
        _by(report, "本期结案:按用时", "closed.within", WITHIN),
        _by(report, "本期结案:满意度(1–5)", "closed.satisfaction", RATINGS),
        _by(report, "本期回访:满意度(1–5)", "called_back.satisfaction", RATINGS),
        _by(report, "期末未结:按状态", "open.state", STATES),
        _by(report, "期末未结:按受理部门", "open.department", departments),
        _terms(report),
        _corrections(report, departments),
        Section("人事行政说明", words=words({"说明": unmarked(remarks) or "无"})),
    ]
    filled = facts({"填报人": person(report.filled_by), "填报时间": report.filled_at})
    reviewed = facts({"审核人": person(report.reviewed_by), "审核时间": report.reviewed_at})
    sections.append(Section("填报与审核", [*filled, *reviewed]))
    foot = f"数字摘要 SHA-256 {report.digest.hex()}"
    number = f"{period.name} · {whose}"
    return Document(f"客户投诉统计表({kind})", ENGLISH, number, numbered(sections), ("人事行政", "总经理"), foot)


def _departments(report: Report, directory: Directory) -> dict[str, str]:
    """What a department is called at the branch of the report; at that of the group by all its titles."""
    titles: dict[str, set[str]] = defaultdict(set)
    for branch in directory.branches.values():
        if report.branch in (GROUP, branch.name):
            for department, title in branch.departments.items():
                titles[department].add(title)
    return {department: "、".join(sorted(found)) for department, found in titles.items()}


def _by(report: Report, title: str, key: str, names: Mapping[str, str]) -> Section:
    found = sorted(_values(report, key).items(), key=lambda one: (-one[1], one[0]))
    rows = [[names.get(value, "未设定" if value == UNSET else value), str(count)] for value, count in found]
    return Section(title, table=Table(("项目", "件数"), rows))


def _values(report: Report, key: str) -> dict[str, int]:
    return {tag.partition("=")[2]: n for tag, n in report.figures.items() if tag.startswith(f"{key}=")}


def _terms(report: Report) -> Section:
    met, missed = _values(report, "term.met"), _values(report, "term.missed")
    rows = [
        [DUTIES[duty].zh if duty in DUTIES else duty, str(met.get(duty, 0)), str(missed.get(duty, 0))]
        for duty in sorted({*met, *missed})
    ]
    return Section("时限:本期届满或完成(按案件)", table=Table(("事项", "按期", "逾期"), rows))


def _corrections(report: Report, departments: Mapping[str, str]) -> Section:
    """What became known after earlier reports were frozen; their figures stay."""
    rows = [[f"补录 {name} 受理的投诉", str(n)] for name, n in sorted(_values(report, "late.period").items())]
    for compared, (name, names) in {**COMPARED, "department": ("受理部门", departments)}.items():
        for change, n in sorted(_values(report, f"changed.{compared}").items()):
            before, _, after = change.partition("→")
            said = " → ".join(names.get(value, "未设定" if value == UNSET else value) for value in (before, after))
            rows.append([f"以前期间列报的{name}变更:{said}", str(n)])
    return Section("更正(以前期间的数字已冻结,不变)", table=Table(("更正事项", "件数"), rows))
