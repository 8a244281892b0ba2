"""An erasure: asked, ordered once approved, completed when every service has answered (P05.14)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.store import Store
from policy.approvals import Holdable, action, fact

from customer import tables


class Ground(StrEnum):
    """Why a customer may be forgotten (Personal Information Protection Law, art. 47)."""

    PURPOSE_ENDED = "purpose_ended"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    UNLAWFUL = "unlawful"
    RETENTION_ENDED = "retention_ended"


class ErasureState(StrEnum):
    """Where an erasure stands."""

    ASKED = "asked"
    REFUSED = "refused"
    ORDERED = "ordered"
    COMPLETED = "completed"


@dataclass
class Erasure(Holdable):
    """One customer to be forgotten. `answers`: by service how many keys, links and tokens it destroyed, and when."""

    id: UUID
    customer_id: UUID
    branch: str
    ground: Ground
    asked_by: str
    asked_at: datetime
    expected: list[str]
    state: ErasureState = ErasureState.ASKED
    ordered_at: datetime | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    completed_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @action("order")
    def order(self, at: datetime, destroyed: int) -> None:
        """It is approved: the file's own keys are gone, the others are told."""
        self.state, self.ordered_at = ErasureState.ORDERED, at
        self.answer("customer", destroyed, at)

    @fact
    def refuse(self) -> None:
        """It was not approved, or taken back."""
        self.state = ErasureState.REFUSED

    @fact
    def answer(self, service: str, destroyed: int, at: datetime) -> bool:
        """A service says what it destroyed; whether that was the last answer that was missing."""
        if service not in self.answers:
            self.answers = {**self.answers, service: {"destroyed": destroyed, "at": at.isoformat()}}
        if self.state is not ErasureState.ORDERED or self.missing:
            return False
        self.state, self.completed_at = ErasureState.COMPLETED, at
        return True

    @property
    def missing(self) -> list[str]:
        """The services that have not answered."""
        return [service for service in self.expected if service not in self.answers]


ERASURES = Store(tables.erasures, Erasure)
