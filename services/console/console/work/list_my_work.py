"""Lists what falls to the caller, the earliest due first: work, and apart from it what waits for a signature."""

from __future__ import annotations

from typing import Annotated

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.tx import Tx
from fastapi import Query
from policy.list_obligations import READ_WORK

from console.tables import work_items
from console.work.whose import WorkLine, approving, by_due, mine, page

RULES = ("P06.2",)


@get("/v1/work", needs=READ_WORK)
async def list_my_work(
    principal: Principal,
    tx: Tx,
    approvals: Annotated[bool | None, Query(description="only what waits for a signature, or only the rest")] = None,
    subject: Annotated[str | None, Query(max_length=100, description="about one case, file, …")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkLine]:
    """What you are to do, by name or by a role of yours at its place."""
    wanted = [mine(principal)]
    if approvals is not None:
        wanted.append(approving(approvals))
    if subject is not None:
        wanted.append(work_items.c.subject == subject)
    return await page(tx, by_due(wanted, limit, cursor), limit)
