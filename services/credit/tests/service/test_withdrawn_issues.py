"""A wrong line of the warehouse's list is withdrawn: what it booked and found is undone, and nothing is deleted."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from chassis.kit.stage import Stage
from contracts.notify import Send
from httpx import Response
from policy.kit import hire

from .lists import all_worked
from .test_losses import losses, posts
from .test_overruns import full
from .test_warehouse import asked, issues, line, listed
from .trade import Distributor, back, done, send


async def withdraw(
    stage: Stage, slip: str, n: int = 1, mistake: str = "other_shipment", who: str = "finance-1"
) -> Response:
    """Finance takes a line back, and what follows from it is done."""
    one = next(
        one for one in await issues(stage) if (one["origin_ref"], one["line"]) == (slip, n) and not one["mistake"]
    )
    answer = await send(stage, who, "POST", f"/v1/goods-issues/{one['id']}/withdraw", json={"mistake": mistake})
    await all_worked(stage)
    return answer


async def there(stage: Stage) -> list[dict[str, Any]]:
    """How much of which batch the account has."""
    rows = await stage.rows("SELECT batch, received - passed_on AS left FROM holdings ORDER BY batch")
    return [(row["batch"], str(row["left"])) for row in rows if row["left"]]


@pytest.mark.rule("P02.3", "P11.2", "P11.11")
async def test_goods_that_a_wrong_line_issued_have_not_left_and_the_right_ones_have(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    wrong = await asked(shop, ("p-100", "4"), origin="erp", origin_ref="SO-1")
    right = await asked(shop, ("p-100", "4"), origin="erp", origin_ref="SO-2")
    for shipment in (wrong, right):
        assert (await shop.step(shipment, "invoice")).status_code == 200
    before = await shop.read()
    assert await listed(stage, line("CK-1", 1, "SO-1", "4", on="2026-03-01")) == ["made"]
    assert ((await shop.shipment(wrong))["state"], await there(stage)) == ("issued", [("b-7", "4.000")])
    assert (await withdraw(stage, "CK-1")).json()["state"] == "withdrawn"
    taken_back = await shop.shipment(wrong)
    assert (taken_back["state"], taken_back["issued_on"], taken_back["unreleased"]) == ("invoiced", None, False)
    assert await there(stage) == []
    await shop.proved()
    again, figures = await shop.read(), ("balance", "exposure", "limit")
    assert [again[name] for name in figures] == [before[name] for name in figures]
    # the old list once more changes nothing; the right line has the number of the wrong one
    assert await listed(stage, line("CK-1", 1, "SO-1", "4", on="2026-03-01")) == ["unchanged"]
    assert await listed(stage, line("CK-1", 1, "SO-2", "4"), dry_run=True) == ["made"]
    assert await listed(stage, line("CK-1", 1, "SO-2", "4")) == ["made"]
    assert [(await shop.shipment(one))["state"] for one in (wrong, right)] == ["invoiced", "issued"]
    assert await listed(stage, line("CK-1", 1, "SO-1", "4", on="2026-03-01")) == ["unchanged"]
    assert await listed(stage, line("CK-1", 1, "SO-2", "3")) == ["refused"]
    assert {(one["state"], one["mistake"], one["withdrawn_by"]) for one in await issues(stage)} == {
        ("withdrawn", "other_shipment", "finance-1"), ("matched", None, None),
    }  # fmt: skip
    # it had been listed as before its release
    assert [(one["state"], one["amount"]) for one in await losses(stage)] == [("dismissed", "0.00")]
    await shop.proved()


@pytest.mark.rule("P11.6", "P11.11")
@pytest.mark.parametrize("prepaid", ["", "40.00"])
async def test_held_goods_that_a_wrong_line_let_out_are_held_again_and_their_case_is_dismissed(
    stage: Stage, prepaid: str
) -> None:
    await posts(stage)
    shop = await full(stage)
    held = await asked(shop, ("p-100", "20"), origin="erp", origin_ref="SO-1")
    if prepaid:
        await shop.book("payment", prepaid, shipment_id=held["id"])
        await all_worked(stage)
    before = await shop.read()
    assert await listed(stage, line("CK-1", 1, "SO-1", "20")) == ["made"]
    assert [one["state"] for one in await losses(stage)] == ["found"]
    told = len(await stage.outbox(Send))
    assert (await withdraw(stage, "CK-1", mistake="not_left")).status_code == 200
    assert [(one["state"], one["amount"]) for one in await losses(stage)] == [("dismissed", "0.00")]
    said = [one.message for one in (await stage.outbox(Send))[told:]]
    assert [one.template for one in said if isinstance(one, Send)] == ["loss_dismissed"] * 2
    after = await shop.shipment(held)
    assert (after["state"], after["unreleased"]) == ("held", False)
    again, figures = await shop.read(), ("balance", "exposure", "limit")
    assert [again[name] for name in figures] == [before[name] for name in figures]
    await shop.proved()
    assert (await shop.step(held, "cancel")).status_code == 200
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_a_case_about_the_right_line_falls_with_the_wrong_one_that_took_its_goods(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    assert await listed(stage, line("CK-1", 1, "SO-1", "6"), line("CK-2", 1, "SO-1", "10")) == ["made"] * 2
    assert [(one["state"], one["amount"]) for one in await losses(stage)] == [("found", "60.00")]
    assert (await withdraw(stage, "CK-1")).status_code == 200
    assert [one["state"] for one in await losses(stage)] == ["dismissed"]
    found = {one["origin_ref"]: (one["state"], one["covered"], one["loss_id"]) for one in await issues(stage)}
    assert found["CK-2"] == ("matched", "10.000", None)
    assert (await shop.shipment(shipment))["state"] == "issued"
    assert await there(stage) == [("b-7", "10.000")]
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_a_part_that_had_not_left_is_waited_for_again_and_what_is_of_no_shipment_is_no_case(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "10"), origin="erp", origin_ref="SO-1")
    lines = (
        line("CK-1", 1, "SO-1", "4"),
        line("CK-2", 1, "", "5", worth="50.00"),
        line("CK-2", 2, "", "1", worth="9.00"),
    )
    assert await listed(stage, *lines) == ["made"] * 3
    assert (await shop.step(shipment, "cancel")).status_code == 409
    assert (await withdraw(stage, "CK-1", mistake="not_left")).status_code == 200
    assert (await shop.step(shipment, "cancel")).status_code == 200
    assert (await withdraw(stage, "CK-2", 1)).status_code == 200
    assert [(one["state"], one["amount"]) for one in await losses(stage)] == [("found", "9.00")]
    assert (await withdraw(stage, "CK-2", 2)).status_code == 200
    assert [one["state"] for one in await losses(stage)] == ["dismissed"]
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_goods_that_were_issued_by_hand_stay_out_when_the_line_that_said_so_too_was_wrong(stage: Stage) -> None:
    shop = await full(stage)
    held = await shop.asks("300.00")
    assert (await shop.step(held, "issue", already_out=True)).status_code == 200
    assert await listed(stage, line("CK-1", 1, held["id"])) == ["made"]
    assert (await withdraw(stage, "CK-1")).status_code == 200
    assert ((await shop.shipment(held))["state"], (await shop.shipment(held))["unreleased"]) == ("issued", True)
    assert [(one["state"], one["amount"]) for one in await losses(stage)] == [("found", "300.00")]
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_it_is_too_late_when_the_case_is_verified_or_the_goods_have_gone_on(stage: Stage) -> None:
    await posts(stage)
    shop = await full(stage)
    await asked(shop, ("p-100", "20"), origin="erp", origin_ref="SO-1")
    assert await listed(stage, line("CK-1", 1, "SO-1", "20")) == ["made"]
    (loss,) = await losses(stage)
    await done(stage, "finance-1", "POST", f"/v1/losses/{loss['id']}/verify", json={"founded": True})
    late = await withdraw(stage, "CK-1")
    assert (late.status_code, late.json()["type"], late.json()["rules"][-1]) == (
        409,
        "/problems/case-verified",
        "P11.11",
    )
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    for number, verb in (("SO-2", "deliver"), ("SO-3", "return")):
        shipment = await asked(shop, ("p-100", "4"), origin="erp", origin_ref=number)
        assert (await shop.step(shipment, "invoice")).status_code == 200
        assert await listed(stage, line(f"CK-{number}", 1, number, "4")) == ["made"]
        more = {"lines": back("1")} if verb == "return" else {}
        assert (await shop.step(shipment, verb, **more)).status_code == 200
        late = await withdraw(stage, f"CK-{number}")
        assert (late.status_code, late.json()["type"]) == (409, "/problems/built-upon")
    assert {one["state"] for one in await issues(stage)} == {"unauthorised", "matched"}
    await shop.proved()


@pytest.mark.rule("P11.11")
async def test_finance_of_the_branch_withdraws_a_line_once_and_nobody_who_answers_for_it(stage: Stage) -> None:
    await hire(stage, "finance-2", "finance@bj-dist-2")
    shop = await Distributor.opened(stage)
    await shop.bought("1000.00", 10)
    shipment = await asked(shop, ("p-100", "4"), origin="erp", origin_ref="SO-1")
    assert await listed(stage, line("CK-1", 1, "SO-1", "4")) == ["made"]
    assert (await withdraw(stage, "CK-1", who="keeper-1")).status_code == 403
    assert (await withdraw(stage, "CK-1", who="finance-2")).status_code == 404
    (one,) = await issues(stage)
    path, body = f"/v1/goods-issues/{one['id']}/withdraw", {"mistake": "not_left"}
    answers = await asyncio.gather(*(send(stage, "finance-1", "POST", path, json=body) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    await all_worked(stage)
    assert ((await shop.shipment(shipment))["state"], await there(stage)) == ("released", [])
    assert Decimal((await shop.read())["exposure"]) == Decimal("40.00")
    again = await send(stage, "finance-1", "POST", path, json={"mistake": "other_day"})
    assert (again.status_code, again.json()["mistake"]) == (200, "not_left")
    await shop.proved()
