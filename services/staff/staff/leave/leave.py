"""A leave: from when until when somebody is not there, and what others do on their behalf meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.problems import Forbidden, Refused
from chassis.store import Store
from chassis.tx import Tx
from contracts.roles import Role
from contracts.staff import Employment
from pydantic import Field

from staff.leave import tables
from staff.people.form import Part, Place, Subject
from staff.people.give_role import HeldAlready
from staff.permissions import PLAN_LEAVE
from staff.person import PEOPLE, Grant, HasLeft, Person, add_grant, grants_of, refuse_to_give, tell


class LeaveState(StrEnum):
    """Where a leave stands."""

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass
class Leave:
    """One leave of one person."""

    id: UUID
    person_id: UUID
    from_at: datetime
    until_at: datetime
    state: LeaveState
    planned_by: str
    planned_at: datetime
    version: int
    sequence: int

    @property
    def open(self) -> bool:
        """Whether it is still to come, or under way."""
        return self.state in (LeaveState.PLANNED, LeaveState.RUNNING)


LEAVES = Store(tables.leaves, Leave)


class NotTheirs(Refused):
    """Nobody delegates what he does not hold himself, or only holds for another."""

    title = "They do not hold this role themselves"
    zh = "此人本身不担任该岗位，或只是代理，不能再委托他人。"
    rules = ("P05.19",)


class NotToThem(Refused):
    """Nobody acts for himself, and nobody acts who is away or gone."""

    title = "They cannot act for this person"
    zh = "所选人员不能代理：不能代理自己，休假或离职人员也不能代理。请改选人员。"
    rules = ("P05.19",)


class Delegation(Part):
    """Who acts in one role meanwhile."""

    role: Role
    place: Place
    to: Annotated[Subject, Field(description="who acts")]


async def lock_people(tx: Tx, person_id: UUID, delegations: Iterable[Delegation]) -> dict[str, Person]:
    """The person and those who shall act, by subject, locked in one order so that two who plan take turns here."""
    subjects = sorted({one.to for one in delegations})
    rows = await tx.driver.fetch(
        "SELECT id FROM people WHERE subject = ANY($1::text[]) OR id = $2", subjects, person_id
    )
    found = await tx.load(PEOPLE, [row[0] for row in rows])
    return {person.subject: person for person in found.values()}


def refuse_beyond_reach(tx: Tx, principal: Principal, person: Person, delegations: Iterable[Delegation]) -> None:
    """Who delegates the roles of another gives none to himself, and none that lies beyond his own places (P05.19)."""
    if principal.subject == person.subject and not principal.machine:
        return
    for one in delegations:
        if one.to == principal.subject:
            raise Forbidden(
                "Nobody lets himself act for another. Ask somebody else who plans leave.", rules=("P05.19",)
            )
        refuse_to_give(tx, principal, PLAN_LEAVE.reach(principal), one.role, one.place)


async def delegate(
    tx: Tx,
    person: Person,
    delegations: Sequence[Delegation],
    people: dict[str, Person],
    *,
    from_at: datetime,
    until_at: datetime,
    leave_id: UUID | None = None,
) -> list[Grant]:
    """Let others act in the person's roles in a window, and tell it; all of it or nothing.

    Only what the person holds himself can be delegated, for no longer than he holds it: no chains.
    """
    own = [grant for grant in await grants_of(tx, person) if grant.on_behalf_of is None]
    given = []
    for one in delegations:
        held = [g for g in own if (g.role, g.place) == (one.role, one.place) and g.holds_at(from_at)]
        if not held:
            raise NotTheirs(f"They do not hold {one.role.value} at {one.place} themselves when it shall begin.")
        to = people.get(one.to)
        if to is None:
            raise NotToThem("Somebody who shall act is not of staff. Look at the subjects.")
        if to.subject == person.subject:
            raise NotToThem("Nobody acts for himself. Name somebody else.")
        ends = [grant.until_at for grant in held]
        end = until_at if None in ends else min(until_at, max(e for e in ends if e is not None))
        if to.gone_by(from_at):
            raise HasLeft("Who shall act has left, or will have by then. Name somebody else.")
        if to.employment is Employment.LEFT or await away(tx, to, from_at, end):
            raise NotToThem("Who shall act is on leave in this time. Name somebody else.")
        if to.leaves_at is not None and to.leaves_at < end:
            raise HasLeft("Who shall act leaves before it ends. Name somebody else, or a shorter time.")
        for had in await grants_of(tx, to):
            same = (had.role, had.place, had.on_behalf_of) == (one.role, one.place, person.subject)
            if same and not had.over_by(from_at) and had.from_at < end:
                raise HeldAlready(
                    "They act for this person in this role then already. Leave that out, or end it first."
                )
        given.append(
            add_grant(
                tx, to, one.role, one.place, from_at=from_at, until_at=end, on_behalf_of=person.subject,
                leave_id=leave_id,
            )
        )  # fmt: skip
    for subject in sorted({one.to for one in delegations}):
        await tell(tx, people[subject])
    return given


async def away(tx: Tx, person: Person, from_at: datetime, until_at: datetime) -> bool:
    """Whether the person has a leave in some part of this time."""
    sql = """SELECT true FROM leaves WHERE person_id = $1 AND state IN ('planned', 'running')
        AND from_at < $3 AND $2 < until_at LIMIT 1"""
    planned = any(
        one.person_id == person.id and one.open and one.from_at < until_at and from_at < one.until_at
        for one in tx.loaded(Leave)
    )
    return planned or bool(await tx.driver.fetchval(sql, person.id, from_at, until_at))
