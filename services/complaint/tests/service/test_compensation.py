"""Compensation: who signs depends on all that was offered together; nothing is paid, answered or closed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from complaint.case import CASES
from complaint.compensation.model import Compensation
from complaint.compensation.policy import CompensationPolicy
from contracts.complaint import CompensationAsked, CompensationDecided, CompensationKind, CompensationPaid
from contracts.staff import Profile
from policy.approvals import Held, actions_of, undeclared
from policy.calendar import ZONE
from policy.kit import Clock, hire, open_branch

from ..ladders import as_, set_policy
from .test_intake import entry
from .test_serious import taken

SALES = {"kinds": {"price_reduction": [{"up_to": "500", "chain": [[{"role": "department_manager"}]]}]}}


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """A dealership and a store with those who sign and pay."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east")
        await open_branch(stage, "hz-store-3", Profile.RETAIL, region="east")
        await hire(stage, "agent-7", "call_centre@group")
        await hire(stage, "relations-1", "customer_relations@sh-pudong", "customer_relations@hz-store-3")
        await hire(stage, "manager-1", "relations_manager@sh-pudong")
        await hire(stage, "gm-1", "general_manager@sh-pudong")
        await hire(stage, "vp-1", "vp_operations@group")
        await hire(stage, "legal-1", "legal@group")
        await hire(stage, "finance-1", "finance@sh-pudong")
        await hire(stage, "gm-2", "general_manager@bj-chaoyang", "finance@bj-chaoyang")
        await hire(stage, "shop-1", "department_manager@hz-store-3")
        yield stage


def offer(*lines: tuple[str, str], reason: str = "王小芳三次维修未解决") -> dict[str, Any]:
    return {"lines": [{"kind": kind, "amount": {"amount": amount}} for kind, amount in lines], "reason": reason}


async def offered(stage: Stage, case: dict[str, Any], *lines: tuple[str, str]) -> dict[str, Any]:
    answer = await as_(stage, "relations-1", "POST", f"{case['path']}/compensations", json=offer(*lines))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def approval(stage: Stage, compensation: dict[str, Any], who: str = "gm-1") -> dict[str, Any]:
    answer = await as_(stage, who, "GET", compensation["approval"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def sign(stage: Stage, compensation: dict[str, Any], *people: str, grant: bool = True) -> None:
    for who in people:
        digest = (await approval(stage, compensation, who))["digest"]
        body = {"grant": grant, "digest": digest, "reason": None if grant else "金额太高了"}
        answer = await as_(stage, who, "POST", f"{compensation['approval']}/decide", json=body)
        assert answer.status_code == 200, answer.text


async def signers(stage: Stage, compensation: dict[str, Any]) -> list[list[str]]:
    return [[seat["role"] for seat in stage_] for stage_ in (await approval(stage, compensation))["stages"]]


async def state_of(stage: Stage, compensation: dict[str, Any]) -> str:
    ((state,),) = await stage.rows("SELECT state FROM compensations WHERE id = $1", UUID(compensation["id"]))
    return str(state)


async def pay(stage: Stage, compensation: dict[str, Any], who: str = "finance-1", **body: Any) -> Any:
    return await as_(stage, who, "POST", f"/v1/compensations/{compensation['id']}/pay", json=body)


@pytest.mark.rule("P12.10")
async def test_the_amount_decides_who_signs_and_it_is_paid_only_when_all_have(stage: Stage) -> None:
    case = await taken(stage)
    small = await offered(stage, case, ("repair", "2000.00"))
    assert await signers(stage, small) == [["relations_manager"]]
    early = await pay(stage, small)
    assert (early.status_code, early.json()["type"], early.json()["rules"]) == (
        409, "/problems/held", ["P12.10", "P17.8"],
    )  # fmt: skip
    await sign(stage, small, "manager-1")
    paid = await pay(stage, small)
    assert (paid.status_code, paid.json()["state"], paid.json()["paid_by"]) == (200, "paid", "finance-1")
    again = await pay(stage, small)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/paid-already")
    events = [
        t.message for k in (CompensationAsked, CompensationDecided, CompensationPaid) for t in await stage.outbox(k)
    ]
    assert [e.TYPE.split(".")[1] for e in events if e] == [
        "compensation_asked", "compensation_decided", "compensation_paid",
    ]  # fmt: skip
    assert "王小芳" not in str([t.message for t in await stage.outbox()])
    ((sealed,),) = await stage.rows("SELECT sealed FROM compensations")
    assert "王小芳".encode() not in sealed


@pytest.mark.rule("P12.10")
async def test_while_it_is_asked_nothing_of_the_case_is_paid_answered_or_closed(stage: Stage) -> None:
    case = await taken(stage)
    compensation = await offered(stage, case, ("damages", "100.00"))
    async with stage.runtime.transaction() as tx:
        held = await tx.get(CASES, UUID(case["id"]))
        for act in ("pay", "answer", "close"):
            with pytest.raises(Held):
                held.refuse_while_held(act)
        held.refuse_while_held("investigate")
    await sign(stage, compensation, "gm-1", "legal-1")
    async with stage.runtime.transaction() as tx:
        free = await tx.get(CASES, UUID(case["id"]))
        for act in ("pay", "answer", "close"):
            free.refuse_while_held(act)
    assert actions_of(Compensation) == {"change": "change", "pay": "pay"}
    assert undeclared(Compensation) == []


@pytest.mark.rule("P12.10")
async def test_splitting_over_offers_kinds_or_repeats_makes_no_chain_shorter(stage: Stage) -> None:
    case = await taken(stage)
    first = await offered(stage, case, ("repair", "1500.00"))
    await sign(stage, first, "manager-1")
    await pay(stage, first)
    second = await offered(stage, case, ("goodwill", "600.00"))
    assert await signers(stage, second) == [["relations_manager"], ["general_manager"]]
    assert (await approval(stage, second))["offer"]["together"] == "2100.00"
    await sign(stage, second, "manager-1", "gm-1")
    repeat = await taken(stage)
    await stage.deliver_outbox()
    third = await offered(stage, repeat, ("repair", "10.00"))
    assert await signers(stage, third) == [["relations_manager"], ["general_manager"]]
    both = await offered(stage, await taken(stage, phone="13900139000"), ("repair", "1.00"), ("damages", "1.00"))
    assert await signers(stage, both) == [["relations_manager"], ["general_manager"], ["legal"]]


@pytest.mark.rule("P12.10")
async def test_amounts_add_up_over_the_cases_of_one_customer(stage: Stage) -> None:
    customer = uuid4()
    cases = [await taken(stage, text=text, fault_codes=[]) for text in ("变速箱抖动异响", "发票一直没有寄来")]
    await stage.receive(entry(stage, customer, "138 0013 8000"), key=str(customer))
    await stage.deliver_outbox()
    await sign(stage, await offered(stage, cases[0], ("repair", "1900.00")), "manager-1")
    other = await offered(stage, cases[1], ("goodwill", "200.00"))
    assert (await approval(stage, other))["offer"]["together"] == "2100.00"
    assert await signers(stage, other) == [["relations_manager"], ["general_manager"]]


@pytest.mark.rule("P12.10")
async def test_a_changed_amount_asks_anew_and_old_signatures_do_not_carry_over(stage: Stage) -> None:
    case = await taken(stage)
    first = await offered(stage, case, ("repair", "1000.00"))
    path = f"/v1/compensations/{first['id']}/change"
    same = await as_(stage, "relations-1", "POST", path, json=offer(("repair", "1000.00")))
    assert same.json()["approval"] == first["approval"]
    await sign(stage, first, "manager-1")
    changed = await as_(stage, "relations-1", "POST", path, json=offer(("repair", "2500.00")))
    assert (changed.status_code, changed.json()["state"]) == (200, "asked")
    assert changed.json()["approval"] != first["approval"]
    assert (await pay(stage, first)).json()["type"] == "/problems/held"
    asked = await approval(stage, changed.json())
    assert (asked["offer"]["together"], asked["amount"]) == ("2500.00", "1500.00")
    assert await signers(stage, changed.json()) == [["relations_manager"], ["general_manager"]]
    await sign(stage, changed.json(), "manager-1")
    third = await as_(stage, "relations-1", "POST", path, json=offer(("repair", "2600.00")))
    body = {"grant": True, "digest": asked["digest"], "reason": None}
    late = await as_(stage, "gm-1", "POST", f"{changed.json()['approval']}/decide", json=body)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/decided-already")
    await sign(stage, third.json(), "manager-1", "gm-1")
    assert (await pay(stage, first)).json()["amount"]["amount"] == "2600.00"
    after = await as_(stage, "relations-1", "POST", path, json=offer(("repair", "9.00")))
    assert after.json()["type"] == "/problems/paid-already"


@pytest.mark.rule("P12.10")
async def test_a_refused_or_withdrawn_offer_is_not_paid_and_may_be_changed(stage: Stage) -> None:
    case = await taken(stage)
    found = await offered(stage, case, ("repair", "1000.00"))
    await sign(stage, found, "manager-1", grant=False)
    assert await state_of(stage, found) == "refused"
    refused = await pay(stage, found)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-granted")
    path = f"/v1/compensations/{found['id']}/change"
    changed = (await as_(stage, "relations-1", "POST", path, json=offer(("repair", "500.00")))).json()
    back = await as_(
        stage, "relations-1", "POST", f"{changed['approval']}/withdraw", json={"reason": "客户改变主意"}
    )  # fmt: skip
    assert back.status_code == 200, back.text
    assert await state_of(stage, found) == "withdrawn"
    decided = [t.message for t in await stage.outbox(CompensationDecided)]
    assert [one.granted for one in decided if isinstance(one, CompensationDecided)] == [False, False]
    await offered(stage, case, ("repair", "400.00"))
    both = await as_(stage, "relations-1", "POST", path, json=offer(("repair", "300.00")))
    assert (both.status_code, both.json()["type"]) == (409, "/problems/compensation-open")


@pytest.mark.rule("P17.8")
async def test_retail_decides_by_its_own_rules_and_not_by_the_matrix(stage: Stage) -> None:
    case = await taken(stage, branch="hz-store-3")
    path = f"{case['path']}/compensations"
    unset = await as_(stage, "relations-1", "POST", path, json=offer(("price_reduction", "100.00")))
    assert (unset.status_code, unset.json()["value"], unset.json()["rules"]) == (
        409, "compensation.sales_rules", ["P17.8"],
    )  # fmt: skip
    await set_policy(stage, "compensation", "profile:retail", by="sales_rules", sales_rules=SALES)
    made = await as_(stage, "relations-1", "POST", path, json=offer(("price_reduction", "100.00")))
    assert made.status_code == 201, made.text
    shown = await approval(stage, made.json(), "shop-1")
    assert (shown["offer"]["by"], shown["stages"][0][0]["role"]) == ("sales_rules", "department_manager")
    above = await as_(
        stage, "relations-1", "POST", f"/v1/compensations/{made.json()['id']}/change",
        json=offer(("price_reduction", "500.01")),
    )  # fmt: skip
    assert (above.status_code, above.json()["type"]) == (409, "/problems/no-chain")
    assert await state_of(stage, made.json()) == "asked"


@pytest.mark.rule("P12.10")
async def test_a_branch_without_a_table_decides_nothing(stage: Stage) -> None:
    await hire(stage, "relations-9", "customer_relations@nowhere")
    case = await taken(stage, branch="nowhere")
    unset = await as_(stage, "relations-9", "POST", f"{case['path']}/compensations", json=offer(("repair", "1.00")))
    assert (unset.status_code, unset.json()["value"]) == (409, "compensation.authority_matrix")
    assert await stage.rows("SELECT 1 FROM compensations") == []
    assert CompensationPolicy.about("authority_matrix")["ours"]


@pytest.mark.rule("P12.10")
async def test_a_branch_may_set_a_table_of_its_own(stage: Stage) -> None:
    own = {"kinds": {"repair": [{"chain": [[{"role": "general_manager"}]]}]}}
    await set_policy(stage, "compensation", "branch:sh-pudong", authority_matrix=own)
    found = await offered(stage, await taken(stage), ("repair", "1.00"))
    assert await signers(stage, found) == [["general_manager"]]


@pytest.mark.rule("P12.2")
async def test_who_is_complained_about_neither_offers_nor_signs_nor_sees(stage: Stage) -> None:
    case = await taken(stage)
    await stage.rows("UPDATE cases SET respondent = 'manager-1' WHERE id = $1 RETURNING id", UUID(case["id"]))
    path = f"{case['path']}/compensations"
    assert (await as_(stage, "manager-1", "POST", path, json=offer(("repair", "1.00")))).status_code == 404
    found = await offered(stage, case, ("repair", "1.00"))
    assert await signers(stage, found) == [["general_manager"]]
    assert (await as_(stage, "manager-1", "GET", "/v1/compensations")).json()["items"] == []
    assert len((await as_(stage, "gm-1", "GET", f"/v1/compensations?case_id={case['id']}")).json()["items"]) == 1
    assert len((await as_(stage, "finance-1", "GET", "/v1/compensations?state=granted")).json()["items"]) == 0


async def test_two_who_offer_at_once_make_one_offer(stage: Stage) -> None:
    case = await taken(stage)
    path = f"{case['path']}/compensations"
    answers = await asyncio.gather(
        *[as_(stage, "relations-1", "POST", path, json=offer(("repair", f"{n}.00"))) for n in range(1, 5)]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await stage.outbox(CompensationAsked)) == 1


async def test_two_who_pay_at_once_pay_once(stage: Stage) -> None:
    found = await offered(stage, await taken(stage), ("repair", "10.00"))
    await sign(stage, found, "manager-1")
    answers = await asyncio.gather(*[pay(stage, found) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await stage.outbox(CompensationPaid)) == 1


@pytest.mark.parametrize(
    ("lines", "pointer"),
    [
        ([{"kind": "repair", "amount": {"amount": "0.00"}}], "/lines/0/amount"),
        ([{"kind": "repair", "amount": {"amount": "-5"}}], "/lines/0/amount"),
        ([{"kind": "repair", "amount": {"amount": "5", "currency": "USD"}}], "/lines/0/amount"),
        ([{"kind": "repair", "amount": {"amount": "0.001"}}], "/lines/0/amount/amount"),
        ([{"kind": "repair", "amount": {"amount": 1.5}}], "/lines/0/amount/amount"),
        ([{"kind": "bribe", "amount": {"amount": "5"}}], "/lines/0/kind"),
        ([], "/lines"),
    ],
)
async def test_an_offer_that_is_not_well_formed_is_refused_at_its_place(
    stage: Stage, lines: list[dict[str, Any]], pointer: str
) -> None:
    case = await taken(stage)
    body = {"lines": lines, "reason": "说明"}
    answer = await as_(stage, "relations-1", "POST", f"{case['path']}/compensations", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_outside_their_reach_nobody_offers_changes_or_pays(stage: Stage) -> None:
    case = await taken(stage)
    found = await offered(stage, case, ("repair", "10.00"))
    body = offer(("repair", "1.00"))
    assert (await as_(stage, "gm-2", "POST", f"{case['path']}/compensations", json=body)).status_code == 404
    assert (await as_(stage, "gm-2", "POST", f"/v1/compensations/{found['id']}/change", json=body)).status_code == 404
    assert (await pay(stage, found, "gm-2")).status_code == 404
    assert (await pay(stage, {"id": str(uuid4())})).status_code == 404
    assert (await pay(stage, found, "relations-1")).status_code == 403
    await sign(stage, found, "manager-1")
    for paid_at, code in (("2026-03-01T00:00:00Z", "before_begin"), ("2100-03-01T00:00:00Z", "in_future")):
        refused = await pay(stage, found, paid_at=paid_at)
        (error,) = refused.json()["errors"]
        assert (refused.status_code, error["pointer"], error["code"]) == (422, "/paid_at", code)


def test_every_kind_is_in_the_shipped_matrix() -> None:
    matrix = CompensationPolicy.SHIPPED[Profile.DEALERSHIP]["authority_matrix"]
    assert set(matrix.kinds) == set(CompensationKind)
    assert all(bands[-1].up_to is None for bands in matrix.kinds.values())
    assert Decimal("20000") in {band.up_to for bands in matrix.kinds.values() for band in bands}
