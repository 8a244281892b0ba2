"""Who may do what, and where: a permission gives roles their reach, a reach becomes a condition in SQL.

A place is `group`, an area (`area:east`), a branch (`sh-pudong`) or a department of one (`sh-pudong/after_sales`).
Beside the roles stand rights on single records: a grant with an end opens one, an exclusion closes it for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
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
    """Where a principal may do something: everywhere, at whole branches, in departments, with what is their own."""

    everywhere: bool
    places: frozenset[str]
    departments: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    subject: str | None = None
    permission: str = ""

    def includes(self, branch: str, *, department: str | None = None, owner: str | None = None) -> bool:
        """Whether it may be done with a record of this branch, department and owner."""
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
    ) -> sa.ColumnElement[bool]:
        """The rows within reach, by the columns that hold their branch, department and owner.

        With `record` (and `now`) rights on single records count too: granted ones are seen, excluded ones never.
        A reach whose column is not given reaches nothing.
        """
        within: list[sa.ColumnElement[bool]] = [branch.in_(sorted(self.places))] if self.places else []
        if department is not None and self.departments:
            pairs = sorted((branch_of(place), place.partition("/")[2]) for place in self.departments)
            within.append(sa.tuple_(branch, department).in_(pairs))
        if owner is not None and self.own:
            anywhere = GROUP in self.own
            within.append(sa.and_(sa.true() if anywhere else branch.in_(sorted(self.own)), owner == self.subject))
        if record is None or self.subject is None:
            return sa.true() if self.everywhere else sa.or_(sa.false(), *within)
        assert now is not None, "rights on records have an end: say what time it is"
        granted = _right(record, self.subject, "grant").where(
            record_rights.c.permission == self.permission,
            record_rights.c.from_at <= now,
            sa.or_(record_rights.c.until_at.is_(None), now < record_rights.c.until_at),
        )
        excluded = _right(record, self.subject, "exclusion")
        seen = sa.true() if self.everywhere else sa.or_(granted.exists(), *within)
        return sa.and_(seen, sa.not_(excluded.exists()))


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
        everywhere = False
        places: set[str] = set()
        departments: set[str] = set()
        own: set[str] = set()
        for grant in principal.grants:
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
            return Reached(True, frozenset(), subject=principal.subject, permission=self.name)
        return Reached(False, frozenset(places), frozenset(departments), frozenset(own), principal.subject, self.name)

    def _by_scope(self, principal: Principal) -> bool:
        return principal.machine and not principal.scopes.isdisjoint(self.scopes)


# -- rights on single records --------------------------------------------------------------------


def grant_record(
    tx: Tx, permission: Permission, record: UUID, person: str, *, from_at: datetime, until_at: datetime, because: str
) -> UUID:
    """Let one person do this with one record until then; `because` names what it rests on (an approval's path)."""
    return _give(tx, record, person, "grant", permission.name, from_at, until_at, because)


def exclude(tx: Tx, record: UUID, people: Iterable[str], *, because: str) -> None:
    """Close a record to these people, whatever their roles (P12.2): as readers, and for who asks `excluded_from`."""
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
    rows = await tx.driver.fetch(
        "SELECT DISTINCT person FROM kehu.record_rights WHERE record = $1 AND kind = 'exclusion' AND ended_at IS NULL "
        "ORDER BY person",
        record,
    )
    return [row[0] for row in rows]


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
    """Whether the principal may do this with one record: its place, or a grant on it; and no exclusion."""
    reached = permission.reach(principal)
    if reached.subject is None:
        return reached.everywhere
    rows = await tx.driver.fetch(
        "SELECT kind FROM kehu.record_rights WHERE record = $1 AND person = $2 AND ended_at IS NULL AND "
        "(kind = 'exclusion' OR (permission = $3 AND from_at <= $4 AND (until_at IS NULL OR $4 < until_at)))",
        record,
        principal.subject,
        permission.name,
        tx.now,
    )
    kinds = {row[0] for row in rows}
    if "exclusion" in kinds:
        return False
    return "grant" in kinds or reached.includes(branch, department=department, owner=owner)
