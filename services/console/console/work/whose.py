"""Whose work is whose: as conditions on the copy, as a test of one row, and how a row is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Grant, Principal
from chassis.http import Page, cursor_of, cursor_values
from chassis.tx import Tx
from contracts.work import WorkState
from policy.access import GROUP, held_for
from policy.list_obligations import READ_WORK
from pydantic import BaseModel

from console.tables import work_items

#: what an approval's work is called, before its name
APPROVING = "approve."
#: what is still to be done: a missed term is not done by being missed
TO_DO = (WorkState.OPEN.value, WorkState.MISSED.value)
_column = work_items.c


class WorkLine(BaseModel):
    """A piece of work in a list: no person but the one of staff whose it is; `late` at the time of the answer."""

    id: UUID
    service: str
    kind: str
    subject: str
    rules: list[str]
    role: str
    place: str
    person: str | None
    due_at: datetime | None
    late: bool
    why_due: str | None
    why_due_zh: str | None
    state: str
    path: str
    since: datetime | None
    reminders: int | None
    escalated_to: list[str] | None


def to_do() -> sa.ColumnElement[bool]:
    """What is still to be done."""
    return _column.state.in_([sa.literal_column(f"'{state}'") for state in TO_DO])


def mine(principal: Principal) -> sa.ColumnElement[bool]:
    """What falls to the caller: named to them, or to a role of theirs at its place and to nobody by name.

    A role held at a branch answers for its departments, one held for the group everywhere.
    """
    held: dict[str | None, list[Grant]] = {}
    for grant in principal.grants:
        held.setdefault(held_for(grant), []).append(grant)
    by_role = [
        falls if whose is None else sa.and_(falls, sa.not_(_kept_from(whose)))
        for whose, grants in held.items()
        for falls in [_falling(grants)]
    ]
    unnamed = sa.and_(_column.person.is_(None), sa.or_(sa.false(), *by_role))
    return sa.and_(sa.or_(_column.person == principal.subject, unnamed), not_kept_from(principal))


def _falling(grants: Iterable[Grant]) -> sa.ColumnElement[bool]:
    """What falls to these roles at their places."""
    grants = list(grants)
    everywhere = sorted({grant.role.value for grant in grants if grant.place == GROUP})
    pairs = sorted({(grant.role.value, grant.place) for grant in grants if grant.place != GROUP})
    falls: list[sa.ColumnElement[bool]] = []
    if everywhere:
        falls.append(_column.role.in_(everywhere))
    if pairs:
        roles = sa.tuple_(_column.role, _column.place)
        falls.append(roles.in_(pairs))
        falls.append(sa.tuple_(_column.role, _column.branch).in_(pairs))
    return sa.or_(sa.false(), *falls)


def not_kept_from(principal: Principal) -> sa.ColumnElement[bool]:
    """What the caller may learn of, whatever their roles (P12.2)."""
    return sa.not_(_kept_from(principal.subject))


def _kept_from(person: str) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(_column.excluded.has_key(person), sa.false()).is_(sa.true())


def falls_to(principal: Principal, row: Mapping[str, Any]) -> bool:
    """`mine`, of one row."""
    if principal.subject in (row["excluded"] or ()):
        return False
    if row["person"] is not None:
        return bool(row["person"] == principal.subject)
    return any(
        grant.role.value == row["role"] and grant.place in (GROUP, row["place"], row["branch"])
        for grant in principal.grants
        if held_for(grant) not in (row["excluded"] or ())
    )


def within(principal: Principal) -> sa.ColumnElement[bool]:
    """What the caller may see on the board."""
    reach = READ_WORK.reach(principal)
    closed = {whose: _kept_from(whose) for whose in reach.acts_for}
    return sa.and_(reach.condition(_column.branch, closed=closed), not_kept_from(principal))


def approving(wanted: bool) -> sa.ColumnElement[bool]:
    """Signatures, or everything else."""
    signature = _column.kind.startswith(APPROVING, autoescape=True)
    return signature if wanted else sa.not_(signature)


def by_due(wanted: Iterable[sa.ColumnElement[bool]], limit: int, cursor: str | None) -> sa.Select[Any]:
    """The earliest due first, what has no due date last; one more than the page, to know whether it goes on."""
    query = sa.select(work_items).where(to_do(), *wanted).order_by(_column.rank, _column.id).limit(limit + 1)
    if cursor is not None:
        after, last = cursor_values(cursor, datetime.fromisoformat, UUID)
        query = query.where(sa.tuple_(_column.rank, _column.id) > sa.tuple_(after, last))
    return query


async def page(tx: Tx, query: sa.Select[Any], limit: int) -> Page[WorkLine]:
    """The rows of `by_due` as a part of a list."""
    rows = [dict(row._mapping) for row in await tx.execute(query)]
    items = [line_of(row, tx.now) for row in rows[:limit]]
    more = cursor_of(rows[limit - 1]["rank"].isoformat(), rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(items=items, next=more)


def line_of(row: Mapping[str, Any], now: datetime) -> WorkLine:
    """A row as it is shown."""
    late = row["due_at"] is not None and row["due_at"] < now and row["state"] in TO_DO
    return WorkLine(late=late, **{name: row[name] for name in WorkLine.model_fields if name != "late"})
