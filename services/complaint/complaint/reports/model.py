"""A report: frozen figures of one branch (or the group) in one period, HR-admin's remarks, the review (P17.10)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from chassis.problems import Refused
from chassis.store import Store
from policy.approvals import Holdable, action

from complaint.reports import tables
from complaint.reports.period import Period, PeriodKind

RULES = ("P12.9", "P17.10")


class ReportState(StrEnum):
    """How far its filling in has come; the figures are frozen in each of them."""

    FROZEN = "frozen"
    FILLED_IN = "filled_in"
    REVIEWED = "reviewed"


class ReviewedAlready(Refused):
    """What the general manager has reviewed stays as it was reviewed."""

    title = "The report has been reviewed"
    zh = "报表已经审阅，不能再改。后来得知的情况列入下期更正。"


@dataclass
class Report(Holdable):
    """The statistics of a branch in a period. `figures` (tag → how many cases) never change."""

    id: UUID
    period_id: UUID
    kind: PeriodKind
    first_day: date
    branch: str
    figures: dict[str, int]
    digest: bytes
    frozen_at: datetime
    state: ReportState = ReportState.FROZEN
    filled_by: str | None = None
    filled_at: datetime | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    subject_id: UUID | None = None
    sealed: bytes | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @property
    def period(self) -> Period:
        return Period(self.kind, self.first_day)

    def count(self, tag: str) -> int:
        """How many cases carry the tag."""
        return self.figures.get(tag, 0)

    @property
    def open(self) -> int | None:
        """How many cases were left open; None where the code that froze it did not count them.

        Where no case carries the tag, there were none if the other figures come to none, too.
        """
        if "open" in self.figures:
            return self.figures["open"]
        come = self.count("opening") + self.count("late.open") + self.count("taken") + self.count("returned")
        return 0 if come == self.count("closed") + self.count("merged") else None

    @action("fill_in")
    def fill_in(self, by: str, at: datetime, subject: UUID, sealed: bytes) -> None:
        """HR-admin has added its remarks (P17.10); anew, until it is reviewed."""
        if self.state is ReportState.REVIEWED:
            raise ReviewedAlready("Its remarks stay. Add what has become known to the next report.", rules=RULES[1:])
        self.state, self.filled_by, self.filled_at = ReportState.FILLED_IN, by, at
        self.subject_id, self.sealed = subject, sealed

    @action("fill_in")
    def review(self, by: str, at: datetime) -> None:
        """The general manager has reviewed it (P17.10)."""
        self.state, self.reviewed_by, self.reviewed_at = ReportState.REVIEWED, by, at

    @action("fill_in")
    def give_back(self) -> None:
        """The general manager does not agree: it is filled in anew."""
        self.state = ReportState.FROZEN


REPORTS = Store(tables.reports, Report)


def digest_of(figures: Mapping[str, int]) -> bytes:
    """What stands for exactly these figures."""
    return hashlib.sha256(orjson.dumps(dict(figures), option=orjson.OPT_SORT_KEYS)).digest()
