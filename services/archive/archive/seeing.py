"""Who sees which dossier: by place, by a right on the single one, never the excluded; a classified one by name only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.problems import NotFound
from chassis.tx import Sealed, Tx
from contracts.archive import DossierKind
from policy.access import Permission

from archive.dossier import DOSSIERS, Dossier, Secrecy
from archive.permissions import OPEN_CASE_DOSSIER, OPEN_DOSSIER
from archive.tables import dossiers


def reached_by(permission: Permission, principal: Principal, now: datetime) -> sa.ColumnElement[bool]:
    """The dossiers with which the principal may do this (P05.11: a classified one its custodian, or by grant)."""
    reach = permission.reach(principal)
    columns = dossiers.c
    if reach.subject is None:
        return sa.and_(reach.condition(columns.branch), columns.secrecy == Secrecy.NONE)
    placed = reach.condition(columns.branch, record=columns.id, now=now)
    named = replace(reach, everywhere=False, places=frozenset(), departments=frozenset(), own=frozenset(), parts=())
    open_or_own = sa.or_(columns.secrecy == Secrecy.NONE, columns.custodian == reach.subject)
    return sa.or_(sa.and_(placed, open_or_own), named.condition(columns.branch, record=columns.id, now=now))


def seen_by(principal: Principal, now: datetime) -> sa.ColumnElement[bool]:
    """The dossiers that the principal may open (P04.8, P05.9)."""
    case = dossiers.c.kind == DossierKind.CASE
    return sa.or_(
        sa.and_(case, reached_by(OPEN_CASE_DOSSIER, principal, now)),
        sa.and_(sa.not_(case), reached_by(OPEN_DOSSIER, principal, now)),
    )


async def within(
    tx: Tx, dossier_id: UUID, principal: Principal, *, doing: Permission | None = None, lock: bool = False
) -> Dossier:
    """The dossier, where the principal may open it, or do this with it; else 404."""
    wanted = seen_by(principal, tx.now) if doing is None else reached_by(doing, principal, tx.now)
    query = sa.select(dossiers.c.id).where(dossiers.c.id == dossier_id, wanted)
    if (await tx.execute(query)).scalar() is None:
        raise NotFound("There is no such dossier, or none that is open to you. Ask to view it, or check the id.")
    return await tx.get(DOSSIERS, dossier_id, lock=lock)


async def words_of(tx: Tx, row: Sealed, rules: Sequence[str]) -> dict[str, Any] | None:
    """What a line of a register keeps sealed, for who signs it; None once the customer has been erased (P05.14)."""
    try:
        return await tx.unseal(row, why="approving", rules=rules)
    except NotFound:
        return None


async def dossier_about(tx: Tx, kind: DossierKind, about: str) -> UUID | None:
    """The one dossier about a thing; who asks for it waits for whoever is opening it."""
    await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 5))", f"dossier {kind} {about}")
    found: UUID | None = await tx.driver.fetchval(
        "SELECT id FROM dossiers WHERE kind = $1 AND about = $2", kind.value, about
    )
    return found
