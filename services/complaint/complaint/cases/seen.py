"""Which cases somebody sees in a list: within reach, not kept from them, and not about them (P04.8, P12.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.tx import Tx
from policy.access import branch_of

from complaint.permissions import READ_COMPLAINT
from complaint.tables import cases

_RIGHTS = """
SELECT person, kind, record FROM kehu.record_rights WHERE person = ANY($1) AND ended_at IS NULL
    AND (kind = 'exclusion' OR (permission = $2 AND from_at <= $3 AND (until_at IS NULL OR $3 < until_at)))
"""


@dataclass(frozen=True)
class Seen:
    """What somebody sees: `conditions` on `cases`; `branches` where it lies, besides the `granted` (None: everywhere).

    The rights on single cases are looked up first: as a part of the query they would keep it from the index of the
    branch.
    """

    conditions: Sequence[sa.ColumnElement[bool]]
    branches: Sequence[str] | None
    granted: Sequence[UUID]

    def of_branches(self, branch: sa.ColumnElement[str], case: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
        """The same narrowing for a table beside `cases` that has an index by branch."""
        if self.branches is None:
            return sa.true()
        near = branch.in_(self.branches)
        return sa.or_(near, case.in_(self.granted)) if self.granted else near


async def seen_by(principal: Principal, tx: Tx) -> Seen:
    """Every list of cases keeps to it."""
    reach = READ_COMPLAINT.reach(principal)
    rights: dict[str, list[UUID]] = {"grant": [], "exclusion": []}
    closed: dict[str, list[UUID]] = {}
    if reach.subject is not None:
        people = [reach.subject, *reach.acts_for]
        for person, kind, record in await tx.driver.fetch(_RIGHTS, people, READ_COMPLAINT.name, tx.now):
            if person == reach.subject:
                rights[kind].append(record)
            elif kind == "exclusion":
                closed.setdefault(person, []).append(record)
    within = reach.condition(
        cases.c.branch,
        department=cases.c.department,
        owner=cases.c.handler,
        closed={whose: cases.c.id.in_(records) for whose, records in closed.items()},
    )
    if rights["grant"] and not reach.everywhere:
        within = sa.or_(within, cases.c.id.in_(rights["grant"]))
    conditions = [within, cases.c.respondent.is_distinct_from(principal.subject)]
    if rights["exclusion"]:
        conditions.append(cases.c.id.not_in(rights["exclusion"]))
    places = {branch_of(place) for place in (*reach.places, *reach.departments)} | reach.own
    return Seen(conditions, None if reach.everywhere else sorted(places), rights["grant"])
