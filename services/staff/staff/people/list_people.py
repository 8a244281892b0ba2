"""Lists people by branch, department and role, without names (P05.15); opens one, which is recorded (P05.9)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.tx import Tx
from contracts.roles import Role
from contracts.staff import Employment
from fastapi import Query

from staff.people.form import Department, Personal, PersonLine, PersonView, Place, line_of, view_of
from staff.permissions import READ_PEOPLE
from staff.person import PEOPLE, grants_of, within
from staff.tables import grants, people

RULES = ("P05.9", "P05.15")


@get("/v1/people", needs=READ_PEOPLE)
async def list_people(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="who works there")] = None,
    department: Annotated[Department | None, Query(description="of the branch")] = None,
    role: Annotated[Role | None, Query(description="who holds it now")] = None,
    place: Annotated[Place | None, Query(description="where they hold it")] = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    employment: Annotated[Employment | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PersonLine]:
    """The people within your reach, newest first."""
    p, g = people.c, grants.c
    wanted = [READ_PEOPLE.reach(principal).condition(p.branch, department=p.department)]
    for column, value in ((p.branch, branch), (p.department, department), (p.subject, subject)):
        if value is not None:
            wanted.append(column == value)
    if employment is not None:
        wanted.append(p.employment == employment.value)
    if role is not None or place is not None:
        held = sa.select(g.person_id).where(g.from_at <= tx.now, sa.or_(g.until_at.is_(None), g.until_at > tx.now))
        if role is not None:
            held = held.where(g.role == role.value)
        if place is not None:
            held = held.where(g.place == place)
        wanted.append(p.id.in_(held))
    found, following = await newest_first(tx, PEOPLE, wanted, limit, cursor)
    return Page(items=[line_of(person) for person in found], next=following)


@get("/v1/people/{person_id}", needs=READ_PEOPLE)
async def read_person(person_id: UUID, principal: Principal, tx: Tx) -> PersonView:
    """One person with everything that is kept on them, and what they hold and will hold."""
    person = await within(tx, person_id, READ_PEOPLE, principal, lock=False)
    personal = Personal.model_validate(await tx.unseal(person, why="reading the entry", rules=("P05.9",)))
    return view_of(person, personal, await grants_of(tx, person, lock=False), tx.now)
