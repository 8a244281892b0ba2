"""Where goods went: from our warehouse down the channel, batch by batch, and never more than was received."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from chassis.kit.stage import Stage
from credit import tables
from credit.destinations.trace_goods import destinations_of, way_of
from httpx import Response

from .trade import Distributor, back, done, send

PATH = "/v1/movements"
BATCH = "product=p-100&batch=b-7"


def report(from_holder: str, to_holder: str, quantity: str, ref: str, **more: Any) -> dict[str, Any]:
    return {
        "branch": "hz-dist-1",
        "product": "p-100",
        "batch": "b-7",
        "quantity": quantity,
        "from_holder": from_holder,
        "to_holder": to_holder,
        "moved_on": "2026-03-02",
        "origin": "channel",
        "origin_ref": ref,
        **more,
    }


async def supplied(stage: Stage, quantity: str = "10", batch: str = "b-7") -> tuple[Distributor, str]:
    """A distributor that has got goods of the batch from us; the shop and its holder."""
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    line = {"product": "p-100", "batch": batch, "quantity": quantity, "price": "1.00"}
    shipment = await shop.asks("1.00", lines=[line])
    for verb in ("invoice", "issue"):
        assert (await shop.step(shipment, verb)).status_code == 200
    return shop, f"account:{shop.account}"


async def trace(stage: Stage, query: str) -> list[tuple[str, str, str]]:
    found = await done(stage, "sales-1", "GET", f"/v1/trace?{BATCH}&{query}")
    return [(one["from_holder"], one["to_holder"], one["quantity"]) for one in found["movements"]]


@pytest.mark.rule("P02.3")
async def test_what_we_ship_is_a_movement_of_each_batch_to_its_destination(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    lines = [
        {"product": "p-100", "batch": "b-7", "quantity": "2", "price": "10.00"},
        {"product": "p-100", "batch": "b-7", "quantity": "0.5", "price": "10.00"},
        {"product": "p-100", "batch": "b-8", "quantity": "4", "price": "10.00"},
    ]
    shipment = await shop.asks("1.00", lines=lines)
    assert (await done(stage, "sales-1", "GET", PATH))["items"] == []
    for verb in ("invoice", "issue"):
        assert (await shop.step(shipment, verb)).status_code == 200
    found = (await done(stage, "sales-1", "GET", f"{PATH}?product=p-100"))["items"]
    assert [(one["batch"], one["quantity"], one["destination"]) for one in found] == [
        ("b-8", "4.000", "hz-depot-2"),
        ("b-7", "2.500", "hz-depot-2"),
    ]
    assert {(one["from_holder"], one["to_holder"]) for one in found} == {("warehouse", f"account:{shop.account}")}
    assert {one["shipment_id"] for one in found} == {shipment["id"]}


@pytest.mark.rule("P02.3")
async def test_a_batch_is_traced_forwards_and_backwards_over_every_hand(stage: Stage) -> None:
    shop, holder = await supplied(stage)
    other, _ = await supplied(stage, batch="b-9")
    steps = [
        (holder, "place:wholesaler-1", "6"),
        ("place:wholesaler-1", "place:shop-1", "2"),
        ("place:wholesaler-1", "place:shop-2", "1"),
        ("place:shop-2", "place:wholesaler-1", "1"),
        (holder, "place:shop-3", "1"),
    ]
    for n, (source, to, quantity) in enumerate(steps):
        await done(stage, "sales-1", "POST", PATH, json=report(source, to, quantity, str(n)))
    forwards = await trace(stage, "direction=forwards")
    assert len(forwards) == 6
    assert forwards[0] == ("warehouse", holder, "10.000")
    assert len(await trace(stage, "holder=place:wholesaler-1")) == 3
    backwards = await trace(stage, "holder=place:shop-1&direction=backwards")
    # its own way, and what the wholesaler had got back meanwhile
    assert {(one[0], one[1]) for one in backwards} == {
        ("warehouse", holder),
        (holder, "place:wholesaler-1"),
        ("place:wholesaler-1", "place:shop-1"),
        ("place:wholesaler-1", "place:shop-2"),
        ("place:shop-2", "place:wholesaler-1"),
    }
    have = (await done(stage, "sales-1", "GET", f"/v1/destinations?{BATCH}"))["items"]
    assert {(one["holder"], one["left"]) for one in have} == {
        (holder, "3.000"),
        ("place:wholesaler-1", "4.000"),
        ("place:shop-1", "2.000"),
        ("place:shop-2", "0.000"),
        ("place:shop-3", "1.000"),
    }
    assert f"account:{other.account}" not in str(have)
    assert shop.account != other.account


@pytest.mark.rule("P02.3")
async def test_nobody_passes_on_more_than_they_have_received_however_many_report_at_once(stage: Stage) -> None:
    _, holder = await supplied(stage, "10")
    answers = await asyncio.gather(
        *(send(stage, "sales-1", "POST", PATH, json=report(holder, "place:shop-1", "3", str(n))) for n in range(6))
    )
    assert sorted(one.status_code for one in answers) == [201, 201, 201, 409, 409, 409]
    refused = next(one.json() for one in answers if one.status_code == 409)
    assert (refused["type"], refused["left"]) == ("/problems/more-than-received", "1.000")
    unknown = await send(stage, "sales-1", "POST", PATH, json=report("place:nobody", "place:shop-1", "0.001", "x"))
    assert (unknown.status_code, unknown.json()["left"]) == (409, "0.000")


@pytest.mark.rule("P02.3")
async def test_what_came_back_to_us_is_not_there_any_more_and_passed_on_goods_come_back_over_their_hands(
    stage: Stage,
) -> None:
    shop, holder = await supplied(stage)
    (shipment,) = (await done(stage, "sales-1", "GET", f"/v1/shipments?account_id={shop.account}"))["items"]
    await done(stage, "sales-1", "POST", PATH, json=report(holder, "place:shop-1", "6", "1"))

    async def returned(quantity: str) -> Response:
        return await shop.step(shipment, "return", lines=back(quantity))

    assert (await returned("3")).status_code == 200
    assert (await trace(stage, "direction=forwards"))[-1] == (holder, "warehouse", "3.000")
    (moved, *_) = (await done(stage, "sales-1", "GET", PATH))["items"]
    assert (moved["shipment_id"], moved["destination"], moved["reported_by"]) == (shipment["id"], None, "keeper-1")
    have = (await done(stage, "sales-1", "GET", f"/v1/destinations?{BATCH}"))["items"]
    assert {(one["holder"], one["left"]) for one in have} == {(holder, "1.000"), ("place:shop-1", "6.000")}
    gone = await returned("2")
    assert (gone.status_code, gone.json()["type"], gone.json()["left"]) == (
        409,
        "/problems/more-than-received",
        "1.000",
    )
    assert (await shop.shipment(shipment))["lines"][0]["returned"] == "3.000"
    await done(stage, "sales-1", "POST", PATH, json=report("place:shop-1", holder, "1", "2"))
    assert (await returned("2")).status_code == 200


@pytest.mark.rule("P02.3")
async def test_goods_that_left_before_movements_were_kept_come_back_without_one(stage: Stage) -> None:
    shop, _ = await supplied(stage)
    (shipment,) = (await done(stage, "sales-1", "GET", f"/v1/shipments?account_id={shop.account}"))["items"]
    await stage.rows("ALTER TABLE movements DISABLE TRIGGER movements_append_only")
    for table in ("movements", "holdings"):
        await stage.rows(f"DELETE FROM {table}")
    assert (await shop.step(shipment, "return", lines=back("1"))).status_code == 200
    assert (await done(stage, "sales-1", "GET", PATH))["items"] == []


@pytest.mark.rule("P02.3")
async def test_a_report_that_comes_twice_is_recorded_once(stage: Stage) -> None:
    _, holder = await supplied(stage)
    body = report(holder, "place:shop-1", "3", "r-1")
    both = await asyncio.gather(*(send(stage, "sales-1", "POST", PATH, json=body) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 201]
    assert both[0].json()["id"] == both[1].json()["id"]
    other = await send(stage, "sales-1", "POST", PATH, json={**body, "quantity": "4"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/reference-used")


@pytest.mark.rule("P02.3")
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"from_holder": "warehouse"}, "/from_holder"),
        ({"from_holder": "account:00000000-0000-7000-8000-000000000001", "to_holder": "warehouse"}, "/to_holder"),
        ({"moved_on": "2026-03-03"}, "/moved_on"),
        ({"to_holder": "account:00000000-0000-7000-8000-000000000001"}, "/to_holder"),
        ({"to_holder": "王小芳的店"}, "/to_holder"),
        ({"quantity": "0"}, "/quantity"),
        ({"quantity": 1.5}, "/quantity"),
    ],
)
async def test_a_report_that_does_not_fit_is_refused(stage: Stage, change: dict[str, Any], pointer: str) -> None:
    body = {**report("place:shop-2", "place:shop-1", "1", "r-1"), **change}
    refused = await send(stage, "sales-1", "POST", PATH, json=body)
    assert refused.status_code == 422
    assert pointer in [one["pointer"] for one in refused.json()["errors"]]


@pytest.mark.rule("P02.3")
async def test_goods_of_other_branches_are_not_seen_and_not_moved(stage: Stage) -> None:
    _, holder = await supplied(stage)
    for path in (PATH, f"/v1/destinations?{BATCH}"):
        assert (await done(stage, "sales-2", "GET", path))["items"] == []
    assert (await done(stage, "sales-2", "GET", f"/v1/trace?{BATCH}"))["movements"] == []
    body = report(holder, "place:shop-1", "1", "r-1")
    assert (await send(stage, "sales-2", "POST", PATH, json=body)).status_code == 403


MOVED, HELD = tables.movements.c, tables.holdings.c
WITHIN = MOVED.branch.in_(["b-7"])


QUERIES: list[tuple[sa.Select[Any], str]] = [
    (sa.select(MOVED.id).where(MOVED.branch == "b-7").order_by(MOVED.id.desc()).limit(51), "movements_branch"),
    (
        sa.select(MOVED.id).where(WITHIN, MOVED.product == "p-3", MOVED.batch == "3").order_by(MOVED.id.desc()),
        "movements_",
    ),
    (way_of("p-3", "3", "h-3", "forwards", WITHIN), "movements_forwards"),
    (way_of("p-3", "3", "h-3", "backwards", WITHIN), "movements_backwards"),
    (destinations_of("p-3", None, HELD.branch == "b-7", 50, None), "holdings_"),
]


async def test_goods_are_found_by_an_index(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO movements (id, branch, product, batch, quantity, from_holder, to_holder, moved_on, reported_by,
            reported_at, origin, origin_ref, version, sequence)
        SELECT uuidv7(), 'b-' || n % 200, 'p-' || n % 5000, (n % 20000)::text, 1, 'h-' || n % 30, 'h-' || n % 30 + 1,
            current_date, 's', now(), 'o', n::text, 1, 0 FROM generate_series(1, 50000) n"""
    )
    await stage.rows(
        """INSERT INTO holdings (branch, product, batch, holder, received, passed_on)
        SELECT 'b-' || n % 1000, 'p-' || n % 5000, (n % 20000)::text, 'h-' || n, 1, 0
        FROM generate_series(1, 50000) n"""
    )
    for query, index in QUERIES:
        plan = await stage.plan(query)
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan
