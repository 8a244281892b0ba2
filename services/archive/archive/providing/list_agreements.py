"""Lists agreements, and ends one before its last day (P05.13)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get, post
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.roles import Role
from fastapi import Query
from policy.access import Permission, Reach
from policy.calendar import civil

from archive.permissions import PROVIDE
from archive.providing.model import AGREEMENTS, Agreement, AgreementState, NotInForce
from archive.providing.views import AgreementView, view_of
from archive.tables import agreements

RULES = ("P05.13",)

#: ends what was agreed
END_AGREEMENT = Permission(
    "archive.end_agreement", {Role.INFORMATION_SUPERVISOR: Reach.BRANCH, Role.CUSTOMER_SERVICE_MANAGER: Reach.BRANCH}
)


@get("/v1/agreements", needs=PROVIDE)
async def list_agreements(
    principal: Principal,
    tx: Tx,
    state: Annotated[AgreementState | None, Query(description="in this state only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AgreementView]:
    """The agreements within your reach, newest first."""
    wanted: list[sa.ColumnElement[bool]] = [PROVIDE.reach(principal).condition(agreements.c.branch)]
    if state is not None:
        wanted.append(agreements.c.state == state)
    found, following = await newest_first(tx, AGREEMENTS, wanted, limit, cursor)
    return Page(items=[view_of(agreement, civil(tx.now)) for agreement in found], next=following)


@get("/v1/agreements/{agreement_id}", needs=PROVIDE)
async def read_agreement(agreement_id: UUID, principal: Principal, tx: Tx) -> AgreementView:
    """One agreement. 404 when there is none within your reach."""
    return view_of(await _within(tx, agreement_id, principal, PROVIDE, lock=False), civil(tx.now))


@post("/v1/agreements/{agreement_id}/end", needs=END_AGREEMENT)
async def end_agreement(agreement_id: UUID, principal: Principal, tx: Tx) -> AgreementView:
    """End an agreement at once: nothing more is given under it."""
    agreement = await _within(tx, agreement_id, principal, END_AGREEMENT, lock=True)
    if agreement.state is not AgreementState.AGREED:
        raise NotInForce("Only an agreement that was agreed can be ended.", state=agreement.state.value)
    agreement.end(AgreementState.ENDED, tx.now)
    await tx.flush()
    return view_of(agreement, civil(tx.now))


async def _within(tx: Tx, agreement_id: UUID, principal: Principal, doing: Permission, *, lock: bool) -> Agreement:
    agreement = await tx.get(AGREEMENTS, agreement_id, lock=lock)
    if not doing.reach(principal).includes(agreement.branch):
        raise NotFound("There is no such agreement within your reach. Check the id.")
    return agreement
