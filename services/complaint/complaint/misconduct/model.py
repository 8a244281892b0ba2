"""Misconduct that a case has shown: one a person and case, by the highest tier of its offences (P04.11; A19)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.store import Store
from policy.approvals import Holdable, action

from complaint import tables


class MisconductState(StrEnum):
    """Where it stands."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    REFUSED = "refused"


@dataclass
class Misconduct(Holdable):
    """What somebody of staff is held to have done."""

    id: UUID
    case_id: UUID
    branch: str
    person: str
    offences: tuple[str, ...]
    tier: int
    occurred_on: date
    proposed_by: str
    proposed_at: datetime
    subject_id: UUID
    sealed: bytes
    state: MisconductState = MisconductState.PROPOSED
    decided_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @action("decide")
    def decide(self, at: datetime) -> None:
        """It happened: staff books what follows from its tier."""
        self.state, self.decided_at = MisconductState.DECIDED, at

    @action("decide")
    def refuse(self, at: datetime) -> None:
        """It did not, or is not punished."""
        self.state, self.decided_at = MisconductState.REFUSED, at


MISCONDUCTS = Store(tables.misconducts, Misconduct)
