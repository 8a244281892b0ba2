"""Deciding, correcting, withdrawing, deducting pay: by whom the rules name, never about oneself, as counter-entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.work import WorkItem, WorkState
from policy.kit import hire

from .ledger import ADVISER, clock_of, command, decided, fine_of, read, send, sign

RULING = {"fine": "500.00", "points": 15, "company_notice": True, "text": "辱骂客户王先生, 情节严重"}


async def post(stage: Stage, who: str, breach: UUID, act: str, body: dict[str, Any], **headers: str) -> Any:
    async with stage.client(subject=who, **headers) as person:
        return await person.post(f"/v1/conduct/breaches/{breach}/{act}", json=body)


async def gravest(stage: Stage, **changes: Any) -> UUID:
    return await send(stage, command("misconduct_5", rule="P04.11", subject="case-1", **changes))


@pytest.mark.rule("P04.12")
@pytest.mark.rule("P04.11")
async def test_the_department_manager_decides_what_the_original_has_lost(staff: Stage) -> None:
    breach = await gravest(staff)
    answer = await post(staff, "manager-1", breach, "decide", RULING)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["state"], body["consequence"]["standing"]) == ("recorded", "booked")
    assert (body["consequence"]["cost"]["fine"]["amount"], body["consequence"]["cost"]["points"]) == ("500.00", 15)
    assert await fine_of(staff, breach) == 500
    work = [t.message for t in await staff.outbox(WorkItem)]
    assert [w.state for w in work if isinstance(w, WorkItem) and w.kind == "decide_breach"] == [
        WorkState.OPEN,
        WorkState.DONE,
    ]
    again = await post(staff, "manager-1", breach, "decide", RULING)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-to-decide")


@pytest.mark.rule("P04.12")
async def test_two_decisions_at_once_are_one(staff: Stage) -> None:
    breach = await gravest(staff)
    first = await post(staff, "manager-1", breach, "decide", RULING, **{"Idempotency-Key": "k-1"})
    second = await post(staff, "manager-1", breach, "decide", RULING, **{"Idempotency-Key": "k-1"})
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await fine_of(staff, breach) == 500


@pytest.mark.rule("P04.12")
@pytest.mark.parametrize(
    ("who", "person", "later", "status"),
    [
        ("manager-1", "manager-1", 0, 403),  # about himself
        ("manager-1", "manager-3", 0, 403),  # about another manager
        ("manager-1", ADVISER, 10, 403),  # after the term
        ("manager-2", ADVISER, 0, 404),  # of another department
        ("gm-2", ADVISER, 0, 404),  # of another branch
        ("hr-1", ADVISER, 0, 403),  # files it, does not decide
        (ADVISER, ADVISER, 0, 403),
        ("gm-1", "manager-1", 0, 200),
        ("gm-1", ADVISER, 10, 200),
        ("manager-1", ADVISER, 3, 200),
    ],
)
async def test_who_may_decide(staff: Stage, who: str, person: str, later: int, status: int) -> None:
    await hire(staff, "manager-3", "department_manager@sh-pudong/after_sales", department="after_sales")
    breach = await gravest(staff, person=person)
    clock_of(staff).later(days=later)
    answer = await post(staff, who, breach, "decide", RULING)
    assert answer.status_code == status, answer.text


@pytest.mark.rule("P04.12")
async def test_the_general_manager_of_another_branch_is_here_a_department_manager(staff: Stage) -> None:
    here, elsewhere = "department_manager@sh-pudong/after_sales", "general_manager@bj-chaoyang"
    await hire(staff, "manager-1", here, elsewhere, department="after_sales")
    breach = await gravest(staff)
    clock_of(staff).later(days=10)
    late = await post(staff, "manager-1", breach, "decide", RULING)
    assert (late.status_code, late.json()["type"]) == (403, "/problems/not-the-decider")


@pytest.mark.rule("P04.12")
async def test_about_who_was_department_manager_the_department_manager_decides(staff: Stage) -> None:
    until = clock_of(staff).now - timedelta(minutes=1)
    await hire(staff, "manager-3", "department_manager@sh-pudong/after_sales", department="after_sales", until=until)
    breach = await gravest(staff, person="manager-3")
    assert (await post(staff, "manager-1", breach, "decide", RULING)).status_code == 200


async def test_a_general_manager_does_not_decide_about_himself(staff: Stage) -> None:
    breach = await gravest(staff, person="gm-1")
    refused = await post(staff, "gm-1", breach, "decide", RULING)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-the-decider")


async def test_what_deciders_write_is_sealed_and_its_reading_recorded(staff: Stage) -> None:
    breach = await gravest(staff)
    assert (await post(staff, "manager-1", breach, "decide", RULING)).status_code == 200
    assert [t["text"] for t in (await read(staff, breach))["texts"]] == [RULING["text"]]
    records = [t.message for t in await staff.outbox(AccessRecorded)]
    assert ("gm-1", [str(breach)]) in [(r.actor, r.ids) for r in records if isinstance(r, AccessRecorded)]
    for table in ("breaches", "conduct_entries", "kehu.outbox", "kehu.approvals", "kehu.obligations"):
        rows = await staff.rows(f"SELECT * FROM {table}")
        assert "王先生" not in str(rows).encode().decode("unicode_escape", "ignore")
        assert not any("王先生".encode() in value for row in rows for value in row if isinstance(value, bytes))


@pytest.mark.rule("P13.11")
async def test_a_withdrawal_counts_once_it_is_approved_and_what_came_after_is_counted_anew(staff: Stage) -> None:
    one, two, three = [await send(staff, command(decided_at=decided(2, 9 + n))) for n in range(3)]
    form = {"reason": "wrong_facts", "text": "客户当天未带行驶证"}
    asked = await post(staff, "director-1", one, "withdraw", form)
    assert (asked.status_code, asked.json()["held"]) == (202, ["conduct.withdrawal"])
    assert [await fine_of(staff, b) for b in (one, two, three)] == [50, 50, 100]
    held = await post(staff, "director-1", one, "correct", {**form, "fine": "10"})
    assert (held.status_code, held.json()["type"]) == (409, "/problems/held")

    assert (await sign(staff, one, "director-1")).status_code == 403
    assert (await sign(staff, one, "gm-1")).status_code == 200
    assert [await fine_of(staff, b) for b in (one, two, three)] == [0, 50, 50]
    entries = (await read(staff, one))["entries"]
    assert [(e["cost"]["fine"]["amount"], e["because"]) for e in entries] == [
        ("50.00", "booked"),
        ("-50.00", "withdrawn"),
    ]
    again = await post(staff, "director-1", one, "withdraw", form)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/withdrawn")


@pytest.mark.rule("P13.11")
async def test_a_correction_is_a_counter_entry_and_a_new_one_and_a_refused_one_is_nothing(staff: Stage) -> None:
    breach = await send(staff, command())
    form = {"reason": "wrong_amount", "fine": "30.00", "text": "只有一项不合格"}
    await post(staff, "hr-1", breach, "correct", form)
    assert (await sign(staff, breach, "gm-1", grant=False)).status_code == 200
    assert await fine_of(staff, breach) == 50
    await post(staff, "hr-1", breach, "correct", form)
    assert (await sign(staff, breach, "gm-1")).status_code == 200
    shown = await read(staff, breach)
    assert [e["cost"]["fine"]["amount"] for e in shown["entries"]] == ["50.00", "-50.00", "30.00"]
    assert shown["entries"][1]["counters"] == shown["entries"][0]["id"]
    assert shown["held"] == []


@pytest.mark.rule("P04.12")
async def test_nobody_has_their_own_breach_corrected_or_signs_it(staff: Stage) -> None:
    breach = await send(staff, command(person="hr-1"))
    form = {"reason": "leniency", "text": "情有可原"}
    assert (await post(staff, "hr-1", breach, "withdraw", form)).status_code == 404
    theirs = await send(staff, command(person="gm-1"))
    assert (await post(staff, "hr-1", theirs, "withdraw", form)).status_code == 202
    assert await sign(staff, theirs, "gm-1") is None


@pytest.mark.rule("P13.8")
async def test_performance_pay_goes_within_the_range_and_only_besides_a_doubled_fine(staff: Stage) -> None:
    one, _, three = [await send(staff, command(decided_at=decided(2, 9 + n))) for n in range(3)]
    body = {"percent": 20, "text": "本月第三次逾期"}
    early = await post(staff, "director-1", one, "deduct-pay", body)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-doubled")
    for percent in (9, 31):
        much = await post(staff, "director-1", three, "deduct-pay", {**body, "percent": percent})
        (error,) = much.json()["errors"]
        assert (much.status_code, error["code"], error["limit"]) == (422, "between", "10 – 30")
    assert (await post(staff, "manager-1", three, "deduct-pay", body)).status_code == 403
    done = await post(staff, "director-1", three, "deduct-pay", body)
    assert done.status_code == 200, done.text
    assert done.json()["consequence"]["cost"]["performance_pay"] == 20
    await post(staff, "director-1", one, "withdraw", {"reason": "wrong_facts", "text": "并非本人"})
    await sign(staff, one, "gm-1")
    assert (await read(staff, three))["consequence"]["cost"]["performance_pay"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"fine": "-1"},
        {"fine": "0.001"},
        {"fine": 1e300},
        {"points": -1},
        {"text": "x\x00y z"},
        {"text": ""},
        {"text": "     "},
        {"sanction": "x"},
        {"currency": "yuan"},
        {"more": 1},
    ],
)
async def test_a_hostile_ruling_is_refused_and_says_where(staff: Stage, changes: dict[str, Any]) -> None:
    breach = await gravest(staff)
    answer = await post(staff, "manager-1", breach, "decide", {**RULING, **changes})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(changes))}"
