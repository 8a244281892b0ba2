"""Work as the services tell of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chassis.ids import uuid7
from chassis.kit.stage import Stage
from contracts.work import WorkItem

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def work(**changes: Any) -> WorkItem:
    """A complaint of Pudong to be judged by its customer relations."""
    identifier = changes.pop("id", None) or uuid7()
    said: dict[str, Any] = {
        "service": "complaint",
        "kind": "judge",
        "subject": str(uuid7()),
        "rules": ["P04.3"],
        "role": "customer_relations",
        "place": "sh-pudong",
        "person": None,
        "due_at": NOON,
        "why_due": "1 working day from …",
        "state": "open",
        "path": "/v1/complaints/1",
        "why_due_zh": "自…起 1 个工作日",
    }
    return WorkItem(id=identifier, **{**said, **changes})


async def told(stage: Stage, item: WorkItem, sequence: int = 1, at: datetime | None = None) -> WorkItem:
    """The item, heard of from the complaint service's topic."""
    record = stage.record(item, key=str(item.id), sequence=sequence, at=at)
    await stage.consumer.consume([record])
    return item
