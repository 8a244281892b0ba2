"""Collection plans: the customer's dates and amounts, met by what the ledger receives, broken promises counted."""

from __future__ import annotations

from datetime import date

import pytest
from chassis.kit.stage import Stage
from contracts.work import WorkState

from .test_losses import posts, set_proportions, shares_approved
from .test_overruns import full, work_of
from .trade import Distributor, at, back, done, send

TWO = [{"due_on": "2026-03-10", "amount": "400.00"}, {"due_on": "2026-03-20", "amount": "500.00"}]


@pytest.mark.rule("P11.4")
@pytest.mark.rule("P11.9")
@pytest.mark.rule("P11.14")
async def test_a_plan_meets_the_duty_to_make_one_and_each_instalment_is_owed(stage: Stage) -> None:
    shop = await full(stage)
    await shop.book("opening", "0.01", date(2026, 2, 1))
    shipment = await shop.asks("500.00")
    await shop.book("payment", "500.00", shipment_id=shipment["id"])
    await shop.step(shipment, "release")
    assert (await work_of(stage, "credit.collection_plan"))[-1].state == WorkState.OPEN
    said = [*TWO, {"due_on": "2026-03-21", "amount": "0.01"}]
    plan = await done(stage, "sales-1", "POST", f"{shop.path}/plans", json={"instalments": said})
    assert (plan["state"], plan["broken"], len(plan["instalments"])) == ("running", 0, 3)
    assert (await work_of(stage, "credit.collection_plan"))[-1].state == WorkState.DONE
    first, second, _ = await work_of(stage, "credit.instalment")
    # the end of the promised day in Shanghai
    assert [str(one.due_at) for one in (first, second)] == ["2026-03-10 16:00:00+00:00", "2026-03-20 16:00:00+00:00"]


@pytest.mark.rule("P11.14")
async def test_payments_meet_the_instalments_in_their_order_and_a_bounced_one_opens_them_again(stage: Stage) -> None:
    shop = await full(stage)
    path = f"{shop.path}/plans"
    await done(stage, "sales-1", "POST", path, json={"instalments": TWO})
    at(stage, "2026-03-09T10:00:00")
    await shop.book("payment", "399.99")
    assert [one.state for one in await work_of(stage, "credit.instalment")] == [WorkState.OPEN] * 2
    cent = await shop.book("payment", "0.01")
    (plan,) = (await done(stage, "sales-1", "GET", path))["items"]
    assert [one["met_on"] for one in plan["instalments"]] == ["2026-03-09", None]
    assert (await work_of(stage, "credit.instalment"))[-1].state == WorkState.DONE
    at(stage, "2026-03-12T10:00:00")
    await shop.reverses(cent)
    (plan,) = (await done(stage, "sales-1", "GET", path))["items"]
    assert ([one["met_on"] for one in plan["instalments"]], plan["broken"]) == ([None, None], 1)
    await shop.book("payment", "500.01")
    (plan,) = (await done(stage, "sales-1", "GET", path))["items"]
    # paid two days late: the promise of the tenth stays broken
    assert ([one["met_on"] for one in plan["instalments"]], plan["broken"]) == (["2026-03-12", "2026-03-12"], 1)


@pytest.mark.rule("P11.14")
async def test_a_new_plan_takes_the_place_of_the_old_and_forgets_no_broken_promise(stage: Stage) -> None:
    shop = await full(stage)
    path = f"{shop.path}/plans"
    await done(stage, "sales-1", "POST", path, json={"instalments": TWO})
    at(stage, "2026-03-15T10:00:00")
    later = [{"due_on": "2026-04-30", "amount": "900.00"}]
    await done(stage, "sales-1", "POST", path, json={"instalments": later})
    at(stage, "2026-03-25T10:00:00")
    new, old = (await done(stage, "sales-1", "GET", path))["items"]
    assert (new["state"], new["broken"]) == ("running", 0)
    assert (old["state"], old["broken"]) == ("superseded", 1)


@pytest.mark.rule("P11.14")
@pytest.mark.parametrize(
    ("instalments", "code", "limit"),
    [
        ([{"due_on": "2026-03-10", "amount": "899.99"}], "sum_too_small", "900.00"),
        ([{"due_on": "2026-03-01", "amount": "900.00"}], "not_before", "2026-03-02"),
        ([{"due_on": "2026-03-10", "amount": "450.00"}] * 2, "in_order", None),
        ([{"due_on": "2026-03-10", "amount": "-900.00"}], "greater_than", "0"),
        ([], "too_short", "1"),
    ],
)
async def test_a_plan_that_does_not_hold_is_refused(
    stage: Stage, instalments: list[dict[str, str]], code: str, limit: str | None
) -> None:
    shop = await full(stage)
    refused = await send(stage, "sales-1", "POST", f"{shop.path}/plans", json={"instalments": instalments})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["code"], error.get("limit")) == (422, code, limit)
    assert (await done(stage, "sales-1", "GET", f"{shop.path}/plans"))["items"] == []


@pytest.mark.rule("P11.14")
async def test_plans_of_other_branches_are_not_seen(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.book("opening", "10.00", date(2026, 2, 1))
    assert (await send(stage, "sales-2", "GET", f"{shop.path}/plans")).status_code == 404
    body = {"instalments": [{"due_on": "2026-03-10", "amount": "10.00"}]}
    assert (await send(stage, "sales-2", "POST", f"{shop.path}/plans", json=body)).status_code == 404


@pytest.mark.rule("P11.9")
@pytest.mark.rule("P11.14")
async def test_money_for_goods_that_are_paid_first_keeps_no_promise_about_what_was_owed(stage: Stage) -> None:
    shop = await full(stage)
    await shop.book("opening", "100.00", date(2026, 2, 1))
    shipped, given_up = await shop.asks("400.00"), await shop.asks("300.00")
    path = f"{shop.path}/plans"
    said = [{"due_on": f"2026-03-{day}", "amount": amount} for day, amount in ((10, "50.00"), (15, "350.00"))]
    said.append({"due_on": "2026-03-20", "amount": "600.00"})
    await done(stage, "sales-1", "POST", path, json={"instalments": said})
    at(stage, "2026-03-03T10:00:00")

    async def met() -> list[str | None]:
        (plan,) = (await done(stage, "sales-1", "GET", path))["items"]
        return [one["met_on"] for one in plan["instalments"]]

    await shop.book("payment", "450.00", shipment_id=shipped["id"])
    await shop.book("payment", "300.00", shipment_id=given_up["id"])
    assert (await shop.step(shipped, "release")).status_code == 200
    assert await met() == [None] * 3
    # 50.00 more than the goods are worth
    assert (await shop.step(shipped, "invoice")).status_code == 200
    assert await met() == ["2026-03-03", None, None]
    await shop.book("payment", "50.00")
    assert await met() == ["2026-03-03", None, None]
    await shop.step(given_up, "cancel")
    assert await met() == ["2026-03-03", "2026-03-03", None]
    await shop.step(shipped, "cancel")
    assert (await shop.read())["balance"] == "200.00"
    assert (await met())[2] is None
    await shop.book("payment", "200.00")
    assert await met() == ["2026-03-03"] * 3


@pytest.mark.rule("P11.14")
@pytest.mark.parametrize("cleared", ["credit_note", "return", "write_off", "less_than_promised"])
async def test_nothing_is_due_any_more_when_what_was_owed_is_settled_otherwise(stage: Stage, cleared: str) -> None:
    await posts(stage)
    await set_proportions(stage, bad_debt={"company": 1})
    shop = await Distributor.opened(stage)
    await shop.bought("900.00", 10)
    goods = await shop.ships("900.00")
    path = f"{shop.path}/plans"
    said = [TWO[0], {**TWO[1], "amount": "600.00"}]
    await done(stage, "sales-1", "POST", path, json={"instalments": said})
    at(stage, "2026-03-02T10:00:00")
    await shop.book("payment", "400.00")

    async def states() -> list[str | None]:
        (plan,) = (await done(stage, "sales-1", "GET", path))["items"]
        return [one["met_on"] for one in plan["instalments"]]

    at(stage, "2026-03-11T10:00:00")
    # what is bought afterwards is no matter of the plan
    await shop.book("invoice", "70.00")
    assert await states() == ["2026-03-02", None]
    if cleared == "credit_note":
        await shop.book("credit_note", "500.00", corrects=goods["invoice_id"])
    elif cleared == "return":
        assert (await shop.step(goods, "return", lines=back("1"))).status_code == 200
    elif cleared == "write_off":
        loss = await done(stage, "finance-1", "POST", "/v1/losses", json={"document_id": goods["invoice_id"]})
        assert (await shares_approved(shop, loss))["state"] == "borne"
    else:
        last = await shop.book("payment", "500.00")
    assert await states() == ["2026-03-02", "2026-03-11"]
    assert [one.state for one in await work_of(stage, "credit.instalment")][-1] == WorkState.DONE
    if cleared == "less_than_promised":
        await shop.reverses(last)
        assert await states() == ["2026-03-02", None]
    await shop.proved()
