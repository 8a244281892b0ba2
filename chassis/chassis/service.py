"""What makes a service: its routes, reactions, projections and jobs; and the processes it runs as."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import sqlalchemy as sa
import structlog
import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis import failpoints, http, logs, parking, problems, telemetry
from chassis.auth import Verifier
from chassis.broker_connection import make_breaks_known
from chassis.consume import HORIZON, Consumer
from chassis.handlers import Projection, Reaction
from chassis.jobs import Job, Runner
from chassis.peers import trusted
from chassis.problems import Malformed, NotFound, Problem, Refused
from chassis.rebuild import rebuild
from chassis.relay import CHANNEL, Relay
from chassis.runtime import Runtime
from chassis.settings import Settings, read

log = structlog.get_logger()

STUCK_SECONDS = 60
NOT_HTTP = (
    "This is no HTTP/1.1 that can be read. Compare the method with /openapi.json, keep the address below 64 kB, "
    "and send well-formed headers."
)
ROLES = ("all", "api", "worker", "relay")


@asynccontextmanager
async def nothing(runtime: Runtime) -> AsyncIterator[None]:
    """A service without parts of its own."""
    yield


class Worker(Protocol):
    """What a worker process runs beside its consumer and its jobs, until cancelled."""

    name: str
    last_progress: float

    async def run(self) -> None: ...


@dataclass(frozen=True)
class Library:
    """What a library brings into every service that names it: rows of its own in schema `kehu`, ways in, work.

    Its migrations are applied after the plumbing's and before the service's, and counted under its name.
    """

    name: str
    tables: sa.MetaData
    migrations: Path
    routes: Sequence[http.Route] = ()
    reactions: Sequence[Reaction] = ()
    projections: Sequence[Projection] = ()
    jobs: Sequence[Job] = ()
    workers: Sequence[Callable[[Runtime], Worker]] = ()
    parts: Callable[[Runtime], AbstractAsyncContextManager[None]] = nothing


@dataclass(frozen=True)
class Service:
    """The contents page of a service, written in its `app.py`.

    `parts` opens what its use cases share while a process runs (an HTTP client, the intake writer), and
    closes it. `front` are paths served before the framework. What its `libraries` bring is added to its own.
    """

    name: str
    title: str
    tables: sa.MetaData
    migrations: Path
    routes: Sequence[http.Route] = ()
    reactions: Sequence[Reaction] = ()
    projections: Sequence[Projection] = ()
    jobs: Sequence[Job] = ()
    workers: Sequence[Callable[[Runtime], Worker]] = ()
    libraries: Sequence[Library] = ()
    settings: type[Settings] = Settings
    parts: Callable[[Runtime], AbstractAsyncContextManager[None]] = nothing
    front: Callable[[Runtime, Verifier], Mapping[tuple[str, str], http.App]] = field(
        default=lambda runtime, verifier: {}
    )

    def __post_init__(self) -> None:
        for kind in ("routes", "reactions", "projections", "jobs", "workers"):
            brought = [part for library in self.libraries for part in getattr(library, kind)]
            object.__setattr__(self, kind, [*getattr(self, kind), *brought])

    @asynccontextmanager
    async def open(self, runtime: Runtime) -> AsyncIterator[None]:
        """The parts of its libraries, then its own, open while the block runs."""
        async with contextlib.AsyncExitStack() as stack:
            for library in self.libraries:
                await stack.enter_async_context(library.parts(runtime))
            await stack.enter_async_context(self.parts(runtime))
            yield

    async def migrate(self, sqlalchemy_url: str) -> None:
        """Bring a database to the shape this code expects."""
        from chassis.migrate import migrate  # here: other processes start without alembic

        libraries = [(library.name, library.migrations) for library in self.libraries]
        await migrate(sqlalchemy_url, self.migrations, libraries=libraries)


@asynccontextmanager
async def application(
    service: Service, runtime: Runtime, health: http.Health, *, api: bool = True
) -> AsyncIterator[http.App]:
    """The service's ASGI application, with its parts open; without `api` it answers for its health only."""
    async with httpx.AsyncClient(timeout=5, verify=trusted()) as client, service.open(runtime):
        verifier = Verifier(runtime.settings.issuers, http=client)
        front = service.front(runtime, verifier) if api else {}
        routes = service.routes if api else ()
        yield http.build(runtime, verifier, routes, health, title=service.title, front=front)


# -- processes -----------------------------------------------------------------------------------


class Process:
    """One process of a service in the roles it was started for; stops gracefully on SIGTERM and SIGINT."""

    def __init__(self, service: Service, runtime: Runtime, role: str) -> None:
        self._service = service
        self._runtime = runtime
        self._api = role in ("all", "api")
        self._works = role in ("all", "worker")
        self._relays = role in ("all", "relay")
        self._relay = Relay(runtime)
        self._consumer = Consumer(runtime, service.reactions, service.projections)
        settings = runtime.settings
        self._runner = Runner(runtime, service.jobs, slots=settings.worker_slots, lease=settings.job_lease_seconds)
        self._workers = [make(runtime) for make in service.workers]
        self._stop = asyncio.Event()
        self._notifier = Notifier(runtime)

    async def run(self) -> None:
        """Work until told to stop, then finish what was begun."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        self._runtime.outbox_written = self._relay.wake if self._relays else self._notifier.wake
        if self._works:
            self._runtime.job_due = self._runner.wake
        health = http.Health(alive=self._stuck)
        background: list[asyncio.Task[None]] = []
        async with contextlib.AsyncExitStack() as stack:
            if self._relays:
                background.append(self._spawn(self._relay.run()))
            else:
                background.append(self._spawn(self._notifier.run()))
            app = await stack.enter_async_context(application(self._service, self._runtime, health, api=self._api))
            server = self._server(app)
            serving = asyncio.create_task(server.serve())
            if self._works:
                background.append(self._spawn(self._runner.run()))
                background += [self._spawn(worker.run()) for worker in self._workers]
                background.append(self._spawn(self._maintain()))
                background.append(self._spawn(self._consumer.run()))
            gc.collect()
            gc.freeze()
            log.info("started", api=self._api, worker=self._works, relay=self._relays)
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait([stopping, serving], return_when=asyncio.FIRST_COMPLETED)
            health.draining = True
            if not serving.done():
                await asyncio.sleep(self._runtime.settings.drain_notice_seconds)
            server.ended.set()
            await serving
            if self._works:
                await self._consumer.stop()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        log.info("stopped")

    def _server(self, app: http.App) -> _Server:
        settings = self._runtime.settings
        server = _Server(
            uvicorn.Config(
                app,
                **SPEAKING,
                host=settings.http_host,
                port=settings.http_port,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=int(settings.drain_seconds),
                backlog=2048,
            )
        )
        # the process has its own signal handlers
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        return server

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a part of the process has died, stopping", exc_info=error)
                self._stop.set()

        task.add_done_callback(ended)
        return task

    def _stuck(self) -> str | None:
        now = time.monotonic()
        parts: list[tuple[str, float, bool]] = [
            ("relay", self._relay.last_progress, self._relays),
            ("consumer", self._consumer.last_progress, self._works and bool(self._consumer.topics)),
            ("job runner", self._runner.last_progress, self._works and bool(self._service.jobs)),
        ]
        parts += [(worker.name, worker.last_progress, self._works) for worker in self._workers]
        return next((name for name, last, on in parts if on and now - last > STUCK_SECONDS), None)

    async def _maintain(self) -> None:
        """Once an hour: tomorrow's inbox, and what has been kept long enough goes."""
        while True:
            try:
                async with self._runtime.transaction() as tx:
                    today = tx.now.date()
                    await tx.driver.execute("SELECT kehu.roll_inbox($1, $2, 2)", today, HORIZON.days + 1)
                    week = tx.now - timedelta(days=7)
                    await tx.driver.execute("DELETE FROM kehu.idempotency WHERE created_at < $1", week)
                    await tx.driver.execute(
                        "DELETE FROM kehu.jobs WHERE state <> 'waiting' AND ended_at < $1",
                        tx.now - timedelta(days=30),
                    )
            except Exception as error:
                log.warning("upkeep postponed", exc_info=error)
            await asyncio.sleep(3600)


class _Server(uvicorn.Server):
    """Waits to be ended; the original looks ten times a second, a quarter of what wakes a process at rest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.ended.wait()


class HttpProtocol(HttpToolsProtocol):
    """HTTP whose refusal of bytes that cannot be parsed is a problem too; the original's is bare text."""

    def _unsupported_upgrade_warning(self) -> None:
        """Another protocol that is asked for is passed over (RFC 9110, 7.8); the original logs two lines about it."""

    def send_400_response(self, msg: str) -> None:
        answer = problems.response(Malformed(NOT_HTTP), "/")
        lines = [b"HTTP/1.1 400 Bad Request", *(b": ".join(header) for header in answer.raw_headers)]
        self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", bytes(answer.body)]))
        self.transport.close()


#: how the server speaks HTTP: nothing of its own in the log, no header that says what it is, none that it believes
SPEAKING: dict[str, Any] = {
    "http": HttpProtocol,
    "ws": "none",
    "log_config": None,
    "access_log": False,
    "lifespan": "off",
    "server_header": False,
    "proxy_headers": False,
    "date_header": False,
}


class Notifier:
    """Wakes the relay of another process after commits: at once while it is quiet, ten times a second under load.

    On a connection and in a transaction of its own: a NOTIFY inside the transaction that writes makes all
    commits of the database queue.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._written = asyncio.Event()

    def wake(self) -> None:
        self._written.set()

    async def run(self) -> None:
        """Notify until cancelled; the relay's poll is the net when it cannot."""
        while True:
            try:
                connection = await self._runtime.direct("notify")
                try:
                    while True:
                        await self._written.wait()
                        self._written.clear()
                        await connection.execute(f"NOTIFY {CHANNEL}")
                        await asyncio.sleep(0.02)
                        if self._written.is_set():
                            # under load it comes back by itself, and has more to send at a time
                            await asyncio.sleep(0.08)
                finally:
                    connection.terminate()
            except Exception as error:
                log.warning("cannot wake the relay, it polls", error=type(error).__name__)
                await asyncio.sleep(1)


# -- command line --------------------------------------------------------------------------------


def main(service: Service) -> None:
    """`python -m <service> all|api|worker|relay|migrate|parked|unpark|drop|rebuild`."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.name}", description=service.title)
    commands = parser.add_subparsers(dest="command", required=True)
    for role in ROLES:
        commands.add_parser(role, help=f"run the service's {role if role != 'all' else 'api, worker and relay'}")
    commands.add_parser("migrate", help="bring the database to the shape this code expects")
    commands.add_parser("parked", help="list the messages that could not be handled")
    unpark = commands.add_parser("unpark", help="replay a parked message with the queue behind it, or all queues")
    unpark.add_argument("id", type=_id_or_all)
    drop = commands.add_parser("drop", help="give a parked message up")
    drop.add_argument("id", type=int)
    drop.add_argument("reason")
    again = commands.add_parser("rebuild", help="build a local copy anew from its topic and swap it in")
    again.add_argument("projection")
    arguments = parser.parse_args()
    try:
        settings = read(service.settings)
    except ValueError as error:
        sys.exit(f"{service.name} cannot start with these settings:\n{error}")
    logs.configure(service.name, settings.environment)
    telemetry.configure(
        service.name,
        otlp_endpoint=settings.otlp_endpoint,
        ratio=settings.trace_ratio,
        trace_file=settings.trace_file,
    )
    failpoints.arm(settings.failpoints, settings.environment)
    try:
        make_breaks_known()
        uvloop.run(_run(service, settings, arguments))
    except (ValueError, OSError, RuntimeError) as error:
        log.error("cannot start", error=str(error))
        sys.exit(1)
    finally:
        telemetry.shutdown()


async def _run(service: Service, settings: Settings, arguments: argparse.Namespace) -> None:
    if arguments.command == "migrate":
        await service.migrate(settings.sqlalchemy_url)
        return
    runtime = Runtime.of(service.name, settings)
    try:
        if arguments.command in ROLES:
            await Process(service, runtime, arguments.command).run()
            return
        sys.stdout.write(await _operate(service, runtime, arguments) + "\n")
    except Problem as problem:
        sys.exit(problem.detail)
    finally:
        await runtime.close()


def _id_or_all(text: str) -> int | None:
    """A parked message; None for all of them."""
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError("it is the number of a parked message, or all")
    return None if text == "all" else int(text)


async def _unpark_all(service: Service, runtime: Runtime) -> str:
    """Replay every queue; one that fails again stays, and the others go on."""
    handled, left = 0, 0
    async with service.open(runtime):
        for first in await parking.queues(runtime):
            try:
                handled += await parking.unpark(runtime, service.reactions, first)
            except Exception as error:
                left += 1
                log.error("parked message failed again", exc_info=error)
    still = f"; {left} queues failed again (the lines above say where) and stay parked: see `parked`" if left else ""
    return f"{handled} messages handled{still}"


async def _unpark(service: Service, runtime: Runtime, identifier: int) -> int:
    """Replay a queue with everything open that the service's reactions ask; where it fails again is in the log."""
    try:
        async with service.open(runtime):
            return await parking.unpark(runtime, service.reactions, identifier)
    except Problem:
        raise
    except Exception as error:
        log.error("parked message failed again", exc_info=error)
        raise Refused(
            f"It failed again ({type(error).__name__}; the line above says where). What was handled before it is "
            "done, it and what waits behind it stay parked: see `parked`."
        ) from error


async def _operate(service: Service, runtime: Runtime, arguments: argparse.Namespace) -> str:
    """What an operator asks for at the command line; one readable answer."""
    match arguments.command:
        case "parked":
            found = await parking.list_parked(runtime)
            lines = [
                f"{p.id}  {p.handler or '(unreadable)'}  {p.key}  {p.topic}/{p.partition}/{p.offset}  "
                f"{p.parked_at:%Y-%m-%d %H:%M:%SZ}  event {p.event_id or '-'}  trace {p.trace_id or '-'}  "
                f"{p.attempts} attempts  {p.error}"
                for p in found
            ]
            return "\n".join(lines) or "nothing is parked"
        case "unpark" if arguments.id is None:
            return await _unpark_all(service, runtime)
        case "unpark":
            return f"{await _unpark(service, runtime, arguments.id)} messages handled"
        case "drop":
            await parking.drop(runtime, arguments.id, arguments.reason, actor="operator")
            return "dropped"
        case _:
            named = {projection.name: projection for projection in service.projections}
            if arguments.projection not in named:
                raise NotFound(f"No projection has this name; there are: {', '.join(sorted(named)) or 'none'}.")
            count = await rebuild(runtime, named[arguments.projection])
            return f"{arguments.projection}: rebuilt from {count} entries"
