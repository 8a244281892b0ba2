"""Lists compensation within reach, of one case or of all, newest first (P12.10)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.tx import Tx
from fastapi import Query

from complaint.compensation.model import COMPENSATIONS, CompensationState
from complaint.compensation.tables import compensations
from complaint.compensation.views import CompensationView, view_of
from complaint.permissions import READ_COMPENSATION
from complaint.redirect import survivors
from complaint.tables import cases

RULES = ("P12.10",)


@get("/v1/compensations", needs=READ_COMPENSATION)
async def list_compensations(
    principal: Principal,
    tx: Tx,
    case_id: Annotated[UUID | None, Query(description="of one complaint only, or of what it was merged into")] = None,
    state: Annotated[CompensationState | None, Query(description="where it stands")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CompensationView]:
    """The compensation within your reach; none of a case about you (P12.2)."""
    table = compensations
    reach = READ_COMPENSATION.reach(principal)
    about_me = sa.select(cases.c.id).where(cases.c.id == table.c.case_id, cases.c.respondent == principal.subject)
    wanted = [reach.condition(table.c.branch, record=table.c.case_id, now=tx.now), sa.not_(about_me.exists())]
    if case_id is not None:
        led = await survivors(tx, [case_id], lock=False)
        wanted.append(table.c.case_id.in_([case.id for case in led.values()]))
    if state is not None:
        wanted.append(table.c.state == state.value)
    found, following = await newest_first(tx, COMPENSATIONS, wanted, limit, cursor)
    return Page(items=[view_of(one) for one in found], next=following)
