"""Looks for changed work once for all streams of a process, and hands each stream what concerns its caller."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from chassis.failures import passes_by_itself
from chassis.problems import TooMany
from chassis.runtime import Runtime

log = structlog.get_logger()

PART = "work.watch"
#: how often it is looked
LOOK = 0.5
#: a batch that was heard of earlier may be committed later: so far back is looked again
OVERLAP = timedelta(seconds=5)
MOST_STREAMS = 2000
MOST_OF_ONE = 10
#: changes a stream may be behind before it is told to read everything anew
MOST_WAITING = 200
#: what changed since: pieces of work, and with a case that changed otherwise every piece of work on it, since these
#: say who may learn of it
CHANGED = """SELECT id, subject, role, place, branch, person, excluded, change, told_at FROM work_items
    WHERE change > $1
    UNION ALL SELECT w.id, w.subject, w.role, w.place, w.branch, w.person, w.excluded, c.change, c.told_at
    FROM case_changes c JOIN work_items w ON w.subject = c.case_id::text WHERE c.change > $1
    ORDER BY change LIMIT $2"""
#: of what is looked at once
_MOST = 1000

Change = Mapping[str, Any]


class Stream:
    """What one page has not been told yet; `overflown` when that was too much."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.waiting: deque[Change] = deque()
        self.overflown = False
        self.woken = asyncio.Event()

    def tell(self, change: Change) -> None:
        if len(self.waiting) >= MOST_WAITING:
            self.overflown = True
        else:
            self.waiting.append(change)
        self.woken.set()

    def take(self) -> tuple[list[Change], bool]:
        """What has come since, and whether something was lost."""
        taken, lost = list(self.waiting), self.overflown
        self.waiting.clear()
        self.overflown = False
        self.woken.clear()
        return taken, lost


class Watch:
    """One a process. It looks only while somebody listens."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._streams: set[Stream] = set()
        self._task: asyncio.Task[None] | None = None

    def admit(self, subject: str) -> None:
        """`TooMany` beyond what one person, or a process, may hold open."""
        own = sum(stream.subject == subject for stream in self._streams)
        if own >= MOST_OF_ONE or len(self._streams) >= MOST_STREAMS:
            raise TooMany("Too many pages listen at the same time. Close some.", headers={"Retry-After": "30"})

    @asynccontextmanager
    async def stream(self, subject: str) -> AsyncIterator[Stream]:
        """Listen while the block runs."""
        stream = Stream(subject)
        self._streams.add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _look(self) -> None:
        told: dict[tuple[UUID, UUID], datetime] = {}
        begun = self._runtime.clock()
        since, first = at(begun), True
        while self._streams:
            now = self._runtime.clock()
            try:
                rows: list[Any] = await self._runtime.glance(CHANGED, at(min(begun, now) - OVERLAP), _MOST)
            except Exception as error:
                if not passes_by_itself(error):
                    raise
                log.warning("work is not watched for a moment", error=type(error).__name__)
                rows = []
            for row in rows:
                if (key := (row["id"], row["change"])) not in told:
                    told[key] = now
                    # what was there before anybody listened is read by whoever listens
                    if not first or row["change"] >= since:
                        for stream in self._streams:
                            stream.tell(row)
            # what lies further back than the overlap is not met again
            told = {key: heard for key, heard in told.items() if heard > now - 3 * OVERLAP}
            begun, first = now, False
            await asyncio.sleep(LOOK)


def at(instant: datetime) -> UUID:
    """The first identifier of version 7 that an instant can have."""
    return UUID(int=(int(instant.timestamp() * 1000) << 80) | (0x7 << 76) | (0x2 << 62))
