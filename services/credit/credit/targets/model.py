"""A sales target: of an area for a period, and its parts by salesperson, which add up to it to the cent (P02.1)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from chassis.problems import Refused
from chassis.store import Store

from credit import tables
from credit.account import ZERO


class Measure(StrEnum):
    """What counts: goods invoiced, net of returns; or money received."""

    INVOICED = "invoiced"
    PAID = "paid"


class PartsDiffer(Refused):
    """The parts do not add up to the target."""

    title = "The parts do not add up to the target"
    zh = "各部分之和与目标总额不符。请更正后再提交。"


@dataclass
class Target:
    """What an area (or a branch of its own) is to reach. Each of `shares` has person, branch and amount as texts."""

    id: UUID
    place: str
    period: str
    from_on: date
    until_on: date
    measure: Measure
    amount: Decimal
    set_by: str
    set_at: datetime
    shares: tuple[dict[str, str], ...] = ()
    broken_down_by: str | None = None
    broken_down_at: datetime | None = None
    version: int = 1
    sequence: int = 0

    def break_down(self, shares: Sequence[dict[str, str]], by: str, at: datetime) -> None:
        """Give each salesperson a part. `PartsDiffer` with the difference where they are not the whole."""
        whole = sum((Decimal(one["amount"]) for one in shares), ZERO)
        if whole != self.amount:
            over = whole - self.amount
            raise PartsDiffer(
                f"The parts add up to {whole}, the target is {self.amount}: "
                f"{abs(over)} too {'much' if over > 0 else 'little'}.",
                rules=("P02.1",),
                difference=str(over),
            )
        self.shares, self.broken_down_by, self.broken_down_at = tuple(shares), by, at

    def revise(self, amount: Decimal, by: str, at: datetime) -> None:
        """Another amount: its parts are said anew."""
        self.amount, self.set_by, self.set_at = amount, by, at
        self.shares, self.broken_down_by, self.broken_down_at = (), None, None


TARGETS = Store(tables.targets, Target)

PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$"


def days_of(period: str) -> tuple[date, date]:
    """The first and the last day of `2026`, `2026-Q1` or `2026-03`."""
    assert re.fullmatch(PERIOD, period), "the form has checked it"
    year, part = int(period[:4]), period[5:]
    if not part:
        first, last = 1, 12
    elif part.startswith("Q"):
        first = 3 * int(part[1]) - 2
        last = first + 2
    else:
        first = last = int(part)
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])
