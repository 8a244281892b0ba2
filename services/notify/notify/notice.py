"""What people are told: a send asks for seats, a notice is for one person, a dispatch is its way over a channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from chassis.store import Store

from notify import tables
from notify.policy import Channel


@dataclass
class Order:
    """Something people were asked to be told (a *send*), and how far that has come.

    A seat is one of those asked for: `to` as it was said, `step` how far it went on to the next ones, `people` who
    were told at that step, `tried` why not those before: pairs of `role@place` and a reason (`nobody`, `off_duty`,
    `left`, `unconfirmed`, `unreachable`, `unknown`).
    """

    id: UUID
    service: str
    template: str
    subject: str
    path: str
    params: dict[str, str]
    rules: tuple[str, ...]
    confirm_by: datetime | None
    urgent: bool
    works: tuple[str, ...]
    excluded: tuple[str, ...]
    seats: tuple[dict[str, Any], ...]
    asked_at: datetime
    received_at: datetime
    version: int = 1
    sequence: int = 0

    def keep_from(self, people: Iterable[str]) -> None:
        """They are not told of it from now on, whoever else has to be (P12.2)."""
        if not set(people) <= set(self.excluded):
            self.excluded = tuple(sorted({*self.excluded, *people}))

    def moved(self, index: int, **changes: Any) -> None:
        """The seat goes on."""
        self.seats = tuple({**seat, **changes} if n == index else seat for n, seat in enumerate(self.seats))


@dataclass
class Notice:
    """What one person is told, once a send; it lies in the inbox from the start."""

    id: UUID
    send_id: UUID
    person: str
    role: str
    place: str
    branch: str
    because: tuple[Any, ...]
    service: str
    template: str
    subject: str
    path: str
    params: dict[str, str]
    rules: tuple[str, ...]
    urgent: bool
    works: tuple[str, ...]
    made_at: datetime
    confirm_by: datetime | None
    unread: bool = True
    read_at: datetime | None = None
    confirmed_at: datetime | None = None
    settled_at: datetime | None = None
    passed_over_at: datetime | None = None
    withdrawn_at: datetime | None = None
    version: int = 1
    sequence: int = 0

    def read(self, at: datetime) -> bool:
        """The receiver has opened it; False when that is known already."""
        first = self.read_at is None
        self.read_at, self.unread = self.read_at or at, False
        return first

    def confirm(self, at: datetime) -> bool:
        """The receiver says that it has arrived; False when that is known already."""
        if self.confirmed_at is not None:
            return False
        self.read(at)
        self.confirmed_at = at
        return True

    def done(self, work: str, at: datetime) -> None:
        """A piece of work has been done that it calls to mind; with the last of them it asks for nothing any more."""
        self.works = tuple(one for one in self.works if one != work)
        if not self.works and self.settled_at is None:
            self.settled_at, self.unread = at, False

    def withdraw(self, at: datetime) -> None:
        """The matter has turned out to be about its receiver: it asks for nothing, and is not shown to them (P12.2)."""
        self.withdrawn_at, self.settled_at, self.unread = at, self.settled_at or at, False

    @property
    def awaited(self) -> bool:
        """Whether its receiver still has to confirm it."""
        return self.confirm_by is not None and self.confirmed_at is None and self.settled_at is None


class DispatchState(StrEnum):
    """Where a notice is on its way over a channel."""

    PLANNED = "planned"
    SENT = "sent"
    FAILED = "failed"


@dataclass
class Dispatch:
    """A notice over one channel, under one id for ever; `because` says why over this one."""

    id: UUID
    notice_id: UUID
    channel: Channel
    state: DispatchState
    because: str
    planned_at: datetime
    ended_at: datetime | None = None
    attempts: int = 0
    error: str | None = None
    version: int = 1
    sequence: int = 0


ORDERS = Store(tables.sends, Order)
NOTICES = Store(tables.notices, Notice)
DISPATCHES = Store(tables.dispatches, Dispatch)


def dispatch_id(notice: UUID, channel: Channel) -> UUID:
    """The same for the same notice and channel."""
    return uuid5(notice, channel.value)
