"""Lists shipments, newest first: the credit desk sees what is held and why (P11.6)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from fastapi import Query

from credit.numbers import Number, numbered
from credit.permissions import READ_ACCOUNT
from credit.shipments.model import SHIPMENTS, ShipmentState
from credit.shipments.views import ShipmentView, view_of
from credit.tables import STOPPED, shipments

RULES = ("P11.6",)


@get("/v1/shipments", needs=READ_ACCOUNT)
async def list_shipments(
    principal: Principal,
    tx: Tx,
    state: Annotated[ShipmentState | None, Query(description="where they stand")] = None,
    held: Annotated[bool, Query(description="held now, also invoiced on their way out")] = False,
    account_id: Annotated[UUID | None, Query(description="of one account only")] = None,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    number: Number = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ShipmentView]:
    """The shipments within your reach, newest first."""
    wanted = wanted_shipments(principal, state, account_id, branch)
    if held:
        wanted.append(sa.literal_column(f"({STOPPED})", sa.Boolean))
    if number is not None:
        wanted.append(numbered(shipments.c.id, number))
    found, following = await newest_first(tx, SHIPMENTS, wanted, limit, cursor)
    return Page(items=[view_of(shipment) for shipment in found], next=following)


def wanted_shipments(
    principal: Principal, state: ShipmentState | None, account_id: UUID | None, branch: str | None
) -> list[sa.ColumnElement[bool]]:
    """The conditions of a list: what is within reach, and what was asked for."""
    column = shipments.c
    wanted = [READ_ACCOUNT.reach(principal).condition(column.branch)]
    if state is not None:
        wanted.append(column.state == state.value)
    if account_id is not None:
        wanted.append(column.account_id == account_id)
    if branch is not None:
        wanted.append(column.branch == branch)
    return wanted


@get("/v1/shipments/{shipment_id}", needs=READ_ACCOUNT)
async def read_shipment(shipment_id: UUID, principal: Principal, tx: Tx) -> ShipmentView:
    """Open a shipment. 404 when there is none within your reach."""
    shipment = (await tx.load(SHIPMENTS, [shipment_id], lock=False)).get(shipment_id)
    if shipment is None or not READ_ACCOUNT.reach(principal).includes(shipment.branch):
        raise NotFound("There is no such shipment, or none at a branch that you may see. Check the id.")
    return view_of(shipment)
