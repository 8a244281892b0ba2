"""Shows what the warehouse says has left it, and what it was matched with: what is a case, what waits (P11.11)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from fastapi import Query
from policy.access import Permission

from credit.permissions import READ_ACCOUNT
from credit.tables import goods_issues
from credit.warehouse.model import GOODS_ISSUES, GoodsIssue, IssueState, IssueView, issue_view

RULES = ("P11.11",)


@get("/v1/goods-issues", needs=READ_ACCOUNT)
async def list_issues(
    principal: Principal,
    tx: Tx,
    state: Annotated[IssueState | None, Query(description="what became of them")] = None,
    shipment_id: Annotated[UUID | None, Query(description="of one shipment only")] = None,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[IssueView]:
    """The lines of the warehouse's lists within your reach, newest first."""
    column = goods_issues.c
    wanted = [READ_ACCOUNT.reach(principal).condition(column.branch)]
    if state is not None:
        wanted.append(column.state == state.value)
    if shipment_id is not None:
        wanted.append(column.shipment_id == shipment_id)
    if branch is not None:
        wanted.append(column.branch == branch)
    found, following = await newest_first(tx, GOODS_ISSUES, wanted, limit, cursor)
    return Page(items=[issue_view(issue) for issue in found], next=following)


@get("/v1/goods-issues/{issue_id}", needs=READ_ACCOUNT)
async def read_issue(issue_id: UUID, principal: Principal, tx: Tx) -> IssueView:
    """Open a line. 404 when there is none within your reach."""
    return issue_view(await issue_of(tx, issue_id, READ_ACCOUNT, principal))


async def issue_of(tx: Tx, issue_id: UUID, permission: Permission, principal: Principal) -> GoodsIssue:
    """The line, where it lies within the caller's reach, not locked; else 404."""
    issue = (await tx.load(GOODS_ISSUES, [issue_id], lock=False)).get(issue_id)
    if issue is None or not permission.reach(principal).includes(issue.branch):
        raise NotFound("There is no such line, or none at a branch that you may see. Check the id.")
    return issue
