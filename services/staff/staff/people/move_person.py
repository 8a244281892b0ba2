"""Moves somebody to another branch or department: old roles end, new ones begin, at one instant, perhaps ahead."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import post
from chassis.jobs import Work, job
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from pydantic import Field

from staff.people.form import Department, Part, PersonLine, Roles, instant, line_of, window
from staff.people.give_role import end_all
from staff.people.join_staff import check_workplace
from staff.permissions import KEEP_PEOPLE
from staff.person import PEOPLE, HasLeft, Person, add_grant, check_grant, record, tell, within
from staff.rota.rota import drop_shifts

RULES = ("P05.19",)


class MovesAlready(Refused):
    """A move is planned for an earlier instant: roles begin with it."""

    title = "They move earlier already"
    zh = "此人已有更早的调动。请待其到任后再办理。"


class MoveForm(Part):
    """Where to, from when, with which roles."""

    branch: Slug
    department: Department | None = None
    at: Annotated[datetime | None, Field(description="null: now")] = None
    roles: Annotated[Roles, Field(description="from_at: when they move")] = ()


@post("/v1/people/{person_id}/move", needs=KEEP_PEOPLE)
async def move_person(person_id: UUID, form: MoveForm, principal: Principal, tx: Tx) -> PersonLine:
    """Move somebody; who moves them keeps people at both places."""
    person = await within(tx, person_id, KEEP_PEOPLE, principal, lock=True)
    await check_workplace(tx, principal, form.branch, form.department)
    ahead = instant(form.at, tx.now)
    at = ahead or tx.now
    if person.gone_by(at):
        raise HasLeft("Whoever has left, or will have by then, does not move.")
    if person.moves is not None and datetime.fromisoformat(person.moves["at"]) < at:
        raise MovesAlready("They move earlier than that already. Move them on from there once they have arrived.")
    for role in form.roles:
        await check_grant(tx, principal, person.subject, role.role, role.place)
        if role.from_at is not None:
            raise Invalid("The new roles begin when they move: leave from_at out.")
    await end_all(tx, person, at)
    person.moves = {"branch": form.branch, "department": form.department, "at": at.isoformat()}
    for role in form.roles:
        _, until = window(at, role.until_at, tx.now)
        add_grant(tx, person, role.role, role.place, from_at=at, until_at=person.until(at, until))
    await drop_shifts(tx, person, at)
    record(tx, "moved", person, form.branch)
    if ahead is None:
        _arrive(person)
    else:
        tx.later(arrive, person.id, at=at)
    await tell(tx, person)
    await tx.flush()
    return line_of(person)


def _arrive(person: Person) -> None:
    """They work there now."""
    if person.moves is not None:
        person.branch, person.department = person.moves["branch"], person.moves["department"]
        person.moves = None


@job()
async def arrive(ref: str, work: Work) -> None:
    """The move that was planned for this instant, unless it was changed or they have left."""
    async with work.runtime.transaction() as tx:
        person = await tx.get(PEOPLE, UUID(ref))
        due = person.moves is not None and datetime.fromisoformat(person.moves["at"]) <= tx.now
        if due and not person.gone_by(tx.now):
            _arrive(person)
            await tell(tx, person)
