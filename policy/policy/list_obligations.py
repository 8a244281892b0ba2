"""Shows what is owed: the board by due date, one obligation with its reckoning, how many terms were missed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.roles import Role
from fastapi import Query
from pydantic import BaseModel

from policy.access import Permission, Reach
from policy.calendar import ZONE
from policy.directory import Directory
from policy.obligations import DUTIES, OBLIGATIONS, Owed, OwedState
from policy.reasons import SAID, words_of
from policy.tables import obligations

#: whoever holds a role somewhere sees what is owed there; it names nobody but staff
READ_WORK = Permission("work.read", dict.fromkeys(Role, Reach.BRANCH))


class PauseView(BaseModel):
    """A stretch in which the clock stood, and what for."""

    begin: datetime
    end: datetime | None
    because: str


class ObligationView(BaseModel):
    """One obligation. `why` is the reckoning of the due date; it can be recomputed from `term`, `since`, `pauses`."""

    id: UUID
    duty: str
    title: str
    title_zh: str
    subject: UUID
    path: str
    branch: str
    role: str
    person: str | None
    rules: list[str]
    since: datetime
    term: str | None
    due_at: datetime | None
    state: OwedState
    missed_at: datetime | None
    ended_at: datetime | None
    reminders: int
    escalated_to: list[str]
    pauses: list[PauseView]
    provisional: list[int]
    reason: str | None
    why: str
    why_zh: str
    version: int


async def views_of(owed: list[Owed], tx: Tx) -> list[ObligationView]:
    """The obligations with their reckoning in both languages; that somebody's words were read is recorded."""
    said = [one.id for one in owed if one.course.get("reason") == SAID]
    words = await words_of(tx, said, why="obligation")
    return [_view(one, words.get(one.id) if one.id in said else one.course.get("reason"), tx) for one in owed]


def _view(one: Owed, reason: str | None, tx: Tx) -> ObligationView:
    calendar, duty = Directory.of(tx.runtime).calendar(one.branch), DUTIES.get(one.duty)
    course, (why, why_zh) = one.course, one.why(calendar)
    return ObligationView(
        id=one.id,
        duty=one.duty,
        title=duty.en if duty else one.duty,
        title_zh=duty.zh if duty else one.duty,
        subject=one.subject,
        path=one.path,
        branch=one.branch,
        role=one.role,
        person=one.person,
        rules=one.rules,
        since=one.since,
        term=one.plan["term"],
        due_at=one.due_at,
        state=one.state,
        missed_at=one.missed_at,
        ended_at=one.ended_at,
        reminders=course.get("reminders", 0),
        escalated_to=course.get("escalated", []),
        pauses=[PauseView(begin=b, end=e, because=w) for b, e, w in course.get("pauses", [])],
        provisional=course.get("provisional", []),
        reason=reason,
        why=why,
        why_zh=why_zh,
        version=one.version,
    )


def _within(principal: Principal) -> sa.ColumnElement[bool]:
    """What is within reach and not kept from the caller, nor from whom they act for there, whatever their roles."""
    reach = READ_WORK.reach(principal)
    closed = {whose: _kept_from(whose) for whose in reach.acts_for}
    return sa.and_(reach.condition(obligations.c.branch, closed=closed), sa.not_(_kept_from(principal.subject)))


def _kept_from(person: str) -> sa.ColumnElement[bool]:
    """What nobody tells this person of (P12.2)."""
    return sa.func.coalesce(obligations.c.course["excluded"].contains([person]), sa.false()).is_(sa.true())


@get("/v1/obligations", needs=READ_WORK)
async def list_obligations(
    principal: Principal,
    tx: Tx,
    subject: Annotated[UUID | None, Query(description="all that one subject ever owed")] = None,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ObligationView]:
    """What is owed within your reach, the earliest due first; of one subject also what has ended."""
    column = obligations.c
    due = sa.func.coalesce(column.due_at, sa.text("'infinity'"))
    wanted = [_within(principal)]
    wanted.append(column.ended_at.is_(None) if subject is None else column.subject == subject)
    if branch is not None:
        wanted.append(column.branch == branch)
    query = sa.select(*OBLIGATIONS.columns).where(*wanted)
    if subject is None:
        # what has no due date is not on the board: it lies with its subject
        query = query.where(column.due_at.is_not(None)).order_by(column.due_at, column.id)
        if cursor is not None:
            after, last = cursor_values(cursor, datetime.fromisoformat, UUID)
            query = query.where(sa.tuple_(column.due_at, column.id) > sa.tuple_(after, last))
    else:
        query = query.order_by(due, column.id)
    found = [OBLIGATIONS.restore(row) for row in await tx.execute(query.limit(limit + 1))]
    items = await views_of(found[:limit], tx)
    more = subject is None and len(found) > limit
    return Page(items=items, next=cursor_of(found[limit - 1].due_at, found[limit - 1].id) if more else None)


@get("/v1/obligations/counts", needs=READ_WORK)
async def count_obligations(
    principal: Principal,
    tx: Tx,
    month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="civil month, 2026-03")],
) -> Page[Missed]:
    """How many terms were missed in a civil month within your reach, by branch, duty and role."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZONE)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    column = obligations.c
    keys = (column.branch, column.duty, column.role)
    query = (
        sa.select(*keys, sa.func.count(), sa.func.count(column.ended_at))
        .where(column.missed_at >= first, column.missed_at < following)
        .where(READ_WORK.reach(principal).condition(column.branch))
        .group_by(*keys)
        .order_by(*keys)
    )
    rows: list[Any] = list(await tx.execute(query))
    return Page(
        items=[
            Missed(branch=branch, duty=duty, role=role, missed=missed, done_since=done)
            for branch, duty, role, missed, done in rows
        ]
    )


class Missed(BaseModel):
    """How many terms of a duty were missed; `done_since` of them have been done or waived by now."""

    branch: str
    duty: str
    role: str
    missed: int
    done_since: int


@get("/v1/obligations/{obligation_id}", needs=READ_WORK)
async def read_obligation(obligation_id: UUID, principal: Principal, tx: Tx) -> ObligationView:
    """One obligation with the reckoning of its due date."""
    one = await tx.get(OBLIGATIONS, obligation_id, lock=False)
    within = READ_WORK.reach(principal).includes(one.branch, barred=one.excluded)
    if not within or principal.subject in one.excluded:
        raise NotFound("There is no such obligation, or none at a place of yours. Check the id.")
    return (await views_of([one], tx))[0]
