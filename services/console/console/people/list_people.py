"""Lists who works at a branch, for screens to choose a handler or a member from; accounts and roles, no names."""

from __future__ import annotations

from typing import Annotated

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import get
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.staff import Employment
from fastapi import Query
from policy.access import GROUP, branch_of
from policy.directory import Directory
from policy.list_obligations import READ_WORK
from pydantic import BaseModel

RULES = ("P04.4", "P12.7")


class PersonLine(BaseModel):
    """Someone who acts at the branch now: the account, the department, the roles."""

    subject: str
    department: str | None
    roles: list[str]


class People(BaseModel):
    """Who is at a branch, and its departments as far as people work in them."""

    people: list[PersonLine]
    departments: list[str]


@get("/v1/people", needs=READ_WORK)
async def list_people(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug, Query(description="who works here; who acts for the whole group is listed as well")],
) -> People:
    """The people of a branch within your reach, by account; 404 for another branch."""
    if not READ_WORK.reach(principal).includes(branch):
        raise NotFound("There is no such branch, or none that you may see. Check its code.")
    found: list[PersonLine] = []
    departments: set[str] = set()
    for person in Directory.of(tx.runtime).people.values():
        held = [one for one in person.held if one.at(tx.now) and branch_of(one.place) in (branch, GROUP)]
        if person.employment != Employment.ACTIVE or not held:
            continue
        own = [one.place.split("/", 1)[1] for one in held if one.place.startswith(f"{branch}/")]
        department = (person.department if person.branch == branch else None) or next(iter(own), None)
        departments.update(name for name in (*own, department) if name)
        roles = sorted({one.role.value for one in held})
        found.append(PersonLine(subject=person.subject, department=department, roles=roles))
    return People(people=sorted(found, key=lambda one: one.subject), departments=sorted(departments))
