"""Shows the goods-issue lists that somebody has handed in: how far each has come, tried or taken (P11.11)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.imports import ImportView
from chassis.tx import Tx

from credit.permissions import LIST_ISSUES
from credit.warehouse.import_issues import ISSUES_LIST

RULES = ("P11.11",)

_LISTS = """SELECT i.id, i.dry_run, i.rows, i.asked_by, i.asked_at, i.ended_at,
        CASE WHEN i.ended_at IS NOT NULL THEN 'done' WHEN j.state = 'failed' THEN 'failed' ELSE 'waiting' END AS state,
        (SELECT coalesce(jsonb_object_agg(c.outcome, c.many), '{}') FROM (SELECT r.outcome, count(*) AS many
            FROM kehu.import_rows r WHERE r.import_id = i.id GROUP BY r.outcome) c) AS outcomes
    FROM kehu.imports i LEFT JOIN kehu.jobs j ON j.id = i.id
    WHERE i.kind = $1 AND i.asked_by = $2 AND ($3::uuid IS NULL OR i.id < $3) ORDER BY i.id DESC LIMIT $4"""


@get(ISSUES_LIST.path, needs=LIST_ISSUES)
async def list_lists(principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[ImportView]:
    """The lists that you have handed in, newest first; those of others are theirs."""
    before = cursor_values(cursor, UUID)[0] if cursor is not None else None
    rows = await tx.driver.fetch(_LISTS, ISSUES_LIST.name, principal.subject, before, limit + 1)
    found = [
        ImportView(**dict(row), path=f"{ISSUES_LIST.path}/{row['id']}", done=sum(row["outcomes"].values()))
        for row in rows
    ]
    return Page(items=found[:limit], next=cursor_of(found[limit - 1].id) if len(found) > limit else None)
