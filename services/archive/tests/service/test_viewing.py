"""Viewing: on request and reason, allowed by whom the branch's policy names, for a time, never for the excluded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.staff import Profile
from policy.access import exclude
from policy.kit import Clock

from .office import decide, dossier_with, fetch, office, post

REASON = {"purpose": "contract_review", "reason": "续签合同前核对王小芳的结算条款"}


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, folder: Path, request: Any
) -> AsyncIterator[Stage]:
    profile = getattr(request, "param", Profile.GROUP)
    async with office(service, database, keys, issuer, folder, profile=profile) as stage:
        yield stage


async def asked(stage: Stage, dossier: dict[str, Any], who: str = "sales-1", **more: Any) -> dict[str, Any]:
    answer = await post(stage, who, "/v1/view-requests", {"dossier_id": dossier["id"], **REASON, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def chain_of(stage: Stage, request: dict[str, Any]) -> list[str]:
    (approval,) = (await fetch(stage, "gm-1", f"/v1/approvals?subject={request['id']}")).json()["items"]
    return [seat["role"] for one in approval["stages"] for seat in one]


@pytest.mark.rule("P01.5")
async def test_a_file_of_the_own_department_is_opened_by_its_manager_and_closes_again(stage: Stage) -> None:
    dossier = await dossier_with(stage, "distribution_contract", department="sales")
    assert (await fetch(stage, "sales-1", dossier["path"])).status_code == 404
    request = await asked(stage, dossier)
    assert await chain_of(stage, request) == ["department_manager"]
    assert (await fetch(stage, "sales-1", dossier["path"])).status_code == 404
    assert (await decide(stage, "sales-head", request["id"])).status_code == 200
    opened = await fetch(stage, "sales-1", dossier["path"])
    assert [item["kind"] for item in opened.json()["items"]] == ["distribution_contract"]
    (mine,) = (await fetch(stage, "sales-1", "/v1/view-requests")).json()["items"]
    assert (mine["state"], mine["until_at"]) == ("granted", "2026-03-03T10:00:00Z")
    reads = [t.message for t in await stage.outbox(AccessRecorded) if isinstance(t.message, AccessRecorded)]
    assert [(r.actor, r.purpose) for r in reads if r.table == "items"] == [("sales-1", "viewing")]
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    clock.at("2026-03-03 18:01")
    assert (await fetch(stage, "sales-1", dossier["path"])).status_code == 404


@pytest.mark.rule("P01.5")
async def test_another_departments_file_is_opened_by_the_general_manager(stage: Stage) -> None:
    dossier = await dossier_with(stage, department="after-sales")
    request = await asked(stage, dossier)
    assert await chain_of(stage, request) == ["general_manager"]
    assert (await decide(stage, "sales-head", request["id"])).status_code == 403
    assert (await decide(stage, "gm-1", request["id"])).status_code == 200
    assert (await fetch(stage, "sales-1", dossier["path"])).status_code == 200


@pytest.mark.rule("P05.9")
@pytest.mark.parametrize("stage", [Profile.SERVICES], indirect=True)
async def test_where_customer_service_reviews_the_head_signs_first(stage: Stage) -> None:
    request = await asked(stage, await dossier_with(stage))
    assert await chain_of(stage, request) == ["department_head", "customer_service_manager"]
    assert (await decide(stage, "service-manager", request["id"])).status_code == 403
    assert (await decide(stage, "sales-chief", request["id"])).status_code == 200
    assert (await decide(stage, "service-manager", request["id"])).status_code == 200


@pytest.mark.rule("P15.1")
@pytest.mark.parametrize("stage", [Profile.DISTRIBUTION], indirect=True)
async def test_where_nobody_views_without_the_general_manager_he_signs_besides(stage: Stage) -> None:
    dossier = await dossier_with(stage, department="sales")
    assert await chain_of(stage, await asked(stage, dossier)) == ["department_manager", "general_manager"]


@pytest.mark.rule("P05.9")
@pytest.mark.rule("P05.11")
async def test_a_classified_file_needs_the_customer_service_manager_too(stage: Stage) -> None:
    dossier = await dossier_with(stage, department="sales")
    body = {"secrecy": "secret", "custodian": "specialist-1"}
    assert (await post(stage, "supervisor-1", f"{dossier['path']}/secrecy", body)).status_code == 200
    request = await asked(stage, dossier)
    assert await chain_of(stage, request) == ["department_manager", "customer_service_manager"]
    await decide(stage, "sales-head", request["id"])
    assert (await fetch(stage, "sales-1", dossier["path"])).status_code == 404
    await decide(stage, "service-manager", request["id"])
    assert (await fetch(stage, "sales-1", dossier["path"])).json()["mark"] == "机密"
    assert (await fetch(stage, "specialist-2", dossier["path"])).status_code == 404


@pytest.mark.rule("P05.9")
async def test_an_outsider_is_registered_with_what_he_has_shown(stage: Stage) -> None:
    dossier = await dossier_with(stage, department="sales")
    outsider = {"name": "李律师", "organisation": "海诚律所", "proof": "introduction_letter", "proof_number": "2026-17"}
    nothing_shown = {**outsider, "proof": "word_of_mouth"}
    refused = await post(
        stage, "sales-1", "/v1/view-requests", {"dossier_id": dossier["id"], **REASON, "outsider": nothing_shown}
    )
    assert refused.status_code == 422
    request = await asked(stage, dossier, outsider=outsider)
    assert await chain_of(stage, request) == ["department_head", "customer_service_manager"]
    read = (await fetch(stage, "service-manager", f"/v1/view-requests/{request['id']}")).json()
    assert (read["outsider"]["name"], read["proof"]) == ("李律师", "introduction_letter")
    told = str([t.message for t in await stage.outbox()])
    kept = str(await stage.rows("SELECT row_to_json(v)::text FROM view_requests v"))
    offers = str(await stage.rows("SELECT offer::text FROM kehu.approvals"))
    for clear in ("李律师", "王小芳"):
        assert clear not in told + kept + offers


@pytest.mark.rule("P05.19")
async def test_a_refused_request_opens_nothing_and_stays_in_the_register(stage: Stage) -> None:
    dossier = await dossier_with(stage, department="sales")
    request = await asked(stage, dossier)
    assert (await decide(stage, "sales-head", request["id"], grant=False)).status_code == 200
    assert (await fetch(stage, "sales-1", dossier["path"])).status_code == 404
    (line,) = (await fetch(stage, "supervisor-1", "/v1/view-requests?state=refused")).json()["items"]
    assert (line["applicant"], line["reason"]) == ("sales-1", None)
    assert (await fetch(stage, "gm-1", f"/v1/approvals?subject={request['id']}")).json()["items"][0]["reason"]


@pytest.mark.rule("P12.2")
async def test_who_is_excluded_can_neither_ask_nor_sign(stage: Stage) -> None:
    dossier = await dossier_with(stage, department="sales")
    async with stage.runtime.transaction() as tx:
        exclude(tx, UUID(dossier["id"]), ["sales-1", "sales-head"], because="complained about")
    body = {"dossier_id": dossier["id"], **REASON}
    assert (await post(stage, "sales-1", "/v1/view-requests", body)).status_code == 404
    request = await asked(stage, dossier, who="specialist-2", department=None)
    assert request["state"] == "asked"
    refused = await decide(stage, "gm-1", request["id"])
    assert refused.status_code == 200


async def test_a_request_of_others_is_not_there_for_whom_it_does_not_concern(stage: Stage) -> None:
    request = await asked(stage, await dossier_with(stage, department="sales"), who="specialist-2")
    assert (await fetch(stage, "sales-1", f"/v1/view-requests/{request['id']}")).status_code == 404
    assert (await fetch(stage, "sales-1", "/v1/view-requests")).json()["items"] == []
