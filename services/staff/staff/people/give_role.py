"""Gives somebody a role at a place for a time, and ends it; every service knows it in seconds (P05.19)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx

from staff.people.form import GrantForm, GrantView, Part, grant_view, instant, window
from staff.permissions import KEEP_PEOPLE
from staff.person import (
    PEOPLE,
    HasLeft,
    Person,
    add_grant,
    check_grant,
    grants_of,
    keep_an_administrator,
    record,
    tell,
    within,
)
from staff.rota.rota import drop_shifts

RULES = ("P05.19",)


class HeldAlready(Refused):
    """They hold the role there in this time."""

    zh = "此人在该时段已担任这一岗位，无须重复授予。"
    rules = RULES


class Over(Refused):
    """The role has ended."""

    title = "The role has ended already"
    zh = "此任职已结束，不能更改。"


@post("/v1/people/{person_id}/grants", needs=KEEP_PEOPLE, status=201)
async def give_role(person_id: UUID, form: GrantForm, principal: Principal, tx: Tx) -> Answer[GrantView]:
    """Give a role."""
    person = await within(tx, person_id, KEEP_PEOPLE, principal, lock=True)
    await check_grant(tx, principal, person.subject, form.role, form.place)
    from_at, until_at = window(form.from_at, form.until_at, tx.now)
    if person.gone_by(from_at):
        raise HasLeft("Whoever has left, or will have by then, gets no role.")
    until_at = person.until(from_at, until_at)
    for held in await grants_of(tx, person):
        same = (held.role, held.place, held.on_behalf_of) == (form.role, form.place, None)
        if same and not held.over_by(from_at) and (until_at is None or held.from_at < until_at):
            raise HeldAlready("They hold this role there in this time. End that first, or choose another time.")
    grant = add_grant(tx, person, form.role, form.place, from_at=from_at, until_at=until_at)
    await tell(tx, person)
    return Answer(grant_view(grant))


class EndForm(Part):
    """When it ends."""

    at: datetime | None = None


@post("/v1/people/{person_id}/grants/{grant_id}/end", needs=KEEP_PEOPLE)
async def end_role(person_id: UUID, grant_id: UUID, form: EndForm, principal: Principal, tx: Tx) -> GrantView:
    """End a role now or at an instant ahead; what was delegated from it ends with it."""
    person = await within(tx, person_id, KEEP_PEOPLE, principal, lock=True)
    at = instant(form.at, tx.now) or tx.now
    found = next((grant for grant in await grants_of(tx, person) if grant.id == grant_id), None)
    if found is None:
        raise NotFound("They do not hold this role. Read the person again.")
    await keep_an_administrator(tx, person, [found])
    if not found.end(at):
        raise Over("It ends earlier, or has ended. Read the person again.")
    record(tx, "role_ended", person, f"{found.role.value}@{found.place}")
    await tell(tx, person)
    await drop_shifts(tx, person, at)
    if found.on_behalf_of is None:
        await end_delegated(tx, person, at, role=found.role.value, place=found.place)
    return grant_view(found)


async def end_all(tx: Tx, person: Person, at: datetime) -> None:
    """Every role ends at this instant, and what was delegated from them; never those of the last administrator."""
    held = await grants_of(tx, person)
    await keep_an_administrator(tx, person, held)
    for grant in held:
        grant.end(at)
    await end_delegated(tx, person, at)


async def end_delegated(
    tx: Tx, person: Person, at: datetime, *, role: str | None = None, place: str | None = None
) -> None:
    """What others do on behalf of the person (in one role at one place, or all of it) ends too."""
    rows = await tx.driver.fetch(
        "SELECT DISTINCT person_id FROM grants WHERE on_behalf_of = $1 AND (until_at IS NULL OR until_at > $2) "
        "AND ($3::text IS NULL OR (role = $3 AND place = $4))",
        person.subject,
        at,
        role,
        place,
    )
    for delegate in (await tx.load(PEOPLE, [row[0] for row in rows])).values():
        ended = [
            grant.end(at)
            for grant in await grants_of(tx, delegate)
            if grant.on_behalf_of == person.subject
            and (role is None or (grant.role.value, grant.place) == (role, place))
        ]
        if any(ended):
            await tell(tx, delegate)
