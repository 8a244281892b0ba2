"""Whatever a goods-issue list holds, its dry run foretells the cases that the list then raises (P11.11)."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import pytest
from chassis.kit.stage import Stage

from .lists import all_worked, csv_of
from .test_warehouse import HEADINGS, PATH, asked, issues, line, listed
from .trade import Distributor, done

#: a case: opened or joined, its first shipment as the list names it, the slips in it, what of them is lost
Case = tuple[str, str | None, tuple[str, ...], Decimal]


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
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_list_the_cases_foretold_are_the_cases_raised(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)
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
