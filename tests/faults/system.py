"""The system under test: own Kafka and PostgreSQL on disk, own keys and issuer, and every service as real processes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn
from chassis.dev_issuer import application, key_in, mint
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.kit.keys import write_keys
from chassis.kit.process import ServiceProcess
from chassis.service import Service
from chassis.topics import ensure
from contracts.topics import TOPICS
from dev import children
from dev.children import free_port
from dev.kafka import Kafka
from dev.postgres import Postgres
from joserfc.jwk import ECKey

TALLY = "tests.faults.tally"


def app_of(service: str) -> Service:
    """The contents page of a service."""
    module = importlib.import_module(f"{TALLY}.app" if service == "tally" else f"{service}.app")
    found: Service = module.service
    return found


@dataclass
class Ground:
    """What several runs may stand on, one after the other: Kafka, PostgreSQL, keys, an issuer.

    `postgres` and `kafka` are there where they may be killed: they are nobody else's then.
    """

    directory: Path
    bootstrap: str
    databases: Databases
    issuer: str
    issuer_key: ECKey
    master_keys: Path
    token_keys: Path
    postgres: Postgres | None = None
    kafka: Kafka | None = None

    def token(self, subject: str, *grants: str, scopes: Sequence[str] = ()) -> str:
        """A bearer token that every process of every run accepts."""
        return mint(self.issuer_key, self.issuer, subject, grants=grants, scopes=scopes, lifetime=4 * 3600)


@asynccontextmanager
async def ground(directory: Path) -> AsyncIterator[Ground]:
    """Servers of its own, PostgreSQL with fsync, below `directory`, which is emptied first; all ends with the block."""
    shutil.rmtree(directory, ignore_errors=True)
    postgres = Postgres.start(directory / "postgres", fsync=True)
    try:
        kafka = Kafka.start(directory / "kafka")
        try:
            async with on(directory, Databases(postgres.admin_dsn), kafka.bootstrap) as found:
                found.postgres, found.kafka = postgres, kafka
                yield found
        finally:
            kafka.kill()
    finally:
        postgres.kill()


@asynccontextmanager
async def on(directory: Path, databases: Databases, bootstrap: str) -> AsyncIterator[Ground]:
    """Keys and an issuer beside servers that others use too."""
    key = key_in(directory / "keys" / "issuer.json")
    async with issuing(key) as issuer:
        master, token = write_keys(directory / "keys")
        yield Ground(directory, bootstrap, databases, issuer, key, master, token)


@asynccontextmanager
async def issuing(key: ECKey) -> AsyncIterator[str]:
    """The development issuer, served from here; its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    config = uvicorn.Config(application(key, address), host="127.0.0.1", port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started, every=0.01)
    try:
        yield address
    finally:
        server.should_exit = True
        await serving


@dataclass
class Part:
    """One process of a service. `held` is one that the supervisor leaves alone for the moment."""

    service: str
    role: str
    name: str
    process: ServiceProcess
    port: int
    held: bool = False

    @property
    def kind(self) -> str:
        return f"{self.service}.{self.role}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class System:
    """The processes of one run and the databases and topics that are theirs."""

    def __init__(self, ground: Ground, prefix: str, databases: dict[str, str], parts: list[Part]) -> None:
        self.ground = ground
        self.prefix = prefix
        self.databases = databases
        self.parts = parts
        #: by part: how often it was found dead without being killed by name (a failpoint, a lost database)
        self.deaths: Counter[str] = Counter()
        self._supervising: asyncio.Task[None] | None = None

    @property
    def services(self) -> list[str]:
        return sorted(self.databases)

    def of(self, kind: str) -> list[Part]:
        """The parts of one kind: `complaint.api`."""
        return [part for part in self.parts if part.kind == kind]

    def serving(self, service: str) -> list[Part]:
        """The parts that answer HTTP for a service."""
        return [part for part in self.parts if part.service == service and part.role in ("api", "all")]

    async def up(self) -> None:
        """Start every part and wait until all say that they are at work; then keep them running."""
        for part in self.parts:
            part.process.start()
        await self.ready(120)
        self._supervising = asyncio.create_task(self._supervise())

    async def ready(self, within: float) -> None:
        """Return when every part is at work; RuntimeError names the ones that are not.

        One that ends at its start is started again as its supervisor would, once, and what it said is shown.
        """
        deadline = asyncio.get_running_loop().time() + within
        while late := [part for part in self.parts if not (part.process.alive and part.process.started)]:
            dead = [part for part in late if not part.process.alive]
            for part in dead if self._supervising is None else ():
                status, said = part.process.exit_status, children.tail(part.process.log)
                ended = f"{part.name} ended at its start with status {status}; it said last:\n{said}"
                if self.deaths[part.name]:
                    raise RuntimeError(ended)
                warnings.warn(ended, RuntimeWarning, stacklevel=2)
                self.deaths[part.name] += 1
                part.process.start()
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"not at work: {', '.join(part.name for part in late)}")
            await asyncio.sleep(0.1)

    async def down(self) -> None:
        """End every part at once."""
        if self._supervising is not None:
            self._supervising.cancel()
        for part in self.parts:
            part.process.kill()

    @contextlib.contextmanager
    def holding(self, part: Part) -> Iterator[None]:
        """Keep the supervisor away from a part while something is done to it."""
        part.held = True
        try:
            yield
        finally:
            part.held = False

    async def _supervise(self) -> None:
        """Start again what has died, twice a second, without the failpoints that it may have had."""
        while True:
            await asyncio.sleep(0.5)
            for part in self.parts:
                if not part.held and not part.process.alive:
                    self.deaths[part.name] += 1
                    part.process.start()


@asynccontextmanager
async def system(
    ground: Ground, roles: Sequence[tuple[str, str, int]], *, wrapper: Sequence[str] = (), **settings: str
) -> AsyncIterator[System]:
    """Fresh databases and topics, and `(service, role, count)` processes on them.

    `wrapper` are words before the module of each process, `settings` are added to the environment of all.
    """
    name = uuid4().hex[:8]
    prefix = f"f{name}."
    async with AsyncExitStack() as stack:
        databases: dict[str, str] = {}
        for service in sorted({service for service, _, _ in roles}):
            databases[service] = await stack.enter_async_context(ground.databases.fresh(app_of(service)))
        await ensure(ground.bootstrap, prefix=prefix, topics=TOPICS.values())
        running = System(ground, prefix, databases, _parts(ground, prefix, databases, roles, wrapper, settings))
        try:
            await running.up()
            yield running
        finally:
            await running.down()


def _parts(
    ground: Ground,
    prefix: str,
    databases: dict[str, str],
    roles: Sequence[tuple[str, str, int]],
    wrapper: Sequence[str],
    settings: dict[str, str],
) -> list[Part]:
    parts = []
    placed = [(service, role, number, free_port()) for service, role, count in roles for number in range(1, count + 1)]
    serving = {service: f"http://127.0.0.1:{port}" for service, role, _, port in placed if role in ("api", "all")}
    for service, role, number, port in placed:
        env = {
            "KEHU_ENVIRONMENT": "test",
            "KEHU_DATABASE_URL": databases[service],
            "KEHU_KAFKA": ground.bootstrap,
            "KEHU_TOPIC_PREFIX": prefix,
            "KEHU_HTTP_PORT": str(port),
            "KEHU_GRANTS_FROM": "token",
            "KEHU_ISSUERS": json.dumps([{"issuer": ground.issuer}]),
            "KEHU_TOKEN_ENDPOINT": f"{ground.issuer}/token",
            "KEHU_PEERS": json.dumps(serving),
            "KEHU_BLOB_STORE": str(ground.directory / "blobs" / f"{prefix}{service}"),
            "KEHU_AUDIT_KEY_FILE": str(ground.directory / "keys" / "audit.pem"),
            "KEHU_MASTER_KEYS_FILE": str(ground.master_keys),
            "KEHU_TOKEN_KEYS_FILE": str(ground.token_keys),
            "KEHU_POOL_SIZE": "4",
            "KEHU_TRACE_RATIO": "0",
            "KEHU_JOB_LEASE_SECONDS": "6",
            "KEHU_WEBHOOK_ALLOW_LOOPBACK": "true",
            "PYTHONDONTWRITEBYTECODE": "",  # processes start a hundred times: compile once
            "PYTHONPATH": os.pathsep.join(("deploy", os.environ.get("PYTHONPATH", ""))),
            **settings,
        }
        module = [*wrapper, TALLY if service == "tally" else service]
        name = f"{service}.{role}-{number}"
        log = ground.directory / "logs" / f"{prefix}{name}.log"
        parts.append(Part(service, role, name, ServiceProcess(module, role, env, log), port))
    return parts


async def rows(dsn: str, sql: str, *arguments: Any) -> list[Any]:
    """The rows of a query, over a connection of its own."""
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()
