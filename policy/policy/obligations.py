"""Obligations: owed, called to mind, met or missed, passed up, counted; paused with credit, waived with reason.

One row with its next instant. Whatever happens by itself (a reminder, the end of the term, the next superior) is
fired from that row, once, however many workers look; what happened is told as a work item on `<service>.work`.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from chassis.failures import passes_by_itself
from chassis.ids import uuid7
from chassis.runtime import Runtime
from chassis.store import Store
from chassis.tx import Tx
from contracts.roles import Role
from contracts.topics import topic_of
from contracts.work import WorkItem, WorkState
from pydantic import BaseModel, ConfigDict, Field

from chassis import failpoints, telemetry
from policy import tables
from policy.calendar import Calendar
from policy.directory import Directory
from policy.terms import Due, Pause, Term, end_of, reckon

log = structlog.get_logger()

BATCH = 500
#: how long what has ended stays on the work topic, for local copies that are built anew
SHOWN_AFTER_END = timedelta(days=90)
SWEEP_EVERY = 3600.0

_fired = telemetry.counter("kehu.obligations.fired", "{instant}", "Reminders and missed terms, by duty")

_DUE = """SELECT id FROM kehu.obligations WHERE next_at <= $1 ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_ENDED = """SELECT id FROM kehu.obligations WHERE ended_at < $1 AND NOT course ? 'withdrawn'
    ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_NEXT = "SELECT min(next_at) FROM kehu.obligations WHERE next_at IS NOT NULL"
_RUNNING = """SELECT id FROM kehu.obligations WHERE subject = ANY($1::uuid[]) AND ended_at IS NULL"""
_ABOUT = """SELECT id FROM kehu.obligations WHERE plan ->> 'about' = ANY($1::text[])
    AND plan ? 'about' AND ended_at IS NULL"""
#: what `policy.keep_out` wants of what is owed by or about a subject; the reason is the person
KEEP_FROM = "keep from"


@dataclass(frozen=True)
class Obligation:
    """A duty that the code names: what it is called, and the rules it comes from. Policy says how long and who."""

    name: str
    rules: tuple[str, ...]
    zh: str
    en: str

    def __post_init__(self) -> None:
        if DUTIES.setdefault(self.name, self) != self:
            raise ValueError(f"two obligations are called {self.name}")


#: every obligation that was declared, by name
DUTIES: dict[str, Obligation] = {}


class Deadline(BaseModel):
    """What a policy says of an obligation: how long, who answers for it, when they are reminded, who is told then.

    `remind` are shares of the way to the due date. When it is missed the first of `then` is told, and every
    further `every` the next one. Without `within` it is owed, but not due.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: Term | None
    role: Role
    remind: tuple[float, ...] = Field((0.5, 0.8), max_length=5)
    then: tuple[Role, ...] = Field((), max_length=5)
    every: Term = Term.parse("1 working day")


class OwedState(StrEnum):
    """Where an obligation stands; missed is still owed."""

    OPEN = "open"
    MISSED = "missed"
    MET = "met"
    WAIVED = "waived"


_WORK_STATES = {
    OwedState.OPEN: WorkState.OPEN,
    OwedState.MISSED: WorkState.MISSED,
    OwedState.MET: WorkState.DONE,
    OwedState.WAIVED: WorkState.WAIVED,
}


@dataclass
class Owed:
    """One obligation of one subject.

    `plan` is fixed when it is owed: term, remind, then, every, rules. `course` is what happened since: pauses,
    how many instants have fired, reminders, escalated, provisional, reason, excluded.
    """

    id: UUID
    duty: str
    subject: UUID
    path: str
    branch: str
    role: Role
    person: str | None
    since: datetime
    plan: dict[str, Any]
    course: dict[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    next_at: datetime | None = None
    state: OwedState = OwedState.OPEN
    missed_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 1
    sequence: int = 0

    @property
    def running(self) -> bool:
        return self.ended_at is None

    @property
    def place(self) -> str:
        """Whose holders of the role owe it: the branch, or a department of it, or its area."""
        return str(self.plan.get("place", self.branch))

    @property
    def about(self) -> UUID:
        """The record that it is about."""
        return UUID(self.plan["about"]) if "about" in self.plan else self.subject

    @property
    def pauses(self) -> list[Pause]:
        """Its pauses as they were recorded."""
        listed = self.course.get("pauses", ())
        return [Pause(_at(begin), None if end is None else _at(end)) for begin, end, _ in listed]

    @property
    def rules(self) -> list[str]:
        return list(self.plan["rules"])

    def reckoned(self, calendar: Calendar) -> Due | None:
        """By when, recomputed from the inputs; None where no term is set."""
        if self.plan["term"] is None:
            return None
        return reckon(Term.parse(self.plan["term"]), self.since, calendar, self.pauses)

    def why(self, calendar: Calendar) -> tuple[str, str]:
        """The reckoning of the due date in words, in English and in Chinese."""
        if self.course.get("pauses"):
            return self._why(calendar)
        # in words a start has no seconds: all that begin in one minute are told the same
        key = (self.plan["term"], self.since.replace(second=0, microsecond=0), *self.plan["rules"])
        return calendar.known.get(key) or calendar.remember(key, self._why(calendar))

    def _why(self, calendar: Calendar) -> tuple[str, str]:
        due = self.reckoned(calendar)
        if due is None:
            return "no term is set", "期限未设定"
        return due.why(self.rules), due.why(self.rules, language="zh")

    def arm(self, calendar: Calendar) -> None:
        """Set due date and next instant from the inputs."""
        term = self.plan["term"]
        due = end_of(Term.parse(term), self.since, calendar, self.pauses) if self.running and term else None
        if due is not None:
            self.course = {**self.course, "provisional": list(due.provisional)}
        if due is None or due.at is None:
            self.due_at, self.next_at = (None, None) if self.running else (self.due_at, None)
            return
        self.due_at = due.at
        self.next_at = next(islice(self.schedule(due.at, calendar), self.course.get("fired", 0), None), None)

    def schedule(self, due: datetime, calendar: Calendar) -> Iterator[datetime]:
        """When something happens by itself: the reminders, the end of the term, then one more superior each time.

        Reckoned as far as it is asked for: most are met before their term ends.
        """
        for share in self.plan["remind"]:  # in order, as `plan_of` has them
            yield self.since + (due - self.since) * share
        yield due
        every, last = Term.parse(self.plan["every"]), due
        for _ in self.plan["then"][1:]:
            following = reckon(every, last, calendar).at
            assert following is not None
            yield following
            last = following

    def fire(self, now: datetime, calendar: Calendar) -> str | None:
        """What is due by now happens: `reminded`, `missed`, `escalated`, or None; several overdue steps at once."""
        reminders = len(self.plan["remind"])
        happened: str | None = None
        while self.next_at is not None and self.next_at <= now:
            step = self.course.get("fired", 0)
            changes: dict[str, Any] = {"fired": step + 1}
            if step < reminders:
                happened = happened or "reminded"
            else:
                if step == reminders:
                    self.state, self.missed_at, happened = OwedState.MISSED, self.due_at, "missed"
                elif happened != "missed":
                    happened = "escalated"
                if step - reminders < len(self.plan["then"]):
                    told = [*self.course.get("escalated", []), self.plan["then"][step - reminders]]
                    changes["escalated"] = told
            self.course = {**self.course, **changes}
            self.arm(calendar)
        if happened == "reminded":
            self.course = {**self.course, "reminders": self.course.get("reminders", 0) + 1}
        return happened

    def met(self, at: datetime) -> None:
        """It was done at this instant: the fact's time says whether in time, not the time of handling."""
        late = self.due_at is not None and at > self.due_at
        self.state, self.missed_at = OwedState.MET, self.due_at if late else None
        self.ended_at, self.next_at = at, None

    def waive(self, at: datetime, reason: str) -> None:
        """It is owed no longer, for a reason that stays; a missed term stays missed."""
        self.state, self.ended_at, self.next_at = OwedState.WAIVED, at, None
        self.course = {**self.course, "reason": reason}

    @property
    def excluded(self) -> list[str]:
        """Who is not to learn of it, whatever their roles."""
        return list(self.course.get("excluded", ()))

    def keep_from(self, person: str) -> bool:
        """Somebody is not to learn of it from now on; False when that is so already."""
        if person in self.excluded:
            return False
        self.course = {**self.course, "excluded": sorted([*self.excluded, person])}
        return True

    def pause(self, at: datetime, because: str) -> bool:
        """Stop the clock; False when it is stopped for that already, or the term has been missed."""
        pauses = self.course.get("pauses", [])
        if self.state is not OwedState.OPEN or any(end is None and why == because for _, end, why in pauses):
            return False
        self.course = {**self.course, "pauses": [*pauses, [at.isoformat(), None, because]]}
        return True

    def resume(self, at: datetime, because: str) -> bool:
        """Let the clock go on; False when it was not stopped for that."""
        pauses = self.course.get("pauses", [])
        ended = [
            [begin, max(at, _at(begin)).isoformat(), why] if end is None and why == because else [begin, end, why]
            for begin, end, why in pauses
        ]
        self.course = {**self.course, "pauses": ended}
        return bool(ended != pauses)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


OBLIGATIONS = Store(tables.obligations, Owed)


@lru_cache(4096)
def plan_of(duty: Obligation, deadline: Deadline) -> dict[str, Any]:
    """What is fixed when an obligation is owed under this policy value; one object for all that share it."""
    return {
        "term": None if deadline.within is None else str(deadline.within),
        "remind": sorted(deadline.remind),
        "then": [role.value for role in deadline.then],
        "every": str(deadline.every),
        "rules": list(duty.rules),
    }


def owed(
    duty: Obligation,
    subject: UUID,
    deadline: Deadline,
    *,
    branch: str,
    since: datetime,
    path: str,
    calendar: Calendar,
    person: str | None = None,
    about: UUID | None = None,
    place: str | None = None,
) -> Owed:
    """A new obligation, reckoned; it starts at the fact's own time."""
    plan = plan_of(duty, deadline)
    if about is not None:
        plan = {**plan, "about": str(about)}
    if place not in (None, branch):
        plan = {**plan, "place": place}
    found = Owed(uuid7(), duty.name, subject, path, branch, deadline.role, person, since, plan)
    found.arm(calendar)
    return found


def item(one: Owed, calendar: Calendar, service: str) -> WorkItem:
    """The obligation as everybody's work lists show it."""
    why, why_zh = one.why(calendar)
    return WorkItem(
        id=one.id,
        service=service,
        kind=one.duty,
        subject=str(one.about),
        rules=one.rules,
        role=one.role,
        place=one.place,
        person=one.person,
        due_at=one.due_at,
        why_due=why,
        state=_WORK_STATES[one.state],
        path=one.path,
        since=one.since,
        why_due_zh=why_zh,
        reminders=one.course.get("reminders", 0),
        escalated_to=one.course.get("escalated", []),
        excluded=one.excluded or None,
    )


def tell(tx: Tx, one: Owed) -> None:
    """Put the newest word on an obligation onto `<service>.work`."""
    one.sequence += 1
    calendar = Directory.of(tx.runtime).calendar(one.branch)
    tx.publish(one, item(one, calendar, tx.runtime.name))


class Changes:
    """What a transaction does to running obligations: looked up and written when it is."""

    def __init__(self) -> None:
        self._wanted: dict[UUID, list[tuple[str, str | None, datetime, str]]] = defaultdict(list)

    def want(self, subject: UUID, verb: str, duty: str | None, at: datetime, reason: str = "") -> None:
        self._wanted[subject].append((verb, duty, at, reason))

    async def write(self, tx: Tx) -> None:
        """Find the running obligations of the subjects, locked in id order, and do it."""
        if not self._wanted:
            return
        wanted, self._wanted = self._wanted, defaultdict(list)
        ids = [row[0] for row in await tx.driver.fetch(_RUNNING, list(wanted))]
        about = [str(subject) for subject, asked in wanted.items() if any(ask[0] == KEEP_FROM for ask in asked)]
        if about:
            ids += [row[0] for row in await tx.driver.fetch(_ABOUT, about)]
        await tx.load(OBLIGATIONS, ids)
        directory = Directory.of(tx.runtime)
        for one in tx.loaded(Owed):
            changed = False
            asked = list(wanted.get(one.subject, ()))
            if about and "about" in one.plan:
                asked += [ask for ask in wanted.get(UUID(one.plan["about"]), ()) if ask[0] == KEEP_FROM]
            for verb, duty, at, reason in asked:
                if one.running and duty in (None, one.duty):
                    changed |= _do(one, verb, at, reason)
            if changed:
                one.arm(directory.calendar(one.branch))
                tell(tx, one)


def _do(one: Owed, verb: str, at: datetime, reason: str) -> bool:
    match verb:
        case "met":
            one.met(at)
        case "waive":
            one.waive(at, reason)
        case "pause":
            return one.pause(at, reason)
        case "keep from":
            return one.keep_from(reason)
        case _:
            return one.resume(at, reason)
    return True


async def running_of(tx: Tx, subjects: Iterable[UUID]) -> list[Owed]:
    """What these subjects owe, and what is owed about them, locked, in id order."""
    wanted = list(subjects)
    ids = [row[0] for row in await tx.driver.fetch(_RUNNING, wanted)]
    ids += [row[0] for row in await tx.driver.fetch(_ABOUT, [str(one) for one in wanted])]
    found = await tx.load(OBLIGATIONS, ids)
    return [one for one in found.values() if one.running]


def move(tx: Tx, one: Owed, path: str, *, subject: UUID | None = None, about: UUID | None = None) -> None:
    """It is owed for another subject, or about another one, from now on; its clock goes on as it was.

    A subject owes a duty once at a time: end the other one, and flush, before one of the same duty comes over.
    """
    one.path, one.subject = path, subject or one.subject
    if about is not None:
        one.plan = {**one.plan, "about": str(about)}
    tell(tx, one)


def owe(
    tx: Tx,
    duty: Obligation,
    subject: UUID,
    deadline: Deadline,
    *,
    branch: str,
    since: datetime,
    path: str,
    person: str | None = None,
    about: UUID | None = None,
    place: str | None = None,
    excluded: Iterable[str] = (),
    paused: tuple[datetime, str] | None = None,
) -> Owed:
    """Something must be done about `subject` from now on; who must it learns it from the work topic.

    `since` is the fact's own time. `about` is what it concerns, where that is not the subject itself; `place` whose
    role it is, where that is not the whole branch (a department, an area). `excluded` are people who are not to learn
    of it. `paused` says since when and for which reason its clock stands: it goes on with those of the subject
    (`resume`). A subject owes a duty once at a time: a second one is refused by the database.
    """
    calendar = Directory.of(tx.runtime).calendar(branch)
    found = owed(
        duty,
        subject,
        deadline,
        branch=branch,
        since=since,
        path=path,
        calendar=calendar,
        person=person,
        about=about,
        place=place,
    )
    for barred in excluded:
        found.keep_from(barred)
    if paused is not None:
        found.pause(max(since, paused[0]), paused[1])
        found.arm(calendar)
    tx.add(found)
    tell(tx, found)
    return found


def met(tx: Tx, duty: Obligation, subject: UUID, *, at: datetime) -> None:
    """The subject's duty was done at the fact's time `at`; nothing happens where none is owed."""
    tx.extension(Changes).want(subject, "met", duty.name, at)


def waive(tx: Tx, duty: Obligation | None, subject: UUID, *, at: datetime, reason: str) -> None:
    """The subject's duty, or all it owes, falls away; the reason stays with it and must name no person."""
    tx.extension(Changes).want(subject, "waive", duty.name if duty else None, at, reason)


def pause(tx: Tx, subject: UUID, *, at: datetime, because: str) -> None:
    """Stop the clocks of all that the subject owes, for a reason that has a name."""
    tx.extension(Changes).want(subject, "pause", None, at, because)


def resume(tx: Tx, subject: UUID, *, at: datetime, because: str) -> None:
    """Let the clocks go on that were stopped for this reason; the time in between is given back."""
    tx.extension(Changes).want(subject, "resume", None, at, because)


class Timer:
    """Fires what is due, in batches; any number may run, each instant is fired by one of them."""

    def __init__(self, runtime: Runtime) -> None:
        self.name = "timer"
        self.last_progress = time.monotonic()
        self._runtime = runtime
        self._swept = -SWEEP_EVERY

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            pause = 1.0
            try:
                pause = await self._pause()
                full = pause <= 0 and await self.fire() == BATCH
                if not full and time.monotonic() - self._swept > SWEEP_EVERY and await self.sweep() < BATCH:
                    self._swept = time.monotonic()
            except Exception as error:
                if not passes_by_itself(error):
                    log.error("obligations interrupted", exc_info=error)
                full = False
            self.last_progress = time.monotonic()
            if not full:
                await asyncio.sleep(max(0.02, pause))

    async def fire(self) -> int:
        """Fire a batch of what is due; how many."""
        async with self._runtime.transaction() as tx:
            ids = [row[0] for row in await tx.driver.fetch(_DUE, tx.now, BATCH)]
            if not ids:
                return 0
            directory = Directory.of(self._runtime)
            for one in (await tx.load(OBLIGATIONS, ids)).values():
                happened = one.fire(tx.now, directory.calendar(one.branch))
                if happened is not None:
                    tell(tx, one)
                    _fired.add(1, {"duty": one.duty, "what": happened})
            await failpoints.reach("obligations.fired")
        return len(ids)

    async def sweep(self) -> int:
        """Withdraw a batch of what ended long ago from the work topic; the rows stay. How many."""
        async with self._runtime.transaction() as tx:
            rows = await tx.driver.fetch(_ENDED, tx.now - SHOWN_AFTER_END, BATCH)
            for one in (await tx.load(OBLIGATIONS, [row[0] for row in rows])).values():
                one.course = {**one.course, "withdrawn": tx.now.isoformat()}
                one.sequence += 1
                tx.withdraw(topic_of(WorkItem, tx.runtime.name), one)
        return len(rows)

    async def _pause(self) -> float:
        """Seconds until something is due, a second at most, for what is owed meanwhile may be sooner; 0: now."""
        ((following,),) = await self._runtime.glance(_NEXT)
        if following is None:
            return 1.0
        until: timedelta = following - self._runtime.clock()
        return min(1.0, until.total_seconds())
