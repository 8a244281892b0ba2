"""Plans leave with who acts in which role meanwhile; by then their rights rest, and the others' begin (P06.9)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Answer, Cursor, Limit, Page, get, post
from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.lists import newest_first
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from contracts.staff import Employment
from pydantic import BaseModel, ConfigDict, Field

from staff.leave.leave import (
    LEAVES,
    Delegation,
    Leave,
    LeaveState,
    away,
    delegate,
    lock_people,
    refuse_beyond_reach,
)
from staff.people.form import GrantView, Part, grant_view, window
from staff.permissions import PLAN_LEAVE
from staff.person import GRANTS, PEOPLE, Grant, HasLeft, Person, grants_of, tell, within
from staff.tables import grants

RULES = ("P05.19", "P06.9")

_RUNNING = "SELECT true FROM leaves WHERE person_id = $1 AND state = 'running' AND id <> $2 LIMIT 1"


class AwayAlready(Refused):
    """They have a leave in this time."""

    title = "They are on leave in this time already"
    zh = "此人在该时段已有休假。请核对起止日期。"


class NotOpen(Refused):
    """The leave has ended, or was cancelled."""

    title = "The leave is over"
    zh = "此休假已结束或已取消，不能更改。"


class LeaveForm(Part):
    """From when until when, and who acts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from_at": "2026-03-09T00:00:00+08:00",
                    "until_at": "2026-03-14T00:00:00+08:00",
                    "delegations": [{"role": "general_manager", "place": "sh-pudong", "to": "gm-2"}],
                }
            ]
        }
    )

    from_at: Annotated[datetime | None, Field(description="null: from now on")] = None
    until_at: datetime
    delegations: Annotated[tuple[Delegation, ...], Field(max_length=50)] = ()


class LeaveView(BaseModel):
    """A leave, and who acts on whose behalf."""

    id: UUID
    person_id: UUID
    from_at: datetime
    until_at: datetime
    state: LeaveState
    planned_by: str
    delegated: list[GrantView]
    path: str
    version: int


@post("/v1/people/{person_id}/leaves", needs=PLAN_LEAVE, status=201)
async def plan_leave(person_id: UUID, form: LeaveForm, principal: Principal, tx: Tx) -> Answer[LeaveView]:
    """Plan a leave, one's own or that of somebody within reach."""
    people = await lock_people(tx, person_id, form.delegations)
    person = await within(tx, person_id, PLAN_LEAVE, principal, lock=True, or_self=True)
    from_at, until_at = window(form.from_at, form.until_at, tx.now)
    assert until_at is not None
    if person.gone_by(from_at):
        raise HasLeft("Whoever has left, or will have by then, goes on no leave.")
    if await away(tx, person, from_at, until_at):
        raise AwayAlready("They have a leave in this time. End that one, or choose another time.")
    leave = Leave(
        uuid7(), person.id, from_at, until_at, LeaveState.PLANNED, principal.subject, tx.now, 1, 0
    )  # fmt: skip
    refuse_beyond_reach(tx, principal, person, form.delegations)
    given = await delegate(tx, person, form.delegations, people, from_at=from_at, until_at=until_at, leave_id=leave.id)
    tx.add(leave)
    if from_at <= tx.now:
        await _begin(tx, leave, person)
    else:
        tx.later(begin_leave, leave.id, at=from_at)
    tx.later(return_from_leave, leave.id, at=until_at)
    view = _view(leave, given)
    return Answer(view, headers={"Location": view.path})


@get("/v1/people/{person_id}/leaves", needs=PLAN_LEAVE)
async def list_leaves(
    person_id: UUID, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[LeaveView]:
    """The leaves of somebody, newest first."""
    person = await within(tx, person_id, PLAN_LEAVE, principal, lock=False, or_self=True)
    found, following = await newest_first(tx, LEAVES, [LEAVES.table.c.person_id == person.id], limit, cursor)
    query = sa.select(*GRANTS.columns).where(grants.c.leave_id.in_([leave.id for leave in found]))
    given = [GRANTS.restore(row) for row in await tx.execute(query)]
    items = [_view(leave, [grant for grant in given if grant.leave_id == leave.id]) for leave in found]
    return Page(items=items, next=following)


@post("/v1/leaves/{leave_id}/end", needs=PLAN_LEAVE)
async def end_leave(leave_id: UUID, principal: Principal, tx: Tx) -> LeaveView:
    """Come back early, or cancel a leave that has not begun: who acted does so no longer."""
    owner, delegates = await _concerned(tx, leave_id)
    locked = await tx.load(PEOPLE, [owner, *delegates])
    person = await within(tx, owner, PLAN_LEAVE, principal, lock=True, or_self=True)
    leave = await tx.get(LEAVES, leave_id)
    if not leave.open:
        raise NotOpen("It has ended, or was cancelled. Read the leaves of the person.")
    given = [g for one in delegates for g in await grants_of(tx, locked[one]) if g.leave_id == leave.id]
    for grant in given:
        grant.end(tx.now)
    for one in delegates:
        await tell(tx, locked[one])
    if leave.state is LeaveState.PLANNED:
        leave.state = LeaveState.CANCELLED
    else:
        leave.until_at = tx.now
        await _return(tx, leave, person)
    await tx.flush()
    return _view(leave, given)


async def _concerned(tx: Tx, identifier: UUID) -> tuple[UUID, list[UUID]]:
    """Whose leave it is, and who acts meanwhile."""
    owner = await tx.driver.fetchval("SELECT person_id FROM leaves WHERE id = $1", identifier)
    if owner is None:
        raise NotFound("There is no such leave. Check the id.")
    rows = await tx.driver.fetch("SELECT DISTINCT person_id FROM grants WHERE leave_id = $1", identifier)
    return owner, [row[0] for row in rows]


async def _begin(tx: Tx, leave: Leave, person: Person) -> None:
    leave.state, person.employment = LeaveState.RUNNING, Employment.ON_LEAVE
    await tell(tx, person)


async def _return(tx: Tx, leave: Leave, person: Person) -> None:
    leave.state = LeaveState.ENDED
    # the next one may have begun at the same instant
    another = await tx.driver.fetchval(_RUNNING, person.id, leave.id)
    if person.employment is Employment.ON_LEAVE and not another:
        person.employment = Employment.ACTIVE
        await tell(tx, person)


@job()
async def begin_leave(ref: str, work: Work) -> None:
    """The leave that was planned for this instant, unless it was cancelled or they have left."""
    async with work.runtime.transaction() as tx:
        leave, person = await _locked(tx, UUID(ref))
        there = person.employment is not Employment.LEFT
        if leave.state is LeaveState.PLANNED and leave.from_at <= tx.now and there:
            await _begin(tx, leave, person)


@job()
async def return_from_leave(ref: str, work: Work) -> None:
    """The end of a leave, unless it ended earlier."""
    async with work.runtime.transaction() as tx:
        leave, person = await _locked(tx, UUID(ref))
        if leave.open and leave.until_at <= tx.now:
            await _return(tx, leave, person)


async def _locked(tx: Tx, identifier: UUID) -> tuple[Leave, Person]:
    """The person first, as everywhere, then the leave."""
    owner, _ = await _concerned(tx, identifier)
    person = await tx.get(PEOPLE, owner)
    return await tx.get(LEAVES, identifier), person


def _view(leave: Leave, given: list[Grant]) -> LeaveView:
    return LeaveView(
        id=leave.id,
        person_id=leave.person_id,
        from_at=leave.from_at,
        until_at=leave.until_at,
        state=leave.state,
        planned_by=leave.planned_by,
        delegated=[grant_view(grant) for grant in given],
        path=f"/v1/leaves/{leave.id}",
        version=leave.version,
    )
