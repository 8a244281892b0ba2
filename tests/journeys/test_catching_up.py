"""A service is away for an hour of everybody's work and catches up: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from policy.calendar import ZONE

from tests.faults.system import System, rows
from tests.journeys.topics import by_type, caught_up, everything, miscounted, not_taken, of_type
from tests.journeys.walk import Walk
from tests.journeys.ways import DEALERSHIP, JUDGEMENT, SERVICES, WAYS

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

#: calls while one service is away: what the group's call centre takes in an hour, each judged or marked as serious
CALLS = 40
AGENTS = 12
ACCUSED = "order-agent-cd-wuhou-1"
CLERK, ASKER, DECIDER = "clerk-1", "information-1", "cs-manager-1"


@pytest.mark.rule("P05.11")
async def test_each_service_is_away_for_an_hour_and_catches_up(walk: Walk, running: System) -> None:
    accused = await misconduct(walk)
    erased = await erasure(walk)
    async with away(running, "archive.all"):
        await hour(walk, "archive")
    async with away(running, "notify.all"):
        await hour(walk, "notify")
    async with away(running, "complaint.worker"):
        await hour(walk, "complaint")
    async with away(running, "staff.all"):
        await asyncio.gather(hour(walk, "staff"), walk.signs(["department-manager-cd-wuhou-1"], accused))
    await walk.signs([DECIDER], erased, "customer")
    await caught_up(running, ["customer"], within=180)
    async with away(running, "customer.all"):
        await hour(walk, "customer")
    await caught_up(running, running.services, within=180)

    records = await everything(running)
    assert list(miscounted(records)) == []
    for service in running.services:
        assert await not_taken(running, service, records) == []
    told = by_type(records)
    database = running.databases
    assert await count(database["complaint"], "cases") == told["complaint.opened.v1"] >= 5 * CALLS
    assert await count(database["archive"], "log_leaves") == told["archive.access_recorded.v1"]
    assert await count(database["staff"], "breaches") == told["staff.record_breach.v1"] == 1
    await walk.sees(
        DECIDER,
        "customer",
        f"/v1/erasures/{erased}/certificate",
        lambda seen: seen["erasure"]["state"] == "completed",
    )
    asked = {json.loads(record.value or b"")["send_id"] for record in of_type(records, "notify.send.v1")}
    nobody = {json.loads(record.value or b"")["send_id"] for record in of_type(records, "notify.nobody_told.v1")}
    notices = {row[0] for row in await rows(database["notify"], "SELECT send_id::text FROM notices")}
    assert len(asked) == told["notify.send.v1"] > CALLS // 8
    assert asked == (asked & notices) | (asked & nobody)
    print(f"caught up with {len(records)} messages: {dict(told.most_common(12))}")


@asynccontextmanager
async def away(running: System, kind: str) -> AsyncIterator[None]:
    """Killed while the block runs; started after it, to catch up while the next one is away."""
    (part,) = running.of(kind)
    with running.holding(part):
        part.process.kill()
        yield
        part.process.start()


async def hour(walk: Walk, name: str) -> None:
    """Calls as they come, at every process's branch, each judged; every eighth is serious."""
    waiting = list(range(CALLS))

    async def agent() -> None:
        while waiting:
            n = waiting.pop()
            way = WAYS[n % len(WAYS)]
            serious: dict[str, Any] = {"serious": ["blocked_door"]} if n % 8 == 1 else {}
            phone = f"14207776{_HOURS.index(name)}{n:02d}"
            case = await walk.takes(f"{name}-{n}", phone, branch=way.branch, channel=way.channel, **serious)
            await walk.does(way.judge, "complaint", f"{case['path']}/judge", JUDGEMENT)

    await asyncio.gather(*(agent() for _ in range(AGENTS)))


_HOURS = ("archive", "notify", "complaint", "staff", "customer")


async def misconduct(walk: Walk) -> str:
    """A penalty that somebody has proposed and nobody has decided; its id (P04.12)."""
    case = await walk.takes("accused", "14207776900", branch=SERVICES.branch, channel=SERVICES.channel)
    for who, step, body in SERVICES.steps(serious=False)[:2]:
        accused = {"respondent": ACCUSED} if step == "judge" else {}
        await walk.does(who, "complaint", f"{case['path']}/{step}", {**(body or {}), **accused})
    today = datetime.now(ZONE).date().isoformat()
    form = {"person": ACCUSED, "offences": ["indifferent_reception"], "occurred_on": today,
            "words": "接待冷漠"}  # fmt: skip
    found = await walk.does(SERVICES.judge, "complaint", f"{case['path']}/misconduct", form)
    return str(found["id"])


async def erasure(walk: Walk) -> str:
    """A customer who is to be forgotten, which nobody has decided; its id (P05.14)."""
    form = {"kind": "person", "branch": DEALERSHIP.branch, "name": "王小芳", "phones": ["14207776901"]}
    customer = (await walk.does(CLERK, "customer", "/v1/customers", form))["id"]
    found = await walk.does(ASKER, "customer", f"/v1/customers/{customer}/erasure", {"ground": "unlawful"})
    return str(found["id"])


async def count(dsn: str, table: str) -> int:
    """How many rows a table has."""
    ((found,),) = await rows(dsn, f"SELECT count(*) FROM {table}")
    return int(found)
