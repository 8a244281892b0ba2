"""The board of what is due: every running clock of every case within reach, the oldest first (P04.8, P12.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from fastapi import Query
from policy.tables import obligations
from pydantic import AwareDatetime, BaseModel

from complaint.case import CASES
from complaint.cases.list_complaints import ME, in_state
from complaint.cases.seen import seen_by
from complaint.cases.views import CaseLine, line_of
from complaint.permissions import READ_COMPLAINT
from complaint.tables import cases
from complaint.way import CaseState

RULES = ("P04.8", "P12.4")


class DueLine(BaseModel):
    """One clock of a case: what has to be done until when and by whom; `obligation` leads to how it was reckoned."""

    obligation: UUID
    duty: str
    due_at: datetime
    missed: bool
    role: str
    person: str | None
    case: CaseLine


@get("/v1/complaints/due", needs=READ_COMPLAINT)
async def list_due(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    state: Annotated[CaseState | None, Query(description="of cases in this state only")] = None,
    handler: Annotated[str | None, Query(max_length=200, description="handled by them only; `me` is yourself")] = None,
    before: Annotated[AwareDatetime | None, Query(description="due before this instant only")] = None,
    missed: Annotated[bool | None, Query(description="missed ones only, or those still in time")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DueLine]:
    """What is owed to the cases within your reach, the earliest due first; a case stands there once for each clock."""
    seen = await seen_by(principal, tx)
    wanted = [*seen.conditions, seen.of_branches(obligations.c.branch, obligations.c.subject)]
    if branch is not None:
        wanted += [obligations.c.branch == branch]
    if state is not None:
        wanted += in_state(state)
    if handler is not None:
        wanted.append(cases.c.handler == (principal.subject if handler == ME else handler))
    if before is not None:
        wanted.append(obligations.c.due_at < before)
    if missed is not None:
        wanted.append(obligations.c.missed_at.is_not(None) if missed else obligations.c.missed_at.is_(None))
    if cursor is not None:
        after, last = cursor_values(cursor, datetime.fromisoformat, UUID)
        wanted.append(sa.tuple_(obligations.c.due_at, obligations.c.id) > sa.tuple_(after, last))
    found = list(await tx.execute(running(wanted).limit(limit + 1)))
    items = [_line(row) for row in found[:limit]]
    return Page(items=items, next=cursor_of(items[-1].due_at, items[-1].obligation) if len(found) > limit else None)


_OWED = [obligations.c[name].label(f"owed_{name}") for name in ("id", "duty", "due_at", "missed_at", "role", "person")]


def running(wanted: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """The running clocks of cases that meet every condition, with their cases, the earliest due first."""
    return (
        sa.select(*_OWED, *CASES.columns)
        .join(cases, cases.c.id == obligations.c.subject)
        .where(obligations.c.ended_at.is_(None), obligations.c.due_at.is_not(None), *wanted)
        .order_by(obligations.c.due_at, obligations.c.id)
    )


def _line(row: Any) -> DueLine:
    identifier, duty, due_at, missed_at, role, person = row[: len(_OWED)]
    return DueLine(
        obligation=identifier,
        duty=duty,
        due_at=due_at,
        missed=missed_at is not None,
        role=role,
        person=person,
        case=line_of(CASES.restore(row[len(_OWED) :])),
    )
