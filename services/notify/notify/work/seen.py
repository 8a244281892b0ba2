"""How far people have been told of a piece of work, and what is gathered for their next digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from chassis.store import Store
from contracts.work import WorkItem, WorkState

from notify import tables

_PEOPLE = UUID("a4d2b7f4-6a1e-4f0a-9a57-0d7a5f9b6a11")


@dataclass
class Seen:
    """A work item as people know it: reminders passed on, roles told that it was missed, seats told that it waits."""

    id: UUID
    reminders: int = 0
    escalated: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    state: str = WorkState.OPEN.value
    version: int = 1
    sequence: int = 0

    @property
    def ended(self) -> bool:
        return self.state in (WorkState.DONE, WorkState.WAIVED)

    def reminded(self, item: WorkItem) -> bool:
        """Whether it was called to mind again since; noted."""
        more = (item.reminders or 0) > self.reminders
        self.reminders = max(self.reminders, item.reminders or 0)
        return more and item.state == WorkState.OPEN

    def newly_escalated(self, item: WorkItem) -> list[str]:
        """The roles that it was passed up to since; noted."""
        more = list(item.escalated_to or [])[len(self.escalated) :]
        self.escalated = (*self.escalated, *more)
        return more

    def new_to(self, seat: str) -> bool:
        """Whether nobody was told at this seat that it waits there; noted."""
        new = seat not in self.told
        if new:
            self.told = (*self.told, seat)
        return new


@dataclass
class Digest:
    """What one person is to be reminded of in one notice, at `due_at`; `count` were sent so far.

    It waits for more to come with it, but for no more than half of the time that is left: a reminder that comes when
    the term is over is none.
    """

    id: UUID
    person: str
    lines: tuple[dict[str, Any], ...] = ()
    due_at: datetime | None = None
    count: int = 0
    version: int = 1
    sequence: int = 0

    def gather(self, item: WorkItem, now: datetime, pause: timedelta) -> bool:
        """Take a reminder in; True when for it a digest has to be planned, also sooner than the one that is."""
        line = {"work": str(item.id), "due_at": None if item.due_at is None else item.due_at.isoformat()}
        self.lines = (*(one for one in self.lines if one["work"] != line["work"]), line)
        left = pause if item.due_at is None else (item.due_at - now) / 2
        due_at = now + max(timedelta(), min(pause, left))
        if self.due_at is not None and self.due_at <= due_at:
            return False
        self.due_at = due_at
        return True

    def waits_for_other(self, item: WorkItem) -> bool:
        """Whether a reminder of this work waits to be sent, with a due date that is not its own any more."""
        due_at = None if item.due_at is None else item.due_at.isoformat()
        return any(line["work"] == str(item.id) and line["due_at"] != due_at for line in self.lines)

    def close(self) -> tuple[dict[str, Any], ...]:
        """What the digest that is sent now says."""
        said, self.lines, self.due_at = self.lines, (), None
        self.count += 1 if said else 0
        return said


SEEN = Store(tables.seen_work, Seen)
DIGESTS = Store(tables.digests, Digest)


def digest_of(person: str) -> UUID:
    """The row of a person's digests."""
    return uuid5(_PEOPLE, person)
