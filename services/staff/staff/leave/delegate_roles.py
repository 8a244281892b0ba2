"""Lets others act in one's roles for a time without going on leave (P05.19)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import NotFound
from chassis.tx import Tx
from pydantic import Field

from staff.leave.leave import Delegation, delegate, lock_people, refuse_beyond_reach
from staff.people.form import GrantView, Part, grant_view, window
from staff.people.give_role import Over
from staff.permissions import PLAN_LEAVE
from staff.person import PEOPLE, HasLeft, Person, grants_of, person_of, record, tell, within

RULES = ("P05.19",)


class DelegationForm(Part):
    """Who acts, in what, from when until when."""

    from_at: Annotated[datetime | None, Field(description="null: from now on")] = None
    until_at: datetime
    delegations: Annotated[tuple[Delegation, ...], Field(min_length=1, max_length=50)]


@post("/v1/people/{person_id}/delegations", needs=PLAN_LEAVE, status=201)
async def delegate_roles(person_id: UUID, form: DelegationForm, principal: Principal, tx: Tx) -> list[GrantView]:
    """Delegate roles: one's own, or those of somebody within reach."""
    people = await lock_people(tx, person_id, form.delegations)
    person = await within(tx, person_id, PLAN_LEAVE, principal, lock=True, or_self=True)
    from_at, until_at = window(form.from_at, form.until_at, tx.now)
    assert until_at is not None
    if person.gone_by(from_at):
        raise HasLeft("Whoever has left, or will have by then, delegates nothing.")
    refuse_beyond_reach(tx, principal, person, form.delegations)
    given = await delegate(tx, person, form.delegations, people, from_at=from_at, until_at=until_at)
    return [grant_view(grant) for grant in given]


@post("/v1/delegations/{grant_id}/end", needs=PLAN_LEAVE)
async def end_delegation(grant_id: UUID, principal: Principal, tx: Tx) -> GrantView:
    """Take a delegation back, or give it up: by whose role it is, who acts in it, or who reaches either."""
    row = await tx.driver.fetchrow(
        "SELECT person_id, on_behalf_of FROM grants WHERE id = $1 AND on_behalf_of IS NOT NULL", grant_id
    )
    if row is None:
        raise NotFound("There is no such delegation. Check the id.")
    person = await tx.get(PEOPLE, row["person_id"])
    owner = await person_of(tx, row["on_behalf_of"])
    if owner is None or not _reached(principal, owner):
        await within(tx, person.id, PLAN_LEAVE, principal, lock=True, or_self=True)
    found = next(one for one in await grants_of(tx, person) if one.id == grant_id)
    if not found.end(tx.now):
        raise Over("It has ended already.")
    record(tx, "delegation_ended", person, f"{found.role.value}@{found.place}")
    await tell(tx, person)
    return grant_view(found)


def _reached(principal: Principal, owner: Person) -> bool:
    """Whether the role is the caller's own, or that of somebody whose leave he plans."""
    reach = PLAN_LEAVE.reach(principal)
    return principal.subject == owner.subject or reach.includes(owner.branch, department=owner.department)
