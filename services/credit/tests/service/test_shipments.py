"""Goods go within the limit; over it they are held with reasons and ways out, at every step and by every way in."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from chassis.kit.stage import Stage
from contracts.credit import ShipmentHeld, ShipmentReleased

from .trade import Distributor, amount_of, back, clock, codes, done, send


@pytest.mark.rule("P11.6")
async def test_within_the_limit_goods_are_released_invoiced_and_issued(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await shop.ships("400.00")
    assert (shipment["state"], shipment["decision"]["way"]) == ("issued", "within_limit")
    assert shipment["decision"]["rules"] == ["P11.6"]
    assert Decimal((await shop.read())["balance"]) == Decimal("400.00")
    (told,) = await stage.outbox(ShipmentReleased)
    assert told.message is not None
    assert told.message.model_dump()["rules"] == ["P11.6"]
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_over_the_limit_goods_are_held_with_every_reason_and_way_out(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    await shop.asks("800.00")
    held = await shop.asks("400.00")
    decision = held["decision"]
    assert (held["state"], codes(decision, "reasons")) == ("held", ["over_limit", "too_large_to_sign"])
    assert amount_of(decision, "over_limit") == Decimal("300.00")
    assert codes(decision, "ways_out") == ["remit_first", "pay_down", "take_less"]
    assert amount_of(decision, "take_less") == Decimal("100.00")
    (told,) = await stage.outbox(ShipmentHeld)
    assert told.key == held["id"]
    again = await shop.step(held, "release")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/shipment-not-released")
    assert again.json()["rules"] == ["P11.6", "P11.7"]
    assert len(await stage.outbox(ShipmentHeld)) == 1
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_exactly_the_limit_may_go_and_a_cent_more_may_not(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    over = await shop.asks("900.01")
    exact = await shop.asks("900.00")
    assert (over["state"], exact["state"]) == ("held", "released")


@pytest.mark.rule("P11.6")
async def test_two_hundred_at_the_same_instant_take_the_last_of_the_limit_once(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    async with stage.client(subject="sales-1") as sales:
        answers = await asyncio.gather(*(sales.post("/v1/shipments", json=shop.form("300.00")) for _ in range(200)))
    states = [answer.json()["state"] for answer in answers]
    assert (states.count("released"), states.count("held")) == (3, 197)
    assert Decimal((await shop.read())["exposure"]) == Decimal("900.00")
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_a_request_comes_twice_and_is_one(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    form = shop.form("300.00", origin="erp", origin_ref="so-1")
    async with stage.client(subject="sales-1") as sales:
        answers = await asyncio.gather(*(sales.post("/v1/shipments", json=form) for _ in range(8)))
        other = await sales.post("/v1/shipments", json={**form, "lines": shop.form("301.00")["lines"]})
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (other.status_code, other.json()["type"]) == (409, "/problems/reference-used")
    assert Decimal((await shop.read())["released"]) == Decimal("300.00")


@pytest.mark.rule("P11.6")
async def test_changing_copying_and_splitting_decide_again(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    first = await shop.asks("600.00")
    copy = await shop.asks("600.00", copy_of=first["id"])
    assert copy["state"] == "held"
    path = f"/v1/shipments/{first['id']}"
    line = {"product": "p-100", "batch": "b-7", "quantity": "3", "price": "400.00"}
    changed = await done(stage, "sales-1", "PUT", path, json={"destination": "hz-depot-2", "lines": [line]})
    assert (changed["state"], changed["amount"]) == ("held", "1200.00")
    part = await shop.step(changed, "split", lines=[{"line": 0, "quantity": "2"}])
    assert (part.status_code, part.json()["state"], part.json()["amount"]) == (201, "released", "800.00")
    rest = await shop.shipment(first)
    assert (rest["state"], rest["amount"], part.json()["part_of"]) == ("held", "400.00", first["id"])
    stale = await send(
        stage, "sales-1", "PUT", path, json={"destination": "d", "lines": [line]}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    await shop.proved()


@pytest.mark.rule("P11.3")
@pytest.mark.rule("P11.6")
async def test_a_release_of_yesterday_is_decided_again_at_the_invoice(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 30)
    shipment = await shop.asks("900.00")
    assert shipment["state"] == "released"
    clock(stage).at("2026-03-03 00:00")
    refused = await shop.step(shipment, "invoice")
    assert (refused.status_code, refused.json()["rules"]) == (409, ["P11.4"])
    held = await shop.shipment(shipment)
    assert (held["state"], held["invoice_id"], held["decision"]["step"]) == ("held", None, "invoice")
    told = [one.message for one in await stage.outbox(ShipmentHeld)]
    assert [one.model_dump()["step"] for one in told if one] == ["invoice"]
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_invoiced_goods_are_decided_again_before_they_leave(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 30)
    shipment = await shop.asks("900.00")
    assert (await shop.step(shipment, "invoice")).status_code == 200
    clock(stage).at("2026-03-03 00:00")
    refused = await shop.step(shipment, "issue")
    assert refused.status_code == 409
    assert (await shop.shipment(shipment))["state"] == "invoiced"
    await shop.book("payment", "900.00")
    assert (await shop.step(shipment, "issue")).json()["state"] == "issued"
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_what_has_left_without_a_release_is_marked_and_stays_invoiceable(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    held = await shop.asks("500.00")
    assert held["state"] == "held"
    out = await shop.step(held, "issue", already_out=True)
    assert (out.status_code, out.json()["state"], out.json()["unreleased"]) == (200, "issued", True)
    assert Decimal((await shop.read())["exposure"]) == Decimal("500.00")
    invoiced = await shop.step(held, "invoice")
    assert (invoiced.status_code, invoiced.json()["invoiced_on"]) == (200, "2026-03-02")
    assert Decimal((await shop.read())["balance"]) == Decimal("500.00")
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_cancelling_frees_the_limit_and_reverses_the_invoice(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    released = await shop.asks("600.00")
    assert (await shop.step(released, "cancel")).json()["state"] == "cancelled"
    invoiced = await shop.asks("700.00")
    await shop.step(invoiced, "invoice")
    assert (await shop.step(invoiced, "cancel")).status_code == 200
    assert Decimal((await shop.read())["exposure"]) == 0
    issued = await shop.ships("800.00")
    late = await shop.step(issued, "cancel")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/not-at-this-stage")
    await shop.proved()


@pytest.mark.rule("P11.2")
async def test_a_return_lowers_what_is_owed_and_the_limit_of_the_days_after(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await shop.ships("600.00")
    body = {"lines": back("0.25"), "amount": "140.00", "reason": "a part of it is dented", "origin": "wms"}
    for _ in range(2):
        answer = await shop.step(shipment, "return", **body, origin_ref="r-1")
        assert (answer.status_code, answer.json()["returned"]) == (200, "140.00")
    answer = await shop.step(shipment, "return", lines=back("0.2"), amount="110.00", reason="opened already")
    assert (answer.status_code, answer.json()["returned"]) == (200, "250.00")
    assert Decimal((await shop.read())["balance"]) == Decimal("350.00")
    clock(stage).later(days=1)
    assert Decimal((await shop.standing())["limit"]) == Decimal("1350.00")
    await shop.proved()


@pytest.mark.rule("P11.2")
async def test_what_came_back_is_said_by_line_and_never_more_than_went_out(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    lines = [
        {"product": "p-100", "batch": "b-7", "quantity": "2", "price": "10.00"},
        {"product": "p-100", "batch": "b-8", "quantity": "3", "price": "20.05"},
    ]
    shipment = await shop.asks("1.00", lines=lines)
    for verb in ("invoice", "issue"):
        assert (await shop.step(shipment, verb)).status_code == 200
    said = {"lines": [*back("1", 1), *back("0.5", 0), *back("1.000", 1)], "origin": "wms", "origin_ref": "r-1"}
    for _ in range(2):
        found = (await shop.step(shipment, "return", **said)).json()
        assert (found["returned"], [one["returned"] for one in found["lines"]]) == ("45.10", ["0.500", "2.000"])
    other = await shop.step(shipment, "return", **{**said, "lines": back("1")})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/reference-used")
    too_much = await shop.step(shipment, "return", lines=back("1.001", 1))
    assert (too_much.status_code, too_much.json()["type"]) == (422, "/problems/invalid")
    too_much = await shop.step(shipment, "return", lines=back("1.5", 1), amount="20.00", reason="one is broken")
    assert (too_much.status_code, too_much.json()["type"]) == (409, "/problems/more-than-issued")
    assert (too_much.json()["line"], too_much.json()["left"], too_much.json()["rules"]) == (
        1, "1.000", ["P02.3", "P11.2", "P02.4"],
    )  # fmt: skip
    (document,) = [
        one
        for one in (await done(stage, "sales-1", "GET", f"{shop.path}/documents"))["items"]
        if one["kind"] == "return"
    ]
    opened = await done(stage, "sales-1", "GET", f"/v1/documents/{document['id']}")
    assert [(one["line"], one["product"], one["batch"], one["quantity"], one["price"]) for one in opened["lines"]] == [
        (0, "p-100", "b-7", "0.500", "10.00"), (1, "p-100", "b-8", "2.000", "20.05")
    ]  # fmt: skip
    assert opened["reason"] is None
    await shop.proved()


@pytest.mark.rule("P11.2")
async def test_less_than_the_lines_are_worth_is_booked_with_a_reason_only(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await shop.ships("600.00")
    for body, pointer in (
        ({"amount": "100.00"}, "/lines"),
        ({"lines": []}, "/lines"),
        ({"lines": back("1", 1)}, "/lines/0/line"),
        ({"lines": back("0.5"), "amount": "300.01", "reason": "too much"}, "/amount"),
        ({"lines": back("0.5"), "amount": "299.99"}, "/reason"),
        ({"lines": back("0.5"), "amount": "299.99", "reason": " "}, "/reason"),
    ):
        refused = await shop.step(shipment, "return", **body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), body
    found = await shop.step(shipment, "return", lines=back("0.5"), amount="299.99", reason="王芳拆过一箱")
    assert (found.status_code, found.json()["returned"]) == (200, "299.99")
    listed = (await done(stage, "sales-1", "GET", f"{shop.path}/documents"))["items"]
    opened = await done(stage, "sales-1", "GET", f"/v1/documents/{listed[0]['id']}")
    assert (opened["kind"], opened["amount"], opened["reason"]) == ("return", "299.99", "王芳拆过一箱")
    assert "王芳" not in str([one.message for one in await stage.outbox()])
    await shop.proved()


@pytest.mark.rule("P11.2")
async def test_two_who_take_the_same_goods_back_at_once_book_them_once(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await shop.ships("600.00")
    both = await asyncio.gather(*(shop.step(shipment, "return", lines=back("0.6")) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]
    assert (await shop.shipment(shipment))["returned"] == "360.00"


@pytest.mark.rule("P11.6")
async def test_another_branch_neither_sees_nor_ships(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    shipment = await shop.asks("100.00")
    assert (await send(stage, "sales-2", "GET", f"/v1/shipments/{shipment['id']}")).status_code == 404
    assert (await send(stage, "sales-2", "GET", shop.path)).status_code == 404
    assert (await send(stage, "sales-2", "POST", "/v1/shipments", json=shop.form("1.00"))).status_code == 404
    assert (await send(stage, "sales-2", "POST", f"/v1/shipments/{shipment['id']}/cancel")).status_code == 404
    assert (await done(stage, "sales-2", "GET", "/v1/shipments"))["items"] == []


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({"price": 10.5}, "/lines/0/price"),
        ({"price": "0.001"}, "/lines/0/price"),
        ({"quantity": 0.5}, "/lines/0/quantity"),
        ({"quantity": "0.005", "price": "0.01"}, "/lines/0"),
        ({"quantity": "-1"}, "/lines/0/quantity"),
        ({"price": "0.00"}, "/lines"),
        ({"batch": "a\u0000b"}, "/lines/0/batch"),
    ],
)
async def test_what_is_no_exact_amount_is_refused(stage: Stage, line: dict[str, object], pointer: str) -> None:
    shop = await Distributor.opened(stage)
    form = shop.form("1.00")
    form["lines"][0].update(line)
    refused = await send(stage, "sales-1", "POST", "/v1/shipments", json=form)
    assert refused.status_code == 422, refused.text
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []


@pytest.mark.rule("P11.6")
async def test_what_if_says_of_a_change_what_the_change_will_say(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    released, held = await shop.asks("900.00"), await shop.asks("700.00")
    await shop.book("payment", "250.00", shipment_id=held["id"])
    for shipment, amounts in ((held, ("350.00", "351.00", "200.00", "700.00")), (released, ("950.00", "800.01"))):
        for amount in amounts:
            asked = f"{shop.path}/what-if?amount={amount}&shipment_id={shipment['id']}"
            foreseen = (await done(stage, "sales-1", "GET", asked))["decision"]
            line = {"product": "p-100", "batch": "b-7", "quantity": "1", "price": amount}
            body = {"destination": "hz-depot-2", "lines": [line]}
            path = f"/v1/shipments/{shipment['id']}"
            decision = (await done(stage, "sales-1", "PUT", path, json=body))["decision"]
            assert foreseen == {name: decision[name] for name in foreseen}, (shipment["state"], amount)
    states = {(await shop.shipment(one))["state"] for one in (released, held)}
    assert states == {"released", "held"}
    other = await Distributor.opened(stage)
    strange = f"{other.path}/what-if?amount=1.00&shipment_id={held['id']}"
    assert (await send(stage, "sales-1", "GET", strange)).status_code == 404
    await shop.step(held, "cancel")
    gone = f"{shop.path}/what-if?amount=1.00&shipment_id={held['id']}"
    assert (await send(stage, "sales-1", "GET", gone)).status_code == 409
    await shop.proved()
