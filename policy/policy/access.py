"""Who may do what, and where: a permission gives roles their reach, a reach becomes a condition in SQL.

A place is `group`, an area (`area:east`), a branch (`sh-pudong`) or a department of one (`sh-pudong/after_sales`).
Beside the roles stand rights on single records: a grant with an end opens one, an exclusion closes it for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Delegated, Grant, Principal
from chassis.http import ANYONE
from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.roles import Role, Scope

from policy.tables import record_rights

#: the place of a grant that holds everywhere
GROUP = "group"
#: what the name of an area begins with
AREA = "area:"

#: what a route that answers without a token needs: health, and nothing with data
PUBLIC = ANYONE

_EXCLUDED = """SELECT record, person FROM kehu.record_rights
    WHERE record = ANY($1::uuid[]) AND kind = 'exclusion' AND ended_at IS NULL"""


def held_for(grant: Grant) -> str | None:
    """For whom the role is held; None where it is the holder's own."""
    return grant.on_behalf_of if isinstance(grant, Delegated) else None


def branch_of(place: str) -> str:
    """The branch that a place lies in; of a branch itself."""
    return place.partition("/")[0]


def department_place(branch: str, department: str | None) -> str:
    """A department of a branch as the place of a grant; the branch, where none is named."""
    return branch if department is None else f"{branch}/{department}"


class Reach(StrEnum):
    """How far a role sees from the place it was granted at.

    OWN: the records whose owner they are; DEPARTMENT: those of the department they were granted at, of the whole
    branch where they were granted there; BRANCH: the branch; AREA: the branches of the area (the staff directory
    says which); GROUP: everything.
    """

    OWN = "own"
    DEPARTMENT = "department"
    BRANCH = "branch"
    AREA = "area"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a principal may do something: everywhere, at whole branches, in departments, with what is their own.

    `parts` says the same apart for the own roles (None) and for those held for each other person, where there are any.
    """

    everywhere: bool
    places: frozenset[str]
    departments: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    subject: str | None = None
    permission: str = ""
    parts: tuple[tuple[str | None, Reached], ...] = ()

    @property
    def acts_for(self) -> list[str]:
        """For whom others' roles are held."""
        return [whose for whose, _ in self.parts if whose is not None]

    def includes(
        self, branch: str, *, department: str | None = None, owner: str | None = None, barred: Collection[str] = ()
    ) -> bool:
        """Whether it may be done with a record of this branch, department and owner, kept from the `barred`."""
        if barred and self.parts:
            left = [part for whose, part in self.parts if whose not in barred]
            return any(part.includes(branch, department=department, owner=owner) for part in left)
        if self.everywhere or branch in self.places:
            return True
        if department is not None and department_place(branch, department) in self.departments:
            return True
        return owner is not None and owner == self.subject and not self.own.isdisjoint((branch, GROUP))

    def condition(
        self,
        branch: sa.ColumnElement[str],
        *,
        department: sa.ColumnElement[str] | None = None,
        owner: sa.ColumnElement[str] | None = None,
        record: sa.ColumnElement[UUID] | None = None,
        now: datetime | None = None,
        closed: Mapping[str, sa.ColumnElement[bool]] | None = None,
    ) -> sa.ColumnElement[bool]:
        """The rows within reach, by the columns that hold their branch, department and owner.

        With `record` (and `now`) rights on single records count too: granted ones are seen, excluded ones never,
        nor by a role that is held for an excluded one. `closed` says which rows are closed besides to whom of
        `acts_for`. A reach whose column is not given reaches nothing.
        """
        if record is None or self.subject is None:
            return self._placed(branch, department, owner, closed or {})
        assert now is not None, "rights on records have an end: say what time it is"
        besides = closed or {}
        shut = {
            whose: sa.or_(_right(record, whose, "exclusion").exists(), besides.get(whose, sa.false()))
            for whose in self.acts_for
        }
        placed = self._placed(branch, department, owner, shut)
        granted = _right(record, self.subject, "grant").where(
            record_rights.c.permission == self.permission,
            record_rights.c.from_at <= now,
            sa.or_(record_rights.c.until_at.is_(None), now < record_rights.c.until_at),
        )
        excluded = _right(record, self.subject, "exclusion")
        seen = placed if self.everywhere and not shut else sa.or_(granted.exists(), placed)
        return sa.and_(seen, sa.not_(excluded.exists()))

    def _placed(
        self,
        branch: sa.ColumnElement[str],
        department: sa.ColumnElement[str] | None,
        owner: sa.ColumnElement[str] | None,
        closed: Mapping[str, sa.ColumnElement[bool]],
    ) -> sa.ColumnElement[bool]:
        """The rows within reach by place and owner."""
        if closed:
            apart = [
                (closed.get(whose or "", sa.false()), part._placed(branch, department, owner, {}))
                for whose, part in self.parts
            ]
            return sa.or_(sa.false(), *(sa.and_(rows, sa.not_(shut)) for shut, rows in apart))
        if self.everywhere:
            return sa.true()
        within: list[sa.ColumnElement[bool]] = [branch.in_(sorted(self.places))] if self.places else []
        if department is not None and self.departments:
            pairs = sorted((branch_of(place), place.partition("/")[2]) for place in self.departments)
            within.append(sa.tuple_(branch, department).in_(pairs))
        if owner is not None and self.own:
            anywhere = GROUP in self.own
            within.append(sa.and_(sa.true() if anywhere else branch.in_(sorted(self.own)), owner == self.subject))
        return sa.or_(sa.false(), *within)


def _right(record: sa.ColumnElement[UUID], subject: str, kind: str) -> sa.Select[tuple[UUID]]:
    rights = record_rights
    return sa.select(rights.c.id).where(
        rights.c.record == record, rights.c.person == subject, rights.c.kind == kind, rights.c.ended_at.is_(None)
    )


#: every permission that was declared, by name: the authorisation matrix
PERMISSIONS: dict[str, Permission] = {}


@dataclass(frozen=True, eq=False)
class Permission:
    """What may be done: by which roles how far from their place, and by machines of which scopes everywhere.

    A scope counts for machines only: a person's token carries the scopes of the application it was given
    to, which say nothing about the person. A name is given once.
    """

    name: str
    roles: Mapping[Role, Reach]
    scopes: tuple[Scope, ...] = ()

    def __post_init__(self) -> None:
        if self.name in PERMISSIONS:
            raise ValueError(f"two permissions are called {self.name}")
        PERMISSIONS[self.name] = self

    def allows(self, principal: Principal) -> bool:
        """Whether the principal may do this anywhere at all."""
        return self._by_scope(principal) or any(grant.role in self.roles for grant in principal.grants)

    def reach(self, principal: Principal) -> Reached:
        """Where the principal may do this; a role with reach GROUP may everywhere, wherever it was granted."""
        if self._by_scope(principal):
            return Reached(True, frozenset(), permission=self.name)
        found = self._reached(principal.subject, principal.grants)
        others = {whose for grant in principal.grants if (whose := held_for(grant)) is not None}
        if not others:
            return found
        parts = [
            (whose, self._reached(principal.subject, [one for one in principal.grants if held_for(one) == whose]))
            for whose in (None, *sorted(others))
        ]
        return replace(found, parts=tuple(parts))

    def _reached(self, subject: str, grants: Iterable[Grant]) -> Reached:
        everywhere = False
        places: set[str] = set()
        departments: set[str] = set()
        own: set[str] = set()
        for grant in grants:
            reach = self.roles.get(grant.role)
            if reach is None:
                continue
            branch = branch_of(grant.place)
            if reach is Reach.OWN:
                own.add(branch)
            elif grant.place == GROUP or reach is Reach.GROUP:
                everywhere = True
            elif reach is Reach.DEPARTMENT and "/" in grant.place:
                departments.add(grant.place)
            else:
                places.add(branch)
        if everywhere:
            return Reached(True, frozenset(), subject=subject, permission=self.name)
        return Reached(False, frozenset(places), frozenset(departments), frozenset(own), subject, self.name)

    def _by_scope(self, principal: Principal) -> bool:
        return principal.machine and not principal.scopes.isdisjoint(self.scopes)


# -- rights on single records --------------------------------------------------------------------


def grant_record(
    tx: Tx, permission: Permission, record: UUID, person: str, *, from_at: datetime, until_at: datetime, because: str
) -> UUID:
    """Let one person do this with one record until then; `because` names what it rests on (an approval's path)."""
    return _give(tx, record, person, "grant", permission.name, from_at, until_at, because)


def exclude(tx: Tx, record: UUID, people: Iterable[str], *, because: str) -> None:
    """Close a record to these people, whatever their roles, and to who acts for them by the roles that are theirs.

    As readers, and for who asks `excluded_from` (P12.2).
    """
    for person in sorted(set(people)):
        _give(tx, record, person, "exclusion", None, tx.now, None, because)


def _give(
    tx: Tx,
    record: UUID,
    person: str,
    kind: str,
    permission: str | None,
    from_at: datetime,
    until_at: datetime | None,
    because: str,
) -> UUID:
    identifier = uuid7()
    tx.insert(
        record_rights,
        id=identifier,
        record=record,
        person=person,
        kind=kind,
        permission=permission,
        from_at=from_at,
        until_at=until_at,
        because=because,
        given_by=tx.actor,
        given_at=tx.now,
    )
    return identifier


async def end_record_grant(tx: Tx, identifier: UUID) -> None:
    """Take a grant back before its end."""
    await tx.driver.execute(
        "UPDATE kehu.record_rights SET ended_at = $2 WHERE id = $1 AND kind = 'grant' AND ended_at IS NULL",
        identifier,
        tx.now,
    )


async def excluded_from(tx: Tx, record: UUID) -> list[str]:
    """Who is kept out of a record; they sign nothing about it either."""
    return sorted((await excluded_from_each(tx, [record]))[record])


async def excluded_from_each(tx: Tx, records: Collection[UUID]) -> dict[UUID, set[str]]:
    """Who is kept out of each of these records."""
    found: dict[UUID, set[str]] = {record: set() for record in records}
    for record, person in await tx.driver.fetch(_EXCLUDED, list(records)):
        found[record].add(person)
    return found


async def within_reach(
    tx: Tx,
    permission: Permission,
    principal: Principal,
    record: UUID,
    branch: str,
    *,
    department: str | None = None,
    owner: str | None = None,
) -> bool:
    """Whether the principal may do this with one record: its place, or a grant on it; and no exclusion.

    A role that is held for somebody excluded counts for nothing here (P12.2).
    """
    reached = permission.reach(principal)
    if reached.subject is None:
        return reached.everywhere
    rows = await tx.driver.fetch(
        "SELECT kind, person FROM kehu.record_rights WHERE record = $1 AND person = ANY($2) AND ended_at IS NULL AND "
        "(kind = 'exclusion' OR (permission = $3 AND from_at <= $4 AND (until_at IS NULL OR $4 < until_at)))",
        record,
        [reached.subject, *reached.acts_for],
        permission.name,
        tx.now,
    )
    barred = {person for kind, person in rows if kind == "exclusion"}
    if reached.subject in barred:
        return False
    granted = ("grant", reached.subject) in {tuple(row) for row in rows}
    return granted or reached.includes(branch, department=department, owner=owner, barred=barred)
