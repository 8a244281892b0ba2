"""A person of staff and the roles they hold; whoever must know what they may do hears of every change (P01.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.ids import uuid7
from chassis.problems import Forbidden, Invalid, NotFound, Refused
from chassis.store import Store
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.archive import AccessRecorded
from contracts.roles import Role
from contracts.staff import Employment, GrantLine, PersonEntry
from policy.access import AREA, GROUP, Permission, Reached
from policy.policies import policy

from staff import tables
from staff.branch import place_exists
from staff.permissions import KEEP_PEOPLE
from staff.policy import StaffPolicy


@dataclass
class Person:
    """Somebody of staff. Name, mail and mobile are in `sealed`; `moves` is `{branch, department, at}`."""

    id: UUID
    subject: str
    employee_number: str | None
    branch: str
    department: str | None
    moves: dict[str, Any] | None
    language: str
    employment: Employment
    joined_at: datetime
    leaves_at: datetime | None
    subject_id: UUID
    sealed: bytes
    version: int
    sequence: int

    def gone_by(self, at: datetime) -> bool:
        """Whether they have left by then, as far as it is known."""
        return self.employment is Employment.LEFT or (self.leaves_at is not None and self.leaves_at <= at)

    def until(self, from_at: datetime, until_at: datetime | None) -> datetime | None:
        """When a role of theirs that begins then ends: at the latest when they leave, or move after it has begun."""
        moves_at = None if self.moves is None else datetime.fromisoformat(self.moves["at"])
        ends = [until_at, self.leaves_at, moves_at if moves_at is not None and from_at < moves_at else None]
        return min((end for end in ends if end is not None), default=None)


@dataclass
class Grant:
    """A role at a place from an instant until another; `on_behalf_of` is whose it is, where it is delegated."""

    id: UUID
    person_id: UUID
    role: Role
    place: str
    from_at: datetime
    until_at: datetime | None
    on_behalf_of: str | None
    leave_id: UUID | None
    given_by: str
    given_at: datetime
    version: int
    sequence: int

    def holds_at(self, at: datetime) -> bool:
        """Whether it holds at this instant."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)

    def over_by(self, at: datetime) -> bool:
        """Whether it has ended by then."""
        return self.until_at is not None and self.until_at <= at

    def end(self, at: datetime) -> bool:
        """Let it end then, or before it has begun; whether that is earlier than it would have."""
        at = max(at, self.from_at)
        if self.over_by(at):
            return False
        self.until_at = at
        return True


_ANOTHER_ADMINISTRATOR = """SELECT true FROM grants WHERE role = 'administrator' AND place = $2 AND person_id <> $1
    AND on_behalf_of IS NULL AND until_at IS NULL AND from_at <= $3 LIMIT 1"""

PEOPLE = Store(tables.people, Person)
GRANTS = Store(tables.grants, Grant)


class HasLeft(Refused):
    """They have left, or will have by then."""

    title = "They have left"
    zh = "此人已离职，或届时已离职。请改选人员。"
    rules = ("P01.9",)


class NoSuchPlace(Invalid):
    """A role is given at the group, an area, a branch or a department that there is."""

    zh = "没有这个集团、片区、门店或部门。请核对任职地点。"

    def __init__(self, place: str) -> None:
        super().__init__(
            "Correct the place: group, area:<region>, a branch, or branch/department.",
            errors=[Wrong.UNKNOWN.at("/place", f"there is no {place}")],
        )


class LastAdministrator(Refused):
    """Somebody must be there who makes administrators: nobody else can."""

    title = "Nobody would be left who administers the group"
    zh = "此人是集团最后一名系统管理员。请先授予另一人，再办理。"
    rules = ("P05.19",)


async def person_of(tx: Tx, subject: str, *, lock: bool = False) -> Person | None:
    """The person of a subject."""
    identifier = await tx.driver.fetchval("SELECT id FROM people WHERE subject = $1", subject)
    return None if identifier is None else await tx.get(PEOPLE, identifier, lock=lock)


async def people_of(tx: Tx, subjects: Iterable[str], *, lock: bool = False) -> dict[str, Person]:
    """The people of some subjects, by subject."""
    rows = await tx.driver.fetch("SELECT id FROM people WHERE subject = ANY($1::text[])", sorted(set(subjects)))
    found = await tx.load(PEOPLE, [row[0] for row in rows], lock=lock)
    return {person.subject: person for person in found.values()}


async def within(
    tx: Tx, identifier: UUID, needs: Permission, principal: Principal, *, lock: bool, or_self: bool = False
) -> Person:
    """The person, if the principal's reach includes them; outside reach they do not exist."""
    person = await tx.get(PEOPLE, identifier, lock=lock)
    reached = needs.reach(principal)
    if or_self and person.subject == principal.subject and not principal.machine:
        return person
    if not reached.includes(person.branch, department=person.department):
        raise NotFound("There is no such person, or none at a branch that you may see. Check the id.")
    return person


async def grants_of(tx: Tx, person: Person, *, lock: bool = True) -> list[Grant]:
    """What the person holds, will hold or has held, with what this transaction has added."""
    rows = await tx.driver.fetch("SELECT id FROM grants WHERE person_id = $1", person.id)
    await tx.load(GRANTS, [row[0] for row in rows], lock=lock)
    return [grant for grant in tx.loaded(Grant) if grant.person_id == person.id]


def add_grant(
    tx: Tx,
    person: Person,
    role: Role,
    place: str,
    *,
    from_at: datetime,
    until_at: datetime | None = None,
    on_behalf_of: str | None = None,
    leave_id: UUID | None = None,
) -> Grant:
    """Give the role; that it was given, and by whom, is recorded."""
    grant = Grant(
        uuid7(), person.id, role, place, from_at, until_at, on_behalf_of, leave_id, tx.actor, tx.now, 1, 0
    )  # fmt: skip
    tx.add(grant)
    record(tx, "role_given", person, f"{role.value}@{place}")
    return grant


async def check_grant(tx: Tx, principal: Principal, subject: str, role: Role, place: str) -> None:
    """Refuse who may not give this role there: nobody to himself, at most at his own places, central roles only by
    who reaches the whole group (P05.19), administration only by an administrator."""
    reached = KEEP_PEOPLE.reach(principal)
    if subject == principal.subject:
        raise Forbidden("Nobody gives a role to himself. Ask somebody else who keeps people.", rules=("P05.19",))
    if not await place_exists(tx, place):
        raise NoSuchPlace(place)
    refuse_to_give(tx, principal, reached, role, place)


def refuse_to_give(tx: Tx, principal: Principal, reached: Reached, role: Role, place: str) -> None:
    """Refuse a role at a place beyond this reach: central ones, and those of a whole area or the group, need all."""
    central = policy(tx, StaffPolicy, GROUP, tx.now).central_roles
    wide = place == GROUP or place.startswith(AREA) or role in central
    branch, _, department = place.partition("/")
    if not (reached.everywhere if wide else reached.includes(branch, department=department or None)):
        raise Forbidden(f"You may give roles, but not {role.value} at {place}.", rules=("P05.19",))
    if role is Role.ADMINISTRATOR and not any(g.role is Role.ADMINISTRATOR for g in principal.grants):
        raise Forbidden("Only an administrator makes another one.", rules=("P05.19",))


async def keep_an_administrator(tx: Tx, person: Person, ending: Iterable[Grant]) -> None:
    """`LastAdministrator` where these roles of the person are to end and nobody else administers the group for good."""
    if not any(_administers(grant) for grant in ending):
        return
    # two administrators who end each other's role take turns here
    await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))")
    if not await tx.driver.fetchval(_ANOTHER_ADMINISTRATOR, person.id, GROUP, tx.now):
        raise LastAdministrator("Make another administrator of the group first, without an end.")


def _administers(grant: Grant) -> bool:
    held = (grant.role, grant.place, grant.on_behalf_of, grant.until_at)
    return held == (Role.ADMINISTRATOR, GROUP, None, None)


async def tell(tx: Tx, person: Person) -> None:
    """Say on `staff.state` who they are now and what they hold from now on; what is over is left out."""
    lines = [
        GrantLine(
            role=grant.role.value,
            place=grant.place,
            from_at=grant.from_at,
            until_at=grant.until_at,
            on_behalf_of=grant.on_behalf_of,
        )
        for grant in await grants_of(tx, person)
        if not grant.over_by(tx.now)
    ]
    person.sequence += 1
    tx.publish(
        person,
        PersonEntry(
            person_id=person.id,
            subject=person.subject,
            employment=person.employment,
            branch=person.branch,
            department=person.department,
            grants=lines,
        ),
    )


def record(tx: Tx, action: str, person: Person, purpose: str) -> None:
    """Put what was decided about a person into the audit log."""
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=tx.actor,
            action=action,
            table=tables.people.name,
            ids=[str(person.id)],
            purpose=purpose,
            rules=["P05.19"],
            at=tx.now,
            digests=[],
        )
    )
