"""People who can be told: a dealership and those who must know of its serious complaints, entered by staff's doors."""

from __future__ import annotations

import httpx
from chassis.kit.eventually import eventually
from dev import people

from tests.faults.system import System, rows

BRANCH = people.PLACES[0]
#: every post that the ladder tells, that judges, that hears of what was missed, that signs goods over the limit or who
#: bears a loss; none of a second dealership
HEAD_OFFICE = ("legal-1", "brand-1", "vp-1", "ceo-1", "area-east-1")


async def entered(running: System) -> None:
    """Open the branch and enter its people; return when those who tell them know them and how they are reached."""
    staff = running.serving("staff")[0].address
    token = running.ground.token("admin-1", "administrator@group")
    table = [row for row in people.rows() if row["branch"] == BRANCH.branch or row["subject"] in HEAD_OFFICE]
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as admin:
        (await admin.post(f"{staff}/v1/branches", json=BRANCH.form(0))).raise_for_status()
        taken = await admin.post(f"{staff}/v1/people/imports", content=people.table(table))
        path = taken.raise_for_status().json()["path"]

        async def done() -> bool:
            job = (await admin.get(staff + path)).json()
            assert job["outcomes"].keys() <= {"made"}, job
            return bool(job["state"] == "done")

        await eventually(done, within=180, every=0.5)

    async def known() -> bool:
        asked = {
            "complaint": "SELECT count(*) FROM kehu.known_people",
            "credit": "SELECT count(*) FROM kehu.known_people",
            "notify": "SELECT count(*) FROM contacts WHERE pulled_at IS NOT NULL",
        }
        there = running.databases
        found = [(await rows(there[name], sql))[0][0] for name, sql in asked.items() if name in there]
        return bool(min(found) >= len(table))

    await eventually(known, within=180, every=0.5)
