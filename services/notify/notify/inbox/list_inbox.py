"""Lists one's own notices, unread first, and counts them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from policy.directory import Directory
from pydantic import BaseModel

from notify.inbox.views import InboxView, inbox_view
from notify.notice import NOTICES
from notify.permissions import READ_INBOX
from notify.tables import notices

_COUNTS = """SELECT person, count(*) AS unread, count(*) FILTER (WHERE urgent) AS urgent FROM notices
    WHERE person = ANY($1::text[]) AND unread GROUP BY person"""
_TO_CONFIRM = """SELECT person, count(*) AS waiting FROM notices WHERE person = ANY($1::text[])
    AND confirm_by IS NOT NULL AND confirmed_at IS NULL AND settled_at IS NULL GROUP BY person"""


class Counts(BaseModel):
    """How many notices one has not opened, how many of them are urgent, how many one has to confirm."""

    unread: int = 0
    urgent: int = 0
    to_confirm: int = 0


def inbox_of(person: str, limit: int, cursor: str | None) -> sa.Select[tuple[object, ...]]:
    """One part of somebody's notices: unread ones first, the newest first in each half."""
    c = notices.c
    query = (
        sa.select(*NOTICES.columns)
        .where(c.person == person, c.withdrawn_at.is_(None))
        .order_by(c.unread.desc(), c.id.desc())
    )
    if cursor is not None:
        unread, last = cursor_values(cursor, bool, UUID)
        query = query.where(sa.tuple_(c.unread, c.id) < sa.tuple_(sa.literal(unread), sa.literal(last)))
    return query.limit(limit)


@get("/v1/inbox", needs=READ_INBOX)
async def list_inbox(principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[InboxView]:
    """Your notices, unread first. What you open while you turn the pages moves behind the unread ones."""
    rows = await tx.execute(inbox_of(principal.subject, limit + 1, cursor))
    found = [NOTICES.restore(row) for row in rows]
    shown = found[:limit]
    following = cursor_of(shown[-1].unread, shown[-1].id) if len(found) > limit else None
    directory = Directory.of(tx.runtime)
    return Page(items=[inbox_view(one, directory) for one in shown], next=following)


@get("/v1/inbox/counts", needs=READ_INBOX)
async def count_inbox(principal: Principal, tx: Tx) -> Counts:
    """How many of your notices wait."""
    return (await counts_of(tx, [principal.subject]))[principal.subject]


async def counts_of(tx: Tx, people: Sequence[str]) -> dict[str, Counts]:
    """The counts of each of these people."""
    unread = {row["person"]: row for row in await tx.driver.fetch(_COUNTS, list(people))}
    waiting = {row["person"]: row["waiting"] for row in await tx.driver.fetch(_TO_CONFIRM, list(people))}
    return {
        person: Counts(
            unread=unread[person]["unread"] if person in unread else 0,
            urgent=unread[person]["urgent"] if person in unread else 0,
            to_confirm=waiting.get(person, 0),
        )
        for person in people
    }
