"""Shows who did what when about a case; opening the words is recorded (P04.8, P05.9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from pydantic import BaseModel

from complaint.keeping import within
from complaint.permissions import READ_COMPLAINT
from complaint.timeline import entries_of, opened

RULES = ("P04.8",)


class EntryView(BaseModel):
    """One entry: `facts` are codes and numbers, `words` what its author wrote."""

    id: UUID
    at: datetime
    kind: str
    author: str
    rules: list[str]
    facts: dict[str, Any]
    words: dict[str, Any]


@get("/v1/complaints/{case_id}/timeline", needs=READ_COMPLAINT)
async def read_timeline(
    case_id: UUID, principal: Principal, tx: Tx, limit: Limit = 100, cursor: Cursor = None
) -> Page[EntryView]:
    """The timeline of a case, oldest first."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    after = None if cursor is None else cursor_values(cursor, UUID)[0]
    found = await entries_of(tx, case.id, after=after, limit=limit + 1)
    words = await opened(tx, found[:limit], why="handling")
    items = [
        EntryView(
            id=one.id,
            at=one.at,
            kind=one.kind,
            author=one.author,
            rules=one.rules,
            facts=one.facts,
            words=words.get(one.id, {}),
        )
        for one in found[:limit]
    ]
    return Page(items=items, next=cursor_of(found[limit - 1].id) if len(found) > limit else None)
