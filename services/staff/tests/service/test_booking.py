"""Booking breaches: once, in the order of decision whatever the order of arrival, from several sides at once."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from chassis.consume import Consumer
from chassis.kit.stage import Stage
from contracts.money import Money
from contracts.staff import BreachItem, BreachRecorded, BreachStanding
from contracts.work import WorkItem
from policy.kit import hire
from policy.policies import Policies
from staff.conduct.policy import ConductPolicy

from .ledger import ADVISER, command, decided, fine_of, parked, read, send, sign


async def told(stage: Stage) -> list[BreachRecorded]:
    return [t.message for t in await stage.outbox(BreachRecorded) if isinstance(t.message, BreachRecorded)]


@pytest.mark.rule("P13.7")
async def test_a_breach_is_booked_with_what_the_policy_sets_and_told(staff: Stage) -> None:
    found = [BreachItem(kind="after_sales_file_late", count=1), BreachItem(kind="staff_signature_missing", count=2)]
    breach = await send(staff, command(items=found))
    shown = await read(staff, breach)
    assert (shown["branch"], shown["department"], shown["state"]) == ("sh-pudong", "after_sales", "recorded")
    assert shown["consequence"]["cost"]["fine"] == {"amount": "90.00", "currency": "CNY"}
    assert shown["consequence"]["rules"] == ["P13.7"]
    assert shown["consequence"]["why"] == "breach 1 in 2026-03 by order of decision, not doubled (P13.7; A40)"
    (event,) = await told(staff)
    assert (event.breach_id, event.person, event.count, event.doubled) == (breach, ADVISER, 1, False)
    assert event.fine == Money(amount=Decimal("90.00"))
    assert event.standing == BreachStanding.BOOKED


@pytest.mark.rule("P13.8")
async def test_the_same_breach_costs_once_redelivered_resent_and_twice_in_a_batch(staff: Stage) -> None:
    said = command()
    record = staff.record(said, key=ADVISER)
    await staff.consumer.consume([record, record])
    await staff.consumer.consume([record])
    await staff.consumer.consume([staff.record(said, key=ADVISER), staff.record(said, key=ADVISER)])
    ((breaches, entries),) = await staff.rows(
        "SELECT (SELECT count(*) FROM breaches), (SELECT count(*) FROM conduct_entries)"
    )
    assert (breaches, entries, await parked(staff)) == (1, 1, 0)
    assert len(await told(staff)) == 1


@pytest.mark.rule("P13.8")
async def test_a_breach_that_comes_late_is_counted_where_it_was_decided(staff: Stage) -> None:
    third = await send(staff, command(decided_at=decided(2, 15)))
    fourth = await send(staff, command(decided_at=decided(2, 16)))
    first = await send(staff, command(decided_at=decided(2, 10)))
    assert [await fine_of(staff, b) for b in (first, third, fourth)] == [50, 50, 100]
    second = await send(staff, command(decided_at=decided(2, 11)))
    assert [await fine_of(staff, b) for b in (first, second, third, fourth)] == [50, 50, 100, 100]
    entries = (await read(staff, third))["entries"]
    assert [(e["cost"]["fine"]["amount"], e["because"]) for e in entries] == [
        ("50.00", "booked"),
        ("-50.00", "recounted"),
        ("100.00", "recounted"),
    ]
    assert entries[1]["counters"] == entries[0]["id"]
    newest = {event.breach_id: event for event in await told(staff)}
    assert [newest[b].fine.amount for b in (first, second, third, fourth)] == [50, 50, 100, 100]
    sequences = [t.sequence for t in await staff.outbox(BreachRecorded)]
    assert sequences == list(range(1, len(sequences) + 1))


@pytest.mark.rule("P13.8")
async def test_one_batch_counts_as_one_by_one_does(staff: Stage) -> None:
    said = [command("new_car_file_late", person="consultant-2", decided_at=decided(2, hour)) for hour in range(9, 17)]
    random.Random(7).shuffle(said)
    await staff.consumer.consume([staff.record(one, key=one.person) for one in said])
    ordered = sorted(said, key=lambda one: one.decided_at)
    assert [await fine_of(staff, one.breach_id) for one in ordered] == [50, *[100] * 7]
    assert await parked(staff) == 0


@pytest.mark.rule("P13.8")
async def test_commands_for_one_person_from_many_sides_at_once_are_counted_one_after_another(staff: Stage) -> None:
    said = [command(decided_at=decided(2, 9 + n)) for n in range(10)]
    twice = [*said, *said]
    random.Random(3).shuffle(twice)

    async def consume(part: list[Any]) -> None:
        consumer = Consumer(staff.runtime, staff.service.reactions, staff.service.projections)
        for one in part:
            await consumer.consume([staff.record(one, key=one.person)])

    await asyncio.gather(*[consume(twice[n::4]) for n in range(4)])
    assert [await fine_of(staff, one.breach_id) for one in said] == [50, 50, *[100] * 8]
    ((standing,),) = await staff.rows(
        "SELECT count(*) FROM conduct_entries e WHERE counters IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM conduct_entries c WHERE c.counters = e.id)"
    )
    assert (standing, await parked(staff)) == (10, 0)


@pytest.mark.rule("P13.9")
async def test_an_order_that_is_not_followed_is_fined_the_same_again(staff: Stage) -> None:
    first = await send(staff, command(decided_at=decided(2, 9)))
    again = await send(staff, command("not_corrected", rule="P13.9", decided_at=decided(3, 10), repeats=first))
    shown = await read(staff, again)
    assert shown["consequence"]["cost"]["fine"]["amount"] == "50.00"
    assert (shown["consequence"]["because_of"], shown["consequence"]["count"]) == (str(first), 2)
    assert "P13.9" in shown["consequence"]["rules"]
    assert await fine_of(staff, await send(staff, command(decided_at=decided(4, 10)))) == 100


@pytest.mark.rule("P11.11")
async def test_of_a_batch_each_bears_what_was_approved(staff: Stage) -> None:
    whole = Money(amount=Decimal("100.00"))
    parts = {"logistics_specialist": "33.34", "warehouse_keeper": "33.33", "marketing_head": "33.33"}
    for post, amount in parts.items():
        await hire(staff, f"{post}-1", f"{post}@sh-pudong")
        bears = {"base": whole, "part": post, "share": Money(amount=Decimal(amount))}
        said = command("unauthorised_shipment", rule="P11.11", person=f"{post}-1", subject="batch-9", **bears)
        shown = await read(staff, await send(staff, said))
        assert (shown["part"], shown["base"]["amount"]) == (post, "100.00")
        assert shown["consequence"]["cost"]["share"]["amount"] == amount


@pytest.mark.rule("P11.10")
@pytest.mark.rule("P04.11")
async def test_what_no_policy_sets_waits_for_a_decision_that_is_owed(staff: Stage) -> None:
    debt = await send(staff, command("bad_debt", rule="P11.10", base=Money(amount=Decimal(9000))))
    gravest = await send(staff, command("misconduct_5", rule="P04.11", subject="case-1"))
    for breach, missing in ((debt, "share"), (gravest, "conduct.kinds.misconduct_5")):
        shown = await read(staff, breach)
        assert (shown["consequence"]["standing"], shown["consequence"]["not_set"]) == ("undecided", missing)
        assert shown["entries"] == []
    owed = [t.message for t in await staff.outbox(WorkItem)]
    assert [(w.kind, w.role, w.place) for w in owed if isinstance(w, WorkItem)] == [
        ("decide_breach", "department_manager", "sh-pudong/after_sales")
    ] * 2
    async with staff.client(subject="manager-1") as manager:
        waiting = (await manager.get("/v1/conduct/breaches?state=undecided")).json()["items"]
    assert {one["id"] for one in waiting} == {str(debt), str(gravest)}


@pytest.mark.rule("P07.7")
async def test_a_call_back_rate_costs_a_point_a_full_band(staff: Stage) -> None:
    said = command("call_back_rate_low", rule="P07.7", measured=Decimal("89.99"), subject="2026-02")
    assert (await read(staff, await send(staff, said)))["consequence"]["cost"]["points"] == 2


@pytest.mark.parametrize(
    "changes", [{"items": [BreachItem(kind="file_lost", count=0)]}, {"base": Money(amount=Decimal(-1))}]
)
async def test_a_command_that_contradicts_itself_is_parked_and_books_nothing(
    staff: Stage, changes: dict[str, Any]
) -> None:
    await send(staff, command(**changes))
    assert await parked(staff) == 1
    assert await staff.rows("SELECT id FROM breaches") == []


async def test_a_person_whom_the_directory_does_not_know_is_booked_at_the_group(staff: Stage) -> None:
    breach = await send(staff, command(person="stranger-1"))
    ((branch, fine),) = await staff.rows("SELECT branch, fine FROM conduct_entries WHERE breach_id = $1", breach)
    assert (branch, fine) == ("group", 50)


@pytest.mark.parametrize(
    "change", ["UPDATE conduct_entries SET fine = 0", "DELETE FROM conduct_entries", "TRUNCATE conduct_entries"]
)
async def test_the_database_refuses_to_change_what_was_booked(staff: Stage, change: str) -> None:
    breach = await send(staff, command())
    with pytest.raises(asyncpg.RaiseError, match="never changed"):
        await staff.rows(change)
    assert await fine_of(staff, breach) == 50


@pytest.mark.rule("P01.18")
async def test_the_policy_of_the_day_of_decision_holds_whenever_the_breach_arrives(staff: Stage) -> None:
    late = ConductPolicy().kinds["after_sales_file_late"].model_dump(mode="json")
    kinds = {
        **ConductPolicy().model_dump(mode="json")["kinds"],
        "after_sales_file_late": {**late, "fine": {"amount": "80"}},
    }
    form = {
        "policy": "conduct",
        "layer": "branch:sh-pudong",
        "values": {"kinds": kinds},
        "reason": "files come too late",
    }
    async with staff.client(subject="hr-1") as drafter:
        proposed = await drafter.post("/v1/policies/versions", json=form)
    assert proposed.status_code == 201, proposed.text
    assert (await sign(staff, proposed.json()["id"], "gm-1")).status_code == 200
    await Policies.of(staff.runtime).refresh()

    after = await send(staff, command(decided_at=decided(9, 9)))
    before = await send(staff, command(decided_at=decided(6, 9)))
    assert [await fine_of(staff, b) for b in (before, after)] == [50, 80]
