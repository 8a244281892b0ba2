"""Whatever a goods-issue list holds, its dry run foretells the cases that the list then raises (P11.11)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.ids import uuid7
from chassis.kit.stage import Stage
from chassis.runtime import Runtime
from chassis.tx import Tx
from credit.warehouse import foresee_cases, reconcile_issues
from credit.warehouse.model import GoodsIssue

from .lists import all_worked, csv_of
from .test_warehouse import HEADINGS, PATH, asked, issues, line, listed
from .trade import Distributor, clock, done, today

#: a case: opened or joined, its first shipment as the list names it, the slips in it, what of them is lost
Case = tuple[str, str | None, tuple[str, ...], Decimal]
#: whether this transaction has changed, or locked, the account
HAS_IT = """SELECT EXISTS (SELECT FROM accounts
    WHERE id = $1 AND pg_current_xact_id()::xid IN (xmin, xmax))"""


async def foreseen(stage: Stage, *lines: str) -> list[Case]:
    """The cases that a dry run of the list names."""
    async with stage.client(subject="keeper-1") as keeper:
        begun = await keeper.post(f"{PATH}?dry_run=true", content=csv_of(HEADINGS, *lines))
        await all_worked(stage)
        found = (await keeper.get(f"{begun.headers['location']}/cases?limit=100")).json()["items"]
    return [(one["what"], one["shipment_id"], tuple(sorted(one["slips"])), Decimal(one["amount"])) for one in found]


async def raised(stage: Stage, *lines: str) -> list[Case]:
    """The cases that the list then raises, by their lines; each loss has grown by what is lost of them."""
    known = {one["id"] for one in await issues(stage)}
    before = {one["id"]: one["amount"] for one in await stage.rows("SELECT id::text, amount FROM losses")}
    await listed(stage, *lines)
    parts = {one["id"]: one["whole"] for one in await stage.rows(
        "SELECT id::text, coalesce(part_of, id)::text AS whole FROM shipments")}  # fmt: skip
    after = await stage.rows("SELECT id::text, account_id::text AS account, amount FROM losses")
    found = []
    for loss in after:
        mine = [one for one in await issues(stage) if one["loss_id"] == loss["id"] and one["id"] not in known]
        lost = sum((Decimal(one["lost"]) for one in mine), Decimal(0))
        assert loss["amount"] == before.get(loss["id"], 0) + lost
        if mine:
            shipments = [parts[one["shipment_id"]] for one in mine if one["shipment_id"] is not None]
            slips = tuple(sorted({one["origin_ref"] for one in mine}))
            what = "case_joined" if loss["id"] in before else "case_opened"
            assert what == "case_joined" or loss["account"] in {one["account_id"] for one in mine}
            found.append((what, min(shipments, default=None), slips, lost))
    return found


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.11")
async def test_what_leaves_unreleased_takes_the_room_of_what_was_released_in_the_dry_run_too(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    released = await asked(shop, ("p-100", "90"), origin="erp", origin_ref="SO-1")
    held = await asked(shop, ("p-100", "20"), origin="erp", origin_ref="SO-2")
    assert (released["state"], held["state"]) == ("released", "held")
    lines = [line("CK-1", 1, "SO-2", "20"), line("CK-2", 1, "SO-1", "90")]
    told = await foreseen(stage, *lines)
    assert told == [
        ("case_opened", held["id"], ("CK-1",), Decimal("200.00")),
        ("case_opened", released["id"], ("CK-2",), Decimal("900.00")),
    ]
    assert Counter(await raised(stage, *lines)) == Counter(told)


@pytest.fixture
def portions_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shipment is compared in a transaction of its own, in earnest and in the dry run."""
    for module in (reconcile_issues, foresee_cases):
        monkeypatch.setattr(module, "AT_ONCE", 1)


@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.11")
@pytest.mark.usefixtures("portions_of_one")
async def test_what_an_earlier_portion_of_a_dry_run_took_or_gave_the_later_ones_see(stage: Stage) -> None:
    clock(stage).at("2026-03-01 10:00")
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    taken = await asked(shop, ("p-100", "90"), origin="erp", origin_ref="SO-1")
    paid = await asked(shop, ("p-100", "60"), origin="erp", origin_ref="SO-2")
    held = await asked(shop, ("p-100", "20"), origin="erp", origin_ref="SO-3")
    assert (taken["state"], paid["state"], held["state"]) == ("released", "held", "held")
    await shop.book("payment", "600.00", shipment_id=paid["id"])
    await all_worked(stage)
    assert (await shop.step(paid, "invoice")).status_code == 200
    clock(stage).at("2026-03-02 10:00")
    # the goods that are paid for widen the limit by 600.00 when they leave; before that the held ones have no room
    first, after = line("CK-1", 1, "SO-3", "20"), line("CK-3", 1, "SO-3", "20")
    widens = line("CK-2", 1, "SO-2", "60", on="2026-03-01")
    assert await foreseen(stage, first, widens) == [("case_opened", held["id"], ("CK-1",), Decimal("200.00"))]
    assert await foreseen(stage, widens, after) == []
    assert await raised(stage, widens, after) == []


@pytest.mark.rule("P11.11")
@pytest.mark.usefixtures("portions_of_one")
async def test_who_needs_the_account_waits_for_one_portion_of_a_dry_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    lines = []
    for n in range(4):
        await asked(shop, ("p-100", "1"), origin="erp", origin_ref=f"SO-{n}")
        lines.append(line(f"CK-{n}", 1, f"SO-{n}", "2"))
    waiting: list[asyncio.Task[dict[str, Any]]] = []
    answered: list[str] = []
    undone = foresee_cases.undone

    @asynccontextmanager
    async def undone_while_somebody_asks(runtime: Runtime, actor: str) -> AsyncIterator[Tx]:
        """Somebody asks for goods of the account as long as the dry run has it; they are answered before it goes on."""
        async with undone(runtime, actor) as tx:
            yield tx
            if await tx.driver.fetchval(HAS_IT, shop.account):
                waiting.append(asyncio.create_task(shop.asks("1.00")))
        if waiting:
            answered.append((await asyncio.wait_for(waiting.pop(), 10))["state"])

    monkeypatch.setattr(foresee_cases, "undone", undone_while_somebody_asks)
    assert len(await foreseen(stage, *lines)) == 4
    assert answered == ["released"] * 4


@pytest.mark.rule("P11.11")
@pytest.mark.usefixtures("portions_of_one")
async def test_goods_of_an_earlier_list_that_wait_to_be_compared_come_first_in_a_dry_run_too(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    released = await asked(shop, ("p-100", "90"), origin="erp", origin_ref="SO-1")
    held = await asked(shop, ("p-100", "20"), origin="erp", origin_ref="SO-2")
    async with stage.runtime.transaction() as tx:
        waits = GoodsIssue(
            id=uuid7(), branch="hz-dist-1", origin="wms", origin_ref="CK-1", line=1, shipment_ref="SO-2",
            invoice_ref=None, account_id=shop.account, product="p-100", batch="b-7", quantity=Decimal(20),
            said_value=None, issued_on=today(stage), listed_at=tx.now, listed_by="keeper-1",
            shipment_id=UUID(held["id"]),
        )  # fmt: skip
        tx.add(waits)
    told = await foreseen(stage, line("CK-2", 1, "SO-1", "90"))
    assert told == [("case_opened", released["id"], ("CK-2",), Decimal("900.00"))]
    async with stage.runtime.transaction() as tx:
        tx.later(reconcile_issues.reconcile_account, shop.account)
    await all_worked(stage)
    assert await raised(stage, line("CK-2", 1, "SO-1", "90")) == told


async def shop_of_some_sort(stage: Stage, chance: random.Random, n: int) -> tuple[Distributor, list[tuple[str, int]]]:
    """An account with a limit of 1,000 and goods in every state around it, each known by its number; how many pieces.

    Each piece is worth 10.00.
    """
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", chance.choice([10, 29, 30]))
    goods: list[tuple[str, int]] = []
    for m in range(chance.randint(3, 5)):
        pieces, number = chance.choice([20, 35, 50, 60]), f"SO-{n}-{m}"
        shipment = await asked(shop, ("p-100", str(pieces)), origin="erp", origin_ref=number)
        goods.append((number, pieces))
        fate = chance.random()
        if shipment["state"] == "held" and fate < 0.2:
            await shop.book("payment", f"{pieces * 10}.00", shipment_id=shipment["id"])
        elif fate < 0.15:
            await shop.step(shipment, "cancel")
        elif shipment["state"] == "released" and fate < 0.5:
            await shop.step(shipment, "invoice")
    await all_worked(stage)
    return shop, goods


def a_list(chance: random.Random, goods: list[tuple[str, int]], accounts: list[str]) -> list[str]:
    """Slips of a few lines: all of a shipment, a part, too much, two parts; or goods that nobody has asked for."""
    lines: list[str] = []
    for slip in range(len(goods)):
        for n in range(chance.randint(1, 3)):
            number, pieces = chance.choice(goods)
            on = chance.choice(["2026-02-25", "2026-03-02", "2026-03-02"])
            named = f"CK-{slip}", n + 1
            if chance.random() < 0.15:
                lines.append(line(*named, "", "3", on=on, account=chance.choice(accounts), worth="30.00"))
            else:
                quantity = chance.choice([pieces, pieces, pieces // 2, pieces - 1, pieces + 2])
                lines.append(line(*named, number, str(quantity), on=on))
            if chance.random() < 0.1:
                lines.append(line(*named, chance.choice(goods)[0], "1", on=on))
    return lines


@pytest.mark.rule("P11.11")
@pytest.mark.parametrize("seed", range(5))
async def test_whatever_the_list_the_cases_foretold_are_the_cases_raised(
    stage: Stage, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    for module in (reconcile_issues, foresee_cases):
        monkeypatch.setattr(module, "AT_ONCE", seed % 2 + 1)
    shops = [await shop_of_some_sort(stage, chance, n) for n in range(3)]
    codes = [f"100{n}" for n in range(len(shops))]
    for code, (shop, _) in zip(codes, shops, strict=True):
        await done(stage, "finance-1", "PUT", f"{shop.path}/code", json={"code": code})
    goods = [one for _, mine in shops for one in mine]
    told: list[Case] = []
    for _ in range(2):
        lines = a_list(chance, goods, codes)
        foretold = await foreseen(stage, *lines)
        assert Counter(await raised(stage, *lines)) == Counter(foretold)
        told += foretold
    assert told
    for shop, _ in shops:
        await shop.proved()
