"""The local copy of everybody's work, from the work topic of every service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chassis.handlers import Received, project
from chassis.ids import uuid7
from contracts.topics import WORK_TOPICS
from contracts.work import WorkItem
from policy.access import branch_of

from console import tables

#: where work without a due date stands in a list by due date
LAST = datetime(9999, 12, 31, tzinfo=UTC)


@project(WorkItem, into=tables.work_items, topics=WORK_TOPICS)
def known_work(entry: Received[WorkItem]) -> Mapping[str, Any]:
    """A piece of work. `change` says when this process heard of it: streams follow it; `told_at`, when it became so."""
    said = entry.said
    return {
        "service": said.service,
        "kind": said.kind,
        "subject": said.subject,
        "rules": said.rules,
        "role": said.role,
        "place": said.place,
        "branch": branch_of(said.place),
        "person": said.person,
        "due_at": said.due_at,
        "rank": said.due_at or LAST,
        "why_due": said.why_due,
        "why_due_zh": said.why_due_zh,
        "state": said.state,
        "path": said.path,
        "since": said.since,
        "reminders": said.reminders,
        "escalated_to": said.escalated_to,
        "excluded": said.excluded,
        "change": uuid7(),
        "told_at": entry.time,
    }
