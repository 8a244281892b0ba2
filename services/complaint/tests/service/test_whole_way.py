"""The whole way of a complaint, once through each profile, from the call to the closed case; and nowhere around."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import python_calamine
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.complaint import ComplaintClosed, ComplaintReopened, CustomerCalledBack
from contracts.notify import Send

from ..builders import (
    ANSWER,
    CALL_BACK,
    FULL_REPORT,
    REPORT,
    RESOLUTION,
    Handled,
    answered,
    form,
    judged,
    staffed,
    worked,
)


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


async def told(stage: Stage, case: Handled) -> list[str]:
    """The events of a case by their kind, in order, whose count has no gap."""
    found = [one for one in await stage.outbox() if one.topic == "complaint.events" and one.key == case.id]
    # the opening was delivered with what the case owed at once
    assert [one.sequence for one in found] == list(range(2, len(found) + 2))
    return [type(one.message).__name__ for one in found]


@pytest.mark.rule("P04.4")
@pytest.mark.rule("P04.5")
@pytest.mark.rule("P04.6")
@pytest.mark.rule("P04.7")
async def test_a_service_branch_takes_it_from_the_call_to_the_closed_case(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent_department="service")
    assert (await case.refused("hr-1", "close"))["type"] == "/problems/not-now"
    over = await case.did("hr-1", "hand-over")
    assert (over["handler"], over["level"], over["department"]) == ("head-1", "normal", "service")
    await answered(case, "head-1")
    accepted = await case.did("head-1", "reaction", {"accepted": True, "words": "可以接受"})
    assert accepted["reaction"] == "accepted"
    early = await case.refused("hr-1", "close")
    assert (early["type"], early["gates"]) == ("/problems/not-now", ["call_back"])
    assert (await case.refused("head-1", "call-back", CALL_BACK))["type"] == "/problems/anothers-step"
    await case.did("hr-1", "call-back", CALL_BACK)
    closed = await case.did("hr-1", "close")
    await worked(stage, "print_dossier")
    assert closed["state"] == "closed"
    assert all(closed["gates"].values())
    assert list(closed["gates"]) == [
        "judge", "name_department", "investigate", "approve_resolution", "answer", "call_back",
    ]  # fmt: skip
    assert await told(stage, case) == [
        "ComplaintJudged", "ComplaintHandedOver", "InvestigationStarted", "InvestigationReported",
        "ResolutionProposed", "ResolutionApproved", "ComplaintAnswered", "CustomerReacted", "CustomerCalledBack",
        "ComplaintClosed", "DossierReady",
    ]  # fmt: skip
    assert await case.owing() == set()
    feedback = [one.message for one in await stage.outbox(Send)]
    assert [(m.template, m.to, m.rules) for m in feedback if isinstance(m, Send)] == [
        ("complaint_feedback", ["person:head-1"], ["P04.7"])
    ]


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P12.4")
async def test_a_dealership_returns_the_result_and_the_group_calls_back(stage: Stage) -> None:
    case = await Handled.taken(stage, "sh-pudong", channel="call_centre")
    await judged(case, "relations-1", respondent_department="after-sales")
    over = await case.did("relations-2", "hand-over", {"participants": ["adviser-1"]})
    assert (over["handler"], over["participants"]) == ("relations-1", ["adviser-1"])
    assert (await case.get("adviser-1")).status_code == 200
    await answered(case, "relations-1")
    await case.did("relations-1", "reaction", {"accepted": True})
    assert await case.owing() == {"return_result"}
    assert (await case.refused("group-1", "call-back", CALL_BACK))["gates"] == ["return_result"]
    await case.did("relations-2", "result", {"words": "已更换阀体, 客户接受"})
    assert (await case.refused("relations-2", "call-back", CALL_BACK))["type"] == "/problems/anothers-step"
    unasked = await case.refused("group-1", "call-back", {**CALL_BACK, "satisfaction": None})
    assert (unasked["status"], unasked["errors"][0]["pointer"]) == (422, "/satisfaction")
    await case.did("group-1", "call-back", CALL_BACK)
    await case.did("relations-2", "close")
    (closed,) = await stage.outbox(ComplaintClosed)
    assert isinstance(closed.message, ComplaintClosed)
    assert (closed.message.reaction, closed.message.satisfaction) == ("accepted", 5)
    assert await case.owing() == set()


@pytest.mark.rule("P12.4")
@pytest.mark.parametrize(("why", "shown"), [("declined", "客户未评价"), ("not_reached", "未能联系上客户")])
async def test_a_customer_who_rates_nothing_has_no_rating_made_up_but_the_reason_said(
    stage: Stage, why: str, shown: str
) -> None:
    case = await Handled.taken(stage, "sh-pudong")
    await judged(case, "relations-1", respondent_department="after-sales")
    await case.did("relations-2", "hand-over")
    await answered(case, "relations-1")
    await case.did("relations-1", "reaction", {"accepted": True})
    await case.did("relations-2", "result", {"words": "已更换阀体"})
    both = await case.refused("group-1", "call-back", {**CALL_BACK, "unrated": why})
    assert (both["status"], both["errors"][0]["pointer"]) == (422, "/unrated")
    await case.did("group-1", "call-back", {**CALL_BACK, "satisfaction": None, "unrated": why})
    (told,) = [one.message for one in await stage.outbox(CustomerCalledBack)]
    assert isinstance(told, CustomerCalledBack)
    assert told.satisfaction is None
    book = await case.get("gm-2", "/papers/record-form?format=xlsx")
    sheet = python_calamine.load_workbook(BytesIO(book.content)).get_sheet_by_index(0)
    (rating,) = [row[n + 1] for row in sheet.to_python() for n, cell in enumerate(row) if cell == "满意度(1–5)"]
    assert rating == shown


@pytest.mark.rule("P12.4")
async def test_the_relations_manager_is_told_of_what_the_group_has_taken(stage: Stage) -> None:
    async with stage.client(subject="agent-7") as agent:
        taken = (await agent.post("/v1/complaints", json=form(branch="sh-pudong", channel="call_centre"))).json()
    (opened,) = [one for one in await stage.outbox() if one.topic == "complaint.events"]
    assert opened.message is not None
    record = await stage.receive(opened.message, key=taken["id"], event_id=opened.event_id)
    await stage.consumer.consume([record])
    (sent,) = await stage.outbox(Send)
    assert isinstance(sent.message, Send)
    assert (sent.message.template, sent.message.to) == ("call_centre_complaint", ["relations_manager@sh-pudong"])
    assert (sent.message.urgent, sent.message.params["number"]) == (True, taken["number"])


@pytest.mark.rule("P17.2")
@pytest.mark.rule("P17.3")
@pytest.mark.rule("P17.4")
@pytest.mark.rule("P17.5")
@pytest.mark.rule("P17.6")
@pytest.mark.rule("P17.11")
async def test_a_store_goes_through_every_gate_of_retail(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    assert (await case.refused("shop-1", "hand-over", {"department": "quality"}))["type"] == "/problems/anothers-step"
    over = await case.did("hr-3", "hand-over", {"department": "quality"})
    assert over["handler"] == "quality-1"
    await case.did("quality-1", "start-investigation")
    short = await case.refused("quality-1", "report", REPORT)
    assert [error["pointer"] for error in short["errors"]] == ["/countermeasures", "/prevention"]
    assert short["rules"] == ["P17.3", "P17.4"]
    await case.did("quality-1", "report", FULL_REPORT)
    held = await case.refused("quality-1", "resolution", RESOLUTION)
    assert (held["type"], held["rules"]) == ("/problems/held", ["P17.4"])
    assert (await case.approved("quality-1")).status_code == 403
    await case.agreed("quality-2")
    assert (await case.refused("quality-1", "resolution", RESOLUTION))["gates"] == ["opinion"]
    await case.did("hr-3", "opinion", {"words": "同意, 全店通报"})
    assert (await case.refused("quality-1", "resolution", RESOLUTION))["type"] == "/problems/held"
    await case.agreed("gm-3")
    await case.did("quality-1", "resolution", RESOLUTION)
    assert (await case.refused("ops-3", "answer", ANSWER))["rules"] == ["P17.6"]
    await case.agreed("quality-2")
    assert (await case.refused("quality-1", "answer", ANSWER))["type"] == "/problems/anothers-step"
    await case.did("ops-3", "answer", {**ANSWER, "way": "written"})
    await case.did("ops-3", "reaction", {"accepted": True})
    closed = await case.did("ops-3", "close")
    await worked(stage, "print_dossier")
    assert list(closed["gates"]) == [
        "judge", "accept", "name_department", "investigate", "review_investigation", "opinion",
        "approve_resolution", "answer",
    ]  # fmt: skip
    assert await case.owing() == set()
    assert await told(stage, case) == [
        "ComplaintJudged", "ComplaintHandedOver", "InvestigationStarted", "MeasureTaken", "MeasureTaken",
        "InvestigationReported", "InvestigationReviewed", "InvestigationReviewed", "ResolutionProposed",
        "ResolutionApproved", "ComplaintAnswered", "CustomerReacted", "ComplaintClosed", "DossierReady",
    ]  # fmt: skip


@pytest.mark.rule("P08.6")
@pytest.mark.rule("P16.6")
@pytest.mark.rule("P16.9")
@pytest.mark.parametrize(
    ("branch", "first", "handler", "department"),
    [
        ("sz-garden", "property-1", "property-2", "property"),
        ("gz-gps", "gps-1", "gps-2", "service"),
        ("nj-clinic", "hr-1", "nurse-1", "surgery"),
    ],
)
async def test_property_gps_and_hospital_go_the_way_of_the_group(
    stage: Stage, branch: str, first: str, handler: str, department: str
) -> None:
    case = await Handled.taken(stage, branch)
    await judged(case, first)
    over = await case.did(first, "hand-over", {"department": department})
    assert over["handler"] == handler
    await answered(case, handler)
    await case.did(handler, "reaction", {"accepted": True})
    assert (await case.refused(first, "close"))["gates"] == ["call_back"]
    await case.did(first, "call-back", CALL_BACK)
    assert (await case.did(first, "close"))["state"] == "closed"
    assert await case.owing() == set()


@pytest.mark.rule("P04.3")
async def test_an_unfounded_complaint_is_answered_and_closed_without_call_back(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", reason_holds=False)
    assert await case.owing() == {"answer_unfounded"}
    assert "founded" in (await case.refused("hr-1", "hand-over", {"department": "service"}))["detail"]
    await case.did("hr-1", "answer", ANSWER)
    assert (await case.refused("hr-1", "close"))["gates"] == ["answer"]
    await case.did("hr-1", "reaction", {"accepted": True})
    closed = await case.did("hr-1", "close")
    assert (closed["state"], list(closed["gates"])) == ("closed", ["judge", "answer"])
    assert await case.owing() == set()


@pytest.mark.rule("P04.3")
async def test_an_unfounded_complaint_whose_customer_objects_is_taken_up_as_founded(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", demand_holds=False)
    await case.did("hr-1", "answer", ANSWER)
    again = await case.did("hr-1", "reaction", {"accepted": False, "words": "我不同意"})
    assert (again["state"], again["founded"]) == ("reopened", True)
    assert await case.owing() == {"hand_over", "investigate", "answer"}
    assert len(await stage.outbox(ComplaintReopened)) == 1
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    await case.did("hr-1", "call-back", CALL_BACK)
    assert (await case.did("hr-1", "close"))["state"] == "closed"


@pytest.mark.rule("P04.5")
async def test_a_customer_who_does_not_accept_gets_the_next_resolution_or_the_general_manager_decides(
    stage: Stage,
) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await case.did("head-1", "start-investigation")
    await case.did("head-1", "report", REPORT)
    without = await case.refused("head-1", "resolution", {"words": "赠送保养一次"})
    assert (without["status"], without["rules"]) == (422, ["P04.5"])
    await case.did("head-1", "resolution", RESOLUTION)
    assert (await case.refused("gm-1", "settle", {"words": "无法再让步"}))["type"] == "/problems/not-now"
    await case.did("head-1", "answer", ANSWER)
    await case.did("head-1", "reaction", {"accepted": False, "words": "要求换车"})
    assert await case.owing() == {"propose"}
    second = await case.did("head-1", "resolution", RESOLUTION)
    assert (second["round"], second["gates"]["answer"], second["reaction"]) == (2, None, None)
    await case.did("head-1", "answer", ANSWER)
    await case.did("head-1", "reaction", {"accepted": False})
    assert (await case.refused("head-1", "settle", {"words": "不再让步"}))["type"] == "/problems/anothers-step"
    assert (await case.refused("hr-1", "call-back", CALL_BACK))["gates"] == ["answer"]
    await case.did("gm-1", "settle", {"words": "两次方案均合理, 不再让步"})
    assert (await case.refused("head-1", "resolution", RESOLUTION))["type"] == "/problems/not-now"
    assert (await case.refused("hr-1", "close"))["gates"] == ["call_back"]
    await case.did("hr-1", "call-back", {**CALL_BACK, "satisfaction": 1})
    await case.did("hr-1", "close")
    (closed,) = await stage.outbox(ComplaintClosed)
    assert isinstance(closed.message, ComplaintClosed)
    assert closed.message.reaction == "not_accepted"


@pytest.mark.rule("P04.3")
async def test_a_closed_case_that_is_reopened_goes_the_way_again_and_hands_over_again(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    for _ in range(2):
        await case.did("hr-1", "hand-over", {"department": "service"})
        await answered(case, "head-1")
        await case.did("head-1", "reaction", {"accepted": True})
        await case.did("hr-1", "call-back", CALL_BACK)
        await case.did("hr-1", "close")
        reopened = await case.did("hr-1", "reopen", {"words": "抖动再现"})
        assert (reopened["state"], reopened["handler"]) == ("reopened", None)
    rows = await stage.rows("SELECT item FROM dossier_items WHERE case_id = $1::uuid ORDER BY item", case.id)
    assert {row[0] for row in rows} >= {"complaint_record", "complaint_record-2", "timeline", "timeline-2"}


async def test_a_step_counts_once_and_a_stale_one_not_at_all(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    body = {"department": "service"}
    first = await case.post("hr-1", "hand-over", body, **{"Idempotency-Key": "h-1"})
    second = await case.post("hr-1", "hand-over", body, **{"Idempotency-Key": "h-1"})
    assert first.json() == second.json()
    stale = await case.post("head-1", "start-investigation", None, **{"If-Match": '"1"'})
    assert stale.status_code == 412
    fresh = await case.post("head-1", "start-investigation", None, **{"If-Match": f'"{first.json()["version"]}"'})
    assert fresh.status_code == 200, fresh.text
    assert (await case.post("head-1", "start-investigation")).json()["type"] == "/problems/not-now"
    rows = await stage.rows("SELECT kind FROM entries WHERE case_id = $1::uuid ORDER BY id", case.id)
    assert [row[0] for row in rows] == ["taken", "judgement", "handed_over", "investigation_started"]


async def test_outside_their_reach_there_is_no_case(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    for path in ("", "/timeline", "/actions", "/measures", "/earlier"):
        assert (await case.get("relations-1", path)).status_code == 404, path
    bodies: dict[str, Any] = {
        "hand-over": {"department": "service"}, "start-investigation": None, "report": REPORT, "resolution": RESOLUTION,
        "answer": ANSWER, "reaction": {"accepted": True}, "settle": {"words": "理由"}, "result": {"words": "结果"},
        "call-back": CALL_BACK, "close": None, "reopen": {"words": "理由"}, "opinion": {"words": "意见"},
        "wait": {"words": "等待"}, "go-on": {"words": "继续"}, "measures": {"words": "措施"},
    }  # fmt: skip
    for step, body in bodies.items():
        assert (await case.post("relations-1", step, body)).status_code == 404, step
