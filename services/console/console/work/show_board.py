"""Shows what is due at the places the caller may look at, whoever's it is, the earliest first."""

from __future__ import annotations

from typing import Annotated

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.tx import Tx
from fastapi import Query
from policy.list_obligations import READ_WORK

from console.tables import work_items
from console.work.whose import WorkLine, by_due, page, within

RULES = ("P06.2",)


@get("/v1/work/board", needs=READ_WORK)
async def show_board(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    kind: Annotated[str | None, Query(max_length=100, description="of one kind only")] = None,
    late: Annotated[bool, Query(description="only what is past its due date")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkLine]:
    """What is to be done within your reach."""
    wanted = [within(principal)]
    if branch is not None:
        wanted.append(work_items.c.branch == branch)
    if kind is not None:
        wanted.append(work_items.c.kind == kind)
    if late:
        wanted.append(work_items.c.rank < tx.now)
    return await page(tx, by_due(wanted, limit, cursor), limit)
