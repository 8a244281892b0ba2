"""Every topic of the bus: whose it is, what its key is, how wide it is, how long it lives, what goes over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from contracts.archive import AccessRecorded
from contracts.complaint import (
    ComplaintMatched,
    ComplaintOpened,
    ComplaintSerious,
    MarkedSerious,
    RepeatFound,
)
from contracts.customer import CustomerChanged, CustomerEntry, CustomerRegistered
from contracts.message import Message
from contracts.notify import WebhookDelivered, WebhookGivenUp


@dataclass(frozen=True)
class Topic:
    """A topic as it is created; `partitions` never changes, the order of a key hangs on it."""

    name: str
    owner: str
    key: str
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention_days: int | None
    messages: tuple[type[Message], ...]

    def kafka_name(self, prefix: str = "") -> str:
        """The name on the broker; tests put a prefix before it."""
        return prefix + self.name


CUSTOMER_EVENTS = Topic(
    "customer.events", "customer", "customer id", 12, "delete", 30, (CustomerRegistered, CustomerChanged)
)
CUSTOMER_STATE = Topic("customer.state", "customer", "customer id", 12, "compact", None, (CustomerEntry,))
COMPLAINT_EVENTS = Topic(
    "complaint.events",
    "complaint",
    "case id",
    24,
    "delete",
    30,
    (ComplaintOpened, ComplaintMatched, RepeatFound, MarkedSerious),
)
COMPLAINT_SERIOUS = Topic("complaint.serious", "complaint", "case id", 12, "delete", 30, (ComplaintSerious,))
NOTIFY_EVENTS = Topic("notify.events", "notify", "delivery id", 12, "delete", 30, (WebhookDelivered, WebhookGivenUp))
#: one partition: its order is the order of the log
ARCHIVE_AUDIT = Topic("archive.audit", "archive", "record id", 1, "delete", 3650, (AccessRecorded,))

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        CUSTOMER_EVENTS,
        CUSTOMER_STATE,
        COMPLAINT_EVENTS,
        COMPLAINT_SERIOUS,
        NOTIFY_EVENTS,
        ARCHIVE_AUDIT,
    )
}


@cache
def topic_of(message: type[Message]) -> Topic:
    """The one topic over which a message goes; LookupError when none or more than one carries it."""
    found = [topic for topic in TOPICS.values() if message in topic.messages]
    if len(found) != 1:
        raise LookupError(f"{message.TYPE} goes over {len(found)} topics")
    return found[0]
