"""Plans what outside subscribers are told of a serious complaint (P12.6, P12.8)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintSerious

from notify.deliveries.deliver import deliver
from notify.delivery import Delivery, DeliveryState, delivery_id
from notify.subscription import SUBSCRIPTIONS, Subscription, SubscriptionState
from notify.tables import subscriptions

RULES = ("P12.6", "P12.8")


async def who_wants(tx: Tx, events: Sequence[Received[ComplaintSerious]]) -> list[list[Subscription]]:
    """For each event, the subscriptions that it is for.

    Those that take nothing now are read again under a lock: one that is being made active either finds what
    is held for it here, or is found active.
    """
    live = subscriptions.c.state != SubscriptionState.ENDED.value
    rows = await tx.execute(sa.select(*SUBSCRIPTIONS.columns).where(live))
    found = [SUBSCRIPTIONS.restore(row) for row in rows]
    silent = await tx.load(SUBSCRIPTIONS, [one.id for one in found if one.state is not SubscriptionState.ACTIVE])
    found = [silent.get(one.id, one) for one in found]
    found = [one for one in found if one.state is not SubscriptionState.ENDED]
    return [[one for one in found if one.wants(ComplaintSerious.TYPE, event.said.brand)] for event in events]


@on(ComplaintSerious, loads=who_wants)
def plan_deliveries(event: Received[ComplaintSerious], found: list[Subscription], tx: Tx) -> None:
    """One delivery a subscription; what a paused or disabled one would get is held for it."""
    for subscription in found:
        active = subscription.state is SubscriptionState.ACTIVE
        delivery = Delivery(
            id=delivery_id(subscription.id, event.id),
            subscription_id=subscription.id,
            event_id=event.id,
            type=ComplaintSerious.TYPE,
            body=body_of(event),
            state=DeliveryState.PLANNED if active else DeliveryState.HELD,
            attempts=0,
            planned_at=tx.now,
            ended_at=None,
            version=1,
            sequence=0,
        )
        tx.add(delivery)
        if active:
            tx.later(deliver, delivery.id, lane=str(subscription.id))


def body_of(event: Received[ComplaintSerious]) -> bytes:
    """Type, time and the event's own bytes, as Standard Webhooks lays a payload out."""
    head = f'{{"type":"{ComplaintSerious.TYPE}","timestamp":"{event.time.isoformat()}","data":'
    return head.encode() + (event.value or b"null") + b"}"
