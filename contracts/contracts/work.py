"""One shape for "somebody must do something", whatever the service."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from contracts.enums import Open
from contracts.message import Entry, Instant


class WorkState(StrEnum):
    """Where a piece of work stands."""

    OPEN = "open"
    DONE = "done"
    MISSED = "missed"
    WAIVED = "waived"


class WorkItem(Entry, type="work.item.v1"):
    """Who owes what by when, and why: the newest word on one piece of work.

    `subject` is the aggregate that it is about, `rules` are ids of the rulebook, `role` is one of
    `contracts.roles`, `place` a branch or department, `why_due` the reckoning of `due_at` in words (`why_due_zh`
    in Chinese), `path` leads to where it is done. `reminders` counts how often it was called to mind,
    `escalated_to` names the roles that were told that it was missed, in order. `excluded` names people who are not to
    learn of it, whatever their roles (P12.2).
    """

    id: UUID
    service: str
    kind: str
    subject: str
    rules: list[str]
    role: str
    place: str
    person: str | None
    due_at: Instant | None
    why_due: str | None
    state: Open[WorkState]
    path: str
    since: Instant | None = None
    why_due_zh: str | None = None
    reminders: int | None = None
    escalated_to: list[str] | None = None
    excluded: list[str] | None = None
