"""Whom a complaint is about never sees, handles or signs it; the level decides who does (P12.2, P04.10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from chassis.ids import uuid7
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from complaint.case import CASES
from contracts.complaint import KeptOut, MarkedBy, MarkedSerious, SeriousKind
from policy.kit import hire

from ..builders import (
    ANSWER,
    CALL_BACK,
    FULL_REPORT,
    JUDGED,
    REPORT,
    RESOLUTION,
    Handled,
    answered,
    form,
    judged,
    staffed,
    work_of,
)
from .test_forms import cells


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    async with staffed(service, database, keys, issuer) as stage:
        yield stage


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P04.4")
async def test_a_head_complained_about_neither_handles_nor_sees_it_and_the_superior_does(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent="head-1", respondent_department="service")
    refused = await case.refused("hr-1", "hand-over", {"handler": "head-1"})
    assert (refused["type"], refused["rules"]) == ("/problems/handles-own-case", ["P12.2"])
    over = await case.did("hr-1", "hand-over")
    assert over["handler"] == "manager-1"
    for path in ("", "/timeline", "/actions", "/measures"):
        assert (await case.get("head-1", path)).status_code == 404, path
    assert (await case.post("head-1", "start-investigation")).status_code == 404
    async with stage.client(subject="head-1") as head:
        assert (await head.get("/v1/complaints")).json()["items"] == []
    await answered(case, "manager-1")


@pytest.mark.rule("P12.2")
async def test_the_receptionist_takes_part_but_not_in_a_complaint_about_themselves(stage: Stage) -> None:
    about = await Handled.taken(stage, "sh-pudong")
    await judged(about, "relations-1", respondent="adviser-1")
    body = {"department": "after-sales", "participants": ["adviser-1"]}
    assert (await about.refused("relations-1", "hand-over", body))["type"] == "/problems/handles-own-case"
    other = await Handled.taken(stage, "sh-pudong", caller={"name": "李明", "phone": "139 0013 9000"})
    await judged(other, "relations-1")
    assert (await other.get("adviser-1")).status_code == 404
    await other.did("relations-1", "hand-over", body)
    assert (await other.get("adviser-1")).status_code == 200
    assert (await other.refused("adviser-1", "start-investigation"))["type"] == "/problems/anothers-step"


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P17.4")
async def test_who_is_found_responsible_has_no_part_in_it_from_then_on(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    await case.did("hr-3", "hand-over", {"department": "quality"})
    await case.did("quality-1", "start-investigation")
    own = await case.refused("quality-1", "report", {**FULL_REPORT, "responsible": ["quality-1"]})
    assert own["type"] == "/problems/responsible-themselves"
    assert (await case.get("quality-2")).status_code == 200
    await case.did("quality-1", "report", {**FULL_REPORT, "responsible": ["quality-2"]})
    assert (await case.get("quality-2")).status_code == 404
    await is_asked_nothing(stage, case, "quality-2")
    # the review moves on: the next who may sign it at the branch
    await case.agreed("shop-2")


async def is_asked_nothing(stage: Stage, case: Handled, who: str) -> None:
    """What waits for a signature about the case is not shown to them, and not signed by them."""
    ((approval, digest),) = await stage.rows(
        "SELECT id, encode(digest, 'hex') FROM kehu.approvals WHERE subject = $1 AND state = 'open'", UUID(case.id)
    )
    path = f"/v1/approvals/{approval}"
    async with stage.client(subject=who) as person:
        assert (await person.get(f"/v1/approvals?subject={case.id}")).json()["items"] == []
        assert (await person.get(path)).status_code == 404
        assert (await person.post(f"{path}/decide", json={"grant": True, "digest": digest})).status_code == 404


@pytest.mark.rule("P12.2")
async def test_who_is_complained_about_is_named_at_the_hand_over_too_and_signs_nothing(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    await judged(case, "shop-1")
    await case.agreed("shop-2")
    await case.did("hr-3", "hand-over", {"department": "quality", "respondent": "gm-3"})
    await case.did("quality-1", "start-investigation")
    await case.did("quality-1", "report", FULL_REPORT)
    await case.agreed("quality-2")
    await case.did("hr-3", "opinion", {"words": "同意"})
    await is_asked_nothing(stage, case, "gm-3")
    assert (await case.get("gm-3")).status_code == 404


@pytest.mark.rule("P04.10")
@pytest.mark.parametrize(
    ("kinds", "level", "handler"),
    [([], "normal", "head-1"), (["disturbance"], "serious", "manager-1"), (["negative_media"], "gravest", "gm-1")],
)
async def test_the_level_decides_who_handles_it(stage: Stage, kinds: list[str], level: str, handler: str) -> None:
    case = await Handled.taken(stage, "bj-services", serious=kinds)
    await judged(case, "hr-1")
    over = await case.did("hr-1", "hand-over", {"department": "service"})
    assert (over["level"], over["handler"]) == (level, handler)


@pytest.mark.rule("P04.10")
async def test_a_person_raises_the_level_and_does_not_lower_it(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services", serious=["disturbance"])
    await judged(case, "hr-1")
    wrong = await case.refused("hr-1", "hand-over", {"department": "service", "level": "normal", "handler": "head-1"})
    assert (wrong["type"], wrong["level"]) == ("/problems/not-for-them", "serious")
    over = await case.did("hr-1", "hand-over", {"department": "service", "level": "gravest"})
    assert (over["level"], over["handler"]) == ("gravest", "gm-1")


@pytest.mark.rule("P04.10")
async def test_a_case_that_becomes_serious_is_to_be_handed_to_the_higher_manager(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await case.did("head-1", "start-investigation")
    async with stage.runtime.transaction() as tx:
        found = await tx.get(CASES, UUID(case.id))
        found.mark_serious([SeriousKind.DISTURBANCE], tx.now)
    for _ in range(2):
        said = MarkedSerious(case_id=case.id, kinds=[SeriousKind.DISTURBANCE], by=MarkedBy.PERSON, rules=["P12.5"])
        await stage.receive(said, key=case.id, event_id=uuid7())
    assert "hand_over" in await case.owing()
    over = await case.did("hr-1", "hand-over", {"department": "service"})
    assert (over["level"], over["handler"], over["state"]) == ("serious", "manager-1", "investigating")
    assert (await case.clocks())["report"]["person"] == "manager-1"
    assert (await case.refused("head-1", "report", REPORT))["type"] == "/problems/anothers-step"
    await case.did("manager-1", "report", REPORT)


@pytest.mark.rule("P04.4")
async def test_where_several_could_handle_it_one_is_named_and_where_nobody_is_it_says_so(stage: Stage) -> None:
    await hire(stage, "head-2", "department_supervisor@bj-services/service")
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    several = await case.refused("hr-1", "hand-over", {"department": "service"})
    assert (several["type"], several["candidates"]) == ("/problems/nobody-handles", ["head-1", "head-2"])
    assert (await case.refused("hr-1", "hand-over", {"department": "service", "handler": "gm-3"}))["status"] == 409
    over = await case.did("hr-1", "hand-over", {"department": "service", "handler": "head-2"})
    assert over["handler"] == "head-2"
    unnamed = await case.refused("hr-1", "hand-over")
    assert (unnamed["status"], unnamed["errors"][0]["pointer"]) == (422, "/department")


@pytest.mark.rule("P04.5")
async def test_who_stands_in_for_the_handler_takes_the_handlers_steps(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await hire(stage, "deputy-1", "department_supervisor@bj-services/service", on_behalf_of="head-1")
    await answered(case, "deputy-1")


@pytest.mark.rule("P12.10")
async def test_while_a_compensation_is_undecided_nobody_answers_settles_or_closes_on_any_path(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await case.did("head-1", "start-investigation")
    await case.did("head-1", "report", REPORT)
    await case.did("head-1", "resolution", RESOLUTION)
    await hold(stage, case)
    held = await case.refused("head-1", "answer", ANSWER)
    assert (held["type"], held["rules"], held["status"]) == ("/problems/held", ["P12.10"], 409)
    await release(stage, case)
    await case.did("head-1", "answer", ANSWER)
    await hold(stage, case)
    await case.did("head-1", "reaction", {"accepted": False})
    assert (await case.refused("gm-1", "settle", {"words": "不再让步"}))["type"] == "/problems/held"
    await release(stage, case)
    await case.did("gm-1", "settle", {"words": "不再让步"})
    await case.did("hr-1", "call-back", CALL_BACK)
    await hold(stage, case)
    async with stage.client(subject="hr-1") as person:
        shown = (await person.get(f"{case.path}/actions")).json()
    closing = next(one for one in shown["actions"] if one["step"] == "close")
    assert (closing["state"], closing["yours"], closing["rules"]) == ("held", True, ["P12.10"])
    assert closing["approval"].startswith("/v1/approvals/")
    assert (await case.refused("hr-1", "close"))["type"] == "/problems/held"
    await release(stage, case)
    await case.did("hr-1", "close")


ASKED = uuid7()


async def hold(stage: Stage, case: Handled) -> None:
    """As the asking for a compensation does."""
    async with stage.runtime.transaction() as tx:
        (await tx.get(CASES, UUID(case.id))).hold("compensation", ASKED, {"pay", "answer", "close"}, ("P12.10",))


async def release(stage: Stage, case: Handled) -> None:
    async with stage.runtime.transaction() as tx:
        (await tx.get(CASES, UUID(case.id))).release("compensation", ASKED)


async def marked(case: Handled, who: str, *kinds: str) -> None:
    """Somebody marks it as serious, and everything that follows by itself has followed."""
    await case.did(who, "serious", {"kinds": kinds, "reason": "客户带人堵门"})
    await case.stage.deliver_outbox()


async def taken_over(stage: Stage, **judgement: Any) -> Handled:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", **judgement)
    await case.did("hr-1", "hand-over", {"department": "service"})
    await case.did("head-1", "start-investigation")
    return case


@pytest.mark.rule("P04.10")
async def test_a_case_that_becomes_serious_late_on_its_way_goes_to_the_higher_manager_too(stage: Stage) -> None:
    case = await taken_over(stage)
    await case.did("head-1", "report", REPORT)
    await case.did("head-1", "resolution", RESOLUTION)
    await marked(case, "hr-1", "blocked_door")
    assert "hand_over" in await case.owing()
    over = await case.did("hr-1", "hand-over", {"department": "service"})
    assert (over["state"], over["handler"], over["level"]) == ("approved", "manager-1", "serious")
    assert (await case.clocks())["answer"]["person"] == "manager-1"
    assert (await case.refused("head-1", "answer", ANSWER))["type"] == "/problems/anothers-step"
    await case.did("manager-1", "answer", ANSWER)
    await case.did("hr-1", "hand-over", {"department": "service", "level": "gravest"})
    await case.did("gm-1", "reaction", {"accepted": True})


@pytest.mark.rule("P04.10")
async def test_a_hand_over_that_nobody_made_is_not_owed_once_the_handling_has_ended(stage: Stage) -> None:
    case = await taken_over(stage)
    await marked(case, "hr-1", "blocked_door")
    assert "hand_over" in await case.owing()
    await case.did("head-1", "report", REPORT)
    await case.did("head-1", "resolution", RESOLUTION)
    await case.did("head-1", "answer", ANSWER)
    await case.did("head-1", "reaction", {"accepted": True})
    assert await case.owing() == {"call_back"}
    await marked(case, "hr-1", "negative_media")
    assert await case.owing() == {"call_back"}
    assert (await case.refused("hr-1", "hand-over", {"department": "service"}))["type"] == "/problems/not-now"


@pytest.mark.rule("P04.5")
async def test_who_comes_after_a_handler_that_has_left_answers(stage: Stage) -> None:
    case = await taken_over(stage)
    await case.did("head-1", "report", REPORT)
    await case.did("head-1", "resolution", RESOLUTION)
    await hire(stage, "head-2", "department_head@bj-services/service")
    assert (await case.refused("head-2", "answer", ANSWER))["type"] == "/problems/anothers-step"
    await case.did("hr-1", "hand-over", {"department": "service", "handler": "head-2"})
    await case.did("head-2", "answer", ANSWER)


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P04.3")
async def test_where_the_only_keeper_is_complained_about_who_hears_of_a_miss_takes_the_steps(stage: Stage) -> None:
    case = await taken_over(stage)
    assert (await case.refused("gm-1", "hand-over", {"department": "service"}))["type"] == "/problems/anothers-step"
    await case.did("hr-1", "hand-over", {"department": "service", "participants": []})
    await case.did("head-1", "report", {**REPORT, "responsible": ["hr-1"]})
    await case.did("head-1", "resolution", RESOLUTION)
    await case.did("head-1", "answer", ANSWER)
    await case.did("head-1", "reaction", {"accepted": True})
    owed = (await case.clocks())["call_back"]
    assert (owed["role"], await case.owing()) == ("general_manager", {"call_back"})
    assert (await case.post("hr-1", "call-back", CALL_BACK)).status_code == 404
    await case.did("gm-1", "call-back", CALL_BACK)
    await case.did("gm-1", "close")
    assert await case.state() == "closed"


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P04.5")
async def test_where_the_general_manager_is_complained_about_the_ceo_reads_and_decides(stage: Stage) -> None:
    await hire(stage, "ceo-1", "ceo@group")
    case = await taken_over(stage, respondent="gm-1")
    await case.did("head-1", "report", REPORT)
    await case.did("head-1", "resolution", RESOLUTION)
    await case.did("head-1", "answer", ANSWER)
    await case.did("head-1", "reaction", {"accepted": False})
    assert (await case.get("ceo-1", "/timeline")).status_code == 200
    await case.did("ceo-1", "settle", {"words": "方案合理"})


@pytest.mark.rule("P12.2")
async def test_what_is_owed_later_is_not_shown_to_who_was_found_responsible(stage: Stage) -> None:
    await hire(stage, "relations-3", "relations_manager@sh-pudong")
    case = await Handled.taken(stage, "sh-pudong")
    await judged(case, "relations-1")
    await case.did("relations-1", "hand-over", {"department": "after-sales"})
    await case.did("relations-1", "start-investigation")
    await case.did("relations-1", "report", {**REPORT, "responsible": ["relations-2"]})
    await case.did("relations-1", "resolution", RESOLUTION)
    await case.did("relations-1", "answer", ANSWER)
    await case.did("relations-1", "reaction", {"accepted": True})
    await case.did("relations-1", "result", {"words": "客户接受"})
    await case.did("group-1", "call-back", CALL_BACK)
    told = {item.kind: item for item in await work_of(stage, case)}
    for kind in ("propose", "return_result", "call_back", "close"):
        assert told[kind].excluded == ["relations-2"], kind
    await case.did("relations-3", "close")
    await case.did("relations-3", "reopen", {"words": "客户又来电"})
    told = {item.kind: item for item in await work_of(stage, case)}
    assert (told["hand_over"].excluded, told["hand_over"].state) == (["relations-2"], "open")


@pytest.mark.rule("P12.2")
async def test_who_takes_part_from_another_department_opens_the_case(stage: Stage) -> None:
    await hire(stage, "sales-1", "department_head@bj-services/sales")
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    assert (await case.get("sales-1")).status_code == 404
    await case.did("hr-1", "hand-over", {"department": "service", "participants": ["sales-1"]})
    assert (await case.get("sales-1")).status_code == 200
    async with stage.client(subject="sales-1") as sales:
        assert [one["id"] for one in (await sales.get("/v1/complaints")).json()["items"]] == [case.id]
    await case.did("head-1", "start-investigation")
    await case.did("head-1", "report", {**REPORT, "responsible": ["sales-1"]})
    assert (await case.get("sales-1")).status_code == 404
    async with stage.client(subject="sales-1") as sales:
        assert (await sales.get("/v1/complaints")).json()["items"] == []


@pytest.mark.rule("P12.2")
async def test_who_takes_part_no_more_does_not_open_the_case(stage: Stage) -> None:
    await hire(stage, "sales-1", "department_head@bj-services/sales")
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    body = {"department": "service", "participants": ["sales-1"]}
    for _ in range(2):
        await case.did("hr-1", "hand-over", body)
    await case.did("hr-1", "hand-over", {"department": "service"})
    assert (await case.get("sales-1")).status_code == 404
    async with stage.client(subject="sales-1") as sales:
        assert (await sales.get("/v1/complaints")).json()["items"] == []


@pytest.mark.rule("P04.14")
@pytest.mark.rule("P12.2")
async def test_a_measure_is_carried_through_by_who_may_open_the_case_and_whom_it_is_not_about(stage: Stage) -> None:
    await hire(stage, "clerk-9", "service_agent@bj-services")
    await hire(stage, "fitter-1", "technician@bj-services")
    await hire(stage, "sales-1", "department_head@bj-services/sales")
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent="clerk-9")
    await case.did("hr-1", "hand-over", {"department": "service", "participants": ["sales-1"]})
    await case.did("head-1", "start-investigation")
    for owner in ("clerk-9", "fitter-1", "nobody-known"):
        refused = await case.refused("head-1", "measures", {"words": "登门致歉", "owner": owner})
        assert (refused["type"], refused["rules"]) == ("/problems/cannot-own", ["P04.14", "P12.2"]), owner
    assert (await case.get("head-1", "/measures")).json()["items"] == []
    taken = await case.did("head-1", "measures", {"words": "登门致歉", "owner": "sales-1"})
    await case.did("sales-1", f"measures/{taken['id']}/end", {"done": True, "words": "已登门"})


@pytest.mark.rule("P12.1")
async def test_a_complaint_has_its_channel_the_person_it_came_through_and_who_took_it(stage: Stage) -> None:
    case = await Handled.taken(stage, "sh-pudong", channel="sales_consultant", source="adviser-1")
    opened = (await case.get("relations-1")).json()
    assert (opened["channel"], opened["source"], opened["taken_by"]) == ("sales_consultant", "adviser-1", "agent-7")
    (first,) = (await case.get("relations-1", "/timeline")).json()["items"]
    assert (first["kind"], first["author"], first["at"]) == ("taken", "agent-7", opened["taken_at"])
    assert first["facts"] == {"channel": "sales_consultant", "source": "adviser-1"}
    paper = (await case.get("gm-2", "/papers/record-form?format=xlsx")).content
    assert {"agent-7", "adviser-1", "销售顾问"} <= set(cells(paper))


@pytest.mark.rule("P12.2")
@pytest.mark.rule("P04.3")
async def test_whom_the_call_is_about_never_sees_it_and_who_comes_after_them_judges(stage: Stage) -> None:
    async with stage.client(subject="agent-7") as agent, stage.client(subject="hr-1") as about:
        taken = (await agent.post("/v1/complaints", json=form(respondent="hr-1"))).json()
        assert (await about.get(taken["path"])).status_code == 404, "not even before anything follows from it"
    case = await Handled.taken(stage, "bj-services", respondent="hr-1")
    assert (await case.get("hr-1")).status_code == 404
    assert (await case.post("hr-1", "judge", JUDGED)).status_code == 404
    async with stage.client(subject="hr-1") as about:
        assert (await about.get("/v1/complaints")).json()["items"] == []
    told = {item.kind: item for item in await work_of(stage, case)}
    assert (told["judge"].role, told["judge"].excluded) == ("general_manager", ["hr-1"])
    judgement = await judged(case, "gm-1")
    assert judgement["respondent"] == "hr-1"
    await case.did("gm-1", "hand-over", {"department": "service"})


@pytest.mark.rule("P12.2")
async def test_who_acts_for_whom_it_is_about_reaches_nothing_of_it_by_that_role(stage: Stage) -> None:
    await hire(stage, "deputy-1", "general_manager@bj-services for gm-1")
    await hire(stage, "deputy-2", "hr_admin_manager@bj-services for hr-1")
    case = await Handled.taken(stage, "bj-services")
    assert (await case.get("deputy-1")).status_code == (await case.get("deputy-2")).status_code == 200
    await judged(case, "hr-1", respondent="gm-1", respondent_department="service")
    for path in ("", "/timeline", "/actions", "/measures"):
        assert (await case.get("deputy-1", path)).status_code == 404, path
    async with stage.client(subject="deputy-1") as deputy:
        assert (await deputy.get("/v1/complaints")).json()["items"] == []
        assert (await deputy.get(f"/v1/obligations?subject={case.id}")).json()["items"] == []
    assert (await case.get("deputy-2")).status_code == 200, "whom they act for is not concerned"
    async with stage.client(subject="deputy-2") as deputy:
        assert [one["id"] for one in (await deputy.get("/v1/complaints")).json()["items"]] == [case.id]


@pytest.mark.rule("P12.2")
async def test_who_reads_a_case_in_their_own_right_takes_no_step_of_it_for_whom_it_is_about(stage: Stage) -> None:
    await hire(stage, "agent-9", "customer_relations@bj-services", "hr_admin_manager@bj-services for hr-1")
    case = await Handled.taken(stage, "bj-services", respondent="hr-1")
    assert (await case.get("agent-9")).status_code == 200
    assert (await case.refused("agent-9", "judge", JUDGED))["type"] == "/problems/not-the-judge"
    other = await Handled.taken(stage, "bj-services", caller={"name": "李明", "phone": "139 0013 9000"})
    await other.did("agent-9", "judge", JUDGED)


@pytest.mark.rule("P12.2")
async def test_whom_a_case_turns_out_to_be_about_is_told_to_who_keeps_something_about_it(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent="head-1", respondent_department="service")
    assert await said_kept_out(stage) == [(case.id, ["head-1"])]
    await case.did("hr-1", "hand-over")
    await case.did("manager-1", "start-investigation")
    await case.did("manager-1", "report", {**FULL_REPORT, "responsible": ["head-1", "quality-1"]})
    # who is known already is not said again
    assert await said_kept_out(stage) == [(case.id, ["head-1"]), (case.id, ["quality-1"])]


@pytest.mark.rule("P12.2")
async def test_whom_one_of_two_merged_cases_is_about_is_kept_out_of_what_is_kept_about_either(stage: Stage) -> None:
    survivor, loser = await Handled.taken(stage, "bj-services"), await Handled.taken(stage, "bj-services")
    await judged(survivor, "hr-1", respondent="head-1", respondent_department="service")
    await judged(loser, "hr-1", respondent="quality-1", respondent_department="service")
    before = await said_kept_out(stage)
    await loser.did("hr-1", "merge", {"into": survivor.id, "words": "同一事项"})
    said = (await said_kept_out(stage))[len(before) :]
    assert sorted(said) == sorted([(loser.id, ["head-1"]), (survivor.id, ["quality-1"])])


async def said_kept_out(stage: Stage) -> list[tuple[str, list[str]]]:
    """Which cases were said to be about whom, in order."""
    said = [one.message for one in await stage.outbox(KeptOut)]
    return [(str(one.case_id), one.people) for one in said if isinstance(one, KeptOut)]
