"""A request to view a dossier, and what came of it (P05.9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.store import Store
from contracts.archive import DossierKind
from policy.approvals import Holdable, action, fact

from archive import tables


class ViewState(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Proof(StrEnum):
    """What an outsider shows: 介绍信 or 工作证 (P05.9)."""

    INTRODUCTION_LETTER = "introduction_letter"
    WORK_CARD = "work_card"


@dataclass
class ViewRequest(Holdable):
    """Who wants to see which dossier for what; `proof` where they bring an outsider. The reason is sealed."""

    id: UUID
    dossier_id: UUID
    kind: DossierKind
    branch: str
    department: str | None
    applicant: str
    purpose: str
    proof: Proof | None
    subject_id: UUID
    sealed: bytes
    state: ViewState
    asked_at: datetime
    decided_at: datetime | None = None
    until_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @action("open")
    def open(self, at: datetime, until: datetime) -> None:
        """The dossier is open to the applicant until then."""
        self.state, self.decided_at, self.until_at = ViewState.GRANTED, at, until

    @fact
    def end(self, state: ViewState, at: datetime) -> None:
        """It was refused or taken back."""
        self.state, self.decided_at = state, at


REQUESTS = Store(tables.view_requests, ViewRequest)
