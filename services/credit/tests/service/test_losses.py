"""Losses: goods out without a release, a last overrun unpaid, bad debt; who bears what is approved, to the cent."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from chassis.ids import uuid7
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.money import Money
from contracts.notify import Send
from contracts.staff import RecordBreach
from contracts.work import WorkState
from credit.losses.model import Loss
from policy.approvals import undeclared
from policy.kit import hire
from policy.policies import Policies

from .test_overruns import full, signed, work_of
from .trade import Distributor, at, clock, done, send

PATH = "/v1/losses"


async def set_proportions(stage: Stage, **proportions: dict[str, int]) -> None:
    """An approved version of the group's policy says who bears which part, as if it had been there for long."""
    await stage.rows(
        """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason, proposed_by,
               proposed_at, decided_at, held, version, sequence)
           VALUES ($1, 'credit', 'group', $2::jsonb, $3, 'approved', 'test', 'gm-1', now(), now(), '{}', 1, 0)
           RETURNING id""",
        uuid7(),
        orjson.dumps({"proportions": proportions}).decode(),
        date(2020, 1, 1),
    )
    await Policies.of(stage.runtime).refresh()


async def posts(stage: Stage) -> None:
    await hire(stage, "logistics-1", "logistics_specialist@hz-dist-1")
    await hire(stage, "head-1", "marketing_head@hz-dist-1")
    await hire(stage, "chief-1", "general_manager@hz-dist-1")


async def losses(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await done(stage, "finance-1", "GET", PATH))["items"]
    return found


async def shares_approved(shop: Distributor, loss: dict[str, Any], *bearers: tuple[str, str]) -> dict[str, Any]:
    """Finance asks, the general manager approves, and the ledger is worked out."""
    await shares_asked(shop, loss, *bearers)
    return await approved(shop, loss)


async def shares_asked(shop: Distributor, loss: dict[str, Any], *bearers: tuple[str, str]) -> None:
    body = {"bearers": [{"part": part, "person": person} for part, person in bearers]}
    await done(shop.stage, "finance-1", "POST", f"{PATH}/{loss['id']}/ask-shares", json=body)


async def approved(shop: Distributor, loss: dict[str, Any]) -> dict[str, Any]:
    answer = await shop.signs(loss, "chief-1")
    assert answer.status_code == 200, answer.text

    async def ended() -> dict[str, Any] | None:
        found = await done(shop.stage, "finance-1", "GET", f"{PATH}/{loss['id']}")
        return found if found["state"] in ("borne", "dismissed") else None

    async with at_work(shop.stage.runner()):
        found = await eventually(ended)
    assert found is not None
    return found


async def breaches(stage: Stage) -> list[RecordBreach]:
    return [one.message for one in await stage.outbox(RecordBreach) if isinstance(one.message, RecordBreach)]


@pytest.mark.rule("P11.11")
@pytest.mark.rule("P11.13")
@pytest.mark.rule("P11.15")
async def test_goods_that_left_without_a_release_are_a_case_against_three_posts(stage: Stage) -> None:
    await posts(stage)
    shop = await full(stage)
    shipment = await shop.asks("100.00")
    assert (await shop.step(shipment, "issue", already_out=True)).status_code == 200
    (loss,) = await losses(stage)
    assert (loss["kind"], loss["state"], loss["legal_reserved"]) == ("unauthorised_shipment", "found", True)
    told, posts_told = [one.message for one in await stage.outbox(Send)]
    assert isinstance(told, Send)
    assert isinstance(posts_told, Send)
    assert posts_told.path == f"/v1/shipments/{shipment['id']}"
    assert (told.to, told.path) == (
        ["general_manager@hz-dist-1", "finance@hz-dist-1"],
        f"{PATH}/{loss['id']}",
    )
    (owed,) = await work_of(stage, "credit.loss")
    assert owed.role == "finance"
    early = await send(stage, "finance-1", "POST", f"{PATH}/{loss['id']}/ask-shares", json={})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-at-this-state")
    await done(stage, "finance-1", "POST", f"{PATH}/{loss['id']}/verify", json={"founded": True})
    borne = await shares_approved(shop, loss)
    assert [(one["part"], one["person"], one["amount"]) for one in borne["shares"]] == [
        ("logistics_specialist", "logistics-1", "33.34"),
        ("warehouse_keeper", "keeper-1", "33.33"),
        ("marketing_head", "head-1", "33.33"),
    ]
    told_staff = await breaches(stage)
    assert {(one.person, one.part, one.kind, one.rule) for one in told_staff} == {
        ("logistics-1", "logistics_specialist", "unauthorised_shipment", "P11.11"),
        ("keeper-1", "warehouse_keeper", "unauthorised_shipment", "P11.11"),
        ("head-1", "marketing_head", "unauthorised_shipment", "P11.11"),
    }
    assert {one.base for one in told_staff} == {Money(amount=Decimal("100.00"))}
    assert {one.subject for one in told_staff} == {loss["id"]}


@pytest.mark.rule("P11.11")
async def test_what_was_not_so_ends_with_its_verification(stage: Stage) -> None:
    shop = await full(stage)
    shipment = await shop.asks("100.00")
    await shop.step(shipment, "issue", already_out=True)
    (loss,) = await losses(stage)
    path = f"{PATH}/{loss['id']}/verify"
    gone = await done(stage, "finance-1", "POST", path, json={"founded": False})
    assert gone["state"] == "dismissed"
    assert (await send(stage, "finance-1", "POST", path, json={"founded": True})).status_code == 409
    assert await breaches(stage) == []


@pytest.mark.rule("P11.11")
async def test_released_goods_are_no_case(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    await shop.ships("100.00")
    assert await losses(stage) == []


@pytest.mark.rule("P11.10")
@pytest.mark.rule("P11.15")
async def test_bad_debt_is_held_until_the_proportions_are_set_and_then_written_off(stage: Stage) -> None:
    await posts(stage)
    shop = await Distributor.opened(stage)
    invoice = await shop.bought("100.01", 40, paid=False)
    await shop.book("payment", "0.01")
    body = {"document_id": invoice["id"]}
    both = await asyncio.gather(*(send(stage, "finance-1", "POST", PATH, json=body) for _ in range(2)))
    assert sorted(answer.status_code for answer in both) == [200, 201]
    loss = both[0].json()
    assert (loss["id"], loss["amount"], loss["rule"]) == (both[1].json()["id"], "100.00", "P11.10")
    held = await send(stage, "finance-1", "POST", f"{PATH}/{loss['id']}/ask-shares", json={})
    assert (held.status_code, held.json()["type"]) == (409, "/problems/proportions-not-set")
    assert (held.json()["rules"], held.json()["missing"]) == (["P11.15"], "credit.proportions")
    await set_proportions(stage, bad_debt={"salesperson": 1, "area_manager": 1, "company": 1})
    unclear = await send(stage, "finance-1", "POST", f"{PATH}/{loss['id']}/ask-shares", json={})
    assert unclear.status_code == 422
    named = ("salesperson", "sales-1"), ("area_manager", "area-1")
    borne = await shares_approved(shop, loss, *named)
    assert [(one["person"], one["amount"]) for one in borne["shares"]] == [
        (None, "33.34"),
        ("sales-1", "33.33"),
        ("area-1", "33.33"),
    ]
    assert {(one.person, one.part, one.kind) for one in await breaches(stage)} == {
        ("sales-1", "salesperson", "bad_debt"),
        ("area-1", "area_manager", "bad_debt"),
    }
    assert (await shop.read())["balance"] == "0.00"
    await shop.proved()
    again = await send(stage, "finance-1", "POST", f"{PATH}/{loss['id']}/ask-shares", json={})
    assert again.status_code == 409


@pytest.mark.rule("P11.10")
async def test_what_was_written_off_is_not_reversed_for_the_write_off_would_pay_other_debts(stage: Stage) -> None:
    await posts(stage)
    await set_proportions(stage, bad_debt={"company": 1})
    shop = await Distributor.opened(stage)
    invoice = await shop.bought("100.00", 40, paid=False)
    opening = await shop.book("opening", "70.00", date(2026, 1, 1))
    for document in (invoice, opening):
        loss = await done(stage, "finance-1", "POST", PATH, json={"document_id": document["id"]})
        assert (await shares_approved(shop, loss))["state"] == "borne"
    for document in (invoice, opening):
        path = f"/v1/documents/{document['id']}/reverse"
        refused = await send(stage, "finance-1", "POST", path, json={"reason": "booked twice"})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/corrections-first")
    (written,) = await stage.rows("SELECT id::text FROM documents WHERE kind = 'write_off' AND amount = 70")
    await shop.reverses({"id": written["id"]})
    await shop.reverses(opening)
    assert (await shop.read())["balance"] == "0.00"
    await shop.proved()


@pytest.mark.rule("P11.10")
async def test_what_is_paid_before_it_is_borne_is_borne_by_nobody(stage: Stage) -> None:
    await posts(stage)
    await set_proportions(stage, bad_debt={"salesperson": 1})
    shop = await Distributor.opened(stage)
    invoice = await shop.bought("100.00", 40, paid=False)
    loss = await done(stage, "finance-1", "POST", PATH, json={"document_id": invoice["id"]})
    await shares_asked(shop, loss, ("salesperson", "sales-1"))
    await shop.book("payment", "100.00")
    assert (await approved(shop, loss))["state"] == "dismissed"
    assert await breaches(stage) == []
    await shop.proved()


@pytest.mark.rule("P11.12")
@pytest.mark.rule("P11.8")
async def test_a_last_overrun_that_is_open_at_month_end_is_its_signers_loss(stage: Stage) -> None:
    await posts(stage)
    await set_proportions(stage, last_overrun_unpaid={"signer": 30, "company": 70})
    shop = await full(stage)
    await signed(shop, "250.00")
    last = await signed(shop, "100.00")
    assert (await shop.step(last, "invoice")).status_code == 200
    invoice = (await shop.shipment(last))["invoice_id"]
    paid = await shop.book("payment", "40.00", pays=[{"document_id": invoice, "amount": "40.00"}])
    at(stage, "2026-03-31T23:59:59")
    async with at_work(stage.runner()):
        await shop.standing()
        assert await losses(stage) == []
        clock(stage).later(seconds=2)
        (loss,) = await eventually(lambda: losses(stage))
    assert (loss["kind"], loss["amount"], loss["state"]) == ("last_overrun_unpaid", "60.00", "verified")
    borne = await shares_approved(shop, loss)
    assert [(one["person"], one["amount"]) for one in borne["shares"]] == [("area-1", "18.00"), (None, "42.00")]
    (breach,) = await breaches(stage)
    assert (breach.person, breach.part, breach.base) == ("area-1", "signer", Money(amount=Decimal("60.00")))
    await shop.reverses(paid)
    async with at_work(stage.runner()):

        async def both() -> bool:
            return len(await losses(stage)) == 2

        await eventually(both)
    bounced, _ = await losses(stage)
    assert (bounced["amount"], bounced["state"]) == ("40.00", "verified")
    assert [one["amount"] for one in (await shares_approved(shop, bounced))["shares"]] == ["12.00", "28.00"]


@pytest.mark.rule("P11.10")
async def test_losses_are_seen_by_who_decides_about_them_at_their_branch(stage: Stage) -> None:
    await hire(stage, "finance-2", "finance@bj-dist-2")
    shop = await Distributor.opened(stage)
    invoice = await shop.bought("100.00", 40, paid=False)
    body = {"document_id": invoice["id"]}
    assert (await send(stage, "finance-2", "POST", PATH, json=body)).status_code == 404
    assert (await send(stage, "sales-1", "POST", PATH, json=body)).status_code == 403
    loss = await done(stage, "finance-1", "POST", PATH, json=body)
    assert (await send(stage, "finance-2", "GET", f"{PATH}/{loss['id']}")).status_code == 404
    assert (await done(stage, "finance-2", "GET", PATH))["items"] == []
    paid = await shop.book("payment", "1.00")
    refused = await send(stage, "finance-1", "POST", PATH, json={"document_id": paid["id"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-owed")


def test_every_change_of_a_loss_is_declared() -> None:
    assert undeclared(Loss) == []


@pytest.mark.rule("P11.10")
async def test_what_bounces_after_a_bad_debt_was_borne_is_another_one(stage: Stage) -> None:
    await posts(stage)
    await set_proportions(stage, bad_debt={"company": 1})
    shop = await Distributor.opened(stage)
    invoice = await shop.bought("100.00", 40, paid=False)
    body = {"document_id": invoice["id"]}
    for bounced, amount in ((await shop.book("payment", "40.00"), "60.00"), (None, "40.00")):
        loss = await done(stage, "finance-1", "POST", PATH, json=body)
        again = await send(stage, "finance-1", "POST", PATH, json=body)
        assert (loss["amount"], loss["state"], again.status_code, again.json()["id"]) == (
            amount, "verified", 200, loss["id"],
        )  # fmt: skip
        assert (await shares_approved(shop, loss))["amount"] == amount
        if bounced is not None:
            await shop.reverses(bounced)
    assert (await done(stage, "finance-1", "POST", PATH, json=body))["state"] == "borne"
    assert (await shop.read())["balance"] == "0.00"
    await shop.proved()


@pytest.mark.rule("P11.10")
@pytest.mark.rule("P11.15")
async def test_a_bad_debt_that_was_paid_ends_though_no_proportions_are_set(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    invoice = await shop.bought("100.00", 40, paid=False)
    loss = await done(stage, "finance-1", "POST", PATH, json={"document_id": invoice["id"]})
    await shop.book("payment", "99.99")
    path = f"{PATH}/{loss['id']}/ask-shares"
    assert (await send(stage, "finance-1", "POST", path, json={})).status_code == 409
    await shop.book("payment", "0.01")
    assert (await done(stage, "finance-1", "POST", path, json={}))["state"] == "dismissed"
    assert (await work_of(stage, "credit.loss"))[-1].state == WorkState.DONE
