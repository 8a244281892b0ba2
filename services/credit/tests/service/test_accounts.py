"""Credit needs a confirmed customer, its papers and no old items; what is missing is named, and changes decide anew."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.credit import EligibilityChanged
from contracts.work import WorkItem, WorkState
from credit.account import Account
from credit.shipments.model import Shipment
from policy.approvals import undeclared

from .nights import worked
from .trade import CONTRACT, IDENTITY, Distributor, clock, codes, customer_known, done, papers_filed, send


def missing(account: dict[str, Any]) -> list[str]:
    return [one["code"] for one in account["missing"]]


async def work_of(stage: Stage, kind: str) -> list[WorkItem]:
    told = [one.message for one in await stage.outbox(WorkItem)]
    return [one for one in told if isinstance(one, WorkItem) and one.kind == kind]


@pytest.mark.rule("P11.1")
async def test_what_is_missing_is_named_with_the_age_of_each_fact(stage: Stage) -> None:
    shop = await Distributor.opened(stage, known=False, papers=())
    assert missing(await shop.read()) == ["customer_unknown", "contract"]
    await customer_known(stage, shop.customer, confirmed=False)
    dossier = await papers_filed(stage, shop.customer, IDENTITY)
    found = await shop.read()
    assert missing(found) == ["customer_not_confirmed", "contract"]
    assert found["missing"][0]["as_of"] == "2026-03-02T01:15:00Z"
    await customer_known(stage, shop.customer, sequence=2)
    await papers_filed(stage, shop.customer, IDENTITY, CONTRACT, dossier=dossier, sequence=2)
    assert (await shop.read())["eligible"] is True


@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.4")
async def test_without_credit_it_is_cash_before_pick_up(stage: Stage) -> None:
    shop = await Distributor.opened(stage, papers=(IDENTITY,))
    await shop.bought("1000.00", 10)
    shipment = await shop.asks("100.00")
    assert codes(shipment["decision"], "reasons") == ["contract", "no_credit"]
    assert codes(shipment["decision"], "ways_out") == ["settle_contract", "pay_cash"]
    await shop.book("payment", "99.99", shipment_id=shipment["id"])
    assert (await shop.step(shipment, "release")).status_code == 409
    await shop.book("payment", "0.01", shipment_id=shipment["id"])
    released = await shop.step(shipment, "release")
    assert (released.json()["decision"]["way"], released.json()["decision"]["rules"]) == ("cash", ["P11.4"])
    assert released.json()["decision"]["plan_wanted"] is False
    (told,) = await stage.outbox(EligibilityChanged)
    assert told.message is not None
    assert told.message.model_dump()["missing"] == ["contract"]
    await shop.proved()


@pytest.mark.rule("P11.1")
async def test_an_open_item_of_last_year_ends_the_credit_until_it_is_paid(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    await shop.book("opening", "10.00", date(2025, 12, 31))
    held = await shop.asks("100.00")
    assert codes(held["decision"], "reasons") == ["old_items", "no_credit"]
    async with at_work(stage.runner()):
        await shop.book("payment", "10.00")

        async def released() -> bool:
            return bool((await shop.shipment(held))["state"] == "released")

        await eventually(released)


@pytest.mark.rule("P11.1")
async def test_a_contract_that_ends_takes_the_credit_and_its_renewal_was_owed_before(stage: Stage) -> None:
    shop = await Distributor.opened(stage, papers=(IDENTITY,))
    await shop.bought("1000.00", 1)
    dossier = await papers_filed(stage, shop.customer, CONTRACT, until=date(2026, 3, 10))
    (owed,) = await work_of(stage, "credit.renew_contract")
    assert str(owed.due_at) == "2026-03-10 16:00:00+00:00"
    clock(stage).at("2026-03-10 23:59")
    assert (await shop.asks("100.00"))["state"] == "released"
    clock(stage).at("2026-03-11 00:00")
    held = await shop.asks("100.00")
    assert codes(held["decision"], "reasons") == ["contract_ended", "no_credit"]
    await papers_filed(stage, shop.customer, CONTRACT, until=date(2027, 3, 10))
    assert missing(await shop.read()) == []
    states = [one.state for one in await work_of(stage, "credit.renew_contract")]
    assert states == [WorkState.OPEN, WorkState.DONE, WorkState.OPEN] or states == [
        WorkState.OPEN,
        WorkState.OPEN,
        WorkState.DONE,
    ]
    assert dossier


@pytest.mark.rule("P11.1")
async def test_a_lost_fact_takes_back_what_was_released_and_not_invoiced(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await shop.asks("100.00")
    async with at_work(stage.runner()):
        await customer_known(stage, shop.customer, confirmed=False, sequence=2)

        async def held() -> bool:
            return bool((await shop.shipment(shipment))["state"] == "held")

        await eventually(held)
    assert Decimal((await shop.read())["released"]) == 0


@pytest.mark.rule("P11.1")
async def test_facts_grow_too_old_and_a_review_makes_them_good(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    (owed,) = await work_of(stage, "credit.review")
    assert str(owed.due_at) == "2027-03-02 16:00:00+00:00"
    clock(stage).at("2027-03-04 09:00")
    assert missing(await shop.read()) == ["fact_too_old", "fact_too_old"]
    reviewed = await done(stage, "sales-1", "POST", f"{shop.path}/review")
    assert (reviewed["eligible"], reviewed["missing"]) == (True, [])
    states = [one.state for one in await work_of(stage, "credit.review")]
    assert states == [WorkState.OPEN, WorkState.DONE, WorkState.OPEN]


@pytest.mark.rule("P11.5")
async def test_a_term_over_thirty_days_gives_what_sales_has_approved(stage: Stage) -> None:
    shop = await Distributor.opened(stage, term_days=60)
    await shop.bought("1000.00", 10)
    held = await shop.asks("400.00")
    assert codes(held["decision"], "reasons") == ["terms_not_approved", "no_credit"]
    assert held["decision"]["ways_out"][0]["role"] == "sales_manager"
    standing = await shop.standing()
    assert (standing["limit"], standing["window"], standing["rules"]) == ("0.00", None, ["P11.4", "P11.5"])
    body = {"amount": "500.00", "until": "2026-03-31"}
    asked = await done(stage, "sales-1", "POST", f"{shop.path}/terms", json=body)
    assert asked["terms"] is None
    async with at_work(stage.runner()):
        signer = await shop.signs({"id": str(shop.account)}, "manager-1")
        assert signer.status_code == 200, signer.text

        async def released() -> bool:
            return bool((await shop.shipment(held))["state"] == "released")

        await eventually(released)
    decision = (await shop.shipment(held))["decision"]
    assert (decision["way"], decision["rules"], decision["limit"]) == ("terms", ["P11.5"], "500.00")
    standing = await shop.standing()
    assert (standing["limit"], standing["rules"]) == ("500.00", ["P11.5"])
    (listed,) = (await done(stage, "sales-1", "GET", "/v1/accounts"))["items"]
    assert ((await shop.read())["limit"], listed["limit"]) == ("500.00", "500.00")
    clock(stage).at("2026-04-01 00:00")
    assert (await shop.step(held, "invoice")).status_code == 409
    ordinary = await Distributor.opened(stage)
    refused = await send(stage, "sales-1", "POST", f"{ordinary.path}/terms", json={**body, "until": "2026-12-31"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/ordinary-term")


@pytest.mark.rule("P11.1")
async def test_customers_share_an_account_and_none_has_two(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    other = uuid4()
    body = {
        "branch": "hz-dist-1",
        "customer_ids": [str(shop.customer), str(other)],
        "contract": "direct",
        "term_days": 30,
    }
    taken = await send(stage, "sales-1", "POST", "/v1/accounts", json=body)
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/account-taken")
    stranger = await send(stage, "sales-1", "POST", "/v1/shipments", json=shop.form("1.00", customer_id=str(other)))
    assert stranger.status_code == 422
    elsewhere = await send(stage, "sales-2", "POST", "/v1/accounts", json={**body, "customer_ids": [str(other)]})
    assert elsewhere.status_code == 403
    shared = {**body, "customer_ids": [str(other), str(uuid4())]}
    opened = await done(stage, "sales-1", "POST", "/v1/accounts", json=shared)
    assert len(opened["customers"]) == 2
    listed = await done(stage, "sales-1", "GET", "/v1/accounts?limit=1")
    assert (listed["items"][0]["id"], listed["next"] is None) == (opened["id"], False)
    assert set(listed["items"][0]["customer_ids"]) == set(shared["customer_ids"])
    for query in (f"number={opened['id'][:13].upper()}", f"number={opened['id']}", f"customer_id={other}"):
        (found,) = (await done(stage, "sales-1", "GET", f"/v1/accounts?{query}"))["items"]
        assert found["id"] == opened["id"]
    shipment = await shop.asks("1.00")
    (one,) = (await done(stage, "sales-1", "GET", f"/v1/shipments?number={shipment['id'][:13]}"))["items"]
    assert one["id"] == shipment["id"]
    for path in ("accounts", "shipments"):
        assert (await send(stage, "sales-1", "GET", f"/v1/{path}?number=0197")).status_code == 422
        number = f"{opened['id'] if path == 'accounts' else shipment['id']}"[:13]
        assert (await done(stage, "sales-2", "GET", f"/v1/{path}?number={number}"))["items"] == []


def test_every_change_of_an_account_or_a_shipment_is_declared() -> None:
    assert undeclared(Account) == []
    assert undeclared(Shipment) == []


@pytest.mark.rule("P11.1")
async def test_a_new_contract_of_one_who_shares_the_account_renews_the_others(stage: Stage) -> None:
    first, second = uuid4(), uuid4()
    for customer in (first, second):
        await customer_known(stage, customer)
        await papers_filed(stage, customer, IDENTITY)
    await papers_filed(stage, first, CONTRACT, until=date(2026, 3, 20))
    shared = {"customer_ids": [str(first), str(second)], "contract": "distribution", "term_days": 30}
    await done(stage, "sales-1", "POST", "/v1/accounts", json={"branch": "hz-dist-1", **shared})
    await papers_filed(stage, second, CONTRACT, until=date(2027, 3, 20))
    states = {str(one.due_at)[:10]: one.state for one in await work_of(stage, "credit.renew_contract")}
    assert states == {"2026-03-20": WorkState.DONE, "2027-03-20": WorkState.OPEN}


@pytest.mark.rule("P11.1")
async def test_a_contract_withdrawn_from_the_archive_is_not_renewed_and_filed_again_it_is(stage: Stage) -> None:
    shop = await Distributor.opened(stage, papers=(IDENTITY,))
    dossier = await papers_filed(stage, shop.customer, CONTRACT, until=date(2026, 3, 20))
    assert [one.state for one in await work_of(stage, "credit.renew_contract")] == [WorkState.OPEN]
    await papers_filed(stage, shop.customer, dossier=dossier, sequence=2)
    (waived,) = [one.state for one in await work_of(stage, "credit.renew_contract") if one.state != WorkState.OPEN]
    assert waived == WorkState.WAIVED
    await papers_filed(stage, shop.customer, CONTRACT, until=date(2026, 3, 20), dossier=dossier, sequence=3)
    assert (await work_of(stage, "credit.renew_contract"))[-1].state == WorkState.OPEN


@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.5")
async def test_another_contract_holds_and_a_longer_term_only_as_sales_approves(stage: Stage) -> None:
    shop = await Distributor.opened(stage, papers=(IDENTITY,))
    await papers_filed(stage, shop.customer, CONTRACT, until=date(2026, 12, 31))
    await shop.bought("1000.00", 10)
    released = await shop.asks("400.00")
    path = f"{shop.path}/contract"
    longer = await send(stage, "sales-1", "PUT", path, json={"contract": "distribution", "term_days": 60})
    assert (longer.status_code, longer.json()["type"]) == (409, "/problems/term-needs-approval")
    body = {"amount": "300.00", "until": "2026-03-31", "term_days": 60}
    asked = await done(stage, "sales-1", "POST", f"{shop.path}/terms", json=body)
    assert (asked["term_days"], asked["terms"]) == (30, None)
    meanwhile = await send(stage, "sales-1", "PUT", path, json={"contract": "distribution", "term_days": 15})
    assert (meanwhile.status_code, meanwhile.json()["type"]) == (409, "/problems/held")
    assert (await shop.signs({"id": str(shop.account)}, "manager-1")).status_code == 200
    await worked(stage)
    account = await shop.read()
    assert (account["term_days"], account["limit"]) == (60, "300.00")
    # at the longer term only what sales has approved counts, also for what was released
    assert (await shop.shipment(released))["state"] == "held"
    other = await send(stage, "sales-1", "PUT", path, json={"contract": "distribution", "term_days": 45})
    assert other.status_code == 409
    back = await done(stage, "sales-1", "PUT", path, json={"contract": "distribution", "term_days": 30})
    assert (back["term_days"], back["terms"], back["limit"]) == (30, None, "1000.00")
    await worked(stage)
    assert (await shop.shipment(released))["state"] == "released"
    direct = await done(stage, "sales-1", "PUT", path, json={"contract": "direct", "term_days": 30})
    assert missing(direct) == ["contract"]
    assert (await work_of(stage, "credit.renew_contract"))[-1].state == WorkState.WAIVED
    await worked(stage)
    assert (await shop.shipment(released))["state"] == "held"
    assert (await send(stage, "sales-2", "PUT", path, json={"contract": "direct", "term_days": 1})).status_code == 404
    assert (await send(stage, "keeper-1", "PUT", path, json={"contract": "direct", "term_days": 1})).status_code == 403


@pytest.mark.rule("P11.1")
async def test_a_customer_comes_to_share_the_account_and_leaves_it_before_anything_was_traded(stage: Stage) -> None:
    shop, other = await Distributor.opened(stage), await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    released = await shop.asks("400.00")
    path, second = f"{shop.path}/customers", uuid4()
    taken = await send(stage, "sales-1", "POST", path, json={"customer_id": str(other.customer)})
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/account-taken")
    await customer_known(stage, second)
    shared = await done(stage, "sales-1", "POST", path, json={"customer_id": str(second)})
    assert {one["customer_id"] for one in shared["customers"]} == {str(shop.customer), str(second)}
    assert missing(shared) == ["identity_copy"]
    assert (await send(stage, "sales-1", "POST", path, json={"customer_id": str(second)})).status_code == 200
    await worked(stage)
    assert (await shop.shipment(released))["state"] == "held"
    assert (await send(stage, "sales-2", "DELETE", f"{path}/{second}")).status_code == 404
    assert (await send(stage, "keeper-1", "DELETE", f"{path}/{second}")).status_code == 403
    left = await done(stage, "sales-1", "DELETE", f"{path}/{second}")
    assert (missing(left), len(left["customers"])) == ([], 1)
    await worked(stage)
    assert (await shop.shipment(released))["state"] == "released"
    for customer, status in ((second, 404), (shop.customer, 409)):
        assert (await send(stage, "sales-1", "DELETE", f"{path}/{customer}")).status_code == status
    await papers_filed(stage, second, IDENTITY)
    await done(stage, "sales-1", "POST", path, json={"customer_id": str(second)})
    await shop.book("opening", "10.00", customer_id=str(second))
    stays = await send(stage, "sales-1", "DELETE", f"{path}/{second}")
    assert (stays.status_code, stays.json()["type"]) == (409, "/problems/has-traded")
    await shop.proved()
