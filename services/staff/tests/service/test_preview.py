"""The preview says beforehand what the booking says afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.staff import BreachRecorded

from .ledger import ADVISER, clock_of, command, decided, read, send


async def preview(stage: Stage, who: str = "director-1", **query: Any) -> Any:
    async with stage.client(subject=who) as person:
        return await person.get("/v1/conduct/preview", params={"person": ADVISER, **query})


@pytest.mark.rule("P13.8")
@pytest.mark.rule("P13.11")
async def test_a_signer_sees_what_the_next_breach_would_cost_and_the_booking_agrees(staff: Stage) -> None:
    for n in range(3):
        clock_of(staff).at(f"2026-03-0{2 + n} 10:00")
        shown = (await preview(staff, kind="after_sales_file_late", occurred_on="2026-03-02")).json()
        assert shown["counted"] == n
        breach = await send(staff, command(decided_at=clock_of(staff).now))
        booked = (await read(staff, breach))["consequence"]
        assert shown["consequence"] == booked
    assert shown["consequence"]["cost"]["fine"]["amount"] == "100.00"
    assert shown["consequence"]["why"].startswith("breach 3 in 2026-03 by order of decision, doubled from breach 3")
    assert shown["consequence"]["rules"] == ["P13.7", "P13.8"]
    assert len(await staff.outbox(BreachRecorded)) == 3
    records = [t.message for t in await staff.outbox(AccessRecorded)]
    assert [r.action for r in records if isinstance(r, AccessRecorded) and r.actor == "director-1"] == ["preview"] * 3


@pytest.mark.rule("P04.11")
async def test_it_says_what_else_would_change_and_what_is_not_set(staff: Stage) -> None:
    lower = await send(staff, command("misconduct_2", rule="P04.11", subject="case-1", decided_at=decided(2, 8)))
    found = (await preview(staff, kind="misconduct_4", subject="case-1")).json()
    assert found["consequence"]["cost"]["performance_pay"] == 100
    assert found["changes"][str(lower)]["standing"] == "covered"
    lost = (await preview(staff, kind="misconduct_1", subject="case-1")).json()["consequence"]
    assert (lost["standing"], lost["not_set"]) == ("undecided", "conduct.kinds.misconduct_1")


@pytest.mark.rule("P13.7")
@pytest.mark.rule("P07.7")
async def test_items_bands_and_shares_are_previewed_too(staff: Stage) -> None:
    items = ["after_sales_file_late:1", "customer_signature_missing:2"]
    assert (await preview(staff, kind="after_sales_file_late", items=items)).json()["consequence"]["cost"]["fine"][
        "amount"
    ] == "150.00"
    assert (await preview(staff, kind="call_back_rate_low", measured="90")).json()["consequence"]["cost"]["points"] == 2
    shared = await preview(staff, kind="unauthorised_shipment", share="33.33")
    assert shared.json()["consequence"]["cost"]["share"]["amount"] == "33.33"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("manager-1", 200),
        ("hr-1", 200),
        ("finance-1", 200),
        ("gm-1", 200),
        ("director-1", 200),
        ("manager-2", 404),
        ("gm-2", 404),
        (ADVISER, 403),
    ],
)
async def test_who_may_ask(staff: Stage, who: str, status: int) -> None:
    assert (await preview(staff, who, kind="after_sales_file_late")).status_code == status


@pytest.mark.rule("P13.8")
async def test_early_in_the_morning_it_is_today_here(staff: Stage) -> None:
    clock_of(staff).now = datetime(2026, 3, 31, 18, 0, tzinfo=UTC)
    found = await preview(staff, kind="after_sales_file_late", occurred_on="2026-04-01")
    assert (found.status_code, found.json().get("month")) == (200, "2026-04")
    tomorrow = await preview(staff, kind="after_sales_file_late", occurred_on="2026-04-02")
    assert tomorrow.status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"items": ["x"]},
        {"items": ["x:0"]},
        {"items": ["x:-1"]},
        {"share": "-1"},
        {"measured": "101"},
        {"occurred_on": "2026-12-01"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(staff: Stage, query: dict[str, Any]) -> None:
    answer = await preview(staff, kind="after_sales_file_late", **query)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
