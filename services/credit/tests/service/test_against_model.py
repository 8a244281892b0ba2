"""Payments, releases, signatures, cancellations, returns and midnights at random: figures and decisions equal those of
a simple model in cents, and money is conserved (P11.2–P11.9)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from chassis.kit.stage import Stage

from .trade import Distributor, back, clock, done, send, today


@dataclass(eq=False)
class Paper:
    """A document: what is open of it, and what it was laid on."""

    debit: bool
    open: int
    shipment: Goods | None = None
    reserved: bool = False
    laid: dict[int, int] = field(default_factory=dict)


@dataclass(eq=False)
class Goods:
    """A shipment, in the model."""

    amount: int
    state: str = "held"
    prepaid: int = 0
    signed: tuple[str, date] | None = None
    overrun: str | None = None
    invoice: Paper | None = None
    counts_on: date | None = None
    returned: int = 0
    quarters: int = 0
    way: str | None = None

    @property
    def covered(self) -> int:
        return min(self.prepaid, self.amount)


class Model:
    """What an account is, said as simply as it can be."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.papers: list[Paper] = []
        self.goods: list[Goods] = []
        self.shipped: dict[date, int] = {}
        self.overruns: dict[int, str] = {}

    @property
    def balance(self) -> int:
        return sum(p.open if p.debit else -p.open for p in self.papers)

    @property
    def released(self) -> int:
        return sum(g.amount for g in self.goods if g.state == "released")

    @property
    def reserved(self) -> int:
        return sum(g.covered for g in self.goods if g.state == "held")

    @property
    def exposure(self) -> int:
        return self.balance + self.released + self.reserved

    @property
    def limit(self) -> int:
        return max(0, sum(n for on, n in self.shipped.items() if 1 <= (self.day - on).days <= 30))

    def look(self) -> None:
        if self.exposure <= self.limit:
            self.overruns.clear()

    def midnight(self) -> None:
        self.day += timedelta(days=1)
        self.look()

    def decide(self, goods: Goods, exposure: int, uncovered: int) -> str | None:
        after, limit = exposure + uncovered, self.limit
        used = {kind for n, kind in self.overruns.items() if n != id(goods)}
        if limit > 0 and after <= limit:
            return "within_limit"
        if uncovered == 0 or after <= 0:
            return "prepaid" if limit > 0 else "cash"
        turn = None if "last" in used else "last" if "first" in used else "first"
        signed = goods.signed is not None and self.day <= goods.signed[1]
        if signed and goods.overrun == goods.signed[0] and goods.overrun not in used:
            turn = goods.overrun
        if signed and goods.signed[0] == turn and 3 * goods.amount < limit:
            return f"{turn}_overrun"
        return None

    def count(self, goods: Goods) -> None:
        """Over the limit it is one of the two of this episode."""
        if goods.way in ("first_overrun", "last_overrun"):
            goods.overrun = self.overruns[id(goods)] = goods.way.split("_")[0]

    def release(self, goods: Goods) -> None:
        goods.state = "held"
        self.overruns.pop(id(goods), None)
        goods.way = self.decide(goods, self.exposure, goods.amount - goods.covered)
        goods.overrun = None
        if goods.way is not None:
            goods.state = "released"
            self.count(goods)
        self.look()

    def lay(self, one: Paper, other: Paper, cents: int) -> None:
        for a, b in ((one, other), (other, one)):
            a.open -= cents
            a.laid[self.papers.index(b)] = a.laid.get(self.papers.index(b), 0) + cents

    def spread(self, paper: Paper) -> None:
        for other in self.papers:
            if other.debit != paper.debit and not other.reserved and other is not paper:
                part = min(paper.open, other.open)
                if part:
                    self.lay(paper, other, part)

    def add(self, paper: Paper, *first: tuple[Paper, int]) -> Paper:
        self.papers.append(paper)
        for other, cents in first:
            if cents:
                self.lay(paper, other, cents)
        if not paper.reserved:
            self.spread(paper)
        self.look()
        return paper

    def pay(self, cents: int, goods: Goods | None = None) -> None:
        if goods is None:
            self.add(Paper(False, cents))
        elif goods.invoice is not None:
            self.add(Paper(False, cents, goods), (goods.invoice, min(goods.invoice.open, cents)))
        else:
            goods.prepaid += cents
            self.add(Paper(False, cents, goods, reserved=True))

    def waiting(self, goods: Goods) -> list[Paper]:
        found = [paper for paper in self.papers if paper.reserved and paper.shipment is goods]
        for paper in found:
            paper.reserved = False
        return found

    def invoice(self, goods: Goods) -> None:
        self.release(goods)
        if goods.state != "released":
            return
        payments, left, named = self.waiting(goods), goods.amount, []
        for payment in payments:
            named.append((payment, min(payment.open, left)))
            left -= named[-1][1]
        goods.state, goods.invoice = "invoiced", Paper(True, goods.amount, goods)
        self.add(goods.invoice, *named)
        for payment in payments:
            self.spread(payment)
        self.look()

    def look_at_invoiced(self, goods: Goods) -> None:
        assert goods.invoice is not None
        uncovered = goods.invoice.open
        goods.way = self.decide(goods, self.exposure - uncovered, uncovered)
        self.count(goods)
        self.look()

    def issue(self, goods: Goods) -> None:
        self.look_at_invoiced(goods)
        if goods.way is not None:
            goods.state, goods.counts_on = "issued", self.day
            self.shipped[self.day] = self.shipped.get(self.day, 0) + goods.amount
            self.look()

    def cancel(self, goods: Goods) -> None:
        self.overruns.pop(id(goods), None)
        goods.state = "cancelled"
        if goods.invoice is None:
            goods.prepaid, payments = 0, self.waiting(goods)
            for payment in payments:
                self.spread(payment)
        else:
            mine = self.papers.index(goods.invoice)
            freed = [self.papers[n] for n in sorted(goods.invoice.laid)]
            for paper in freed:
                paper.open += paper.laid.pop(mine)
            goods.invoice.open, goods.invoice.laid = 0, {}
            for paper in freed:
                self.spread(paper)
        self.look()

    def give_back(self, goods: Goods, cents: int) -> None:
        assert goods.invoice is not None
        assert goods.counts_on is not None
        goods.returned += cents
        self.shipped[goods.counts_on] -= cents
        self.add(Paper(False, cents, goods), (goods.invoice, min(goods.invoice.open, cents)))


class Driver:
    """Does the same to the service and to the model, and compares."""

    def __init__(self, shop: Distributor, seed: int) -> None:
        self.shop, self.random = shop, random.Random(seed)
        self.model = Model(today(shop.stage))
        self.ids: dict[int, dict[str, Any]] = {}
        self.ways: set[str | None] = set()

    def among(self, *states: str) -> Goods | None:
        found = [goods for goods in self.model.goods if goods.state in states]
        return self.random.choice(found) if found else None

    def cents(self) -> int:
        """An amount near where something changes."""
        model = self.model
        room = model.limit - model.exposure
        edges = [room, room // 2, model.limit // 3, model.limit // 5, room + model.limit // 4]
        return max(1, self.random.choice(edges) + self.random.randint(-1, 1) * self.random.choice([0, 1, 700]))

    async def ask(self) -> None:
        goods = Goods(self.cents())
        self.model.goods.append(goods)
        self.ids[id(goods)] = await self.shop.asks(said(goods.amount))
        self.model.release(goods)

    async def pay(self) -> None:
        model = self.model
        edge = self.random.choice([model.exposure - model.limit, model.exposure // 4, 700])
        cents = max(1, edge + self.random.randint(-1, 1))
        await self.shop.book("payment", said(cents))
        self.model.pay(cents)

    async def pay_for(self) -> None:
        goods = self.among("held", "released", "invoiced")
        if goods is not None:
            cents = max(1, goods.amount - goods.covered + self.random.choice([-1, 0, 0, 1]))
            await self.shop.book("payment", said(cents), shipment_id=self.ids[id(goods)]["id"])
            self.model.pay(cents, goods)

    async def step(self, verb: str, goods: Goods | None) -> None:
        if goods is not None:
            answer = await self.shop.step(self.ids[id(goods)], verb)
            getattr(self.model, verb)(goods)
            held = verb in ("release", "invoice", "issue") and goods.way is None
            assert answer.status_code == (409 if held else 200), (verb, goods, answer.text)

    async def give_back(self) -> None:
        goods = self.among("issued")
        if goods is not None and goods.quarters < 4:
            quarters = self.random.randint(1, 4 - goods.quarters)
            worth = goods.amount * quarters // 4
            if worth == 0:
                return
            cents = self.random.choice([worth, self.random.randint(1, worth)])
            goods.quarters += quarters
            body = {"lines": back(str(Decimal(quarters) / 4)), "amount": said(cents), "reason": "not all is whole"}
            answer = await self.shop.step(self.ids[id(goods)], "return", **body)
            assert answer.status_code == 200, answer.text
            self.model.give_back(goods, cents)

    async def sign(self) -> None:
        goods = self.among("held", "invoiced")
        if goods is None:
            return
        (self.model.look_at_invoiced if goods.state == "invoiced" else self.model.release)(goods)
        asked = await self.shop.step(self.ids[id(goods)], "ask-signature")
        used = {kind for n, kind in self.model.overruns.items() if n != id(goods)}
        turn = None if "last" in used else "last" if "first" in used else "first"
        small = 3 * goods.amount < self.model.limit
        assert asked.status_code == (200 if goods.way or (turn and small) else 409), asked.text
        if goods.way is None and turn and small:
            assert (await self.shop.signs(self.ids[id(goods)])).status_code == 200
            goods.signed = (turn, self.model.day + timedelta(days=3))
            if self.random.random() < 0.7:
                await self.step("issue" if goods.state == "invoiced" else "release", goods)

    async def midnight(self) -> None:
        for _ in range(self.random.choice([1, 1, 1, 1, 2, 5])):
            self.model.midnight()
        clock(self.shop.stage).at(f"{self.model.day} 00:00")

    async def act(self) -> None:
        """One thing, chosen at random."""
        acts = {
            "ask": 6, "pay": 2, "pay_for": 2, "sign": 7, "midnight": 2, "give_back": 1, "release": 3, "invoice": 6,
            "issue": 6, "cancel": 1,
        }  # fmt: skip
        name = self.random.choices(list(acts), list(acts.values()))[0]
        match name:
            case "release":
                await self.step(name, self.among("held", "released"))
            case "invoice":
                await self.step(name, self.among("released"))
            case "issue":
                await self.step(name, self.among("invoiced"))
            case "cancel":
                await self.step(name, self.among("held", "released", "invoiced"))
            case _:
                await getattr(self, name)()
        await self.compare(name)

    async def compare(self, after: str) -> None:
        """Figures, limit, states and ways; the service looks at midnights when it is next asked to change something."""
        model = self.model
        standing = await self.shop.standing()
        seen = [
            *(cents_of(standing["parts"][name]) for name in ("receivable", "released", "reserved")),
            cents_of(standing["limit"]),
            sorted(one["kind"] for one in standing["overruns"]),
        ]
        expected = [model.balance, model.released, model.reserved, model.limit, sorted(model.overruns.values())]
        assert seen == expected, after
        listed = await done(self.shop.stage, "sales-1", "GET", "/v1/shipments?limit=100")
        states = {one["id"]: (one["state"], one["decision"]["way"]) for one in listed["items"]}
        for goods in model.goods:
            found = states.get(self.ids[id(goods)]["id"])
            if found is not None:
                assert found == (goods.state, goods.way), (after, goods)
        self.ways |= {goods.way for goods in model.goods}


def said(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def cents_of(text: str) -> int:
    whole, _, rest = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int(rest or "0"))


async def drive(stage: Stage, seed: int, acts: int) -> Driver:
    """A year's trade of one distributor, after a first month that gave it a limit."""
    driver = Driver(await Distributor.opened(stage), seed)
    for days in (20, 12, 5):
        cents = driver.random.randint(20_000, 90_000)
        await driver.shop.bought(said(cents), days)
        driver.model.shipped[driver.model.day - timedelta(days=days)] = cents
    for _ in range(acts):
        await driver.act()
    await driver.shop.proved()
    return driver


@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.3")
@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.8")
@pytest.mark.parametrize("seed", [7, 9, 21])
async def test_whatever_happens_figures_and_decisions_are_those_of_the_model(stage: Stage, seed: int) -> None:
    driver = await drive(stage, seed, 60)
    assert driver.model.goods
    assert {"within_limit", "first_overrun", "last_overrun", None} <= driver.ways, driver.ways


async def test_the_model_would_notice_a_cent(stage: Stage) -> None:
    driver = await drive(stage, 1, 5)
    driver.model.pay(1)
    with pytest.raises(AssertionError):
        await driver.compare("nothing")
    refused = await send(stage, "sales-1", "GET", f"{driver.shop.path}/proof")
    assert refused.status_code == 403
