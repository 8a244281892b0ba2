"""A hand-over as the register keeps it: what was announced, what has come, what is missing (P13.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.store import Store

from archive import tables


class HandoverState(StrEnum):
    """Where a hand-over stands: one that is stuck waits for a person."""

    COMING = "coming"
    STUCK = "stuck"
    FILED = "filed"


@dataclass
class Handover:
    """What one service hands over for one dossier. `items` are label, kind, media_type, size, sha256, path, item_id;
    `missing` are label and because.
    """

    id: UUID
    dossier_id: UUID
    service: str
    source: UUID
    number: str
    branch: str
    customer_id: UUID | None
    items: list[dict[str, Any]]
    state: HandoverState
    announced_at: datetime
    missing: list[dict[str, str]] = field(default_factory=list)
    filed_at: datetime | None = None
    version: int = 1
    sequence: int = 0

    def lacks(self, missing: list[dict[str, str]], *, for_good: bool) -> bool:
        """Note what has not arrived whole; whether it has become stuck just now."""
        self.missing = missing
        became_stuck = for_good and self.state is HandoverState.COMING
        if became_stuck:
            self.state = HandoverState.STUCK
        return became_stuck

    def file(self, at: datetime) -> None:
        """Everything has arrived whole."""
        self.state, self.missing, self.filed_at = HandoverState.FILED, [], at


HANDOVERS = Store(tables.handovers, Handover)
