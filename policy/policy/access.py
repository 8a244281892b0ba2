"""Who may do what, and where: a permission gives roles their reach, a reach becomes a condition in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import ANYONE
from contracts.roles import Role, Scope

#: the place of a grant that holds everywhere
GROUP = "group"

#: what a route that answers without a token needs: health, and nothing with data
PUBLIC = ANYONE


class Reach(StrEnum):
    """How far a role sees from the place it was granted at.

    OWN and DEPARTMENT reach what BRANCH reaches, and AREA the one place of the grant, until the staff
    directory says which cases, departments and branches those are.
    """

    OWN = "own"
    DEPARTMENT = "department"
    BRANCH = "branch"
    AREA = "area"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a principal may do something: everywhere, or at these places, or, with none, nowhere."""

    everywhere: bool
    places: frozenset[str]

    def includes(self, place: str) -> bool:
        """Whether it may be done at this place."""
        return self.everywhere or place in self.places

    def condition(self, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """The rows within reach, by the column that holds their branch."""
        return sa.true() if self.everywhere else column.in_(sorted(self.places))


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
        held = [grant for grant in principal.grants if grant.role in self.roles]
        everywhere = self._by_scope(principal) or any(
            grant.place == GROUP or self.roles[grant.role] is Reach.GROUP for grant in held
        )
        return Reached(everywhere, frozenset() if everywhere else frozenset(grant.place for grant in held))

    def _by_scope(self, principal: Principal) -> bool:
        return principal.machine and not principal.scopes.isdisjoint(self.scopes)
