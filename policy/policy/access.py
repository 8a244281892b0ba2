"""Who may do what, and where: a permission gives roles their reach, a reach becomes a condition in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa
from chassis.auth import Principal
from contracts.roles import Role, Scope

#: the place of a grant that holds everywhere
GROUP = "group"


class Reach(StrEnum):
    """How far a role sees from the place it was granted at."""

    BRANCH = "branch"
    GROUP = "group"


@dataclass(frozen=True)
class Reached:
    """Where a principal may do something: everywhere, or at these branches."""

    everywhere: bool
    branches: frozenset[str]

    def includes(self, branch: str) -> bool:
        return self.everywhere or branch in self.branches

    def condition(self, branch: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """The rows within reach, by the column that holds their branch."""
        return sa.true() if self.everywhere else branch.in_(sorted(self.branches))


#: every permission that was declared, by name: the authorisation matrix
PERMISSIONS: dict[str, Permission] = {}


@dataclass(frozen=True)
class Permission:
    """What may be done, which roles may do it from their place how far, and which machine scopes everywhere."""

    name: str
    roles: Mapping[Role, Reach]
    scopes: Iterable[Scope] = field(default=())

    def __post_init__(self) -> None:
        if self.name in PERMISSIONS:
            raise ValueError(f"two permissions are called {self.name}")
        PERMISSIONS[self.name] = self

    def allows(self, principal: Principal) -> bool:
        """Whether the principal may do this anywhere at all."""
        reached = self.reach(principal)
        return reached.everywhere or bool(reached.branches)

    def reach(self, principal: Principal) -> Reached:
        """Where the principal may do this. A role with reach GROUP sees everywhere, wherever it was granted."""
        everywhere = any(scope in principal.scopes for scope in self.scopes)
        branches = set()
        for grant in principal.grants:
            reach = self.roles.get(grant.role)
            if reach is None:
                continue
            if reach is Reach.GROUP or grant.place == GROUP:
                everywhere = True
            else:
                branches.add(grant.place)
        return Reached(everywhere, frozenset(branches))
