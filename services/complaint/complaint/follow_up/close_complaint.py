"""Closes a complaint that has passed all its gates, and makes its dossier ready (P04.7, P04.8, P17.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import ComplaintClosed
from policy.access import department_place
from policy.obligations import met, owe

from complaint.cases.views import CaseProgress, progress_of
from complaint.dossier.hand_to_archive import hand_to_archive
from complaint.keeping import Expected, at_step, kept_out
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import CLOSE, PENALISE
from complaint.timeline import note
from complaint.way import Step

RULES = ("P04.7", "P04.8", "P04.12", "P17.9")


@post("/v1/complaints/{case_id}/close", needs=HANDLE_COMPLAINT)
async def close_complaint(case_id: UUID, principal: Principal, tx: Tx, expected: Expected = None) -> CaseProgress:
    """Close it; refused while a gate is shut, and with it a founded complaint without its call-back."""
    case, policy = await at_step(tx, case_id, principal, Step.CLOSE, expected)
    case.close(tx.now)
    met(tx, CLOSE, case.id, at=tx.now)
    rules = list(policy.close.rules)
    note(tx, case, "closed", rules)
    tx.publish(
        case,
        ComplaintClosed(
            case_id=case.id,
            number=case.number,
            branch=case.branch,
            founded=case.founded,
            reaction=case.course.get("reaction"),
            satisfaction=case.course.get("satisfaction"),
            closed_at=tx.now,
            rules=rules,
        ),
    )
    await tx.flush()
    accused = await kept_out(tx, case)
    if case.founded and accused and policy.penalties is not None:
        place = department_place(case.branch, case.department)
        path = f"/v1/complaints/{case.id}"
        owe(
            tx,
            PENALISE,
            case.id,
            policy.penalties,
            branch=case.branch,
            since=tx.now,
            path=path,
            place=place,
            excluded=accused,
        )
    await hand_to_archive(tx, case)
    await tx.flush()
    return progress_of(case)
