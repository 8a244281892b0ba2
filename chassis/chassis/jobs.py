"""Work that happens outside a transaction: calls to others, files, reminders; leased, retried, fair by lane."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from chassis import failpoints, telemetry
from chassis.batching import Batcher
from chassis.failures import passes_by_itself
from chassis.ids import uuid7
from chassis.runtime import Runtime
from chassis.tx import Tx

log = structlog.get_logger()

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_run = telemetry.counter("kehu.jobs.run", "{attempt}", "Attempts that ended, by kind and outcome")

# A leased job is one whose run_at lies in the future, at the end of its lease: the scan for due
# jobs never meets it, and a worker that dies gives it back by itself.
_LEASE = """
WITH RECURSIVE lanes(lane) AS (
    (SELECT lane FROM kehu.jobs WHERE state = 'waiting' ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT j.lane FROM kehu.jobs j WHERE j.state = 'waiting' AND j.lane > l.lane ORDER BY j.lane LIMIT 1)
    FROM lanes l WHERE l.lane IS NOT NULL
), due AS (
    SELECT d.id FROM lanes
    LEFT JOIN unnest($4::text[], $5::int[]) AS busy(lane, n) ON busy.lane = lanes.lane
    CROSS JOIN LATERAL (
        SELECT id FROM kehu.jobs j
        WHERE j.state = 'waiting' AND j.lane = lanes.lane AND j.run_at <= $1
        ORDER BY j.run_at LIMIT greatest($6 - coalesce(busy.n, 0), 0) FOR UPDATE SKIP LOCKED
    ) d
    LIMIT $7
)
UPDATE kehu.jobs j SET lease = $2, run_at = $1 + $3::interval, attempt = attempt + 1
FROM due WHERE j.id = due.id
RETURNING j.id, j.kind, j.ref, j.lane, j.attempt, j.progress, j.traceparent
"""
#: what else is due about the same, of what is due first in its lane: it shares an attempt, so no limit holds it back
_ALIKE = """
WITH same AS (SELECT DISTINCT * FROM unnest($4::text[], $5::text[], $6::text[]) AS same(lane, kind, ref)), alike AS (
    SELECT d.id FROM (SELECT DISTINCT lane FROM same) AS lanes CROSS JOIN LATERAL (
        SELECT id, lane, kind, ref FROM kehu.jobs j
        WHERE j.state = 'waiting' AND j.lane = lanes.lane AND j.run_at <= $1 ORDER BY j.run_at LIMIT 200
    ) d JOIN same s ON (s.lane, s.kind, s.ref) = (d.lane, d.kind, d.ref)
), due AS (
    SELECT j.id FROM kehu.jobs j JOIN alike USING (id)
    WHERE j.state = 'waiting' AND j.run_at <= $1 FOR UPDATE OF j SKIP LOCKED
)
UPDATE kehu.jobs j SET lease = $2, run_at = $1 + $3::interval, attempt = attempt + 1
FROM due WHERE j.id = due.id
RETURNING j.id, j.kind, j.ref, j.lane, j.attempt, j.progress, j.traceparent
"""
_NEXT = "SELECT min(run_at) FROM kehu.jobs WHERE state = 'waiting'"
_OWNED = """SELECT j.id FROM kehu.jobs j JOIN unnest($1::uuid[], $2::uuid[]) AS u(id, lease)
    ON u.id = j.id AND u.lease = j.lease ORDER BY j.id FOR UPDATE OF j"""
_FORGET = "DELETE FROM kehu.jobs WHERE id = ANY($1::uuid[])"
_END = """
UPDATE kehu.jobs j SET state = u.state, run_at = u.run_at, error = u.error, progress = u.progress::jsonb, lease = NULL,
    ended_at = CASE WHEN u.state <> 'waiting' THEN $6::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[]) AS u(id, state, run_at, error, progress)
WHERE j.id = u.id
"""
_REPORT = "UPDATE kehu.jobs SET progress = $2::jsonb, run_at = $3 WHERE id = $1 AND lease = $4"


class TryAgain(Exception):
    """The counterpart did not take it this time. `error` is shown to operators: no personal data.

    `result` goes to the job's `finish` like a returned one; `after` overrides the declared pause.
    """

    def __init__(self, error: str, *, result: Any = None, after: timedelta | None = None) -> None:
        super().__init__(error)
        self.result = result
        self.after = after


Finish = Callable[[Tx, Sequence[tuple[str, Any]]], Awaitable[None]]


@dataclass(frozen=True)
class Job:
    """A kind of work. `retry` are the pauses before the second, third, … attempt; `shared` as `job` says."""

    name: str
    work: Callable[[str, Work], Awaitable[Any]]
    retry: tuple[timedelta, ...]
    keep: bool
    finish: Finish | None
    shared: bool


@dataclass
class Work:
    """One attempt: what it may use, how often it was tried, and how far an earlier one came."""

    runtime: Runtime
    id: UUID
    attempt: int
    last_attempt: bool
    traceparent: str | None
    progress: dict[str, Any]
    _lease: UUID = field(repr=False)
    _runner: Runner = field(repr=False)

    async def report(self, **progress: Any) -> None:
        """Keep how far the work has come: shown to whoever asks, and where the next attempt goes on."""
        self.progress |= progress
        await self._runner.report(self.id, self.progress, self._lease)


def pause(text: str) -> timedelta:
    """`5s`, `30m`, `2h`, `1d` as a duration; ValueError for anything else."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if found is None:
        raise ValueError(f"{text!r} is no pause: write 5s, 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def job(
    *,
    retry: Sequence[str] = ("5s", "5m", "30m", "2h", "5h", "10h"),
    keep: bool = False,
    finish: Finish | None = None,
    shared: bool = False,
) -> Callable[[Callable[[str, Work], Awaitable[Any]]], Job]:
    """Declare work that runs without a transaction: `work(ref, attempt)`.

    What it returns goes to `finish(tx, [(ref, result), …])`, which writes the outcomes of many attempts in
    the transaction that ends them. `TryAgain` and any other failure lead to the next attempt after the
    declared pause, shortened by chance to spread the load; after the last the job stays as failed.
    `keep` keeps the ended job to be shown; others leave no row. `shared` is for work that looks at how things are:
    for all jobs about one `ref` that wait in a process one attempt is made, after the one that is under way, and ends
    them all. An attempt may run twice (a lost lease): what it does outside must bear that, its `finish` happens once.
    """

    def wrap(work: Callable[[str, Work], Awaitable[Any]]) -> Job:
        return Job(work.__name__, work, tuple(pause(text) for text in retry), keep, finish, shared)

    return wrap


@dataclass(frozen=True)
class Leased:
    """A job that this process has taken for an attempt, under a lease of its own."""

    lease: UUID
    id: UUID
    kind: str
    ref: str
    lane: str
    attempt: int
    progress: dict[str, Any]
    traceparent: str | None


@dataclass(frozen=True)
class Ended:
    """How an attempt ended, on its way into the database."""

    job: Job
    id: UUID
    lease: UUID
    ref: str
    result: Any
    progress: dict[str, Any]
    error: str | None
    retry_after: timedelta | None


class Runner:
    """Leases due jobs and works them, at most `slots` at a time and `per_lane` of one lane."""

    def __init__(
        self,
        runtime: Runtime,
        jobs: Sequence[Job],
        *,
        slots: int = 64,
        per_lane: int = 8,
        lease: float = 60.0,
    ) -> None:
        self._runtime = runtime
        self._jobs = {kind.name: kind for kind in jobs}
        self._slots = slots
        self._per_lane = per_lane
        self._lease = timedelta(seconds=lease)
        self._wake = asyncio.Event()
        self._lanes: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()
        #: shared work by kind and ref: what an attempt is under way of, and what shares the next one, by id
        self._under_way: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], dict[UUID, Leased]] = {}
        self._ending: Batcher[Ended, None] = Batcher(self._end_all, most=200, queue=100_000)
        self.last_progress = time.monotonic()

    def wake(self) -> None:
        """A job is due: do not wait for the next look."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; what is in work then is given ten seconds."""
        if not self._jobs:
            return
        try:
            while True:
                try:
                    await self._step()
                except Exception as error:
                    if not passes_by_itself(error):
                        log.error("jobs interrupted", exc_info=error)
                    await asyncio.sleep(1)
                self.last_progress = time.monotonic()
        finally:
            self._next.clear()  # their leases run out, and another process takes them
            if self._running:
                await asyncio.wait(self._running, timeout=10)
            for task in self._running:
                task.cancel()

    async def report(self, identifier: UUID, progress: dict[str, Any], lease: UUID) -> None:
        async with self._runtime.transaction() as tx:
            until = tx.now + self._lease
            await tx.driver.execute(_REPORT, identifier, orjson.dumps(progress).decode(), until, lease)

    async def _step(self) -> None:
        self._wake.clear()
        free = self._slots - len(self._running)
        wait = 1.0
        if free > 0:
            ((next_due,),) = await self._runtime.glance(_NEXT)
            if next_due is not None and next_due <= self._runtime.clock() and await self._lease_due(free):
                return
            if next_due is not None and not self._running:
                wait = self._until(next_due)
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _lease_due(self, free: int) -> bool:
        """Take what is due, at most `free` of it; whether there was any."""
        busy = {lane: n for lane, n in self._lanes.items() if n > 0}
        lease = uuid7()  # one a look: an attempt that has lost its lease never passes for the next one
        async with self._runtime.transaction() as tx:
            taking = (tx.now, lease, self._lease)
            limits = (list(busy), list(busy.values()), self._per_lane, free)
            rows = await tx.driver.fetch(_LEASE, *taking, *limits)
            shared = [row for row in rows if (known := self._jobs.get(row["kind"])) is not None and known.shared]
            if shared:
                same = ([row[name] for row in shared] for name in ("lane", "kind", "ref"))
                rows += await tx.driver.fetch(_ALIKE, *taking, *same)
        self._take([Leased(lease, *row) for row in rows])
        return bool(rows)

    def _until(self, instant: datetime) -> float:
        return min(1.0, max(0.01, (instant - self._runtime.clock()).total_seconds()))

    def _take(self, leased: Sequence[Leased]) -> None:
        for one in leased:
            declared = self._jobs.get(one.kind)
            if declared is None:
                log.error("job of an unknown kind left alone", kind=one.kind, job_id=str(one.id))
            elif declared.shared:
                self._next.setdefault((one.kind, one.ref), {})[one.id] = one
            else:
                self._start(declared, [one])
        for place in [place for place in self._next if place not in self._under_way]:
            self._start_shared(place)

    def _start_shared(self, place: tuple[str, str]) -> None:
        self._under_way.add(place)
        task = self._start(self._jobs[place[0]], list(self._next.pop(place).values()))

        def ended(_: asyncio.Task[None]) -> None:
            self._under_way.discard(place)
            if place in self._next:
                self._start_shared(place)

        task.add_done_callback(ended)

    def _start(self, declared: Job, leased: Sequence[Leased]) -> asyncio.Task[None]:
        lane = leased[0].lane
        self._lanes[lane] += 1
        task = asyncio.create_task(self._work(declared, leased))
        self._running.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            self._lanes[lane] -= 1
            self._wake.set()

        task.add_done_callback(ended)
        return task

    async def _work(self, declared: Job, leased: Sequence[Leased]) -> None:
        """One attempt, which ends all of these jobs: they are about the same."""
        first = min(leased, key=lambda one: one.attempt)
        last = first.attempt > len(declared.retry)
        work = Work(self._runtime, first.id, first.attempt, last, first.traceparent, first.progress, first.lease, self)
        result: Any = None
        error: str | None = None
        after: timedelta | None = None
        with telemetry.span(first.kind, kind="consumer", parent=first.traceparent):
            try:
                result = await declared.work(first.ref, work)
            except TryAgain as again:
                result, error, after = again.result, str(again), again.after
            except Exception as failure:  # whatever a job raises, its retries are declared
                error = type(failure).__name__
                told = {"kind": first.kind, "job_id": str(first.id), "attempt": first.attempt}
                log.warning("job failed", **told, exc_info=failure)
        if error is not None and not last:
            after = after or declared.retry[first.attempt - 1] * random.uniform(0.8, 1.0)  # noqa: S311
        else:
            after = None
        await failpoints.reach("jobs.worked")
        _run.add(1, {"kind": first.kind, "outcome": "ok" if error is None else "failed"})
        ends = [Ended(declared, one.id, one.lease, one.ref, result, work.progress, error, after) for one in leased]
        outcomes = await asyncio.gather(*map(self._ending.submit, ends), return_exceptions=True)
        for ended, outcome in zip(ends, outcomes, strict=True):
            if isinstance(outcome, Exception):
                # the lease runs out and the attempt is made again
                log.warning("job outcome not written", kind=first.kind, job_id=str(ended.id), exc_info=outcome)

    async def _end_all(self, ended: Sequence[Ended]) -> Sequence[BaseException | None]:
        try:
            await self._end(ended)
            return [None] * len(ended)
        except Exception as error:
            if len(ended) == 1:
                return [error]
        answers: list[BaseException | None] = []
        for one in ended:
            answers += await self._end_all([one])
        return answers

    async def _end(self, ended: Sequence[Ended]) -> None:
        async with self._runtime.transaction() as tx:
            owned = {
                row[0] for row in await tx.driver.fetch(_OWNED, [one.id for one in ended], [one.lease for one in ended])
            }
            mine = [one for one in ended if one.id in owned]
            for kind in sorted({one.job.name for one in mine}):
                of_kind = [one for one in mine if one.job.name == kind and one.result is not None]
                finish = self._jobs[kind].finish
                if finish is not None and of_kind:
                    await finish(tx, [(one.ref, one.result) for one in of_kind])
            gone = [one.id for one in mine if one.error is None and not one.job.keep]
            kept = [one for one in mine if one.error is not None or one.job.keep]
            if gone:
                await tx.driver.execute(_FORGET, gone)
            if kept:
                await tx.driver.execute(
                    _END,
                    [one.id for one in kept],
                    [self._state(one) for one in kept],
                    [tx.now + (one.retry_after or timedelta()) for one in kept],
                    [one.error for one in kept],
                    [orjson.dumps(one.progress).decode() for one in kept],
                    tx.now,
                )

    @staticmethod
    def _state(ended: Ended) -> str:
        if ended.retry_after is not None:
            return "waiting"
        return "done" if ended.error is None else "failed"
