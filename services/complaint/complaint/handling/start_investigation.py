"""The handler begins to look into the complaint; within a working day of its receipt (P04.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import InvestigationStarted
from policy.obligations import met

from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import INVESTIGATE, REPORT
from complaint.timeline import note
from complaint.way import Step

RULES = ("P04.9", "P17.3")


@post("/v1/complaints/{case_id}/start-investigation", needs=HANDLE_COMPLAINT)
async def start_investigation(case_id: UUID, principal: Principal, tx: Tx, expected: Expected = None) -> CaseProgress:
    """Say that the investigation has started; its report is owed from then on."""
    case, policy = await at_step(tx, case_id, principal, Step.START_INVESTIGATION, expected)
    case.start_investigation(tx.now)
    met(tx, INVESTIGATE, case.id, at=tx.now)
    owe_step(tx, REPORT, policy.investigate, case, since=tx.now, due=False)
    note(tx, case, "investigation_started", policy.investigate.rules)
    tx.publish(
        case, InvestigationStarted(case_id=case.id, started_at=tx.now, rules=list(policy.investigate.rules))
    )  # fmt: skip
    await tx.flush()
    return progress_of(case)
