"""Loans: asked for, approved, out for three days at most, checked and struck out when they are back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from chassis.ids import uuid7
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.archive import DossierEntry
from contracts.complaint import KeptOut
from contracts.customer import CustomerErased
from contracts.work import WorkItem, WorkState
from policy.kit import Clock
from policy.obligations import Timer

from .office import decide, dossier_with, fetch, office, post


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, folder: Path
) -> AsyncIterator[Stage]:
    async with office(service, database, keys, issuer, folder) as stage:
        yield stage


async def asked(stage: Stage, dossier: dict[str, Any], *items: str, who: str = "sales-1") -> dict[str, Any]:
    body = {"dossier_id": dossier["id"], "items": items or dossier["items"], "reason": "年检需要原件"}
    answer = await post(stage, who, "/v1/loans", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def issued(stage: Stage, dossier: dict[str, Any], *items: str) -> dict[str, Any]:
    loan = await asked(stage, dossier, *items)
    assert (await decide(stage, "specialist-2", loan["id"])).status_code == 200
    answer = await post(stage, "specialist-1", f"/v1/loans/{loan['id']}/issue")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def owed(stage: Stage) -> list[WorkItem]:
    told = [t.message for t in await stage.outbox(WorkItem)]
    return [one for one in told if isinstance(one, WorkItem) and one.kind == "return_loan"]


@pytest.mark.rule("P05.10")
async def test_a_loan_is_approved_issued_due_on_the_third_day_and_struck_out(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract", "settlement_terms")
    loan = await asked(stage, dossier)
    early = await post(stage, "specialist-1", f"/v1/loans/{loan['id']}/issue")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/held")
    assert (await decide(stage, "specialist-2", loan["id"])).status_code == 200
    out = (await post(stage, "specialist-1", f"/v1/loans/{loan['id']}/issue")).json()
    assert (out["state"], out["due_at"], out["copies"]) == ("issued", "2026-03-05T16:00:00Z", 2)
    (duty,) = await owed(stage)
    assert (duty.person, duty.state, duty.rules) == ("sales-1", WorkState.OPEN, ["P05.10", "P13.13"])
    back = (await post(stage, "specialist-2", f"/v1/loans/{loan['id']}/return", {})).json()
    assert (back["struck_out"], back["received_by"], back["lacking"]) == (True, "specialist-2", [])
    assert (await owed(stage))[-1].state == WorkState.DONE


@pytest.mark.rule("P05.10")
async def test_a_loan_is_not_renewed_without_a_new_request(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract")
    loan = await issued(stage, dossier)
    for _ in range(2):
        again = await post(stage, "specialist-1", f"/v1/loans/{loan['id']}/issue")
        assert again.status_code == 409
        back = await post(stage, "specialist-1", f"/v1/loans/{loan['id']}/return", {})
    assert (back.status_code, back.json()["type"]) == (409, "/problems/not-there")
    assert (await issued(stage, dossier))["id"] != loan["id"]


@pytest.mark.rule("P05.10")
async def test_what_is_out_is_not_lent_twice_even_at_the_same_instant(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract", "settlement_terms")
    loans = [await asked(stage, dossier, dossier["items"][0]) for _ in range(3)]
    for loan in loans:
        await decide(stage, "specialist-2", loan["id"])
    answers = await asyncio.gather(*[post(stage, "specialist-1", f"/v1/loans/{loan['id']}/issue") for loan in loans])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await issued(stage, dossier, dossier["items"][1]))["state"] == "issued"


@pytest.mark.rule("P05.10")
async def test_an_overdue_loan_is_called_to_mind_and_passed_up(stage: Stage) -> None:
    loan = await issued(stage, await dossier_with(stage, "distribution_contract"))
    clock, timer = stage.runtime.clock, Timer(stage.runtime)
    assert isinstance(clock, Clock)
    clock.at("2026-03-04 18:00")
    await timer.fire()
    assert (await owed(stage))[-1].reminders > 0
    clock.at("2026-03-06 00:01")
    await timer.fire()
    last = (await owed(stage))[-1]
    assert (last.state, last.escalated_to) == (WorkState.MISSED, ["information_supervisor"])
    (line,) = (await fetch(stage, "sales-1", "/v1/loans")).json()["items"]
    assert (line["id"], line["overdue"], line["struck_out"]) == (loan["id"], True, False)


@pytest.mark.rule("P13.13")
async def test_what_does_not_come_back_is_noted_and_no_longer_counts_as_filed(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract", "settlement_terms")
    loan = await issued(stage, dossier)
    path = f"/v1/loans/{loan['id']}/return"
    stranger = await post(stage, "specialist-1", path, {"lacking": [dossier["id"]]})
    assert stranger.status_code == 422
    back = (await post(stage, "specialist-1", path, {"lacking": [dossier["items"][0]]})).json()
    assert back["lacking"] == [dossier["items"][0]]
    entry = (await stage.outbox(DossierEntry))[-1].message
    assert isinstance(entry, DossierEntry)
    assert [line.kind for line in entry.papers] == ["settlement_terms"]


async def test_the_borrower_does_not_approve_his_own_loan_and_outside_nobody_sees_it(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract")
    loan = await asked(stage, dossier, who="specialist-1")
    assert (await decide(stage, "specialist-1", loan["id"])).status_code == 403
    assert (await fetch(stage, "sales-1", f"/v1/loans/{loan['id']}")).status_code == 404
    assert (await fetch(stage, "specialist-2", f"/v1/loans/{loan['id']}")).json()["reason"] == "年检需要原件"
    assert (await post(stage, "sales-1", f"/v1/loans/{loan['id']}/issue")).status_code == 403
    nothing = {"dossier_id": dossier["id"], "items": [dossier["id"]], "reason": "年检需要原件"}
    assert (await post(stage, "sales-1", "/v1/loans", nothing)).status_code == 422


@pytest.mark.rule("P05.10")
async def test_what_was_lost_since_it_was_asked_for_is_not_issued(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract")
    first, second = await asked(stage, dossier), await asked(stage, dossier)
    for loan in (first, second):
        assert (await decide(stage, "specialist-2", loan["id"])).status_code == 200
    await post(stage, "specialist-1", f"/v1/loans/{first['id']}/issue")
    await post(stage, "specialist-1", f"/v1/loans/{first['id']}/return", {"lacking": dossier["items"]})
    refused = await post(stage, "specialist-1", f"/v1/loans/{second['id']}/issue")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/paper-gone")


@pytest.mark.rule("P05.14")
async def test_the_register_outlives_the_customer_who_is_not_told_of_again(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract")
    loan = await issued(stage, dossier)
    body = {"dossier_id": dossier["id"], "purpose": "contract_review", "reason": "续签合同前核对"}
    viewing = (await post(stage, "sales-1", "/v1/view-requests", body)).json()
    erased = CustomerErased(erasure_id=uuid7(), customer_id=UUID(dossier["about"]), erased_at=stage.runtime.clock())
    await stage.receive(erased, key=str(erased.customer_id))
    async with at_work(stage.runner()):

        async def withdrawn() -> bool:
            return bool(await stage.rows("SELECT 1 FROM kehu.subject_keys WHERE destroyed_at IS NOT NULL"))

        await eventually(withdrawn)
    told = len(await stage.outbox(DossierEntry))
    line = await fetch(stage, "specialist-2", f"/v1/loans/{loan['id']}")
    assert (line.status_code, line.json()["state"], line.json()["reason"]) == (200, "issued", None)
    line = await fetch(stage, "sales-head", f"/v1/view-requests/{viewing['id']}")
    assert (line.status_code, line.json()["reason"]) == (200, None)
    back = await post(stage, "specialist-1", f"/v1/loans/{loan['id']}/return", {"lacking": dossier["items"]})
    assert (back.status_code, back.json()["struck_out"]) == (200, True)
    assert len(await stage.outbox(DossierEntry)) == told, "an erased customer's dossier is not told of again"


@pytest.mark.rule("P12.2")
async def test_whom_the_case_turns_out_to_be_about_signs_no_loan_of_it_and_is_given_nothing(stage: Stage) -> None:
    case = uuid7()
    opened = await post(
        stage, "specialist-1", "/v1/dossiers", {"kind": "case", "about": str(case), "branch": "sh-pudong"}
    )
    dossier = opened.json()
    filed = await post(stage, "specialist-1", f"{dossier['path']}/items", {"kind": "correspondence", "medium": "paper"})
    dossier["items"] = [filed.json()["id"]]
    granted = await asked(stage, dossier)
    assert (await decide(stage, "specialist-2", granted["id"])).status_code == 200
    waiting = await asked(stage, dossier, who="sales-head")
    said = KeptOut(case_id=case, branch="sh-pudong", people=["sales-1", "specialist-2"])
    await stage.receive(said, key=str(case))
    refused = await post(stage, "specialist-1", f"/v1/loans/{granted['id']}/issue")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/borrower-kept-out")
    assert refused.json()["rules"] == ["P12.2"]
    assert (await fetch(stage, "specialist-2", f"/v1/approvals?subject={waiting['id']}")).json()["items"] == []
    assert (await decide(stage, "specialist-1", waiting["id"])).status_code == 200
    assert (await post(stage, "specialist-1", f"/v1/loans/{waiting['id']}/issue")).status_code == 200
