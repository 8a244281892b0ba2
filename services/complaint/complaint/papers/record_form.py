"""客户投诉记录表: from the call to the final evaluation, filled in from what is recorded (P04.3, P12.3, P17.7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from contracts.roles import Role

from complaint.papers.document import Document, Section, Table, facts, numbered, shown, words
from complaint.papers.gathered import Gathered, Told
from complaint.papers.in_chinese import (
    APPROVALS,
    CHANNELS,
    DECISIONS,
    DEMANDS,
    LEVELS,
    MATTERS,
    MEASURE_STATES,
    MEASURES,
    REACTIONS,
    SERIOUS,
    STATES,
    UNRATED,
    WAYS,
    listed,
    named,
)
from complaint.papers.people import people, person

RULES = ("P04.3", "P04.6", "P04.7", "P12.3", "P17.7")

TITLE, ENGLISH = "客户投诉记录表", "Customer complaint record"


def record_form(found: Gathered) -> Document:
    """The form as far as the case has come; what has not happened yet is not on it."""
    case = found.case
    sections = [_taken(found), _judged(found), *_handed_over(found), *_investigated(found), *_resolved(found)]
    sections += [*_followed_up(found), _approved(found)]
    foot = f"投诉编号 {case.number} · 分支 {found.branch} · 状态 {named(STATES, case.state.value)}"
    return Document(TITLE, ENGLISH, case.number, numbered(sections), ("受理部门", "人事行政 / 客服", "总经理"), foot)


def _taken(found: Gathered) -> Section:
    case, personal, vehicle = found.case, found.personal, found.vehicle
    return Section(
        "受理",
        facts(
            {
                "编号": case.number,
                "受理时间": case.taken_at,
                "分支": found.branch,
                "受理渠道": named(CHANNELS, case.channel),
                "受理人": person(case.people.get("taken_by")),
                "来源人": person(case.people.get("source")),
                "投诉人姓名": personal.get("name"),
                "电话": personal.get("phone"),
                "地址": personal.get("address"),
                "客户信息核实": "已核实在册客户" if case.customer_id else "未在册",
                "品牌": vehicle["brand"],
                "车型": " ".join(filter(None, (vehicle.get("series"), vehicle.get("model")))),
                "车牌": personal.get("plate"),
                "车架号": personal.get("vin"),
                "故障码": "、".join(vehicle.get("fault_codes") or []),
                "重大类别": listed(SERIOUS, case.serious_kinds),
            }
        ),
        words({"投诉内容": personal.get("text"), "客户要求": personal.get("demand")}),
    )


def _judged(found: Gathered) -> Section:
    judgement, personal = found.case.judgement, found.personal
    if judgement is None:
        return Section("判定", facts({"判定": "尚未判定"}))
    return Section(
        "判定",
        facts(
            {
                "投诉理由是否充分": judgement["reason_holds"],
                "投诉要求是否合理": judgement["demand_holds"],
                "投诉是否成立": judgement["founded"],
                "投诉级别": named(LEVELS, found.case.level),
                "投诉类别": named(MATTERS, judgement.get("matter")),
                "要求类别": listed(DEMANDS, judgement.get("demands") or ()),
                "判定人": person(judgement["by"]),
                "判定时间": _instant(judgement["at"]),
            }
        ),
        words({"判定意见": personal.get("opinion")}),
    )


def _handed_over(found: Gathered) -> Iterator[Section]:
    over, case = found.last("handed_over"), found.case
    if over is None:
        return
    yield Section(
        "受理部门",
        facts(
            {
                "受理部门": found.department,
                "处理人": person(over["facts"].get("handler")),
                "移交时间": over["at"],
                "被投诉人": person(case.respondent),
                "参与人": people(case.participants),
                "移交人": person(over["author"]),
            }
        ),
        words({"移交说明": over["words"].get("words")}),
    )


def _investigated(found: Gathered) -> Iterator[Section]:
    started, report = found.last("investigation_started"), found.last("report")
    if started is None and report is None:
        return
    said: Any = report["words"] if report else {}
    yield Section(
        "调查",
        facts(
            {
                "开始调查": started["at"] if started else None,
                "调查报告": report["at"] if report else None,
                "调查人": person(report["author"]) if report else None,
                "责任人": people(said.get("responsible") or []),
            }
        ),
        words(
            {
                "事件经过": said.get("course"),
                "责任认定": said.get("responsibility"),
                "结论": said.get("conclusion"),
            }
        ),
    )
    if found.measures:
        yield Section("措施", table=measures_table(found))


def _resolved(found: Gathered) -> Iterator[Section]:
    proposed = found.of("resolution")
    pairs: dict[str, Any] = {}
    for one in proposed:
        number = f"第{one['facts'].get('round', 1)}次" if len(proposed) > 1 else ""
        pairs[f"{number}处理方案"] = one["words"].get("words")
        pairs[f"{number}对客户要求的回应"] = one["words"].get("takes_up_demand")
    if proposed:
        yield Section(
            "受理部门处理意见",
            facts({"拟定人": person(proposed[-1]["author"]), "拟定时间": proposed[-1]["at"]}),
            words(pairs),
        )
    rows = [
        row for one in found.of("answer", "reaction", "objection", "settled_unaccepted") for row in [_exchange(one)]
    ]
    if rows:
        yield Section("答复与客户意见", table=Table(("时间", "经办人", "事项", "内容"), rows))
    result = found.last("result_returned")
    if result is not None:
        yield Section(
            "处理结果反馈",
            facts({"反馈时间": result["at"], "反馈人": person(result["author"])}),
            words({"处理结果": result["words"].get("words")}),
        )


def _exchange(one: Told) -> list[str]:
    match one["kind"]:
        case "answer":
            what = f"{named(WAYS, one['facts'].get('way')) or ''}答复客户"
        case "reaction":
            what = f"客户{REACTIONS['accepted' if one['facts'].get('accepted') else 'not_accepted']}"
        case "objection":
            what = "客户异议"
        case _:
            what = "决定不再另拟方案"
    return [shown(one["at"]), shown(person(one["author"])), what, shown(one["words"].get("words"))]


def _followed_up(found: Gathered) -> Iterator[Section]:
    called, case = found.last("call_back"), found.case
    if called is not None:
        said = called["words"]
        yield Section(
            "客户回访",
            facts(
                {
                    "回访时间": called["at"],
                    "回访人": person(called["author"]),
                    "满意度(1–5)": called["facts"].get("satisfaction")
                    or named(UNRATED, called["facts"].get("unrated")),
                }
            ),
            words(
                {
                    "最终处理结果": said.get("result"),
                    "处理过程总结": said.get("summary"),
                    "综合评价": said.get("evaluation"),
                    "客户最终意见": said.get("final_opinion"),
                    "加强客户服务的建议": said.get("suggestion"),
                }
            ),
        )
    closed = found.last("closed")
    if case.closed_at is not None:
        yield Section(
            "结案",
            facts(
                {
                    "结案时间": case.closed_at,
                    "结案人": person(closed["author"]) if closed else None,
                    "客户意见": named(REACTIONS, case.course.get("reaction")),
                    "重新受理次数": case.course.get("reopened", 0),
                }
            ),
        )


def _approved(found: Gathered) -> Section:
    return Section("审批记录", table=approvals_table(found))


def measures_table(found: Gathered, *kinds: str) -> Table:
    """The measures of the case, or those of some kinds, with how far they have come."""
    rows = [
        [
            MEASURES[one["kind"]],
            one["words"] + (f"\n落实结果:{one['outcome']}" if one["outcome"] else ""),
            shown(person(one["owner"])),
            shown(one["due_on"]),
            MEASURE_STATES[one["state"]],
        ]
        for one in found.measures
        if not kinds or one["kind"] in kinds
    ]
    return Table(("类别", "内容", "责任人", "期限", "状态"), rows)


def approvals_table(found: Gathered, *names: str) -> Table:
    """Who has signed what when; an open seat shows the role it waits for."""
    rows = []
    for asked in found.approvals:
        if names and asked["approval"] not in names:
            continue
        what = named(APPROVALS, asked["approval"]) or ""
        if asked["amount"] is not None:
            what += f" {asked['amount']}"
        for stage in asked["stages"]:
            for seat in stage:
                rows.append(_seat(what, asked, seat))
    return Table(("事项", "报批人", "审批人", "时间", "意见"), rows)


def _seat(what: str, asked: Told, seat: Told) -> list[str]:
    asker = shown(person(asked["asked_by"]))
    if seat["by"] is None:
        role = seat["role"]
        return [what, asker, Role(role).zh if role in set(Role) else role, "–", DECISIONS[asked["state"]]]
    signer = shown(person(seat["by"]))
    if seat["on_behalf_of"] is not None:
        signer += f"(代 {person(seat['on_behalf_of'])})"
    return [what, asker, signer, shown(_instant(seat["at"])), "同意" if seat["granted"] else "不同意"]


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
