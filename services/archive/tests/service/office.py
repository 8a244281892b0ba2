"""The people of the archive's tests, as the staff directory knows them, and their signatures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.ids import uuid7
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.staff import Profile
from policy.calendar import ZONE
from policy.kit import Clock, hire_all, open_branch

PEOPLE = {
    "specialist-1": "information_specialist@{}",
    "specialist-2": "information_specialist@{}",
    "supervisor-1": "information_supervisor@{}",
    "service-manager": "customer_service_manager@{}",
    "gm-1": "general_manager@{}",
    "sales-1": "salesperson@{}/sales",
    "sales-head": "department_manager@{}/sales",
    "sales-chief": "department_head@{}/sales",
}


@asynccontextmanager
async def office(
    service: Service,
    database: str,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    folder: Path,
    *,
    profile: Profile = Profile.GROUP,
    branch: str = "sh-pudong",
) -> AsyncIterator[Stage]:
    """A branch with its people, on Monday morning; who is who, the staff directory says."""
    more = {"blob_store": str(folder), "grants_from": "staff"}
    async with staged(service, database, keys, issuer, **more) as stage:
        stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
        await open_branch(stage, branch, profile, region="east")
        await hire_all(stage, {who: [grant.format(branch)] for who, grant in PEOPLE.items()})
        yield stage


async def post(stage: Stage, who: str, path: str, body: Any = None) -> Any:
    """What somebody is answered."""
    async with stage.client(subject=who) as person:
        return await person.post(path, json=body)


async def fetch(stage: Stage, who: str, path: str) -> Any:
    """What somebody reads."""
    async with stage.client(subject=who) as person:
        return await person.get(path)


async def dossier_with(stage: Stage, *papers: str, branch: str = "sh-pudong", **more: Any) -> dict[str, Any]:
    """A dossier of a customer with papers; `items` are their ids."""
    body = {"kind": "customer", "about": str(uuid7()), "branch": branch, **more}
    opened = await post(stage, "specialist-1", "/v1/dossiers", body)
    assert opened.status_code == 201, opened.text
    dossier: dict[str, Any] = opened.json()
    dossier["items"] = []
    for kind in papers:
        filed = await post(stage, "specialist-1", f"{dossier['path']}/items", {"kind": kind, "medium": "paper"})
        dossier["items"].append(filed.json()["id"])
    return dossier


async def decide(stage: Stage, who: str, subject: str, *, grant: bool = True) -> Any:
    """Somebody signs, or refuses, what waits for the subject."""
    async with stage.client(subject=who) as signer:
        (approval,) = (await signer.get(f"/v1/approvals?subject={subject}")).json()["items"]
        body = {"grant": grant, "digest": approval["digest"]} | ({} if grant else {"reason": "理由不充分"})
        return await signer.post(f"/v1/approvals/{approval['id']}/decide", json=body)
