"""The hand-over register: what was delivered when, what is missing; taking it over again (P13.3, P13.16)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get, post
from chassis.lists import newest_first
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from fastapi import Query
from pydantic import BaseModel

from archive.handover.model import HANDOVERS, Handover, HandoverState
from archive.handover.take_over import take_over
from archive.permissions import KEEP_DOSSIERS
from archive.tables import handovers

RULES = ("P13.3", "P13.16")


class FiledAlready(Refused):
    """Everything has arrived; there is nothing to take over again."""

    zh = "文件已全部归档，无须再次接收。"
    rules = ("P13.3",)


class Missing(BaseModel):
    """An item that has not arrived whole, and why."""

    label: str
    because: str


class HandoverView(BaseModel):
    """An entry of the register."""

    id: UUID
    dossier: str
    number: str
    branch: str
    delivered_by: str
    received_by: str
    labels: list[str]
    missing: list[Missing]
    state: HandoverState
    announced_at: datetime
    filed_at: datetime | None
    version: int


def view_of(handover: Handover) -> HandoverView:
    """The entry as it is shown."""
    return HandoverView(
        id=handover.id,
        dossier=f"/v1/dossiers/{handover.dossier_id}",
        number=handover.number,
        branch=handover.branch,
        delivered_by=f"service:{handover.service}",
        received_by="service:archive",
        labels=[item["label"] for item in handover.items],
        missing=[Missing.model_validate(one) for one in handover.missing],
        state=handover.state,
        announced_at=handover.announced_at,
        filed_at=handover.filed_at,
        version=handover.version,
    )


def _kept(principal: Principal, now: datetime) -> sa.ColumnElement[bool]:
    """The hand-overs into dossiers that the principal keeps and is not excluded from."""
    reach = KEEP_DOSSIERS.reach(principal)
    return reach.condition(handovers.c.branch, record=handovers.c.dossier_id, now=now)


@get("/v1/handovers", needs=KEEP_DOSSIERS)
async def list_handovers(
    principal: Principal,
    tx: Tx,
    state: Annotated[HandoverState | None, Query(description="in this state only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[HandoverView]:
    """The register of the branches whose files you keep, newest first."""
    wanted = [_kept(principal, tx.now)]
    if state is not None:
        wanted.append(handovers.c.state == state)
    found, following = await newest_first(tx, HANDOVERS, wanted, limit, cursor)
    return Page(items=[view_of(handover) for handover in found], next=following)


@get("/v1/handovers/{handover_id}", needs=KEEP_DOSSIERS)
async def read_handover(handover_id: UUID, principal: Principal, tx: Tx) -> HandoverView:
    """One entry of the register. 404 when there is none within your reach."""
    return view_of(await _within(tx, handover_id, principal, lock=False))


@post("/v1/handovers/{handover_id}/retry", needs=KEEP_DOSSIERS, status=202)
async def retry_handover(handover_id: UUID, principal: Principal, tx: Tx) -> HandoverView:
    """Take over again what is missing, after the deliverer has mended it."""
    handover = await _within(tx, handover_id, principal, lock=True)
    if handover.state is HandoverState.FILED:
        raise FiledAlready("Everything has arrived. Open the dossier.")
    tx.later(take_over, handover.id)
    return view_of(handover)


async def _within(tx: Tx, handover_id: UUID, principal: Principal, *, lock: bool) -> Handover:
    query = sa.select(handovers.c.id).where(handovers.c.id == handover_id, _kept(principal, tx.now))
    if (await tx.execute(query)).scalar() is None:
        raise NotFound("There is no such hand-over at a branch whose files you keep. Check the id.")
    return await tx.get(HANDOVERS, handover_id, lock=lock)
