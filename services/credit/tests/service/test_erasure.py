"""A customer who is forgotten leaves books that still add up and lead to nobody."""

from __future__ import annotations

from uuid import uuid4

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.customer import ConfirmErasure, CustomerErased
from policy.kit import give_reasons, reasons_about

from .trade import Distributor, clock, customer_known, done


async def erased(stage: Stage, shop: Distributor) -> CustomerErased:
    said = CustomerErased(erasure_id=uuid4(), customer_id=shop.customer, erased_at=stage.runtime.clock())
    record = await stage.receive(said, key=str(shop.customer))
    await stage.consumer.consume([record])
    return said


async def answered(stage: Stage) -> list[ConfirmErasure]:
    return [one.message for one in await stage.outbox(ConfirmErasure) if isinstance(one.message, ConfirmErasure)]


@pytest.mark.rule("P05.14")
async def test_the_books_of_a_forgotten_customer_stay_and_lead_to_nobody(stage: Stage) -> None:
    shop, other = await Distributor.opened(stage), await Distributor.opened(stage)
    await done(stage, "finance-1", "PUT", f"{shop.path}/code", json={"code": "1001"})
    await shop.bought("900.00", 10)
    shipment = await shop.ships("500.00")
    await shop.book("payment", "500.00")
    kept = await other.bought("100.00", 5)
    about = (shop.account, shipment["id"], other.account)
    await give_reasons(stage, *about)
    said = await erased(stage, shop)
    async with at_work(stage.runner()):
        (answer,) = await eventually(lambda: answered(stage))
    # the number of the books, the account's link, two invoices and two payments, one shipment, two reasons
    assert (answer.erasure_id, answer.service, answer.destroyed) == (said.erasure_id, "credit", 9)
    assert await reasons_about(stage, *about) == [False, False, True]
    for table in ("account_customers", "documents", "shipments"):
        assert str(shop.customer) not in str(await stage.rows(f"SELECT * FROM {table}"))
    assert (await shop.read())["code"] is None
    await shop.proved()
    assert (await shop.shipment(shipment))["amount"] == "500.00"
    assert (await done(stage, "sales-1", "GET", f"/v1/documents/{kept['id']}"))["customer_id"] == str(other.customer)
    assert "customer_unknown" in (await shop.standing())["missing"]


@pytest.mark.rule("P05.14")
async def test_why_a_document_was_taken_back_is_not_to_be_read_any_more(stage: Stage) -> None:
    shop, other = await Distributor.opened(stage), await Distributor.opened(stage)
    reversal, kept = [await one.reverses(await one.book("payment", "9.00")) for one in (shop, other)]
    await erased(stage, shop)
    async with at_work(stage.runner()):
        await eventually(lambda: answered(stage))
    opened = [await done(stage, "sales-1", "GET", f"/v1/documents/{one['id']}") for one in (reversal, kept)]
    assert [(one["amount"], one["reason"]) for one in opened] == [("9.00", None), ("9.00", kept["reason"])]


@pytest.mark.rule("P05.14")
async def test_who_still_owes_is_forgotten_once_it_is_paid(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10, paid=False)
    await erased(stage, shop)
    waiting = "SELECT run_at FROM kehu.jobs WHERE kind = 'forget_customer' AND run_at > $1"
    async with at_work(stage.runner()):
        await eventually(lambda: stage.rows(waiting, stage.runtime.clock()))
        assert await answered(stage) == []
        await shop.book("payment", "900.00")
        clock(stage).later(days=1)
        (answer,) = await eventually(lambda: answered(stage))
    assert answer.destroyed == 3


@pytest.mark.rule("P05.14")
async def test_a_customer_without_an_account_is_answered_too(stage: Stage) -> None:
    customer = uuid4()
    said = CustomerErased(erasure_id=uuid4(), customer_id=customer, erased_at=stage.runtime.clock())
    await stage.consumer.consume([await stage.receive(said, key=str(customer))])
    async with at_work(stage.runner()):
        (answer,) = await eventually(lambda: answered(stage))
    assert (answer.customer_id, answer.destroyed) == (customer, 0)


@pytest.mark.rule("P05.14")
@pytest.mark.rule("P11.1")
async def test_who_shares_the_account_goes_on_with_it_and_nothing_of_theirs_names_who_is_forgotten(
    stage: Stage,
) -> None:
    shop, partner = await Distributor.opened(stage), uuid4()
    await shop.bought("900.00", 10)
    await customer_known(stage, partner)
    await done(stage, "sales-1", "POST", f"{shop.path}/customers", json={"customer_id": str(partner)})
    # held for want of the partner's papers, and gone all the same
    gone, held = await shop.asks("100.00"), await shop.asks("200.00")
    assert (await shop.step(gone, "issue", already_out=True)).status_code == 200
    assert str(partner) in str(await stage.rows("SELECT decision FROM shipments"))
    await erased(stage, Distributor(stage, partner, shop.account))
    async with at_work(stage.runner()):
        await eventually(lambda: answered(stage))

        async def released() -> bool:
            return bool((await shop.shipment(held))["state"] == "released")

        await eventually(released)
    assert [one["customer_id"] for one in (await shop.read())["customers"]] == [str(shop.customer)]
    for table in ("account_customers", "documents", "shipments"):
        assert str(partner) not in str(await stage.rows(f"SELECT * FROM {table}"))
    await shop.proved()
