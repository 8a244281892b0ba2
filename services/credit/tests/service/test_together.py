"""Requests that are decided in one transaction get the answers they would have got one after the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
from chassis.auth import Grant, Principal
from chassis.ids import uuid7
from chassis.kit.stage import Stage
from chassis.repeats import Repeat
from chassis.together import Asked, Together
from chassis.tx import Tx
from contracts.credit import ShipmentHeld, ShipmentReleased
from contracts.roles import Role
from credit.shipments.request_shipment import GROUNDS, Ground, ShipmentForm, request_shipment
from starlette.responses import Response

from chassis import failpoints

from .trade import Distributor, clock, codes

SALES = Principal("sales-1", "here", frozenset({Grant(Role.SALES, "hz-dist-1")}), frozenset(), 0.0)


class Desk:
    """What is asked here at once is one batch. The first `lost` transactions are committed without anybody hearing."""

    def __init__(self, stage: Stage) -> None:
        self.batches: list[int] = []
        self.lost = 0
        finds = replace(GROUNDS, read=self._read)
        self._together = Together(stage.runtime, request_shipment.endpoint, finds, _render)

    async def _read(self, tx: Tx, asked: Sequence[Asked[ShipmentForm]]) -> Sequence[Ground | None]:
        self.batches.append(len(asked))
        failpoints.arm("together.committed=fail" if len(self.batches) <= self.lost else "", "test")
        return await GROUNDS.read(tx, asked)

    async def ask(
        self, *forms: dict[str, Any] | ShipmentForm, who: Principal = SALES, repeats: Sequence[Repeat | None] = ()
    ) -> list[Any]:
        """What each is answered: the shipment, or the problem's type."""
        given = [Asked(uuid7(), ShipmentForm.model_validate(form), who) for form in forms]
        waiting = [
            self._together.submit(one, key) for one, key in zip(given, repeats or [None] * len(given), strict=True)
        ]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        return [orjson.loads(one.body) if isinstance(one, Response) else type(one).__name__ for one in found]


def _render(answer: Any) -> Response:
    return Response(answer.body.model_dump_json(), status_code=answer.status or 201)


@pytest_asyncio.fixture
async def desk(stage: Stage) -> AsyncIterator[Desk]:
    yield Desk(stage)
    failpoints.arm("", "test")


@pytest.mark.rule("P11.6")
async def test_a_batch_of_good_and_bad_requests_answers_each(stage: Stage, desk: Desk) -> None:
    shop, other = await Distributor.opened(stage), await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    fraction = shop.form("1.00")
    fraction["lines"][0].update(quantity="0.005", price="0.01")
    found = await desk.ask(
        shop.form("600.00"),
        {**shop.form("1.00"), "account_id": str(uuid4())},
        {**shop.form("1.00"), "customer_id": str(other.customer)},
        fraction,
        {**shop.form("1.00"), "origin": "erp"},
        shop.form("500.00"),
        other.form("1.00"),
        shop.form("400.00"),
    )
    assert found[1:5] == ["NotFound", "Invalid", "Invalid", "Invalid"]
    assert [one["state"] for one in (found[0], *found[5:])] == ["released", "held", "held", "released"]
    assert (codes(found[5]["decision"], "reasons")[0], found[5]["decision"]["exposure"]) == ("over_limit", "600.00")
    assert codes(found[6]["decision"], "reasons") == ["no_credit"]
    assert desk.batches == [8]
    assert Decimal((await shop.read())["exposure"]) == Decimal("1000.00")
    assert (len(await stage.outbox(ShipmentReleased)), len(await stage.outbox(ShipmentHeld))) == (2, 2)
    await shop.proved()
    await other.proved()


@pytest.mark.rule("P11.6")
async def test_who_has_no_reach_gets_nothing_out_of_the_batch_of_others(stage: Stage, desk: Desk) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    stranger = Principal("sales-2", "here", frozenset({Grant(Role.SALES, "bj-dist-2")}), frozenset(), 0.0)
    mine, theirs = await asyncio.gather(desk.ask(shop.form("600.00")), desk.ask(shop.form("600.00"), who=stranger))
    assert (mine[0]["state"], mine[0]["requested_by"], theirs) == ("released", "sales-1", ["NotFound"])
    assert desk.batches == [2]


@pytest.mark.rule("P11.6")
async def test_what_the_database_refuses_takes_no_other_of_its_batch_with_it(stage: Stage, desk: Desk) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    unwritable = ShipmentForm.model_validate(shop.form("300.00")).model_copy(update={"destination": "depot\x00"})
    found = await desk.ask(shop.form("300.00"), unwritable, shop.form("300.00"), shop.form("300.00"))
    assert isinstance(found[1], str)
    assert [one["state"] for one in (found[0], *found[2:])] == ["released"] * 3
    assert desk.batches == [4, 1, 1, 1, 1]
    assert Decimal((await shop.read())["exposure"]) == Decimal("900.00")
    assert len(await stage.outbox(ShipmentReleased)) == 3
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_one_reference_or_one_key_twice_in_a_batch_is_one_shipment(stage: Stage, desk: Desk) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    form = shop.form("300.00", origin="erp", origin_ref="so-1")
    key = Repeat.of("sales-1", "POST", "/v1/shipments", b"", "k-1", b"1")
    other = Repeat.of("sales-1", "POST", "/v1/shipments", b"", "k-1", b"2")
    plain = shop.form("200.00")
    found = await desk.ask(
        form, form, {**form, "lines": shop.form("301.00")["lines"]}, plain, plain, plain,
        repeats=[None, None, None, key, key, other],
    )  # fmt: skip
    assert (found[1]["id"], found[2]) == (found[0]["id"], "ReferenceUsed")
    assert (found[4], found[5]) == (found[3], "KeyReused")
    assert Decimal((await shop.read())["released"]) == Decimal("500.00")
    again = await desk.ask(form, plain, repeats=[None, key])
    assert (again[0]["id"], again[1]) == (found[0]["id"], found[3])
    assert Decimal((await shop.read())["released"]) == Decimal("500.00")
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_a_batch_whose_commit_was_lost_takes_the_limit_once(stage: Stage, desk: Desk) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    desk.lost = 1
    key = Repeat.of("sales-1", "POST", "/v1/shipments", b"", "k-1", b"1")
    forms = [shop.form("400.00"), shop.form("400.00", origin="erp", origin_ref="so-1"), shop.form("200.00")]
    found = await desk.ask(*forms, shop.form("1.00"), repeats=[None, None, key, None])
    assert desk.batches == [4, 1, 1, 1]
    assert [one["state"] for one in found] == ["released"] * 3 + ["held"]
    assert [tuple(row) for row in await stage.rows("SELECT count(*), count(DISTINCT id) FROM shipments")] == [(4, 4)]
    assert Decimal((await shop.read())["exposure"]) == Decimal("1000.00")
    assert len(await stage.outbox(ShipmentReleased)) == 3
    await shop.proved()


@pytest.mark.rule("P11.3")
@pytest.mark.rule("P11.6")
async def test_the_first_batch_of_a_day_moves_the_limit_once(stage: Stage, desk: Desk) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("600.00", 30)
    await shop.bought("400.00", 10)
    clock(stage).at("2026-03-03 00:00")
    found = await desk.ask(*[shop.form("150.00")] * 3)
    assert Counter(one["state"] for one in found) == {"released": 2, "held": 1}
    assert {one["decision"]["limit"] for one in found} == {"400.00"}
    days = "SELECT amount FROM limits WHERE account_id = $1 AND day = '2026-03-03'"
    assert [row[0] for row in await stage.rows(days, shop.account)] == [Decimal("400.00")]
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_three_processes_take_the_last_of_many_limits_once(stage: Stage) -> None:
    shops = [await Distributor.opened(stage) for _ in range(4)]
    for shop in shops:
        await shop.bought("1000.00", 10)
    forms = [shop.form("300.00") for _ in range(12) for shop in shops]
    found = await asyncio.gather(*[Desk(stage).ask(*forms[n::3]) for n in range(3)])
    released = Counter(one["account_id"] for answers in found for one in answers if one["state"] == "released")
    assert released == {str(shop.account): 3 for shop in shops}
    assert len([one for answers in found for one in answers]) == len(forms)
    for shop in shops:
        await shop.proved()
