"""Over the limit: the first and the last are signed, for an amount and a time; otherwise it is paid first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.work import WorkItem, WorkState

from .nights import worked
from .trade import Distributor, at, clock, codes, done, send


async def full(stage: Stage) -> Distributor:
    """A distributor with a limit of 900.00 that is used up."""
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    await shop.book("opening", "900.00", date(2026, 2, 1))
    return shop


async def signed(shop: Distributor, amount: str) -> dict[str, Any]:
    """Goods of this amount, signed by the area manager and decided again."""
    shipment = await shop.asks(amount)
    assert (await shop.step(shipment, "ask-signature")).status_code == 200
    answer = await shop.signs(shipment)
    assert answer.status_code == 200, answer.text
    await shop.step(shipment, "release")
    return await shop.shipment(shipment)


async def work_of(stage: Stage, kind: str) -> list[WorkItem]:
    told = [one.message for one in await stage.outbox(WorkItem)]
    return [one for one in told if isinstance(one, WorkItem) and one.kind == kind]


@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.8")
@pytest.mark.rule("P11.9")
async def test_the_first_and_the_last_are_signed_and_then_it_is_paid_first(stage: Stage) -> None:
    shop = await full(stage)
    first = await signed(shop, "299.99")
    assert (first["state"], first["overrun"], first["decision"]["rules"]) == ("released", "first", ["P11.7"])
    assert first["signature"]["signer"] == "area-1"
    last = await signed(shop, "100.00")
    assert (last["state"], last["overrun"], last["decision"]["rules"]) == ("released", "last", ["P11.8"])
    third = await shop.asks("50.00")
    assert codes(third["decision"], "reasons") == ["over_limit", "overruns_used"]
    assert codes(third["decision"], "ways_out") == ["remit_first", "pay_down"]
    refused = await shop.step(third, "ask-signature")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-to-sign")
    await shop.book("payment", "50.00", shipment_id=third["id"])
    freed = await shop.step(third, "release")
    assert (freed.json()["state"], freed.json()["decision"]["way"]) == ("released", "prepaid")
    assert freed.json()["decision"]["rules"] == ["P11.9"]
    await shop.proved()


@pytest.mark.rule("P11.7")
async def test_exactly_a_third_of_the_limit_is_too_much_to_sign(stage: Stage) -> None:
    shop = await full(stage)
    third = await shop.asks("300.00")
    assert codes(third["decision"], "reasons") == ["over_limit", "too_large_to_sign"]
    refused = await shop.step(third, "ask-signature")
    assert refused.status_code == 409
    assert refused.json()["rules"] == ["P11.7", "P11.8", "P11.9"]


@pytest.mark.rule("P11.7")
async def test_a_signature_covers_its_amount_and_its_time_and_no_other_shipment(stage: Stage) -> None:
    shop = await full(stage)
    shipment = await signed(shop, "200.00")
    line = {"product": "p-100", "batch": "b-7", "quantity": "1", "price": "210.00"}
    path = f"/v1/shipments/{shipment['id']}"
    changed = await done(stage, "sales-1", "PUT", path, json={"destination": "hz-depot-2", "lines": [line]})
    assert (changed["state"], changed["signature"]) == ("held", None)
    copy = await shop.asks("200.00", copy_of=shipment["id"])
    assert copy["state"] == "held"
    await shop.step(changed, "ask-signature")
    clock(stage).later(days=1)
    await shop.signs(changed)
    await worked(stage)
    clock(stage).later(days=3)
    assert (await shop.step(changed, "release")).status_code == 200
    clock(stage).later(days=1)
    late = await shop.step(changed, "release")
    assert late.status_code == 409
    assert "signature_ended" in codes(late.json()["decision"], "reasons")
    assert Decimal((await shop.read())["released"]) == 0


@pytest.mark.rule("P11.7")
async def test_a_signature_holds_for_working_days_from_the_day_on_which_it_was_given(stage: Stage) -> None:
    at(stage, "2026-04-24T09:00:00")
    shop = await full(stage)
    shipment = await shop.asks("200.00")
    await shop.step(shipment, "ask-signature")
    at(stage, "2026-04-30T15:00:00")
    assert (await shop.signs(shipment)).status_code == 200
    # 1 to 5 May are off
    assert (await shop.shipment(shipment))["signature"]["until"] == "2026-05-08"


@pytest.mark.rule("P11.7")
async def test_a_signature_that_was_asked_for_until_a_day_holds_until_that_day(stage: Stage) -> None:
    shop = await full(stage)
    shipment = await shop.asks("200.00")
    await shop.step(shipment, "ask-signature")
    asked_before = """UPDATE kehu.approvals SET offer = offer - 'working_days' || '{"until": "2026-03-31"}'
        WHERE subject = $1::uuid RETURNING id"""
    assert len(await stage.rows(asked_before, shipment["id"])) == 1
    assert (await shop.signs(shipment)).status_code == 200
    assert (await shop.shipment(shipment))["signature"]["until"] == "2026-03-31"


@pytest.mark.rule("P11.7")
async def test_only_the_area_manager_signs_and_meanwhile_nothing_is_changed(stage: Stage) -> None:
    shop = await full(stage)
    shipment = await shop.asks("200.00")
    await shop.step(shipment, "ask-signature")
    line = {"product": "p-100", "batch": "b-7", "quantity": "1", "price": "1.00"}
    body = {"destination": "hz-depot-2", "lines": [line]}
    held = await send(stage, "sales-1", "PUT", f"/v1/shipments/{shipment['id']}", json=body)
    assert (held.status_code, held.json()["type"]) == (409, "/problems/held")
    assert (await shop.signs(shipment, "manager-1")).status_code == 403
    (seat,) = await work_of(stage, "approve.credit.overrun")
    assert (seat.role, seat.place) == ("area_manager", "area:east")
    assert (await shop.step(shipment, "release")).status_code == 409
    assert (await shop.signs(shipment)).status_code == 200


@pytest.mark.rule("P11.7")
async def test_back_within_the_limit_the_next_one_is_the_first_again(stage: Stage) -> None:
    shop = await full(stage)
    await signed(shop, "250.00")
    assert len((await shop.read())["overruns"]) == 1
    await shop.book("payment", "200.00")
    assert len((await shop.read())["overruns"]) == 1
    await shop.book("payment", "50.00")
    assert (await shop.read())["overruns"] == []
    again = await signed(shop, "200.00")
    assert again["overrun"] == "first"
    await shop.step(again, "cancel")
    assert (await shop.read())["overruns"] == []


@pytest.mark.rule("P11.8")
@pytest.mark.rule("P11.12")
async def test_the_last_is_owed_by_the_end_of_the_month_by_who_signed_it(stage: Stage) -> None:
    shop = await full(stage)
    await signed(shop, "250.00")
    last = await signed(shop, "100.00")
    assert (await shop.step(last, "invoice")).status_code == 200
    (owed,) = await work_of(stage, "credit.last_overrun")
    assert (owed.role, owed.place, owed.person) == ("area_manager", "area:east", "area-1")
    assert str(owed.due_at) == "2026-03-31 16:00:00+00:00"
    assert owed.rules == ["P11.8", "P11.12"]
    invoice = (await shop.shipment(last))["invoice_id"]
    payment = await shop.book("payment", "100.00", pays=[{"document_id": invoice, "amount": "100.00"}])
    assert (await work_of(stage, "credit.last_overrun"))[-1].state == WorkState.DONE
    await shop.reverses(payment)
    again = (await work_of(stage, "credit.last_overrun"))[-1]
    assert (again.state, again.due_at) == (WorkState.OPEN, owed.due_at)


@pytest.mark.rule("P11.7")
async def test_a_signature_frees_the_goods_by_itself(stage: Stage) -> None:
    shop = await full(stage)
    shipment = await shop.asks("200.00")
    await shop.step(shipment, "ask-signature")
    async with at_work(stage.runner()):
        await shop.signs(shipment)

        async def released() -> bool:
            return bool((await shop.shipment(shipment))["state"] == "released")

        await eventually(released)


@pytest.mark.rule("P11.14")
@pytest.mark.rule("P11.9")
async def test_who_pays_first_while_old_items_are_open_owes_a_plan(stage: Stage) -> None:
    shop = await full(stage)
    await shop.book("opening", "0.01", date(2026, 2, 1))
    shipment = await shop.asks("500.00")
    await shop.book("payment", "500.00", shipment_id=shipment["id"])
    assert (await shop.step(shipment, "release")).json()["decision"]["plan_wanted"] is True
    (plan,) = await work_of(stage, "credit.collection_plan")
    assert (plan.role, plan.rules) == ("salesperson", ["P11.4", "P11.9", "P11.14"])
    await shop.step(shipment, "release")
    assert len(await work_of(stage, "credit.collection_plan")) == 1


@pytest.mark.rule("P11.9")
async def test_money_for_one_shipment_frees_no_other_and_is_lost_when_it_bounces(stage: Stage) -> None:
    shop = await full(stage)
    shipment, other = await shop.asks("500.00"), await shop.asks("500.00")
    payment = await shop.book("payment", "500.00", shipment_id=shipment["id"])
    assert (await shop.step(other, "release")).status_code == 409
    assert (await shop.step(shipment, "release")).status_code == 200
    async with at_work(stage.runner()):
        await shop.reverses(payment)

        async def held() -> bool:
            return bool((await shop.shipment(shipment))["state"] == "held")

        await eventually(held)
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_the_standing_says_what_brings_the_account_back_and_what_if_decides_alike(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    assert (await shop.standing())["largest_signed"] == "0.00"
    await shop.bought("900.00", 10)
    await shop.ships("900.00")
    await signed(shop, "200.00")
    standing = await shop.standing()
    assert (standing["within"], Decimal(standing["over"])) == (False, Decimal("200.00"))
    assert Decimal(standing["largest_signed"]) == Decimal("299.99")
    # today's 900.00 count from tomorrow on, beside the 900.00 of ten days ago
    assert standing["back_on"] == "2026-03-03"
    asked = await shop.asks("120.00")
    foreseen = await done(stage, "sales-1", "GET", f"{shop.path}/what-if?amount=120.00")
    assert foreseen["decision"]["reasons"] == asked["decision"]["reasons"]
    assert foreseen["decision"]["ways_out"] == asked["decision"]["ways_out"]
    assert {"code": "wait", "day": "2026-03-03"}.items() <= asked["decision"]["ways_out"][-1].items()
    assert [one["id"] for one in (await shop.standing())["held"]] == [asked["id"]]
    paid = await done(stage, "sales-1", "GET", f"{shop.path}/what-if?amount=120.00&prepaid=120.00")
    assert paid["decision"]["way"] == "prepaid"


@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.8")
async def test_the_first_is_invoiced_and_issued_though_the_last_was_released_meanwhile(stage: Stage) -> None:
    shop = await full(stage)
    first, last = await signed(shop, "200.00"), await signed(shop, "100.00")
    for shipment, kind in ((first, "first"), (last, "last")):
        for verb in ("invoice", "issue"):
            done_so = await shop.step(shipment, verb)
            assert (done_so.status_code, done_so.json()["decision"]["way"]) == (200, f"{kind}_overrun"), verb
    assert [one["kind"] for one in (await shop.read())["overruns"]] == ["first", "last"]
    await shop.proved()


@pytest.mark.rule("P11.8")
async def test_the_last_stays_signed_when_the_first_is_cancelled(stage: Stage) -> None:
    shop = await full(stage)
    first, last = await signed(shop, "200.00"), await signed(shop, "100.00")
    await shop.step(first, "cancel")
    invoiced = await shop.step(last, "invoice")
    assert (invoiced.status_code, invoiced.json()["overrun"]) == (200, "last")
    assert codes((await shop.asks("50.00"))["decision"], "ways_out") == ["remit_first", "pay_down"]


@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.8")
@pytest.mark.rule("P11.12")
async def test_goods_that_leave_by_a_signature_are_the_first_and_the_last_too(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    await shop.bought("600.00", 30)
    await shop.book("opening", "900.00", date(2026, 2, 1))
    first, last, third = [await shop.asks("150.00") for _ in range(3)]
    for shipment in (first, last, third):
        assert (await shop.step(shipment, "invoice")).status_code == 200
    at(stage, "2026-04-01T09:00:00")
    await shop.bought("900.00", 10)
    await shop.book("opening", "900.00", date(2026, 3, 1))
    for shipment, kind in ((first, "first"), (last, "last")):
        # that they are held is found by asking; nobody has tried to issue them
        assert (await shop.step(shipment, "ask-signature")).status_code == 200
        assert (await shop.signs(shipment)).status_code == 200
        counted = (await shop.read())["overruns"]
        await worked(stage)
        # they may go from now on; the turn is taken when they do
        assert (await shop.shipment(shipment))["decision"]["way"] == f"{kind}_overrun"
        assert (await shop.read())["overruns"] == counted
        gone = await shop.step(shipment, "issue")
        assert (gone.status_code, gone.json()["overrun"]) == (200, kind)
    (owed,) = await work_of(stage, "credit.last_overrun")
    # of the month in which it went over, not of its invoice
    assert (owed.person, str(owed.due_at)) == ("area-1", "2026-04-30 16:00:00+00:00")
    refused = await shop.step(third, "ask-signature")
    assert (refused.status_code, refused.json()["ways_out"]) == (409, ["remit_first", "pay_down"])
    invoice = (await shop.shipment(last))["invoice_id"]
    payment = await shop.book("payment", "150.00", pays=[{"document_id": invoice, "amount": "150.00"}])
    await shop.reverses(payment)
    assert (await work_of(stage, "credit.last_overrun"))[-1].due_at == owed.due_at
    await shop.proved()


@pytest.mark.rule("P11.5")
@pytest.mark.rule("P11.7")
async def test_at_a_long_term_the_episode_ends_within_what_sales_has_approved(stage: Stage) -> None:
    shop = await Distributor.opened(stage, term_days=60)
    await shop.bought("2000.00", 10)
    body = {"amount": "900.00", "until": "2026-03-31"}
    await done(stage, "sales-1", "POST", f"{shop.path}/terms", json=body)
    assert (await shop.signs({"id": str(shop.account)}, "manager-1")).status_code == 200
    await shop.book("opening", "900.00", date(2026, 2, 1))
    assert [(await signed(shop, "100.00"))["overrun"] for _ in range(2)] == ["first", "last"]
    await shop.book("payment", "200.00")
    assert (await shop.read())["overruns"] == []


@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.3")
async def test_the_limit_brings_nobody_back_on_a_day_on_which_the_credit_has_ended(stage: Stage) -> None:
    at(stage, "2026-12-31T09:00:00")
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    await shop.ships("900.00")
    await shop.book("opening", "10.00", date(2026, 12, 1))
    # a wider limit comes with the new year, and with it what is open is last year's
    assert (await shop.standing())["back_on"] is None
    assert "wait" not in codes((await shop.asks("100.00"))["decision"], "ways_out")


@pytest.mark.rule("P11.7")
async def test_what_is_cancelled_waits_for_no_signature(stage: Stage) -> None:
    shop = await full(stage)
    shipment = await shop.asks("200.00")
    await shop.step(shipment, "ask-signature")
    cancelled = (await shop.step(shipment, "cancel")).json()
    assert (cancelled["state"], cancelled["waits_for"]) == ("cancelled", [])
    assert (await work_of(stage, "approve.credit.overrun"))[-1].state == WorkState.WAIVED
    asked = await done(stage, "area-1", "GET", f"/v1/approvals?subject={shipment['id']}&state=open")
    assert asked["items"] == []


@pytest.mark.rule("P11.6")
async def test_goods_held_on_their_way_out_are_listed_with_the_held_until_they_may_go(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    invoiced, request = await shop.asks("800.00"), await shop.asks("200.00")
    assert (await shop.step(invoiced, "invoice")).status_code == 200
    await shop.book("opening", "150.00", date(2026, 1, 5))
    listed = "/v1/shipments?held=true&branch=hz-dist-1"
    assert [one["id"] for one in (await done(stage, "sales-1", "GET", listed))["items"]] == [request["id"]]
    assert (await shop.step(invoiced, "issue")).status_code == 409
    assert [one["id"] for one in (await done(stage, "sales-1", "GET", listed))["items"]] == [
        request["id"],
        invoiced["id"],
    ]
    standing = await shop.standing()
    assert [(one["id"], one["state"]) for one in standing["held"]] == [
        (invoiced["id"], "invoiced"), (request["id"], "held"),
    ]  # fmt: skip
    assert standing["more_held"] is False
    await shop.book("payment", "150.00")
    await worked(stage)
    # decided again when money came, as requests are
    assert (await shop.shipment(invoiced))["decision"]["way"] == "within_limit"
    assert [one["id"] for one in (await shop.standing())["held"]] == [request["id"]]
    assert (await shop.step(invoiced, "issue")).status_code == 200
    await shop.proved()


@pytest.mark.rule("P11.6")
async def test_where_more_than_a_hundred_are_held_the_standing_says_so(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    for _ in range(101):
        await shop.asks("10.00")
    standing = await shop.standing()
    assert (len(standing["held"]), standing["more_held"]) == (100, True)
