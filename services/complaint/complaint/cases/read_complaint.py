"""Opens one case with its caller, for who handles complaints at its branch; the reading is recorded (P04.8, P05.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, get
from chassis.tx import Tx

from complaint.cases.views import CaseView, view_of
from complaint.keeping import within
from complaint.permissions import READ_COMPLAINT

RULES = ("P04.8",)


@get("/v1/complaints/{case_id}", needs=READ_COMPLAINT)
async def read_complaint(case_id: UUID, principal: Principal, tx: Tx) -> Answer[CaseView]:
    """Open a case; of a merged one 303 to where it went. 404 when there is none, or none within your reach."""
    case = await within(tx, case_id, READ_COMPLAINT, principal, lock=False)
    view = view_of(case, await tx.unseal(case, why="handling", rules=RULES))
    if case.id == case_id:
        return Answer(view)
    return Answer(view, status=303, headers={"Location": view.path, "ETag": f'"{case.version}"'})
