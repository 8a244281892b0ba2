"""Lets somebody leave for good: at that instant every role ends, everywhere in seconds, and others are told (P01.9)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.jobs import Work, job
from chassis.problems import Forbidden
from chassis.tx import Tx
from contracts.staff import Employment, PersonLeft
from pydantic import Field

from staff.people.duplicates import forget_tokens
from staff.people.form import Part, PersonLine, instant, line_of
from staff.people.give_role import end_all
from staff.permissions import KEEP_PEOPLE
from staff.person import PEOPLE, HasLeft, Person, record, tell, within
from staff.rota.rota import drop_shifts

RULES = ("P01.9",)


class DepartureForm(Part):
    """When they leave."""

    at: Annotated[datetime | None, Field(description="null: now")] = None


@post("/v1/people/{person_id}/departure", needs=KEEP_PEOPLE)
async def leave_for_good(person_id: UUID, form: DepartureForm, principal: Principal, tx: Tx) -> PersonLine:
    """Somebody leaves, now or at an instant ahead; an earlier instant than the one that was planned replaces it."""
    person = await within(tx, person_id, KEEP_PEOPLE, principal, lock=True)
    if person.subject == principal.subject:
        raise Forbidden("Nobody ends their own employment here. Ask somebody else who keeps people.")
    ahead = instant(form.at, tx.now)
    at = ahead or tx.now
    if person.gone_by(at):
        raise HasLeft("They have left, or leave earlier. Read the person again.")
    person.leaves_at = at
    await end_all(tx, person, at)
    await drop_shifts(tx, person, at)
    record(tx, "departure", person, at.isoformat())
    if ahead is None:
        await _depart(tx, person)
    else:
        tx.later(depart, person.id, at=at)
        await tell(tx, person)
    await tx.flush()
    return line_of(person)


async def _depart(tx: Tx, person: Person) -> None:
    assert person.leaves_at is not None
    person.employment, person.moves = Employment.LEFT, None
    await forget_tokens(tx, person.id)
    await tell(tx, person)
    tx.publish(
        person,
        PersonLeft(person_id=person.id, subject=person.subject, branch=person.branch, left_at=person.leaves_at),
        at=person.leaves_at,
    )


@job()
async def depart(ref: str, work: Work) -> None:
    """The departure that was planned for this instant; once."""
    async with work.runtime.transaction() as tx:
        person = await tx.get(PEOPLE, UUID(ref))
        if person.employment is not Employment.LEFT and person.gone_by(tx.now):
            await _depart(tx, person)
