"""Every local copy of every service, built anew while messages keep coming, is what its topic says, and stays so."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.handlers import Projection
from chassis.kit.eventually import eventually
from chassis.rebuild import rebuild
from chassis.runtime import Runtime
from dev import people

from tests.faults.records import Record
from tests.faults.system import System, rows
from tests.journeys.topics import app_of, caught_up, everything
from tests.journeys.walk import Walk
from tests.journeys.ways import WAYS

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

#: says when a process heard of an entry: it is another one for a copy that was made later
HEARD = {"work_items": "change"}
Copies = dict[str, list[str]]


@pytest.mark.rule("P05.15")
async def test_rebuilding_every_local_copy_changes_nothing(walk: Walk, running: System) -> None:
    async with traffic(walk) as said:
        await rebuilt(running)
        await eventually(lambda: len(said) >= 10)
    await caught_up(running, running.services)
    before, records = await copies(running), await everything(running)
    assert len(before) > 20
    for service in running.services:
        for projection in app_of(service).projections:
            assert await sequences(running, service, projection) == newest(records, projection), projection.name
    await rebuilt(running)
    after = await copies(running)
    for name, held in before.items():
        assert after[name] == held, name


@contextlib.asynccontextmanager
async def traffic(walk: Walk) -> AsyncIterator[list[str]]:
    """Calls, new customers and new staff while the block runs; at which branches there was one of each so far."""
    said: list[str] = []

    async def go_on() -> None:
        for n in itertools.count():
            way = WAYS[n % len(WAYS)]
            await walk.takes(f"rebuilding-{n}", f"142077751{n:02d}", branch=way.branch, channel="phone")
            customer = {"kind": "person", "branch": way.branch, "name": "王小芳", "phones": [f"142077751{n:02d}"]}
            await walk.does("clerk-1", "customer", "/v1/customers", customer)
            person = {"subject": f"rebuilding-{n}", "name": f"员工{n}", "branch": way.branch,
                      "mail": f"rebuilding-{n}@kehu.example", "mobile": f"142077752{n:02d}"}  # fmt: skip
            await walk.does(people.ADMINISTRATOR, "staff", "/v1/people", person)
            said.append(way.branch)

    going = asyncio.create_task(go_on())
    try:
        yield said
    finally:
        going.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await going


async def rebuilt(running: System) -> None:
    """Build all copies anew, those of three services at the same time."""
    places = asyncio.Semaphore(3)

    async def of(service: str) -> None:
        async with places:
            await copies_of(service)

    async def copies_of(service: str) -> None:
        app, here = app_of(service), running.ground
        runtime = Runtime.of(
            service,
            app.settings(
                environment="test",
                database_url=running.databases[service],
                kafka=here.bootstrap,
                topic_prefix=running.prefix,
                master_keys_file=here.master_keys,
                token_keys_file=here.token_keys,
            ),
        )
        try:
            for projection in app.projections:
                await rebuild(runtime, projection)
        finally:
            await runtime.close()

    await asyncio.gather(*(of(service) for service in running.services))


async def copies(running: System) -> Copies:
    """Every row of every copy."""
    found: Copies = {}
    for service in running.services:
        for projection in app_of(service).projections:
            for table in [projection.into, *([projection.lines] if projection.lines is not None else [])]:
                held = [dict(row) for row in await rows(running.databases[service], f"SELECT * FROM {table.fullname}")]
                heard = HEARD.get(table.name)
                found[f"{service}.{table.fullname}"] = sorted(
                    repr(sorted((name, value) for name, value in row.items() if name != heard)) for row in held
                )
    return found


async def sequences(running: System, service: str, projection: Projection) -> dict[str, int]:
    """How far a copy has heard of each entry."""
    query = f"SELECT {projection.key.name}, sequence FROM {projection.into.fullname}"
    return {str(row[0]): row[1] for row in await rows(running.databases[service], query)}


def newest(records: list[Record], projection: Projection) -> dict[str, int]:
    """The newest word on each entry on the topics of a copy."""
    found: dict[str, Any] = {}
    topics = {topic.name for topic in projection.topics}
    for record in records:
        if record.topic in topics and record.header("ce_type") == projection.message.TYPE:
            key = record.key.decode()
            found[key] = max(found.get(key, 0), int(record.header("ce_sequence")))
    return found
