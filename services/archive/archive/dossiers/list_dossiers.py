"""Lists dossiers and prints the finding aid: where each stands, classified ones marked and for few (P05.3, P05.11)."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.runtime import Runtime
from chassis.sheets import XLSX, Column, write_xlsx
from chassis.tx import Tx
from contracts.archive import AccessRecorded, DossierKind
from fastapi import Query, Response
from policy.calendar import civil

from archive.dossier import DOSSIERS, Dossier
from archive.dossiers.views import DossierLine, line_of, mark_of
from archive.permissions import KEEP_DOSSIERS, OPEN_DOSSIER
from archive.seeing import reached_by, seen_by
from archive.tables import dossiers

RULES = ("P05.3", "P05.11")

#: how many dossiers one finding aid holds
MOST = 20_000
_COLUMNS = (
    Column("档号", "number", 16),
    Column("类别", "kind"),
    Column("对象编号", "about", 38),
    Column("密级", "secrecy", 8),
    Column("保管人", "custodian", 20),
    Column("柜", "cabinet", 8),
    Column("层(自上)", "shelf", 8),
    Column("位(自左)", "position", 8),
    Column("立卷时间", "opened on", 12),
)


@get("/v1/dossiers", needs=OPEN_DOSSIER)
async def list_dossiers(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    kind: Annotated[DossierKind | None, Query(description="of one kind only")] = None,
    about: Annotated[UUID | None, Query(description="about this customer, vehicle, case or occupancy")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DossierLine]:
    """The dossiers that are open to you, newest first; classified ones you do not keep are not among them."""
    wanted = [seen_by(principal, tx.now)]
    if branch is not None:
        wanted.append(dossiers.c.branch == branch)
    if kind is not None:
        wanted.append(dossiers.c.kind == kind)
    if about is not None:
        wanted.append(dossiers.c.about == str(about))
    found, following = await newest_first(tx, DOSSIERS, wanted, limit, cursor)
    return Page(items=[line_of(dossier) for dossier in found], next=following)


@get("/v1/dossiers/finding-aid", needs=KEEP_DOSSIERS)
async def print_finding_aid(
    principal: Principal, runtime: Runtime, branch: Annotated[Slug, Query(description="of this branch")]
) -> Response:
    """The finding aid of a branch as XLSX, in the order of its cabinets; at most 20,000 dossiers. It is recorded."""
    columns = dossiers.c
    query = (
        sa.select(*DOSSIERS.columns)
        .where(reached_by(KEEP_DOSSIERS, principal, runtime.clock()), columns.branch == branch)
        .order_by(columns.cabinet, columns.shelf, columns.position, columns.id)
        .limit(MOST)
    )
    async with runtime.transaction(actor=principal.subject) as tx:
        found = [DOSSIERS.restore(row) for row in await tx.execute(query)]
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=principal.subject,
                action="export",
                table="dossiers",
                ids=[branch],
                purpose="finding_aid",
                rules=list(RULES),
                at=tx.now,
                digests=[],
            )
        )
    return Response(await asyncio.to_thread(_printed, found), media_type=XLSX)


def _printed(found: list[Dossier]) -> bytes:
    return write_xlsx(
        "检索目录",
        _COLUMNS,
        (
            (
                dossier.number,
                dossier.kind.value,
                dossier.about,
                mark_of(dossier.secrecy),
                dossier.custodian,
                dossier.cabinet,
                dossier.shelf,
                dossier.position,
                civil(dossier.opened_at),
            )
            for dossier in found
        ),
    )
