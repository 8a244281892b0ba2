"""A distributor's way: from the file and its papers to credit, over the limit, and to who bears what is not paid."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from chassis.runtime import utc_now
from policy.calendar import civil

from tests.faults.system import System
from tests.journeys.trading import (
    AREA_MANAGER,
    BRANCH,
    FINANCE,
    HEAD,
    KEEPER,
    SELLER,
    asked,
    booked,
    deduction,
    leaves,
    proportions,
)
from tests.journeys.walk import Walk

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

PHONE = "14207779501"
CONTRACT = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.2")
@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.8")
@pytest.mark.rule("P11.10")
@pytest.mark.rule("P11.15")
async def test_a_distributor_gets_credit_ships_over_the_limit_and_the_bearers_of_what_is_lost_are_told(
    walk: Walk, running: System
) -> None:
    customer = await registered(walk)
    form = {"branch": BRANCH, "customer_ids": [customer], "contract": "distribution", "term_days": 30}
    account = await walk.does(FINANCE, "credit", "/v1/accounts", form)
    assert not account["eligible"]
    assert {lack["code"] for lack in account["missing"]} >= {"contract"}
    await filed(walk, running, customer)
    path = f"/v1/accounts/{account['id']}"
    eligible = await walk.sees(SELLER, "credit", path, lambda seen: seen["eligible"])
    assert eligible["missing"] == []
    assert eligible["customers"][0]["confirmed_at"] is not None

    # goods of twenty days ago, paid since, are the limit; an account that owes nothing ships within it
    on = str(civil(utc_now()) - timedelta(days=20))
    before = await booked(walk, path, customer, "invoice", "9000.00", on, issued_on=on)
    await booked(walk, path, customer, "payment", "9000.00", on, pays=[{"document_id": before["id"]}])
    assert (await walk.sees(SELLER, "credit", path, lambda seen: True))["limit"] == "9000.00"
    within = await asked(walk, account, customer, "8000.00")
    assert (within["state"], within["decision"]["rules"]) == ("released", ["P11.6"])
    await leaves(walk, within)

    # the first over the limit goes with one signature, the last with another
    first = await over(walk, account, customer, "2000.00", "first_overrun", "1000.00")
    await leaves(walk, first)
    await booked(walk, path, customer, "payment", "500.00", str(civil(utc_now())))
    last = await over(walk, account, customer, "1500.01", "last_overrun", "2000.01")
    await leaves(walk, last)
    stands = await walk.sees(SELLER, "credit", path, lambda seen: True)
    assert (stands["balance"], stands["released"]) == ("11000.01", "0.00")
    assert [one["kind"] for one in stands["overruns"]] == ["first", "last"]

    # it is not paid: nothing is shared before the policy says how, and its day has come
    invoice = (await walk.sees(FINANCE, "credit", f"/v1/shipments/{last['id']}", lambda seen: True))["invoice_id"]
    loss = await walk.does(FINANCE, "credit", "/v1/losses", {"document_id": invoice})
    # what finance itself declares is verified by that
    assert (loss["rule"], loss["state"], loss["amount"]) == ("P11.8", "verified", "1500.01")
    loss_path = f"/v1/losses/{loss['id']}"
    named = {"salesperson": SELLER, "area_manager": AREA_MANAGER}
    share = {"bearers": [{"part": part, "person": person} for part, person in named.items()]}
    refused = await walk.asks(FINANCE, "credit", "POST", f"{loss_path}/ask-shares", share)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/proportions-not-set")
    await proportions(walk, running.databases["credit"])

    # staff is away while it is decided who bears what, and catches up
    (staff,) = running.of("staff.all")
    with running.holding(staff):
        staff.process.kill()
        await walk.does(FINANCE, "credit", f"{loss_path}/ask-shares", share)
        assert (await walk.signs([HEAD], loss["id"], "credit"))[1] == HEAD
        borne = await walk.sees(FINANCE, "credit", loss_path, lambda seen: seen["state"] == "borne")
        assert (await walk.asks(SELLER, "staff", "GET", f"/v1/conduct/breaches?person={SELLER}")).status_code == 503
        staff.process.start()
    shares = {one["person"]: Decimal(one["amount"]) for one in borne["shares"]}
    assert set(shares) == {SELLER, AREA_MANAGER, None}
    assert sum(shares.values()) == Decimal("1500.01")
    deducted = {who: await deduction(walk, who, loss["id"], "1500.01") for who in (SELLER, AREA_MANAGER)}
    assert deducted == {who: shares[who] for who in (SELLER, AREA_MANAGER)}

    # it is written off, what is left is owed, and every figure is what its parts add up to
    stands = await walk.sees(SELLER, "credit", path, lambda seen: True)
    assert stands["balance"] == "9500.00"
    proof = await walk.sees(FINANCE, "credit", f"{path}/proof", lambda seen: True)
    assert proof["wrong"] == []


async def registered(walk: Walk) -> str:
    """A distributor in the directory, confirmed by its branch's head; the id."""
    form = {
        "kind": "organisation", "branch": BRANCH, "customer_class": "key", "name": "示例江南商贸行",
        "phones": [PHONE], "enterprise_nature": "民营", "supervising_unit": "无", "address": "示例路 9 号",
        "contact_person": "钱示例",
    }  # fmt: skip
    customer = await walk.does(KEEPER, "customer", "/v1/customers", form)
    await walk.does(HEAD, "customer", f"/v1/customers/{customer['id']}/confirm")
    return str(customer["id"])


async def filed(walk: Walk, running: System, customer: str) -> None:
    """The account opener's identity copy and the signed contract in the customer's dossier."""
    new = {"kind": "customer", "about": customer, "branch": BRANCH}
    dossier = await walk.does(KEEPER, "archive", "/v1/dossiers", new)
    items = f"/v1/dossiers/{dossier['id']}/items"
    await walk.does(KEEPER, "archive", items, {"kind": "account_opener_identity", "medium": "paper"})
    until = str(civil(utc_now()) + timedelta(days=300))
    paper = {"kind": "distribution_contract", "medium": "scan", "valid_until": until}
    item = await walk.does(KEEPER, "archive", items, paper)
    headers = {"Authorization": f"Bearer {running.ground.token(KEEPER)}", "Content-Type": "application/pdf"}
    async with httpx.AsyncClient(base_url=running.serving("archive")[0].address, timeout=30) as client:
        answer = await client.put(f"/v1/items/{item['id']}/content", content=CONTRACT, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["sha256"] == hashlib.sha256(CONTRACT).hexdigest()


async def over(
    walk: Walk, account: dict[str, Any], customer: str, amount: str, way: str, excess: str
) -> dict[str, Any]:
    """Goods over the limit by `excess`: held with reasons and ways out, asked for, signed, and released by that."""
    shipment = await asked(walk, account, customer, amount)
    decision = shipment["decision"]
    assert shipment["state"] == "held"
    assert [(one["code"], one["amount"]) for one in decision["reasons"]] == [("over_limit", excess)]
    assert (way, amount) in {(one["code"], one["amount"]) for one in decision["ways_out"]}
    await walk.does(SELLER, "credit", f"/v1/shipments/{shipment['id']}/ask-signature")
    assert await walk.signs([AREA_MANAGER], shipment["id"], "credit") == ("credit.overrun", AREA_MANAGER)
    seen = await walk.sees(
        SELLER, "credit", f"/v1/shipments/{shipment['id']}", lambda seen: seen["state"] == "released"
    )
    assert seen["decision"]["way"] == way
    return seen
