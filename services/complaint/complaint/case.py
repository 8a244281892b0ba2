"""A complaint case: what was taken, whose it is, whether it is serious."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.store import Store
from contracts.complaint import Match, SeriousKind

from complaint import tables


class CaseState(StrEnum):
    """Where a case stands."""

    TAKEN = "taken"


@dataclass
class Case:
    """One complaint. `facts` are the vehicle's and the fault's, never a person's."""

    id: UUID
    number: str
    branch: str
    region: str | None
    channel: str
    state: CaseState
    taken_at: datetime
    brand: str
    facts: dict[str, Any]
    text: str
    match: Match
    customer_id: UUID | None
    matched_at: datetime | None
    directory_as_of: datetime | None
    serious_kinds: tuple[str, ...]
    serious_at: datetime | None
    repeat_of: UUID | None
    phone_token: bytes | None
    plate_token: bytes | None
    vin_token: bytes | None
    subject_id: UUID
    sealed: bytes
    origin: str | None
    origin_ref: str | None
    request_key: bytes | None
    request_digest: bytes | None
    version: int
    sequence: int
    serious_sequence: int

    @property
    def serious(self) -> bool:
        return self.serious_at is not None

    def matched(self, customer_id: UUID, at: datetime) -> bool:
        """Say whose case it is; False when that is known already (P12.3)."""
        if self.customer_id is not None:
            return False
        self.customer_id = customer_id
        self.matched_at = at
        return True

    def repeats(self, earlier: UUID) -> bool:
        """Say which earlier case it repeats; False when that is known already (P12.5)."""
        if self.repeat_of is not None:
            return False
        self.repeat_of = earlier
        return True

    def mark_serious(self, kinds: Iterable[SeriousKind], at: datetime) -> tuple[SeriousKind, ...]:
        """Note in which ways the case is serious (P12.5); those that are new."""
        new = tuple(kind for kind in kinds if kind.value not in self.serious_kinds)
        if new:
            self.serious_kinds = (*self.serious_kinds, *(kind.value for kind in new))
            self.serious_at = self.serious_at or at
        return new


CASES = Store(tables.cases, Case)
