"""The civil weeks and months that are reported (P12.9, P17.10; A48)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from policy.calendar import civil, midnight


class PeriodKind(StrEnum):
    """How long a reported period is."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """A week from Monday or a civil month, in Shanghai; `first` is its first day."""

    kind: PeriodKind
    first: date

    @classmethod
    def of(cls, kind: PeriodKind, instant: datetime) -> Self:
        """The period that an instant lies in."""
        day = civil(instant)
        return cls(kind, day.replace(day=1) if kind is PeriodKind.MONTH else day - timedelta(days=day.weekday()))

    @property
    def id(self) -> UUID:
        """The same period, the same id."""
        return uuid5(NAMESPACE_URL, f"complaint-report:{self.kind}:{self.first}")

    @property
    def name(self) -> str:
        """`2026-02`, or `2026-W07` by ISO 8601."""
        if self.kind is PeriodKind.MONTH:
            return f"{self.first:%Y-%m}"
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def following(self) -> Period:
        """The next one."""
        days = 7 if self.kind is PeriodKind.WEEK else 32
        after = self.first + timedelta(days=days)
        return Period(self.kind, after.replace(day=1) if self.kind is PeriodKind.MONTH else after)

    @property
    def before(self) -> Period:
        """The one before."""
        return type(self).of(self.kind, midnight(self.first - timedelta(days=1)))

    @property
    def begins(self) -> datetime:
        """Its first instant."""
        return midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return midnight(self.following.first)
