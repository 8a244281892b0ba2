"""Shows how far the warning of a serious complaint has come, with every term explained (P12.6, P12.7)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx

from complaint.permissions import READ_SERIOUS
from complaint.serious.reading import climb_within
from complaint.serious.views import LadderView, ladder_view

RULES = ("P12.6", "P12.7")


@get("/v1/complaints/{case_id}/serious", needs=READ_SERIOUS)
async def read_ladder(case_id: UUID, principal: Principal, tx: Tx) -> LadderView:
    """The ladder of a complaint: who was to be told by when, who was, what is still owed."""
    return await ladder_view(tx, await climb_within(tx, case_id, READ_SERIOUS, principal))
