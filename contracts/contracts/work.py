"""One shape for "somebody must do something", whatever the service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.enums import Open
from contracts.message import Entry


class WorkState(StrEnum):
    """Where a piece of work stands."""

    OPEN = "open"
    DONE = "done"
    MISSED = "missed"
    WAIVED = "waived"


class WorkItem(Entry, type="work.item.v1"):
    """Who owes what by when, and why; `path` leads to the place where it is done."""

    id: UUID
    service: str
    kind: str
    subject: str
    rules: list[str]
    role: str
    place: str
    person: str | None
    due_at: datetime | None
    why_due: str | None
    state: Open[WorkState]
    path: str
