"""What the notify service tells the others of its deliveries."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from contracts.message import Event


class WebhookDelivered(Event, type="notify.webhook_delivered.v1"):
    """An outside subscriber has taken a message; `attempts` counts the one that succeeded."""

    delivery_id: UUID
    subscription_id: UUID
    event_id: UUID
    attempts: int
    delivered_at: datetime


class WebhookGivenUp(Event, type="notify.webhook_given_up.v1"):
    """An outside subscriber did not take a message in the time that was given to it."""

    delivery_id: UUID
    subscription_id: UUID
    event_id: UUID
    attempts: int
    given_up_at: datetime
