"""What the notify service tells the others of its deliveries."""

from __future__ import annotations

from uuid import UUID

from contracts.message import Event, Instant


class WebhookDelivered(Event, type="notify.webhook_delivered.v1"):
    """An outside subscriber has taken a message; `attempts` counts the one that succeeded."""

    delivery_id: UUID
    subscription_id: UUID
    event_id: UUID
    attempts: int
    delivered_at: Instant


class WebhookGivenUp(Event, type="notify.webhook_given_up.v1"):
    """An outside subscriber did not take a message in the time that was given to it."""

    delivery_id: UUID
    subscription_id: UUID
    event_id: UUID
    attempts: int
    given_up_at: Instant


class EndpointDisabled(Event, type="notify.endpoint_disabled.v1"):
    """A subscription gets nothing more until its owner puts it right; `failing_since` began the failures."""

    subscription_id: UUID
    failing_since: Instant
    disabled_at: Instant
