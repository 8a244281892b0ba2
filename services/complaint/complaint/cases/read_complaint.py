"""Opens one case with its caller, for who handles complaints at its branch; the reading is recorded (P04.8, P05.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.problems import NotFound
from chassis.tx import Tx

from complaint.case import CASES
from complaint.cases.views import CaseView, view_of
from complaint.permissions import READ_COMPLAINT

RULES = ("P04.8",)


@get("/v1/complaints/{case_id}", needs=READ_COMPLAINT)
async def read_complaint(case_id: UUID, principal: Principal, tx: Tx) -> CaseView:
    """Open a case. 404 when there is none, or none within your reach."""
    case = await tx.get(CASES, case_id, lock=False)
    if not READ_COMPLAINT.reach(principal).includes(case.branch):
        raise NotFound("There is no such complaint, or none at a branch that you may see. Check the id.")
    return view_of(case, await tx.unseal(case, why="handling", rules=RULES))
