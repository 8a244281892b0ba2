"""投诉调查报告: cause, course, who is responsible, conclusion, countermeasures, prevention (P17.4, P17.5)."""

from __future__ import annotations

from complaint.papers.document import Document, Section, facts, numbered, words
from complaint.papers.gathered import Gathered
from complaint.papers.in_chinese import STATES, named
from complaint.papers.people import people, person
from complaint.papers.record_form import approvals_table, measures_table

RULES = ("P04.5", "P17.4", "P17.5")

TITLE, ENGLISH = "投诉调查报告", "Complaint investigation report"


def investigation_report(found: Gathered) -> Document | None:
    """The newest report of the case; None where nothing has been reported."""
    report, case = found.last("report"), found.case
    if report is None:
        return None
    said, opinion = report["words"], found.last("opinion")
    earlier = len(found.of("report")) - 1
    sections = [
        Section(
            "案件",
            facts(
                {
                    "投诉编号": case.number,
                    "受理时间": case.taken_at,
                    "分支": found.branch,
                    "受理部门": found.department,
                    "客户名称": found.personal.get("name"),
                    "车型": " ".join(filter(None, map(found.vehicle.get, ("brand", "series", "model")))),
                    "调查人": person(report["author"]),
                    "报告时间": report["at"],
                    "此前报告次数": earlier,
                }
            ),
            words({"投诉内容": found.personal.get("text"), "客户要求": found.personal.get("demand")}),
        ),
        Section("发生原因", words=words({"发生原因": said.get("cause")})),
        Section("具体经过", words=words({"具体经过": said.get("course")})),
        Section(
            "具体责任者",
            words=words(
                {
                    "责任者": people(said.get("responsible") or []) or "无个人责任者",
                    "责任认定": said.get("responsibility"),
                }
            ),
        ),
        Section("结论", words=words({"结论": said.get("conclusion")})),
        Section("对策", table=measures_table(found, "countermeasure", "measure")),
        Section("防范措施", table=measures_table(found, "prevention")),
    ]
    if said.get("letter"):
        sections.append(Section("附:原投诉书", words=words({"原投诉书": said["letter"]})))
    if opinion is not None:
        sections.append(
            Section(
                "行政人事部意见",
                facts({"意见人": person(opinion["author"]), "时间": opinion["at"]}),
                words({"意见": opinion["words"].get("words")}),
            )
        )
    names = ("complaint.investigation", "complaint.opinion")
    sections.append(Section("审核与批阅", table=approvals_table(found, *names)))
    foot = f"投诉编号 {case.number} · 分支 {found.branch} · 状态 {named(STATES, case.state.value)}"
    return Document(TITLE, ENGLISH, case.number, numbered(sections), ("主管审核", "行政人事部", "总经理批阅"), foot)
