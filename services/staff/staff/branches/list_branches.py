"""Lists the branches with profile, region, hours, complaint phone and mailbox (P04.2)."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.tx import Tx
from contracts.staff import Profile
from fastapi import Query

from staff.branch import BRANCHES, branch_named
from staff.branches.form import BranchName, BranchView, view_of
from staff.permissions import READ_BRANCHES
from staff.tables import branches

RULES = ("P04.2",)


@get("/v1/branches", needs=READ_BRANCHES)
async def list_branches(
    tx: Tx,
    region: Annotated[Slug | None, Query(description="of one area only")] = None,
    profile: Annotated[Profile | None, Query(description="under one profile only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BranchView]:
    """The branches, by name."""
    query = sa.select(*BRANCHES.columns).order_by(branches.c.branch).limit(limit + 1)
    if region is not None:
        query = query.where(branches.c.region == region)
    if profile is not None:
        query = query.where(branches.c.profile == profile.value)
    if cursor is not None:
        query = query.where(branches.c.branch > cursor_values(cursor, str)[0])
    found = [BRANCHES.restore(row) for row in await tx.execute(query)]
    following = cursor_of(found[limit - 1].branch) if len(found) > limit else None
    return Page(items=[view_of(branch) for branch in found[:limit]], next=following)


@get("/v1/branches/{branch}", needs=READ_BRANCHES)
async def read_branch(branch: BranchName, tx: Tx) -> BranchView:
    """One branch."""
    return view_of(await branch_named(tx, branch))
