"""Whichever way things come (HTTP, import, job, message): goods go by a decision, or it is a case (P11.6, P11.11)."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from chassis.kit.stage import Stage

from .lists import all_worked, csv_of, handed_in
from .trade import Distributor, clock, customer_known, done, today

BANK = "账户编号,交易流水号,交易日期,金额,发货单"
ERP = "账户编号,单据编号,单据类型,单据日期,金额,发货日期"
WMS = "出库单号,行号,出库日期,发货单,品种,批号,数量"
OVERRUNS = ("first_overrun", "last_overrun")


class Smuggler:
    """Tries every way in, in any order, and looks each time at what got through."""

    def __init__(self, shop: Distributor, seed: int) -> None:
        self.shop, self.stage, self.random = shop, shop.stage, random.Random(seed)
        self.count = 0
        self.said = 1
        self.shipments: list[dict[str, Any]] = []
        self.waiting: dict[str, Any] = {}
        self.ways: set[str] = set()

    def ref(self) -> str:
        self.count += 1
        return f"R-{self.count}"

    def one(self) -> dict[str, Any]:
        return self.random.choice(self.shipments)

    async def ask(self) -> None:
        quantity = self.random.choice([5, 20, 25, 60])
        form = self.shop.form("1.00", origin="erp", origin_ref=self.ref())
        form["lines"] = [{"product": "p-100", "batch": "b-7", "quantity": str(quantity), "price": "10.00"}]
        made = await done(self.stage, "sales-1", "POST", "/v1/shipments", json=form)
        self.shipments.append({**made, "origin_ref": form["origin_ref"]})

    async def http(self) -> None:
        verb = self.random.choice(["release", "invoice", "issue", "cancel", "ask-signature"])
        await self.shop.step(self.one(), verb)

    async def sign(self) -> None:
        for shipment in self.shipments:
            found = await self.shop.shipment(shipment)
            if found["waits_for"] and self.random.random() < 0.6:
                await self.shop.signs(shipment)

    async def change(self) -> None:
        found = await self.shop.shipment(self.one())
        line = {"product": "p-100", "batch": "b-7", "quantity": "26", "price": "10.00"}
        async with self.stage.client(subject="sales-1") as sales:
            body = {"destination": "hz-depot-2", "lines": [line]}
            answer = await sales.put(f"/v1/shipments/{found['id']}", json=body)
        if found["waits_for"]:
            assert answer.status_code == 409

    async def import_money(self) -> None:
        own = self.one()["origin_ref"] if self.random.random() < 0.5 else ""
        amount = self.random.choice(["50.00", "200.00", "1,000.00"])
        await handed_in(
            self.stage, "/v1/payments/imports", csv_of(BANK, f'1001,{self.ref()},{today(self.stage)},"{amount}",{own}')
        )

    async def import_invoice(self) -> None:
        """An invoice of the ERP under the very number of goods that are held, as if they had gone."""
        number, on = self.one()["origin_ref"], today(self.stage)
        await handed_in(self.stage, "/v1/documents/imports", csv_of(ERP, f"1001,{number},发票,{on},200.00,{on}"))

    async def import_issue(self) -> None:
        own, on = self.one(), today(self.stage)
        quantity = self.random.choice([own["lines"][0]["quantity"], "2", "61"])
        content = csv_of(WMS, f"{self.ref()},1,{on},{own['origin_ref']},p-100,b-7,{quantity}")
        for _ in range(self.random.choice([1, 2])):
            await handed_in(self.stage, "/v1/goods-issues/imports", content, who="keeper-1")

    async def message(self) -> None:
        self.said += 1
        confirmed = self.random.random() < 0.6
        await customer_known(self.stage, self.shop.customer, confirmed=confirmed, sequence=self.said)

    async def jobs(self) -> None:
        clock(self.stage).later(days=self.random.choice([0, 1]))
        await all_worked(self.stage)

    async def act(self) -> None:
        acts = {
            self.ask: 4, self.http: 8, self.sign: 3, self.change: 2, self.import_money: 2, self.import_invoice: 1,
            self.import_issue: 4, self.message: 1, self.jobs: 2,
        }  # fmt: skip
        await self.random.choices(list(acts), list(acts.values()))[0]()
        await self.look()

    async def look(self) -> None:
        """What holds of every shipment and every line, whatever was done before."""
        for row in await self.stage.rows(
            """SELECT s.*, EXISTS (SELECT FROM losses l WHERE l.shipment_id = s.id AND l.kind = 'unauthorised_shipment')
                   AS is_case FROM shipments s"""
        ):
            decision, held = row["decision"], row["held"]
            identifier, goods = str(row["id"]), row["lines"]
            if held:
                assert self.waiting.setdefault(identifier, goods) == goods, "changed while its signature waits"
            else:
                self.waiting.pop(identifier, None)
            if row["state"] == "released":
                assert decision["outcome"] == "released"
            if row["state"] == "issued" and not row["unreleased"]:
                assert (decision["outcome"], decision["step"]) == ("released", "issue")
            assert not row["unreleased"] or row["is_case"]
            if decision["outcome"] == "released":
                self.earned(decision, row["signature"])
            self.ways.add(f"{row['state']} {decision['way']} {row['unreleased']}")
        for line in await self.stage.rows("SELECT state, loss_id FROM goods_issues"):
            assert line["state"] in ("matched", "part", "unauthorised")
            assert (line["loss_id"] is not None) == (line["state"] == "unauthorised")

    @staticmethod
    def earned(decision: dict[str, Any], signature: dict[str, Any] | None) -> None:
        """A release rests on room, on money or on a signature."""
        after, prepaid = Decimal(decision["after"]), Decimal(decision["prepaid"])
        if decision["way"] == "within_limit":
            assert after <= Decimal(decision["limit"])
        elif decision["way"] in OVERRUNS:
            assert signature is not None
            assert 3 * Decimal(decision["amount"]) < Decimal(decision["limit"])
        else:
            assert prepaid >= Decimal(decision["amount"]) or after <= 0


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.11")
@pytest.mark.parametrize("seed", [5, 8])
async def test_goods_go_by_a_decision_or_it_is_a_case_whichever_way_things_come(stage: Stage, seed: int) -> None:
    shop = await Distributor.opened(stage)
    await done(stage, "finance-1", "PUT", f"{shop.path}/code", json={"code": "1001"})
    await shop.bought("900.00", 10)
    await shop.book("opening", "600.00", today(stage))
    smuggler = Smuggler(shop, seed)
    await smuggler.ask()
    for _ in range(40):
        await smuggler.act()
    states = {way.split()[0] for way in smuggler.ways}
    assert {"held", "issued"} <= states, smuggler.ways
    assert any(way.endswith("True") for way in smuggler.ways), smuggler.ways
    await shop.proved()
