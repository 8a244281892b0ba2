"""The statement of a month: what was booked and taken back, for one person or a department (P13.11, P04.11).

A person sees their own; reading another's is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug, Text
from chassis.http import get
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.money import Money
from fastapi import Path, Query
from pydantic import BaseModel

from staff.conduct import tables
from staff.conduct.ledger import Because
from staff.conduct.model import account_id_of, month_id_of
from staff.conduct.permissions import READ_CONDUCT, sees
from staff.conduct.policy import Sanction
from staff.conduct.read_breach import CostView, note_reading
from staff.conduct.record_breach import place_of
from staff.conduct.tariff import Cost

RULES = ("P04.11", "P13.10", "P13.11")

#: a statement is read by people; a longer one is asked for by department
MOST_LINES = 5000

MonthText = Annotated[str, Path(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="for example 2026-03")]

_CLOSED = "SELECT closed_at FROM conduct_months WHERE id = $1"


class Totals(BaseModel):
    """Fines and shares by currency, and points, counter-entries taken off.

    `performance_pay` is in percent of a month's pay of one person, of no month more than all of it; else null.
    """

    fines: list[Money]
    shares: list[Money]
    points: int
    performance_pay: int | None = None


class StatementLine(BaseModel):
    """An entry or, with `counters`, what takes one back; `decided_month` differs where it came after the close.

    `branch` and `department` are where the person was then.
    """

    id: UUID
    breach_id: UUID
    counters: UUID | None
    person: str
    branch: str
    department: str | None
    kind: str
    subject: str
    occurred_on: date
    decided_at: datetime
    decided_month: str
    booked_at: datetime
    cost: CostView
    count: int | None
    doubled: bool
    because: Because
    rules: list[str]


class Statement(BaseModel):
    """A month of a person or a department: what the civil year held before, each line, the month, the year so far.

    Until the branch has closed the month (`closed_at`), lines may still come.
    """

    month: str
    person: str | None
    branch: str
    department: str | None
    closed_at: datetime | None
    opening: Totals
    lines: list[StatementLine]
    month_totals: Totals
    closing: Totals


@dataclass(frozen=True)
class Scope:
    """Whose statement it is."""

    person: str | None
    branch: str
    department: str | None


def first_of(month: str) -> date:
    """The first day of a month written 2026-03."""
    return date.fromisoformat(f"{month}-01")


def scope_of(tx: Tx, principal: Principal, person: str | None, branch: str | None, department: str | None) -> Scope:
    """One's own where nothing is named; 404 for what lies outside the caller's reach."""
    if person is not None and (branch is not None or department is not None):
        raise Invalid("Name a person, or a branch with a department if you like, not both.")
    if branch is None:
        if department is not None:
            raise Invalid("Name the branch of the department.", errors=[Wrong.MISSING.at("/branch")])
        who = person or principal.subject
        at, of = place_of(tx, who)
        if sees(READ_CONDUCT, principal, at, of, who):
            return Scope(who, at, of)
    elif READ_CONDUCT.reach(principal).includes(branch, department=department):
        return Scope(None, branch, department)
    raise NotFound("There is no such statement, or none within your reach. Check person, branch and department.")


async def statement_of(tx: Tx, principal: Principal, month: str, scope: Scope) -> Statement:
    """The statement, its reading recorded."""
    first = first_of(month)
    entries, breaches = tables.conduct_entries.c, tables.breaches.c
    wanted = _wanted(principal, scope)
    query = (
        sa.select(tables.conduct_entries, breaches.kind, breaches.subject, breaches.occurred_on, breaches.decided_at)
        .join(tables.breaches, breaches.id == entries.breach_id)
        .where(*wanted, entries.month == first)
        .order_by(entries.id)
        .limit(MOST_LINES + 1)
    )
    rows = [row._mapping for row in await tx.execute(query)]
    if len(rows) > MOST_LINES:
        raise Invalid("The month has too many lines for one statement. Ask for it by department or person.")
    before = sa.select(
        entries.currency,
        sa.func.sum(entries.fine),
        sa.func.sum(entries.share),
        sa.func.sum(entries.points),
    ).where(*wanted, entries.month >= first.replace(month=1), entries.month < first)
    opened = [tuple(row) for row in await tx.execute(before.group_by(entries.currency))]
    booked = [(r["currency"], r["fine"], r["share"], r["points"]) for r in rows]
    pay = None if scope.person is None else await _performance_pay(tx, wanted, first)
    ids = [r["id"] for r in rows] or [account_id_of(scope.person or scope.branch)]
    people = {row["person"] for row in rows} | ({scope.person} if scope.person is not None else set())
    note_reading(tx, principal, people, ids, action="read")
    return Statement(
        month=month,
        person=scope.person,
        branch=scope.branch,
        department=scope.department,
        closed_at=await tx.driver.fetchval(_CLOSED, month_id_of(scope.branch, first)),
        opening=_totals(opened),
        lines=[_line(row) for row in rows],
        month_totals=_totals(booked).model_copy(update={"performance_pay": pay}),
        closing=_totals([*opened, *booked]),
    )


async def _performance_pay(tx: Tx, wanted: list[sa.ColumnElement[bool]], first: date) -> int:
    """What this month's lines change of the pay that goes, in percent: of no month's pay goes more than all of it."""
    entries = tables.conduct_entries.c
    of_now = sa.select(entries.decided_month).where(*wanted, entries.month == first)
    before = sa.func.coalesce(sa.func.sum(entries.performance_pay).filter(entries.month < first), 0)
    query = (
        sa.select(before, sa.func.sum(entries.performance_pay))
        .where(*wanted, entries.month <= first, entries.decided_month.in_(of_now))
        .group_by(entries.decided_month)
    )
    rows = [tuple(row) for row in await tx.execute(query)]
    return sum(min(100, int(after)) - min(100, int(had)) for had, after in rows)


def _wanted(principal: Principal, scope: Scope) -> list[sa.ColumnElement[bool]]:
    """The entries of the scope; of another person only those booked at a place within reach."""
    entries = tables.conduct_entries.c
    if scope.person is None:
        at = [entries.branch == scope.branch]
        return at if scope.department is None else [*at, entries.department == scope.department]
    own = entries.account_id == account_id_of(scope.person)
    if scope.person == principal.subject:
        return [own]
    reach = READ_CONDUCT.reach(principal)
    return [own, reach.condition(entries.branch, department=entries.department, owner=entries.person)]


def _totals(rows: Iterable[Sequence[Any]]) -> Totals:
    fines: dict[str, Decimal] = {}
    shares: dict[str, Decimal] = {}
    points = 0
    for currency, fine, share, lost in rows:
        fines[currency] = fines.get(currency, Decimal(0)) + fine
        shares[currency] = shares.get(currency, Decimal(0)) + share
        points += int(lost)
    return Totals(fines=_money(fines), shares=_money(shares), points=points)


def _money(sums: dict[str, Decimal]) -> list[Money]:
    return [Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items()) if amount]


def _line(row: sa.RowMapping) -> StatementLine:
    cost = Cost(
        row["fine"],
        row["share"],
        row["currency"],
        row["points"],
        row["performance_pay"],
        None if row["sanction"] is None else Sanction(row["sanction"]),
        row["company_notice"],
    )
    return StatementLine(
        id=row["id"],
        breach_id=row["breach_id"],
        counters=row["counters"],
        person=row["person"],
        branch=row["branch"],
        department=row["department"],
        kind=row["kind"],
        subject=row["subject"],
        occurred_on=row["occurred_on"],
        decided_at=row["decided_at"],
        decided_month=f"{row['decided_month']:%Y-%m}",
        booked_at=row["booked_at"],
        cost=CostView.of(cost),
        count=row["nth"],
        doubled=row["doubled"],
        because=Because(row["because"]),
        rules=list(row["rules"]),
    )


PersonAsked = Annotated[Text | None, Query(max_length=200, description="yourself, where nobody is named")]
BranchAsked = Annotated[Slug | None, Query(description="of everybody of a branch")]
DepartmentAsked = Annotated[Text | None, Query(max_length=60, description="of a department of that branch only")]


@get("/v1/conduct/statements/{month}", needs=READ_CONDUCT)
async def read_statement(
    month: MonthText,
    principal: Principal,
    tx: Tx,
    person: PersonAsked = None,
    branch: BranchAsked = None,
    department: DepartmentAsked = None,
) -> Statement:
    """A month's statement: your own, of a person, or of a department within your reach."""
    scope = scope_of(tx, principal, person, branch, department)
    return await statement_of(tx, principal, month, scope)
