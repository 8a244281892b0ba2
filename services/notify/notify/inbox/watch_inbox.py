"""Shows one's inbox live by server-sent events: new notices, and the counts whenever they change."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, cast
from uuid import UUID

import sqlalchemy as sa
import structlog
from chassis.auth import Principal
from chassis.failures import passes_by_itself
from chassis.http import get
from chassis.problems import Busy
from chassis.runtime import Runtime
from fastapi import Header, Response
from fastapi.responses import StreamingResponse
from policy.directory import Directory

from notify.inbox.list_inbox import Counts, counts_of
from notify.inbox.views import inbox_view
from notify.notice import NOTICES, Notice
from notify.permissions import READ_INBOX
from notify.settings import NotifySettings
from notify.tables import notices

log = structlog.get_logger()

PART = "inboxes"
#: seconds between two looks, and after how many looks without news a sign of life is sent
LOOK = 1.0
HEARTBEAT = 15
#: live inboxes of one person: a few windows and a phone
PER_PERSON = 8
#: ids are given before the commit: what becomes visible late is older than what was seen
LATE = timedelta(seconds=65)
#: how many notices a stream that begins again is given at most; the list has the rest
CATCH_UP = 200


@dataclass(eq=False)
class Watcher:
    """One live inbox: what it waits to be sent, and what it has been sent."""

    person: str
    since: UUID
    waiting: asyncio.Queue[tuple[str, UUID | None, str]] = field(default_factory=lambda: asyncio.Queue(500))
    seen: set[UUID] = field(default_factory=set)
    counts: Counts | None = None

    def offer(self, kind: str, identifier: UUID | None, data: str) -> None:
        """Put it in line; a reader too slow for 500 of them is cut off by the end of its stream."""
        if not self.waiting.full():
            self.waiting.put_nowait((kind, identifier, data))


class Inboxes:
    """The live inboxes of a process: one look at the database a second serves all of them."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        assert isinstance(settings, NotifySettings)
        self.runtime = runtime
        self.seconds = settings.inbox_stream_seconds
        self._most = settings.inbox_streams
        self._watching: dict[str, set[Watcher]] = defaultdict(set)

    @classmethod
    def of(cls, runtime: Runtime) -> Inboxes:
        """The live inboxes of the process."""
        return cast("Inboxes", runtime.parts[PART])

    def refuse_when_full(self, person: str) -> None:
        """`Busy` where too many inboxes are live already, of this person or of all."""
        mine = len(self._watching.get(person, ()))
        if sum(map(len, self._watching.values())) >= self._most or mine >= PER_PERSON:
            raise Busy("Too many live inboxes are open. Ask for the list instead, and again later.", retry_after=30)

    def begin(self, person: str, since: UUID | None) -> Watcher:
        """Watch somebody's inbox from a notice on, or from now."""
        watcher = Watcher(person, since or _first_of(self.runtime.clock().timestamp()))
        self._watching[person].add(watcher)
        return watcher

    def end(self, watcher: Watcher) -> None:
        """Watch no longer."""
        self._watching[watcher.person].discard(watcher)
        if not self._watching[watcher.person]:
            del self._watching[watcher.person]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            if not self._watching:
                continue
            try:
                await self.look()
            except Exception as error:
                if not passes_by_itself(error):
                    log.error("live inboxes see nothing now", exc_info=error)

    async def look(self) -> None:
        """Offer every watcher what is new for it."""
        watchers = [one for group in self._watching.values() for one in group]
        people = sorted({one.person for one in watchers})
        since = min(one.since for one in watchers)
        async with self.runtime.transaction() as tx:
            counts = await counts_of(tx, people)
            newest = [NOTICES.restore(row) for row in await tx.execute(newer_than(people, _earlier(since)))]
        of_person: dict[str, list[Notice]] = defaultdict(list)
        for notice in reversed(newest):
            of_person[notice.person].append(notice)
        directory = Directory.of(self.runtime)
        for watcher in watchers:
            _offer(watcher, of_person[watcher.person], counts[watcher.person], directory)


def _offer(watcher: Watcher, found: Sequence[Notice], counts: Counts, directory: Directory) -> None:
    for notice in found:
        if notice.id not in watcher.seen and notice.id > _earlier(watcher.since):
            watcher.seen.add(notice.id)
            watcher.offer("notice", notice.id, inbox_view(notice, directory).model_dump_json())
            watcher.since = max(watcher.since, notice.id)
    if counts != watcher.counts:
        watcher.counts = counts
        watcher.offer("counts", None, counts.model_dump_json())


def newer_than(people: Sequence[str], since: UUID) -> sa.Select[tuple[object, ...]]:
    """The notices of these people after an id, newest first: one who was away for long keeps nobody waiting."""
    c = notices.c
    wanted = sa.select(*NOTICES.columns).where(c.person.in_(people), c.id > since, c.withdrawn_at.is_(None))
    return wanted.order_by(c.id.desc()).limit(CATCH_UP * max(1, len(people)))


def _first_of(seconds: float) -> UUID:
    """The smallest id that can be made at an instant: ids begin with their milliseconds."""
    return UUID(int=max(0, int(seconds * 1000)) << 80)


def _earlier(identifier: UUID) -> UUID:
    return UUID(int=max(0, identifier.int - (int(LATE.total_seconds() * 1000) << 80)))


@get("/v1/inbox/stream", needs=READ_INBOX)
async def watch_inbox(
    principal: Principal,
    runtime: Runtime,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> Response:
    """Your inbox, live: events `notice` and `counts`; a notice may come again after a break, know it by its id.

    Ends by itself after some minutes: connect again with `Last-Event-ID`, as browsers do.
    """
    inboxes = Inboxes.of(runtime)
    inboxes.refuse_when_full(principal.subject)
    return StreamingResponse(
        _events(inboxes, principal.subject, _read_id(last)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _read_id(text: str | None) -> UUID | None:
    """Where a reader stopped; one that is none of ours begins anew."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None


async def _events(inboxes: Inboxes, person: str, since: UUID | None) -> AsyncIterator[bytes]:
    """The stream: what is offered, and a sign of life where nothing is."""
    watcher = inboxes.begin(person, since)
    loop = asyncio.get_running_loop()
    until = loop.time() + inboxes.seconds
    try:
        yield b"retry: 2000\n\n"
        while (left := until - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(HEARTBEAT, left)):
                    kind, identifier, data = await watcher.waiting.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            number = f"id: {identifier}\n" if identifier is not None else ""
            yield f"event: {kind}\n{number}data: {data}\n\n".encode()
    finally:
        inboxes.end(watcher)


@asynccontextmanager
async def inboxes(runtime: Runtime) -> AsyncIterator[None]:
    """The live inboxes, while a process runs."""
    live = Inboxes(runtime)
    runtime.parts[PART] = live
    watching = asyncio.create_task(live.run())
    try:
        yield
    finally:
        watching.cancel()
