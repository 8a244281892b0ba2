"""The whole system as processes, with the people of the demo, once for the journeys that leave it standing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from dev import children, seed
from dev.people import ADMINISTRATOR
from dev.system import services

from tests.faults.system import Ground, System, on, system
from tests.journeys.planting import Planting, at_work
from tests.journeys.walk import Walk

#: complaint in parts, since people call while its worker is away
ROLES = [
    *((f"{name}", "all", 1) for name in services() if name != "complaint"),
    *(("complaint", role, 1) for role in ("api", "worker", "relay")),
]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def here(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases, kafka_bootstrap: str
) -> AsyncIterator[Ground]:
    """Keys and an issuer that the systems stand on, beside the servers of the tests."""
    directory: Path = tmp_path_factory.mktemp("ground")
    async with on(directory, databases, kafka_bootstrap) as found:
        yield found


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def running(here: Ground) -> AsyncIterator[System]:
    """Every service, with the people of the demo entered through staff's own doors."""
    traces = here.directory / "traces"
    traces.mkdir(exist_ok=True)
    told = {"KEHU_GRANTS_FROM": "staff", "KEHU_FIRST_ADMINISTRATOR": ADMINISTRATOR,
            "KEHU_TRACE_RATIO": "1", "KEHU_TRACE_FILE": str(traces / "journeys.jsonl")}  # fmt: skip
    async with system(here, ROLES, **told) as running:
        # a process says that it has started a moment before it listens
        serving = [part for name in running.services for part in running.serving(name)]
        await eventually(lambda: all(children.listens(part.port) for part in serving))
        staff = running.serving("staff")[0].address
        await asyncio.to_thread(seed.staff_branches, staff, here.issuer)
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def walk(running: System) -> AsyncIterator[Walk]:
    """People at work in it."""
    addresses = {name: running.serving(name)[0].address for name in running.services}
    walk = Walk(addresses, lambda who: running.ground.token(who))
    yield walk
    await walk.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def planted(running: System) -> AsyncIterator[Planting]:
    """People who have written canaries at every step of their work."""
    addresses = {name: running.serving(name)[0].address for name in running.services}
    planting = Planting(addresses, lambda who: running.ground.token(who))
    await at_work(planting)
    yield planting
    await planting.close()
