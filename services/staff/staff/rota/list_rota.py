"""Lists who is on duty, by day (P06.2)."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from contracts.roles import Role
from fastapi import Query
from policy.access import GROUP

from staff.people.form import Place
from staff.permissions import READ_ROTA
from staff.rota.rota import ROTAS
from staff.rota.set_rota import RotaView, view_of
from staff.rota.tables import rotas

RULES = ("P06.2",)


@get("/v1/rota", needs=READ_ROTA)
async def list_rota(
    principal: Principal,
    tx: Tx,
    from_date: Annotated[date, Query(description="the first day")],
    until_date: Annotated[date | None, Query(description="the last day; without it, all that are set")] = None,
    role: Annotated[Role | None, Query()] = None,
    place: Annotated[Place | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RotaView]:
    """The days within your reach and of the head office, in their order."""
    r = rotas.c
    within = sa.or_(READ_ROTA.reach(principal).condition(r.branch), r.branch == GROUP)
    query = sa.select(*ROTAS.columns).where(within, r.date >= from_date).order_by(r.date, r.id).limit(limit + 1)
    if until_date is not None:
        query = query.where(r.date <= until_date)
    if role is not None:
        query = query.where(r.role == role.value)
    if place is not None:
        query = query.where(r.place == place)
    if cursor is not None:
        day, last = cursor_values(cursor, str, str)
        query = query.where(sa.tuple_(r.date, r.id) > sa.tuple_(date.fromisoformat(day), UUID(last)))
    found = [ROTAS.restore(row) for row in await tx.execute(query)]
    following = cursor_of(found[limit - 1].date, found[limit - 1].id) if len(found) > limit else None
    return Page(items=[view_of(rota) for rota in found[:limit]], next=following)
