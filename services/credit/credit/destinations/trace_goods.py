"""Shows where goods went: movements, who has what, and a batch's way forwards and backwards (P02.3)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug, Text
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.lists import newest_first
from chassis.tx import Tx
from fastapi import Query
from pydantic import BaseModel, Field

from credit.destinations.model import MOVEMENTS, WAREHOUSE, Movement
from credit.permissions import READ_ACCOUNT
from credit.tables import holdings, movements

RULES = ("P02.3",)

#: how many movements one trace shows
MOST = 1000

_WANTED = Annotated[Text, Field(min_length=1, max_length=60)]


class MovementView(BaseModel):
    """Goods of one batch went from one holder to the next."""

    id: UUID
    branch: str
    product: str
    batch: str
    quantity: Decimal
    from_holder: str
    to_holder: str
    destination: str | None
    moved_on: date
    shipment_id: UUID | None
    reported_by: str
    reported_at: datetime
    origin: str
    origin_ref: str


class HoldingView(BaseModel):
    """What a holder has received of a batch, passed on, and still has."""

    branch: str
    product: str
    batch: str
    holder: str
    received: Decimal
    passed_on: Decimal
    left: Decimal


class TraceView(BaseModel):
    """The way of a batch from or to a holder: its movements in their order, who has how much of it now.

    `more`: there are more movements than are shown.
    """

    product: str
    batch: str
    holder: str
    direction: str
    movements: list[MovementView]
    holdings: list[HoldingView]
    more: bool
    rules: list[str]


def view_of(movement: Movement) -> MovementView:
    """The movement as it is shown."""
    return MovementView(**{name: getattr(movement, name) for name in MovementView.model_fields})


@get("/v1/movements", needs=READ_ACCOUNT)
async def list_movements(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    product: Annotated[_WANTED | None, Query(description="of one product")] = None,
    batch: Annotated[_WANTED | None, Query(description="of one batch; with its product")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MovementView]:
    """The movements within your reach, newest first."""
    column = movements.c
    wanted = [READ_ACCOUNT.reach(principal).condition(column.branch)]
    for field, value in ((column.branch, branch), (column.product, product), (column.batch, batch)):
        if value is not None:
            wanted.append(field == value)
    found, following = await newest_first(tx, MOVEMENTS, wanted, limit, cursor)
    return Page(items=[view_of(one) for one in found], next=following)


@get("/v1/destinations", needs=READ_ACCOUNT)
async def list_destinations(
    principal: Principal,
    tx: Tx,
    product: Annotated[_WANTED, Query(description="of this product")],
    batch: Annotated[_WANTED | None, Query(description="of one batch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[HoldingView]:
    """Who has received how much of a product within your reach, by batch, branch and holder."""
    query = destinations_of(product, batch, READ_ACCOUNT.reach(principal).condition(holdings.c.branch), limit, cursor)
    found = [_holding(dict(row._mapping)) for row in await tx.execute(query)]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=found[:limit], next=None if last is None else cursor_of(last.batch, last.branch, last.holder))


def destinations_of(
    product: str, batch: str | None, within: sa.ColumnElement[bool], limit: int, cursor: str | None
) -> sa.Select[Any]:
    """The holders of a product, in the order of its batches; one more than asked for."""
    column = holdings.c
    query = sa.select(holdings).where(within, column.product == product)
    if batch is not None:
        query = query.where(column.batch == batch)
    if cursor is not None:
        after = cursor_values(cursor, str, str, str)
        query = query.where(sa.tuple_(column.batch, column.branch, column.holder) > sa.tuple_(*after))
    return query.order_by(column.batch, column.branch, column.holder).limit(limit + 1)


def _holding(row: dict[str, Any]) -> HoldingView:
    return HoldingView(**row, left=row["received"] - row["passed_on"])


@get("/v1/trace", needs=READ_ACCOUNT)
async def trace_batch(
    principal: Principal,
    tx: Tx,
    product: Annotated[_WANTED, Query(description="the product")],
    batch: Annotated[_WANTED, Query(description="its batch")],
    holder: Annotated[Text, Query(max_length=60, description="from or to whom; our warehouse without it")] = WAREHOUSE,
    direction: Annotated[
        Literal["forwards", "backwards"], Query(description="where it went on, or where it came from")
    ] = "forwards",
) -> TraceView:
    """The whole way of a batch within your reach; at most 1,000 movements, the earliest first."""
    within = READ_ACCOUNT.reach(principal)
    query = way_of(product, batch, holder, direction, within.condition(movements.c.branch))
    found = [MOVEMENTS.restore(row) for row in await tx.execute(query)]
    shown = found[:MOST]
    column = holdings.c
    have = {(one.branch, name) for one in shown for name in (one.from_holder, one.to_holder)}
    rows = await tx.execute(
        sa.select(holdings)
        .where(
            within.condition(column.branch),
            column.product == product,
            column.batch == batch,
            sa.tuple_(column.branch, column.holder).in_(sorted(have)),
        )
        .order_by(column.branch, column.holder)
    )
    return TraceView(
        product=product,
        batch=batch,
        holder=holder,
        direction=direction,
        movements=[view_of(one) for one in shown],
        holdings=[_holding(dict(row._mapping)) for row in rows],
        more=len(found) > MOST,
        rules=list(RULES),
    )


def way_of(product: str, batch: str, holder: str, direction: str, within: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Every movement on the way of a batch from (or to) a holder, whoever passed it on in between."""
    column = movements.c
    of_batch = (within, column.product == product, column.batch == batch)
    here, there = (
        (column.from_holder, column.to_holder) if direction == "forwards" else (column.to_holder, column.from_holder)
    )
    first = sa.select(column.branch, there.label("holder")).where(*of_batch, here == holder)
    on_way = first.cte("on_way", recursive=True)
    # what came back to our warehouse goes on from there to anybody: the way ends with it
    on_way = on_way.union(
        sa.select(column.branch, there.label("holder")).where(
            *of_batch, column.branch == on_way.c.branch, here == on_way.c.holder, here != WAREHOUSE
        )
    )
    reached = sa.tuple_(column.branch, here).in_(
        sa.select(on_way.c.branch, on_way.c.holder).where(on_way.c.holder != WAREHOUSE)
    )
    return (
        sa.select(*MOVEMENTS.columns)
        .where(*of_batch, sa.or_(here == holder, reached))
        .order_by(column.moved_on, column.id)
        .limit(MOST + 1)
    )
