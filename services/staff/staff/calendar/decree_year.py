"""Enters a decreed year: due dates that rested on a prediction are planned anew by whoever owns them (P04.9)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import get, put
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from fastapi import Path
from policy.calendar import Year
from pydantic import BaseModel, ConfigDict, Field

from staff.calendar.year import YEARS, DecreedYear, decree
from staff.permissions import KEEP_CALENDAR, READ_BRANCHES

RULES = ("P04.9",)


class DayForm(BaseModel):
    """A day that is not as its weekday: off, or worked instead of another."""

    model_config = ConfigDict(extra="forbid")

    date: date
    off: bool
    holiday: Annotated[Text, Field(min_length=1, max_length=50)]


class YearForm(BaseModel):
    """A year as the State Council's notice has it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"source": "国办发明电〔2025〕7号", "days": [{"date": "2026-01-01", "off": True, "holiday": "元旦"}]}
            ]
        },
    )

    source: Annotated[Text, Field(min_length=2, max_length=200, description="the notice")]
    days: Annotated[list[DayForm], Field(min_length=1, max_length=100)]


class YearView(BaseModel):
    """A decreed year."""

    year: int
    source: str
    days: list[DayForm]
    decreed_by: str
    decreed_at: datetime
    version: int


@put("/v1/calendar/years/{year}", needs=KEEP_CALENDAR)
async def decree_year(year: Annotated[int, Path(ge=2000, le=2100)], form: YearForm, principal: Principal,
                      tx: Tx) -> YearView:  # fmt: skip
    """Enter a year, or correct one; the same again changes nothing."""
    rows = [{"date": str(day.date), "off": day.off, "name": day.holiday} for day in form.days]
    errors, named = [], set()
    for n, day in enumerate(form.days):
        if day.date.year != year:
            errors.append(Wrong.NOT_BELONGING.at(f"/days/{n}", f"does not lie in {year}"))
        elif day.date in named:
            errors.append(Wrong.DUPLICATE.at(f"/days/{n}"))
        elif not day.off and day.date.weekday() < 5:
            errors.append(Wrong.WEEKEND.at(f"/days/{n}", "is a weekday: only a weekend can be worked instead"))
        named.add(day.date)
    if errors:
        raise Invalid("Correct the days and send the year again.", errors=errors)
    kept = await decree(tx, Year.of_rows(year, rows, published=True, source=form.source), principal.subject)
    await tx.flush()
    return _view(kept)


@get("/v1/calendar/years", needs=READ_BRANCHES)
async def list_years(tx: Tx) -> list[YearView]:
    """The decreed years, newest first; a year that is not among them is predicted, and what rests on it provisional."""
    query = sa.select(*YEARS.columns).order_by(YEARS.table.c.year.desc())
    return [_view(YEARS.restore(row)) for row in await tx.execute(query)]


def _view(year: DecreedYear) -> YearView:
    days = [DayForm(date=date.fromisoformat(d["date"]), off=d["off"], holiday=d["name"]) for d in year.days]
    return YearView(
        year=year.year, source=year.source, days=days, decreed_by=year.decreed_by, decreed_at=year.decreed_at,
        version=year.version,
    )  # fmt: skip
