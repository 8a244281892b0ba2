"""Closes a month of a branch's conduct ledger: pay can rest on it, what comes later goes into the next (P13.11)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import get, post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from fastapi import Path, Query
from policy.calendar import civil
from policy.obligations import met
from pydantic import BaseModel

from staff.conduct import tables
from staff.conduct.model import MONTHS, Month, following, month_id_of
from staff.conduct.permissions import CLOSE_CONDUCT_MONTH, READ_CONDUCT
from staff.conduct.policy import CLOSE_MONTH
from staff.conduct.read_statement import MonthText, first_of

RULES = ("P13.11",)

_OPEN = """INSERT INTO conduct_months (id, branch, month, version, sequence) VALUES ($1, $2, $3, 1, 0)
    ON CONFLICT DO NOTHING"""


_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('conduct months of ' || $1, 0))"
_EARLIER = "SELECT min(month) FROM conduct_months WHERE branch = $1 AND month < $2 AND closed_at IS NULL"


class NotOver(Refused):
    """The month is still running: breaches will be decided in it."""

    title = "The month is not over"
    zh = "本月尚未结束，不能结账。请待月末之后办理。"


class EarlierOpen(Refused):
    """Months are closed in their order."""

    title = "An earlier month is open"
    zh = "更早的月份尚未结账。请按月份先后办理。"


class MonthView(BaseModel):
    """A month of a branch's ledger."""

    branch: str
    month: str
    closed_at: datetime | None
    closed_by: str | None


def _view(one: Month) -> MonthView:
    return MonthView(branch=one.branch, month=f"{one.month:%Y-%m}", closed_at=one.closed_at, closed_by=one.closed_by)


@post("/v1/conduct/months/{branch}/{month}/close", needs=CLOSE_CONDUCT_MONTH)
async def close_month(branch: Annotated[Slug, Path()], month: MonthText, principal: Principal, tx: Tx) -> MonthView:
    """Close a month that is over, after those before it. A second time changes nothing; none is opened again."""
    if not CLOSE_CONDUCT_MONTH.reach(principal).includes(branch):
        raise NotFound("There is no such branch within your reach. Check its name.")
    first = first_of(month)
    _refuse_running(first, civil(tx.now))
    await tx.driver.execute(_ALONE, branch)
    if (earlier := await tx.driver.fetchval(_EARLIER, branch, first)) is not None:
        raise EarlierOpen(f"Close {earlier:%Y-%m} first.", rules=RULES)
    identifier = month_id_of(branch, first)
    await tx.driver.execute(_OPEN, identifier, branch, first)
    one = await tx.get(MONTHS, identifier)
    if one.closed_at is None:
        one.close(principal.subject, tx.now)
        met(tx, CLOSE_MONTH, one.id, at=tx.now)
    return _view(one)


def _refuse_running(first: date, today: date) -> None:
    if today < following(first):
        raise NotOver(f"It can be closed from {following(first)} on.", rules=RULES)


@get("/v1/conduct/months", needs=READ_CONDUCT)
async def list_months(branch: Annotated[Slug, Query()], principal: Principal, tx: Tx) -> list[MonthView]:
    """The months of a branch in which something was booked, newest first; the last three years."""
    if not READ_CONDUCT.reach(principal).includes(branch):
        raise NotFound("There is no such branch within your reach. Check its name.")
    rows = tables.conduct_months.c
    query = sa.select(*MONTHS.columns).where(rows.branch == branch).order_by(rows.month.desc()).limit(36)
    return [_view(MONTHS.restore(row)) for row in await tx.execute(query)]
