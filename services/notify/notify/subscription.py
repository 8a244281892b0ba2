"""A subscription of an outside party: what it is told, where, and whether it can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.store import Store

from notify import tables

#: an endpoint that has taken nothing for this long gets nothing more until its owner puts it right
PATIENCE = timedelta(days=5)


class SubscriptionState(StrEnum):
    """Whether messages are sent; what comes meanwhile to a paused or disabled one is held, not lost."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    ENDED = "ended"


@dataclass
class Subscription:
    """`brands` is None where messages of every brand are wanted; secrets are wrapped by the master key."""

    id: UUID
    party: str
    url: str
    types: tuple[str, ...]
    brands: tuple[str, ...] | None
    state: SubscriptionState
    created_at: datetime
    created_by: str
    failing_since: datetime | None
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None
    version: int
    sequence: int

    def wants(self, kind: str, brand: str) -> bool:
        """Whether a message of this type, about this brand, is for the party."""
        return kind in self.types and (self.brands is None or brand in self.brands)

    def failed(self, at: datetime, *, gone: bool) -> bool:
        """Note a failed attempt; True when the endpoint is given up with it."""
        self.failing_since = self.failing_since or at
        if self.state is SubscriptionState.ACTIVE and (gone or at - self.failing_since >= PATIENCE):
            self.state = SubscriptionState.DISABLED
            return True
        return False


SUBSCRIPTIONS = Store(tables.subscriptions, Subscription)
