"""Judging: by the role that the branch's policy names, in its term, approved where it says so, never by the accused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from complaint.case import Case
from contracts.complaint import ComplaintJudged
from contracts.staff import Profile
from contracts.work import WorkItem, WorkState
from policy.approvals import undeclared
from policy.calendar import ZONE
from policy.kit import Clock, hire, open_branch

from .test_intake import form

FOUNDED = {"reason_holds": True, "demand_holds": True, "opinion": "三次维修未解决, 要求合理"}


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> Any:
    """The service; who is who, the staff directory says. It is Monday morning."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east")
        await open_branch(stage, "hz-store-3", Profile.RETAIL, region="east")
        await hire(stage, "agent-7", "call_centre@group")
        await hire(stage, "relations-1", "customer_relations@sh-pudong")
        await hire(stage, "gm-1", "general_manager@sh-pudong")
        await hire(stage, "shop-1", "department_supervisor@hz-store-3")
        await hire(stage, "shop-2", "department_manager@hz-store-3", "department_head@hz-store-3")
        yield stage


async def taken(stage: Stage, branch: str = "sh-pudong", **changes: Any) -> dict[str, Any]:
    async with stage.client(subject="agent-7") as agent:
        answer = await agent.post("/v1/complaints", json=form(branch=branch, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def judge(stage: Stage, case: dict[str, Any], who: str, **changes: Any) -> Any:
    async with stage.client(subject=who) as person:
        return await person.post(f"{case['path']}/judge", json={**FOUNDED, **changes})


async def work_of(stage: Stage, case: dict[str, Any]) -> list[WorkItem]:
    told = [t.message for t in await stage.outbox(WorkItem)]
    return [one for one in told if isinstance(one, WorkItem) and one.subject == case["id"]]


@pytest.mark.rule("P04.3")
async def test_a_complaint_is_owed_its_judgement_from_its_receipt_and_says_why(stage: Stage) -> None:
    case = await taken(stage)
    assert case["judge_by"] == "2026-03-03T10:00:00Z"
    (owed,) = await work_of(stage, case)
    assert (owed.kind, owed.role, owed.place) == ("judge", "customer_relations", "sh-pudong")
    assert owed.state == WorkState.OPEN
    assert owed.why_due is not None
    assert owed.why_due.startswith("1 working day from 2026-03-02 09:15, because P04.3")


@pytest.mark.rule("P04.3")
@pytest.mark.rule("P12.2")
async def test_who_the_policy_names_judges_and_the_duty_is_met(stage: Stage) -> None:
    case = await taken(stage)
    refused = await judge(stage, case, "gm-1")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-the-judge")
    judged = await judge(stage, case, "relations-1", demand_holds=False)
    assert judged.status_code == 200, judged.text
    body = judged.json()
    assert (body["state"], body["judgement"]["founded"], body["judgement"]["reason_holds"]) == ("judged", False, True)
    (event,) = await stage.outbox(ComplaintJudged)
    assert isinstance(event.message, ComplaintJudged)
    assert not event.message.founded
    assert (await work_of(stage, case))[-1].state == WorkState.DONE
    again = await judge(stage, case, "relations-1")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/not-now")


async def judgement_on_the_timeline(stage: Stage, case: dict[str, Any], who: str) -> dict[str, Any]:
    async with stage.client(subject=who) as person:
        items = (await person.get(f"{case['path']}/timeline")).json()["items"]
    (facts,) = [one["facts"] for one in items if one["kind"] == "judgement"]
    return dict(facts)


@pytest.mark.rule("P04.1")
@pytest.mark.parametrize("matter", ["attitude", "professional_quality", "efficiency", "product", "other"])
async def test_what_a_complaint_is_about_is_told_when_it_is_judged(stage: Stage, matter: str) -> None:
    case = await taken(stage)
    unheard_of = await judge(stage, case, "relations-1", matter="the weather")
    assert unheard_of.status_code == 422
    assert [one["pointer"] for one in unheard_of.json()["errors"]] == ["/matter"]
    judged = (await judge(stage, case, "relations-1", matter=matter)).json()
    assert judged["judgement"]["matter"] == matter
    assert (await judgement_on_the_timeline(stage, case, "relations-1"))["matter"] == matter


@pytest.mark.rule("P17.1")
@pytest.mark.parametrize("claimant", ["consumer", "agent", "franchisee"])
async def test_what_is_asked_for_and_as_what_is_told_when_it_is_judged(stage: Stage, claimant: str) -> None:
    case = await taken(stage, "hz-store-3")
    for wrong in ({"demands": ["a new car"]}, {"claimant": "passer-by"}):
        assert (await judge(stage, case, "shop-1", **wrong)).status_code == 422
    asked_for = ["return", "damages", "price_reduction", "exchange", "criticism", "return"]
    asked = await judge(stage, case, "shop-1", demands=asked_for, claimant=claimant)
    assert asked.status_code == 200, asked.text
    async with stage.client(subject="shop-2") as superior:
        (approval,) = (await superior.get(f"/v1/approvals?subject={case['id']}")).json()["items"]
        body = {"grant": True, "digest": approval["digest"]}
        await superior.post(f"/v1/approvals/{approval['id']}/decide", json=body)
        whole = (await superior.get(case["path"])).json()["judgement"]
    told = await judgement_on_the_timeline(stage, case, "shop-2")
    for shown in (approval["offer"], whole, told):
        assert (shown["demands"], shown["claimant"]) == (sorted(set(asked_for)), claimant)


@pytest.mark.rule("P17.2")
async def test_where_the_policy_wants_it_the_superior_decides(stage: Stage) -> None:
    case = await taken(stage, "hz-store-3")
    asked = await judge(stage, case, "shop-1")
    assert asked.status_code == 200, asked.text
    assert (asked.json()["state"], list(asked.json()["held"])) == ("taken", ["complaint.judgement"])
    held = await judge(stage, case, "shop-1")
    assert (held.status_code, held.json()["type"]) == (409, "/problems/held")
    async with stage.client(subject="shop-2") as superior:
        (approval,) = (await superior.get(f"/v1/approvals?subject={case['id']}")).json()["items"]
        assert approval["yours"]
        body = {"grant": True, "digest": approval["digest"]}
        signed = await superior.post(f"/v1/approvals/{approval['id']}/decide", json=body)
        assert signed.status_code == 200, signed.text
    (event,) = await stage.outbox(ComplaintJudged)
    assert event.key == case["id"]
    ((state,),) = await stage.rows("SELECT state FROM cases WHERE id = $1", UUID(case["id"]))
    assert state == "judged"


@pytest.mark.rule("P12.2")
async def test_who_is_complained_about_neither_reads_nor_signs(stage: Stage) -> None:
    case = await taken(stage, "hz-store-3")
    await judge(stage, case, "shop-1", respondent="shop-2")
    async with stage.client(subject="shop-2") as accused:
        assert (await accused.get(case["path"])).status_code == 404
        assert (await accused.get("/v1/complaints")).json()["items"] == []
        assert (await accused.get(f"/v1/approvals?subject={case['id']}")).json()["items"] == []
        ((approval, digest),) = await stage.rows("SELECT id, encode(digest, 'hex') FROM kehu.approvals")
        assert (await accused.get(f"/v1/approvals/{approval}")).status_code == 404
        refused = await accused.post(f"/v1/approvals/{approval}/decide", json={"grant": True, "digest": digest})
    assert refused.status_code == 404


def test_every_method_that_changes_a_case_is_declared() -> None:
    assert undeclared(Case) == []
