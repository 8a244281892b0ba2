"""The faults: which, on whom, in which order, drawn from a seed; and how each one is done."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from dev.kafka import Kafka
from dev.postgres import Postgres

from tests.faults import records
from tests.faults.system import Part, System

#: armed in a part that is started anew: where it may die, by role, so often
FAILPOINTS = {
    "api": "intake.committed=kill:0.1",
    "relay": "relay.sent=kill:0.3,planted.gap=kill:0.3",
    "worker": "consume.effect=kill:0.3,jobs.worked=kill:0.1,obligations.fired=kill:0.3,planted.gap=kill",
    "all": "relay.sent=kill:0.1,consume.effect=kill:0.2,jobs.worked=kill:0.1,obligations.fired=kill:0.2,"
    "together.committed=kill:0.1,planted.gap=kill:0.5",
}
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = ANY($1) AND application_name LIKE 'kehu-%'"
_ANY = f"{_BACKENDS} ORDER BY random() LIMIT 1"
#: one that is in the middle of a transaction
_IN_TRANSACTION = f"""
{_BACKENDS} AND state IN ('active', 'idle in transaction') AND xact_start IS NOT NULL ORDER BY random() LIMIT 1
"""
_END = "SELECT pid FROM ({chosen}) AS b WHERE pg_terminate_backend(pid)"


@dataclass(frozen=True)
class Fault:
    """What is done, to which kind of part (`complaint.api`) where it is done to one."""

    what: str
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.kind}".strip()


def drawn(rng: random.Random, count: int, kinds: Sequence[str]) -> list[Fault]:
    """`count` faults in a random order: every sort once as far as they go, then whichever comes."""
    single = [Fault("crash postgres"), Fault("kill kafka"), Fault("end backend"), Fault("storm"), Fault("freeze")]
    single += [Fault("repeat records"), Fault("poison")]
    by_part = [Fault(what, kind) for kind in kinds for what in ("kill", "failpoint", "pause")]
    rng.shuffle(by_part)
    deck = [*single, *by_part]
    while len(deck) < count:
        deck.append(rng.choice(by_part if rng.random() < 0.75 else single))
    chosen = deck[:count]
    rng.shuffle(chosen)
    return chosen


class Troubles:
    """Does faults to a system and counts them."""

    def __init__(self, system: System, rng: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self._system = system
        self._rng = rng
        self._later: set[asyncio.Task[None]] = set()

    async def make(self, fault: Fault) -> None:
        """Do it. What lasts (a pause) goes on by itself."""
        self.done[str(fault)] += 1
        match fault.what:
            case "kill":
                self._part(fault.kind).process.kill()
            case "failpoint":
                await self._arm(self._part(fault.kind))
            case "pause":
                self._spawn(self._pause(self._part(fault.kind), self._rng.uniform(1, 4)))
            case "end backend":
                await self._end_backend()
            case "storm":
                await self._storm()
            case "freeze":
                await self._freeze()
            case "crash postgres":
                await self._restart(self._system.ground.postgres)
            case "kill kafka":
                await self._restart(self._system.ground.kafka)
            case "repeat records":
                await records.repeat_some(self._system.ground.bootstrap, self._system.prefix, self._rng)
            case "poison":
                await records.poison_some(self._system.ground.bootstrap, self._system.prefix, self._rng)
            case _:
                raise ValueError(f"no such fault: {fault}")

    async def end(self) -> None:
        """Return when nothing is paused any more."""
        await asyncio.gather(*self._later)

    def _part(self, kind: str) -> Part:
        return self._rng.choice(self._system.of(kind))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        self._later.add(asyncio.create_task(work))

    async def _arm(self, part: Part) -> None:
        """Start the part anew with a place where it may die; the supervisor starts it without one after that."""
        with self._system.holding(part):
            part.process.kill()
            part.process.start(KEHU_FAILPOINTS=FAILPOINTS[part.role])

    async def _pause(self, part: Part, seconds: float) -> None:
        part.process.pause()
        await asyncio.sleep(seconds)
        part.process.resume()

    async def _restart(self, server: Postgres | Kafka | None) -> None:
        """Kill -9 and up again on the same data; a thread waits, for the callers go on."""
        assert server is not None, "the server is somebody else's too"
        server.kill()
        await asyncio.to_thread(server.restart)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Callable[[str], Awaitable[list[int]]]]:
        """A function that answers which backends of the run a query finds."""
        names = [dsn.rpartition("/")[2] for dsn in self._system.databases.values()]
        connection = await asyncpg.connect(self._system.ground.databases.admin_dsn)

        async def pids(sql: str) -> list[int]:
            return [pid for (pid,) in await connection.fetch(sql, names)]

        try:
            yield pids
        finally:
            await connection.close()

    async def _end_backend(self) -> None:
        async with self._admin() as pids:
            await pids(_END.format(chosen=_ANY))

    async def _storm(self) -> None:
        """For a second, end whatever is in the middle of a transaction."""
        async with self._admin() as pids:
            for _ in range(50):
                await pids(_END.format(chosen=_IN_TRANSACTION))
                await asyncio.sleep(0.02)

    async def _freeze(self) -> None:
        """Let backends stand still in the middle of a transaction, their ids handed out and not committed."""
        async with self._admin() as pids:
            for _ in range(200):
                found = await pids(_IN_TRANSACTION)
                if not found:
                    await asyncio.sleep(0.005)
                    continue
                with contextlib.suppress(ProcessLookupError):
                    os.kill(found[0], signal.SIGSTOP)
                    try:
                        await asyncio.sleep(0.15)
                    finally:
                        os.kill(found[0], signal.SIGCONT)
                if self._rng.random() < 0.1:
                    return
