"""Opens one case with its caller, for who handles complaints at its branch; the reading is recorded (P04.8, P05.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx

from complaint.cases.views import CaseView, view_of
from complaint.keeping import within
from complaint.permissions import READ_COMPLAINT

RULES = ("P04.8",)


@get("/v1/complaints/{case_id}", needs=READ_COMPLAINT)
async def read_complaint(case_id: UUID, principal: Principal, tx: Tx) -> CaseView:
    """Open a case. 404 when there is none, or none within your reach."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    return view_of(case, await tx.unseal(case, why="handling", rules=RULES))
