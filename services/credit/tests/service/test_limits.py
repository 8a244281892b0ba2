"""The limit moves at midnight by itself, each day's is kept with why, and lists go by an index (P11.2, P11.3)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from credit import tables
from credit.numbers import numbered

from .nights import until, worked
from .trade import Distributor, clock, codes, done, send, today


@pytest.mark.rule("P11.3")
async def test_at_midnight_the_limit_moves_by_itself_and_says_why(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("400.00", 30)
    await shop.ships("100.00")
    async with at_work(stage.runner()):
        clock(stage).at("2026-03-03 00:00")

        async def moved() -> bool:
            return bool((await shop.read())["limit_on"] == "2026-03-03")

        await eventually(moved)
    newest, *_ = (await done(stage, "sales-1", "GET", f"{shop.path}/limits"))["items"]
    assert (newest["day"], newest["before"], newest["amount"]) == ("2026-03-03", "400.00", "100.00")
    assert newest["why"] == [
        {"what": "came_in", "day": "2026-03-02", "amount": "100.00"},
        {"what": "fell_out", "day": "2026-01-31", "amount": "-400.00"},
    ]
    ((waiting, run_at),) = await stage.rows("SELECT count(*), min(run_at) FROM kehu.jobs WHERE kind = 'roll_limit'")
    assert (waiting, run_at) == (1, datetime.fromisoformat("2026-03-04T00:00:00+08:00"))


@pytest.mark.rule("P11.3")
@pytest.mark.rule("P11.6")
async def test_goods_that_wait_for_a_wider_limit_go_at_the_midnight_that_was_said(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    paid = await shop.asks("500.00")
    await shop.book("payment", "500.00", shipment_id=paid["id"])
    for verb in ("release", "invoice", "issue"):
        assert (await shop.step(paid, verb)).status_code == 200
    held = await shop.asks("100.00")
    assert codes(held["decision"], "ways_out") == ["pay_cash", "wait"]
    foreseen = await done(stage, "sales-1", "GET", f"{shop.path}/what-if?amount=100.00")
    assert foreseen["decision"]["ways_out"] == held["decision"]["ways_out"]
    await until(stage, "2026-03-02 23:59")
    assert (await shop.shipment(held))["state"] == "held"
    assert held["decision"]["ways_out"][1]["day"] == "2026-03-03"
    await until(stage, "2026-03-03 00:00")
    assert (await shop.shipment(held))["state"] == "released"


@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.6")
async def test_goods_are_decided_again_when_what_left_on_an_earlier_day_widens_the_limit(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("100.00", 10)
    await shop.book("payment", "400.00")
    held = await shop.asks("600.00")
    assert held["state"] == "held"
    await worked(stage)
    await shop.book("invoice", "400.00", today(stage) - timedelta(days=3), issued_on="2026-02-27")
    await worked(stage)
    assert (await shop.shipment(held))["decision"]["limit"] == "500.00"


@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.3")
async def test_a_day_belongs_to_shanghai_and_the_day_itself_does_not_count(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("500.00", 30)
    clock(stage).at("2026-03-02 23:59")
    assert Decimal((await shop.standing())["limit"]) == Decimal("500.00")
    clock(stage).at("2026-03-03 00:00")
    assert Decimal((await shop.standing())["limit"]) == 0
    await shop.bought("70.00", 0)
    assert Decimal((await shop.standing())["limit"]) == 0
    clock(stage).at("2026-03-04 00:00")
    assert Decimal((await shop.standing())["limit"]) == Decimal("70.00")


@pytest.mark.rule("P11.3")
async def test_each_missed_night_is_kept_and_a_late_booking_is_told_apart(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("500.00", 28)
    clock(stage).later(days=5)
    await shop.bought("30.00", 8)
    pages, cursor = [], ""
    while True:
        page = await done(stage, "sales-1", "GET", f"{shop.path}/limits?limit=3{cursor}")
        pages += [(one["day"], one["amount"], [why["what"] for why in one["why"]]) for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pages == [
        ("2026-03-07", "30.00", ["worked_out_anew"]),
        ("2026-03-07", "0.00", []),
        ("2026-03-06", "0.00", []),
        ("2026-03-05", "0.00", ["fell_out"]),
        ("2026-03-04", "500.00", []),
        ("2026-03-03", "500.00", []),
        ("2026-03-02", "500.00", ["worked_out_anew"]),
    ]


@pytest.mark.rule("P11.3")
async def test_the_limits_ahead_are_those_that_come_true(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("500.00", 28)
    await shop.bought("30.00", 8)
    clock(stage).later(days=1)
    await shop.bought("70.00", 0)
    ahead = await done(stage, "sales-1", "GET", f"{shop.path}/limits/ahead")
    assert (ahead["on"], len(ahead["days"])) == ("2026-03-03", 31)
    assert [one["amount"] for one in ahead["days"][:3]] == ["600.00", "100.00", "100.00"]
    assert ahead["days"][1]["why"] == [{"what": "fell_out", "day": "2026-02-02", "amount": "-500.00"}]
    assert ahead["days"][-1]["amount"] == "0.00"
    clock(stage).later(days=31)
    await shop.asks("1.00")
    kept = (await done(stage, "sales-1", "GET", f"{shop.path}/limits?limit=31"))["items"]
    assert [(one["day"], one["amount"]) for one in reversed(kept)] == [
        (one["day"], one["amount"]) for one in ahead["days"]
    ]


@pytest.mark.rule("P11.2")
async def test_goods_count_when_they_are_invoiced_and_have_left(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("500.00", 10)
    shipment = await shop.asks("200.00")
    await shop.step(shipment, "invoice")
    clock(stage).later(days=1)
    assert Decimal((await shop.standing())["limit"]) == Decimal("500.00")
    assert (await shop.step(shipment, "issue")).status_code == 200
    clock(stage).later(days=1)
    assert Decimal((await shop.standing())["limit"]) == Decimal("700.00")
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_the_last_of_a_limit_is_taken_once_by_requests_payments_and_cancellations_together(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    taken = [await shop.asks("100.00") for _ in range(10)]

    async def ask() -> None:
        await shop.asks("100.00")

    async def cancel(shipment: dict[str, object]) -> None:
        assert (await shop.step(shipment, "cancel")).status_code == 200

    await asyncio.gather(
        *(ask() for _ in range(20)),
        *(cancel(shipment) for shipment in taken[:4]),
        *(shop.book("payment", "50.00") for _ in range(2)),
    )
    account = await shop.read()
    assert Decimal(account["exposure"]) <= Decimal("1000.00")
    ((released,),) = await stage.rows("SELECT count(*) FROM shipments WHERE state = 'released'")
    assert Decimal(account["released"]) == 100 * released
    assert 6 <= released <= 11
    await shop.proved()


#: what the credit desk asks for, and the index that it is read from
DESK: list[tuple[sa.Select[tuple[object]], str]] = [
    (
        sa.select(tables.shipments.c.id)
        .where(tables.shipments.c.branch == "b-7", tables.shipments.c.state == "held")
        .order_by(tables.shipments.c.id.desc())
        .limit(51),
        "shipments_held",
    ),
    (
        sa.select(tables.shipments.c.id)
        .where(tables.shipments.c.branch == "b-7", sa.text(f"({tables.STOPPED})"))
        .order_by(tables.shipments.c.id.desc())
        .limit(51),
        "shipments_held",
    ),
    (
        sa.select(tables.shipments.c.id)
        .where(tables.shipments.c.account_id == uuid4(), sa.text(f"({tables.STOPPED})"))
        .order_by(tables.shipments.c.id)
        .limit(101),
        "shipments_waiting",
    ),
    (
        sa.select(tables.shipments.c.id)
        .where(tables.shipments.c.branch == "b-7")
        .order_by(tables.shipments.c.id.desc())
        .limit(51),
        "shipments_branch",
    ),
    (
        sa.select(tables.shipments.c.id)
        .where(numbered(tables.shipments.c.id, "0197F3A2-00"))
        .order_by(tables.shipments.c.id.desc())
        .limit(51),
        "shipments_pkey",
    ),
]


async def test_the_credit_desk_finds_its_shipments_by_an_index(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO shipments (id, account_id, customer_id, branch, state, destination, lines, amount, prepaid,
            decision, unreleased, returned, requested_by, requested_at, origin, origin_ref, held, version, sequence)
        SELECT uuidv7(), gen_random_uuid(), gen_random_uuid(), 'b-' || n % 200,
            CASE WHEN n % 7 = 0 THEN 'held' ELSE 'delivered' END, 'd', '[]', 1, 0, '{}', false, 0, 's', now(), 'o',
            n::text, '{}', 1, 0 FROM generate_series(1, 50000) n"""
    )
    for query, index in DESK:
        plan = await stage.plan(query)
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan


@pytest.mark.rule("P11.2")
async def test_what_is_credited_before_the_goods_left_lowers_the_limit_only_with_them(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    goods = (await shop.step(await shop.asks("300.00"), "invoice")).json()
    for amount in ("60.00", "40.00"):
        await shop.book("credit_note", amount, corrects=goods["invoice_id"])
    clock(stage).at("2026-03-04T09:00:00")
    await shop.proved()
    assert (await shop.read())["limit"] == "900.00"
    assert (await shop.step(goods, "issue")).status_code == 200
    clock(stage).at("2026-03-05T09:00:00")
    await shop.proved()
    assert (await shop.read())["limit"] == "1100.00"


@pytest.mark.rule("P11.2")
async def test_a_limit_is_seen_within_reach_only(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    for path in (
        "limits",
        "limits/ahead",
        "documents",
        "standing",
        "ageing",
        "exposure?part=released",
        "what-if?amount=1.00",
    ):
        assert (await send(stage, "sales-2", "GET", f"{shop.path}/{path}")).status_code == 404
