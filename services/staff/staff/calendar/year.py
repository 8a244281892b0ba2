"""A year of the national calendar as it was decreed; whoever counts working days hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.store import Store
from chassis.tx import Tx
from contracts.staff import CalendarDay, CalendarYear
from policy.calendar import Year

from staff.calendar import tables


@dataclass
class DecreedYear:
    """One civil year; `days` as `Year.rows` has them."""

    id: UUID
    year: int
    source: str
    days: list[dict[str, Any]]
    decreed_by: str
    decreed_at: datetime
    version: int
    sequence: int


YEARS = Store(tables.calendar_years, DecreedYear)


def year_id(year: int) -> UUID:
    """The id of a year."""
    return uuid5(NAMESPACE_URL, f"kehu:calendar:{year}")


async def decree(tx: Tx, year: Year, by: str, *, replaces: bool = True) -> DecreedYear:
    """Keep a year as it was decreed, and tell it where it is new or other than before."""
    # two who decree the same year take turns here
    await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended('calendar', $1))", year.year)
    found = (await tx.load(YEARS, [year_id(year.year)])).get(year_id(year.year))
    if found is None:
        found = DecreedYear(year_id(year.year), year.year, year.source, year.rows(), by, tx.now, 1, 0)
        tx.add(found)
    elif not replaces or (found.source, found.days) == (year.source, year.rows()):
        return found
    else:
        found.source, found.days, found.decreed_by, found.decreed_at = year.source, year.rows(), by, tx.now
    found.sequence += 1
    days = [CalendarDay(date=date.fromisoformat(d["date"]), off=d["off"], holiday=d["name"]) for d in found.days]
    tx.publish(found, CalendarYear(year_id=found.id, year=found.year, source=found.source, days=days))
    return found
