"""Opens one case with its caller, for who handles complaints at its branch; the reading is recorded (P04.8, P05.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.problems import NotFound
from chassis.tx import Tx
from policy.access import Permission

from complaint.case import CASES, Case
from complaint.cases.views import CaseView, view_of
from complaint.permissions import READ_COMPLAINT

RULES = ("P04.8",)


async def within(tx: Tx, case_id: UUID, permission: Permission, principal: Principal, *, lock: bool) -> Case:
    """The case, where it lies within the caller's reach and does not complain about the caller; else 404 (P12.2)."""
    case = await tx.get(CASES, case_id, lock=lock)
    if not permission.reach(principal).includes(case.branch) or case.respondent == principal.subject:
        raise NotFound("There is no such complaint, or none at a branch that you may see. Check the id.")
    return case


@get("/v1/complaints/{case_id}", needs=READ_COMPLAINT)
async def read_complaint(case_id: UUID, principal: Principal, tx: Tx) -> CaseView:
    """Open a case. 404 when there is none, or none within your reach."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    return view_of(case, await tx.unseal(case, why="handling", rules=RULES))
