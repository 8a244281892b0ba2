"""Lists cases, newest first, by where they stand and whose they are; lists show no persons (P05.15)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.tx import Tx
from fastapi import Depends, Query

from complaint.case import CASES
from complaint.cases.seen import seen_by
from complaint.cases.views import CaseLine, line_of
from complaint.permissions import READ_COMPLAINT
from complaint.tables import UNDER_WAY, cases
from complaint.way import CaseState

RULES = ("P04.8", "P05.15")

#: a merged case is counted in the one that it was merged into
STANDS_ALONE = cases.c.merged_into.is_(None)
#: whoever asks, where a subject of the identity provider is meant
ME = "me"


class Wanted:
    """Which cases are asked for, as a list or as a file; what is not said does not narrow."""

    def __init__(
        self,
        branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
        department: Annotated[Slug | None, Query(description="handled by this department only")] = None,
        state: Annotated[CaseState | None, Query(description="in this state only")] = None,
        handler: Annotated[str | None, Query(max_length=200, description="handled by them only; `me` is yourself")] = (
            None
        ),
        level: Annotated[Slug | None, Query(description="of this level only")] = None,
        customer_id: Annotated[UUID | None, Query(description="of one customer only")] = None,
        serious: Annotated[bool | None, Query(description="serious ones only, or the others")] = None,
    ) -> None:
        self.equal = {"branch": branch, "department": department, "level": level, "customer_id": customer_id}
        self.state, self.handler, self.serious = state, handler, serious

    def conditions(self, principal: Principal) -> list[sa.ColumnElement[bool]]:
        """What the cases must meet, beside being seen by the caller."""
        wanted = [cases.c[name] == value for name, value in self.equal.items() if value is not None]
        if self.handler is not None:
            wanted.append(cases.c.handler == (principal.subject if self.handler == ME else self.handler))
        wanted += [STANDS_ALONE] if self.state is None else in_state(self.state)
        if self.serious is not None:
            wanted.append(cases.c.serious_at.is_not(None) if self.serious else cases.c.serious_at.is_(None))
        return wanted


@get("/v1/complaints", needs=READ_COMPLAINT)
async def list_complaints(
    principal: Principal,
    tx: Tx,
    asked: Annotated[Wanted, Depends()],
    ids: Annotated[list[UUID] | None, Query(alias="id", max_length=100, description="these only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CaseLine]:
    """The cases within your reach, newest first."""
    wanted = [*(await seen_by(principal, tx)).conditions, *asked.conditions(principal)]
    if ids is not None:
        wanted.append(cases.c.id.in_(ids))
    found, following = await newest_first(tx, CASES, wanted, limit, cursor)
    return Page(items=[line_of(case) for case in found], next=following)


def in_state(state: CaseState) -> list[sa.ColumnElement[bool]]:
    """In this state, said so that the index over the cases under way can serve, whatever the plan is made for."""
    wanted: list[sa.ColumnElement[bool]] = [cases.c.state == state.value]
    if state not in (CaseState.TAKEN, CaseState.CLOSED):
        wanted.append(sa.and_(UNDER_WAY))
    return wanted
