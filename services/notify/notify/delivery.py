"""A delivery: one message for one subscription, under one id for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from chassis.store import Store

from notify import tables


class DeliveryState(StrEnum):
    """`held` waits for its subscription to be active again."""

    PLANNED = "planned"
    HELD = "held"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass
class Delivery:
    """`attempts` counts those whose end is known."""

    id: UUID
    subscription_id: UUID
    event_id: UUID
    type: str
    body: bytes
    state: DeliveryState
    attempts: int
    planned_at: datetime
    ended_at: datetime | None
    version: int
    sequence: int


DELIVERIES = Store(tables.deliveries, Delivery)


def delivery_id(subscription: UUID, event: UUID) -> UUID:
    """The same for the same message to the same subscription: by it the receiver knows a repetition."""
    return uuid5(subscription, str(event))
