"""Shows what was delivered to a subscription, with every attempt, and sends one again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get, post
from chassis.problems import Refused
from chassis.tx import Tx
from fastapi import Query
from pydantic import BaseModel

from notify.deliveries.deliver import deliver
from notify.delivery import DELIVERIES, DeliveryState
from notify.permissions import SUBSCRIBE
from notify.subscription import SUBSCRIPTIONS, SubscriptionState
from notify.tables import attempts, deliveries


class AttemptView(BaseModel):
    """One attempt; `status` is null when there was no answer."""

    tried_at: datetime
    status: int | None
    error: str | None
    milliseconds: int


class DeliveryView(BaseModel):
    """One message for one subscription; its id is the `webhook-id` of every attempt."""

    id: UUID
    event_id: UUID
    type: str
    state: str
    planned_at: datetime
    ended_at: datetime | None
    attempts: list[AttemptView]


@get("/v1/subscriptions/{subscription_id}/deliveries", needs=SUBSCRIBE)
async def list_deliveries(
    subscription_id: UUID,
    tx: Tx,
    state: Annotated[DeliveryState | None, Query(description="in this state only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryView]:
    """What the subscription was sent, newest first."""
    await tx.get(SUBSCRIPTIONS, subscription_id, lock=False)
    c = deliveries.c
    query = sa.select(c.id, c.event_id, c.type, c.state, c.planned_at, c.ended_at)
    query = query.where(c.subscription_id == subscription_id).order_by(c.planned_at.desc(), c.id.desc())
    if state is not None:
        query = query.where(c.state == state.value)
    if cursor is not None:
        at, last = cursor_values(cursor, str, str)
        query = query.where(sa.tuple_(c.planned_at, c.id) < (datetime.fromisoformat(at), UUID(last)))
    rows = list(await tx.execute(query.limit(limit + 1)))
    shown = rows[:limit]
    tried = sa.select(attempts).where(attempts.c.delivery_id.in_([row.id for row in shown])).order_by(attempts.c.id)
    log: dict[UUID, list[AttemptView]] = {row.id: [] for row in shown}
    for one in await tx.execute(tried):
        log[one.delivery_id].append(
            AttemptView(tried_at=one.tried_at, status=one.status, error=one.error, milliseconds=one.milliseconds)
        )
    following = cursor_of(shown[-1].planned_at.isoformat(), shown[-1].id) if len(rows) > limit else None
    return Page(items=[DeliveryView(**row._mapping, attempts=log[row.id]) for row in shown], next=following)


class NotEnded(Refused):
    """It is still being tried."""

    zh = "此投递仍在尝试，不能重发。请待其结束后再办理。"


@post("/v1/deliveries/{delivery_id}/redeliver", needs=SUBSCRIBE, status=202)
async def redeliver(delivery_id: UUID, tx: Tx) -> None:
    """Send a message again, under the same id and with the same bytes."""
    delivery = await tx.get(DELIVERIES, delivery_id)
    if delivery.state in (DeliveryState.PLANNED, DeliveryState.HELD):
        raise NotEnded("It is planned already. Wait for its attempts to end, or resume the subscription.")
    subscription = await tx.get(SUBSCRIPTIONS, delivery.subscription_id, lock=False)
    if subscription.state is SubscriptionState.ENDED:
        raise NotEnded("Its subscription has been ended. Open a new one; the party can read what it missed there.")
    delivery.state, delivery.ended_at = DeliveryState.PLANNED, None
    tx.later(deliver, delivery.id, lane=str(delivery.subscription_id))
