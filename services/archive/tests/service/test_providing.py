"""Providing: nothing leaves without both signatures, within its fields and days, and each time on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chassis.ids import uuid7
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.staff import Profile
from policy.kit import Clock

from .office import decide, fetch, office, post

PROPOSED = {
    "branch": "sh-pudong",
    "party": "dongfeng-nissan",
    "brand": "东风日产",
    "purpose": "early_warning",
    "fields": ["number", "vin"],
    "from_on": "2026-03-01",
    "until_on": "2026-03-31",
}


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, folder: Path, request: Any
) -> AsyncIterator[Stage]:
    profile = getattr(request, "param", Profile.GROUP)
    async with office(service, database, keys, issuer, folder, profile=profile) as stage:
        yield stage


async def proposed(stage: Stage, **changes: Any) -> dict[str, Any]:
    answer = await post(stage, "specialist-1", "/v1/agreements", {**PROPOSED, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def in_force(stage: Stage, brand: str = "东风日产", branch: str = "sh-pudong") -> Any:
    async with stage.client(subject="service:complaint", scopes=("archive.provide",)) as machine:
        return await machine.get("/v1/agreements/in-force", params={"brand": brand, "branch": branch})


async def give(stage: Stage, agreement: dict[str, Any], *fields: str, **headers: str) -> Any:
    async with stage.client(subject="service:complaint", scopes=("archive.provide",), **headers) as machine:
        body = {"about": str(uuid7()), "fields": fields}
        return await machine.post(f"/v1/agreements/{agreement['id']}/provisions", json=body)


@pytest.mark.rule("P05.13")
async def test_nothing_is_in_force_before_both_have_signed(stage: Stage) -> None:
    agreement = await proposed(stage)
    assert (await in_force(stage)).status_code == 404
    assert (await give(stage, agreement, "vin")).status_code == 409
    await decide(stage, "supervisor-1", agreement["id"])
    assert (await in_force(stage)).status_code == 404
    await decide(stage, "service-manager", agreement["id"])
    answer = await in_force(stage)
    assert (answer.status_code, answer.json()["fields"]) == (200, ["number", "vin"])
    assert (await in_force(stage, brand="上汽大众")).status_code == 404
    assert (await in_force(stage, branch="bj-chaoyang")).status_code == 404


@pytest.mark.rule("P05.13")
async def test_only_the_agreed_fields_are_given_on_the_agreed_days_and_each_time_recorded(stage: Stage) -> None:
    agreement = await proposed(stage)
    for signer in ("supervisor-1", "service-manager"):
        await decide(stage, signer, agreement["id"])
    more = await give(stage, agreement, "vin", "caller")
    assert (more.status_code, more.json()["type"]) == (409, "/problems/not-agreed")
    assert (await give(stage, agreement, "vin")).status_code == 201
    records = [t.message for t in await stage.outbox(AccessRecorded) if isinstance(t.message, AccessRecorded)]
    given = [record for record in records if record.action == "provide"]
    assert [(record.actor, record.purpose) for record in given] == [("service:complaint", "early_warning")]
    clock = stage.runtime.clock
    assert isinstance(clock, Clock)
    for day, status in (("2026-03-31 23:59", 201), ("2026-04-01 00:01", 409)):
        clock.at(day)
        assert (await give(stage, agreement, "vin")).status_code == status
    assert (await in_force(stage)).status_code == 404


@pytest.mark.rule("P05.13")
async def test_an_ended_or_refused_agreement_gives_nothing(stage: Stage) -> None:
    refused = await proposed(stage)
    await decide(stage, "supervisor-1", refused["id"], grant=False)
    ended = await proposed(stage)
    for signer in ("supervisor-1", "service-manager"):
        await decide(stage, signer, ended["id"])
    assert (await post(stage, "specialist-1", f"/v1/agreements/{ended['id']}/end")).status_code == 403
    assert (await post(stage, "service-manager", f"/v1/agreements/{ended['id']}/end")).status_code == 200
    assert (await in_force(stage)).status_code == 404
    for agreement in (refused, ended):
        assert (await give(stage, agreement, "vin")).status_code == 409
    listed = (await fetch(stage, "gm-1", "/v1/agreements")).json()["items"]
    assert [line["state"] for line in listed] == ["ended", "refused"]


@pytest.mark.rule("P15.1")
@pytest.mark.parametrize("stage", [Profile.DISTRIBUTION], indirect=True)
async def test_where_p15_holds_the_general_manager_signs_besides(stage: Stage) -> None:
    agreement = await proposed(stage)
    for signer in ("supervisor-1", "service-manager"):
        await decide(stage, signer, agreement["id"])
    assert (await in_force(stage)).status_code == 404
    await decide(stage, "gm-1", agreement["id"])
    assert (await in_force(stage)).status_code == 200


async def test_a_person_gives_nothing_by_himself_and_nobody_proposes_for_another_branch(stage: Stage) -> None:
    agreement = await proposed(stage)
    body = {"about": str(uuid7()), "fields": ["vin"]}
    assert (await post(stage, "gm-1", f"/v1/agreements/{agreement['id']}/provisions", body)).status_code == 403
    for branch in ("bj-chaoyang", "group"):
        answer = await post(stage, "specialist-1", "/v1/agreements", {**PROPOSED, "branch": branch})
        assert answer.status_code == 403
    backwards = await post(stage, "specialist-1", "/v1/agreements", {**PROPOSED, "until_on": "2026-02-01"})
    assert backwards.status_code == 422
