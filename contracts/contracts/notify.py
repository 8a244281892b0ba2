"""What notify is asked to tell people, and what it tells the others of its deliveries."""

from __future__ import annotations

from uuid import UUID

from contracts.message import Command, Event, Instant


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


class Send(Command, type="notify.send.v1"):
    """Tell people something: who holds a role at a place (`general_manager@sh-pudong`), or one (`person:<subject>`).

    `template` names the words, `params` are ids, numbers, dates and codes that go into them: never personal data.
    `path` leads to what it is about. With `confirm_by` each receiver must confirm; who has not by then is passed
    over for the next one. `urgent` tries every channel at once. `excluded` names people who are never told, whatever
    their roles (P12.2); where that leaves nobody of a post, whoever is next is told.
    """

    send_id: UUID
    service: str
    template: str
    to: list[str]
    subject: str
    path: str
    params: dict[str, str]
    rules: list[str]
    confirm_by: Instant | None
    urgent: bool
    excluded: list[str] | None = None


class NoticeSent(Event, type="notify.notice_sent.v1"):
    """A notice left over a channel: to whom it went, as holder of which role; `because` says why not to another."""

    send_id: UUID
    notice_id: UUID
    person: str
    role: str
    place: str
    channel: str
    sent_at: Instant
    because: str | None


class NoticeRead(Event, type="notify.notice_read.v1"):
    """The receiver has opened a notice in the inbox, or confirmed it (`confirmed`)."""

    send_id: UUID
    notice_id: UUID
    person: str
    confirmed: bool
    read_at: Instant


class NobodyTold(Event, type="notify.nobody_told.v1"):
    """Nobody who could be told was there: which roles were tried, at which places."""

    send_id: UUID
    tried: list[str]
    at: Instant
