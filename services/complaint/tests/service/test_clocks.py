"""The clocks of a complaint: from its receipt, over the Spring Festival, standing while the customer is waited for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from policy.calendar import ZONE
from policy.kit import Clock
from policy.obligations import Timer

from ..builders import ANSWER, CALL_BACK, REPORT, RESOLUTION, Handled, answered, judged, staffed, work_of

BEFORE_THE_FESTIVAL = datetime(2026, 2, 13, 17, 50, tzinfo=ZONE)


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    """It is the Friday before the Spring Festival, ten minutes before six; the Saturday is worked."""
    async with staffed(service, database, keys, issuer, BEFORE_THE_FESTIVAL) as stage:
        yield stage


def clock_of(stage: Stage) -> Clock:
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    return clock


@pytest.mark.rule("P04.9")
async def test_one_and_two_working_days_count_from_the_receipt_over_the_festival(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    clocks = await case.clocks()
    assert (clocks["investigate"]["due_at"], clocks["answer"]["due_at"]) == (
        "2026-02-14T10:00:00Z",
        "2026-02-24T10:00:00Z",
    )
    assert clocks["answer"]["why"].startswith("2 working days from 2026-02-13 17:50, because P04.9")
    assert "02-14" in clocks["answer"]["why_zh"]
    clock_of(stage).at("2026-02-14 09:30")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    # they were begun at the receipt: a later hand-over moves nothing, it says whose they are
    after = await case.clocks()
    assert (after["answer"]["due_at"], after["answer"]["person"]) == ("2026-02-24T10:00:00Z", "head-1")
    await case.did("head-1", "start-investigation")
    done = (await case.clocks())["investigate"]
    assert (done["state"], done["missed_at"]) == ("met", None)


@pytest.mark.rule("P04.9")
async def test_an_answer_that_does_not_come_is_missed_passed_up_and_still_owed(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    clock_of(stage).at("2026-02-24 18:01")
    await Timer(stage.runtime).fire()
    missed = (await case.clocks())["answer"]
    assert (missed["state"], missed["escalated_to"]) == ("missed", ["department_manager"])
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    late = (await case.clocks())["answer"]
    assert (late["state"], late["missed_at"]) == ("met", "2026-02-24T10:00:00Z")


@pytest.mark.rule("P04.9")
async def test_the_answer_counts_when_the_reaction_is_known_and_the_wait_for_it_does_not(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    clock = clock_of(stage)
    clock.at("2026-02-24 09:00")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    waiting = (await case.clocks())["answer"]
    assert (waiting["state"], waiting["due_at"]) == ("open", None)
    assert [pause["because"] for pause in waiting["pauses"]] == ["waiting_for_customer"]
    clock.at("2026-02-26 09:00")
    await Timer(stage.runtime).fire()
    await case.did("head-1", "reaction", {"accepted": True})
    given = (await case.clocks())["answer"]
    assert (given["state"], given["missed_at"], given["due_at"]) == ("met", None, "2026-02-26T10:00:00Z")
    assert "pause" in given["why"]


@pytest.mark.rule("P04.9")
async def test_whoever_handles_it_stops_the_clocks_for_the_customer_and_lets_them_go_on(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    clock = clock_of(stage)
    clock.at("2026-02-24 09:00")
    assert (await case.did("head-1", "wait", {"words": "等客户寄回零件"}))["waiting_for_customer"]
    assert (await case.refused("head-1", "wait", {"words": "仍在等"}))["type"] == "/problems/not-now"
    assert (await case.refused("manager-1", "wait", {"words": "等客户"}))["type"] == "/problems/anothers-step"
    clock.at("2026-02-25 09:00")
    assert not (await case.did("head-1", "go-on", {"words": "零件已到"}))["waiting_for_customer"]
    assert (await case.clocks())["answer"]["due_at"] == "2026-02-25T10:00:00Z"
    assert (await case.refused("head-1", "go-on", {"words": "已到"}))["type"] == "/problems/not-now"


@pytest.mark.rule("P04.9")
async def test_what_is_owed_while_the_customer_is_waited_for_stands_until_then(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    clock = clock_of(stage)
    clock.at("2026-02-24 09:00")
    await case.did("hr-1", "wait", {"words": "等客户寄来发票"})
    clock.at("2026-02-24 12:00")
    await judged(case, "hr-1")
    clocks = await case.clocks()
    assert {clocks[duty]["due_at"] for duty in ("hand_over", "answer")} == {None}
    assert clocks["hand_over"]["pauses"][0]["begin"].startswith("2026-02-24T12:00")
    clock.at("2026-02-25 09:00")
    await case.did("hr-1", "go-on", {"words": "发票已到"})
    assert (await case.clocks())["answer"]["due_at"] == "2026-02-25T10:00:00Z"
    assert (await case.clocks())["hand_over"]["due_at"] is not None


@pytest.mark.rule("P04.9")
@pytest.mark.rule("P04.5")
async def test_a_customer_who_says_nothing_is_asked_again_and_the_case_leaves_no_board(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    clock = clock_of(stage)
    clock.at("2026-02-24 09:00")
    await answered(case, "head-1")
    (asking,) = [one for one in await work_of(stage, case) if one.kind == "ask_customer"]
    assert (asking.person, asking.path, asking.state) == ("head-1", f"/v1/complaints/{case.id}", "open")
    assert asking.due_at is not None
    assert asking.due_at.isoformat() == "2026-02-27T10:00:00+00:00"
    clock.at("2026-02-27 18:01")
    await Timer(stage.runtime).fire()
    assert [one.state for one in await work_of(stage, case) if one.kind == "ask_customer"][-1] == "missed"
    await case.did("head-1", "reaction", {"accepted": False, "words": "要求换车"})
    assert [one.state for one in await work_of(stage, case) if one.kind == "ask_customer"][-1] == "done"
    await case.did("head-1", "wait", {"words": "等客户来店"})
    assert [one.state for one in await work_of(stage, case) if one.kind == "ask_customer"][-1] == "open"
    settled = await case.did("gm-1", "settle", {"words": "不再提出方案"})
    assert not settled["waiting_for_customer"], "the handling has ended"
    assert [one.state for one in await work_of(stage, case) if one.kind == "ask_customer"][-1] == "done"


@pytest.mark.rule("P04.9")
async def test_who_waits_for_the_customer_asks_again_also_when_another_has_taken_over(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await case.did("hr-1", "wait", {"words": "等客户寄来发票"})
    asked = [one for one in await work_of(stage, case) if one.kind == "ask_customer"]
    assert [(one.person, one.role) for one in asked] == [(None, "hr_admin_manager")]
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    assert [one.person for one in await work_of(stage, case) if one.kind == "ask_customer"][-1] == "head-1"


@pytest.mark.rule("P04.9")
async def test_who_waited_for_a_customer_of_a_merged_case_asks_no_more(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    other = await Handled.taken(stage, "bj-services", caller={"name": "李明", "phone": "139 0013 9000"})
    await other.did("hr-1", "wait", {"words": "等客户寄来发票"})
    await other.did("hr-1", "merge", {"into": case.id, "words": "同一事项"})
    assert [one.state for one in await work_of(stage, other) if one.kind == "ask_customer"][-1] == "waived"


@pytest.mark.rule("P17.9")
async def test_a_store_closes_within_seven_days_of_the_receipt_and_knows_no_pause(stage: Stage) -> None:
    case = await Handled.taken(stage, "hz-store-3")
    due = "2026-02-20T16:00:00Z"
    assert (await case.clocks("gm-3"))["close"]["due_at"] == due
    refused = await case.refused("shop-1", "wait", {"words": "等客户回复"})
    assert (refused["type"], refused["rules"]) == ("/problems/clocks-run-on", ["P17.9"])
    await judged(case, "shop-1", reason_holds=False, customer_cause=True)
    await case.agreed("shop-2")
    await case.did("shop-1", "answer", ANSWER)
    clocks = await case.clocks("gm-3")
    assert (clocks["close"]["due_at"], clocks["close"]["pauses"]) == (due, [])
    clock_of(stage).at("2026-02-21 00:01")
    await Timer(stage.runtime).fire()
    assert (await case.clocks("gm-3"))["close"]["escalated_to"] == ["hr_admin"]


@pytest.mark.rule("P12.4")
async def test_the_result_is_due_24_hours_after_the_recorded_end_of_handling(stage: Stage) -> None:
    case = await Handled.taken(stage, "sh-pudong")
    await judged(case, "relations-1")
    await case.did("relations-1", "hand-over", {"department": "after-sales"})
    clock_of(stage).at("2026-02-14 11:20")
    await answered(case, "relations-1")
    clock_of(stage).at("2026-02-14 16:40")
    await case.did("relations-1", "reaction", {"accepted": True})
    owed = (await case.clocks("gm-2"))["return_result"]
    assert (owed["due_at"], owed["term"]) == ("2026-02-15T08:40:00Z", "24 hours")
    clock_of(stage).at("2026-02-15 16:39")
    await case.did("relations-1", "result", {"words": "客户接受"})
    returned = (await case.clocks("gm-2"))["return_result"]
    assert (returned["state"], returned["missed_at"]) == ("met", None)


@pytest.mark.rule("P04.12")
async def test_penalties_are_due_five_working_days_after_the_closing(stage: Stage) -> None:
    clock_of(stage).at("2026-02-11 09:00")
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", respondent="clerk-9")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    await case.did("hr-1", "call-back", CALL_BACK)
    clock_of(stage).at("2026-02-13 17:50")
    await case.did("hr-1", "close")
    owed = (await case.clocks())["penalise"]
    assert (owed["due_at"], owed["role"]) == ("2026-02-27T10:00:00Z", "department_manager")


@pytest.mark.rule("P04.9")
async def test_a_clock_begins_once_and_not_for_what_has_been_found_not_to_hold(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1", reason_holds=False)
    clocks = await case.clocks()
    assert {duty: clocks[duty]["state"] for duty in ("investigate", "answer")} == {
        "investigate": "waived",
        "answer": "waived",
    }
    assert clocks["answer_unfounded"]["due_at"] == "2026-02-24T10:00:00Z"


@pytest.mark.rule("P04.9")
async def test_a_second_resolution_is_owed_without_a_term_of_its_own(stage: Stage) -> None:
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": False})
    await case.did("head-1", "resolution", RESOLUTION)
    owed = (await case.clocks())["answer"]
    assert (owed["state"], owed["due_at"], owed["why"]) == ("open", None, "no term is set")
    assert REPORT["conclusion"] not in owed["why"]


@pytest.mark.rule("P12.4")
async def test_nobody_stops_the_24_hours_once_the_handling_has_ended(stage: Stage) -> None:
    case = await Handled.taken(stage, "sh-pudong")
    await judged(case, "relations-1")
    await case.did("relations-1", "hand-over", {"department": "after-sales"})
    await answered(case, "relations-1")
    await case.did("relations-1", "reaction", {"accepted": True})
    refused = await case.refused("relations-1", "wait", {"words": "等客户"})
    assert refused["type"] == "/problems/not-now"
    owed = (await case.clocks("gm-2"))["return_result"]
    assert (owed["due_at"], owed["pauses"]) == ("2026-02-14T09:50:00Z", [])
