"""The general manager ends the handling although the customer does not accept, with the reason (P04.5; A17)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import NotAcceptedSettled
from policy.obligations import waive

from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, end_waiting, owe_after_handling
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import PROPOSE
from complaint.timeline import Words, WordsForm, write
from complaint.way import Step

RULES = ("P04.5",)


class SettlementForm(WordsForm):
    """Why no further resolution is proposed."""

    words: Words


@post("/v1/complaints/{case_id}/settle", needs=HANDLE_COMPLAINT)
async def settle_unaccepted(
    case_id: UUID, form: SettlementForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """End the handling; what follows it (return, call-back, closing) follows as usual."""
    case, policy = await at_step(tx, case_id, principal, Step.SETTLE, expected)
    end_waiting(tx, case)  # whatever was waited for: the handling ends
    case.settle(principal.subject, tx.now)
    waive(tx, PROPOSE, case.id, at=tx.now, reason="it was decided that the handling ends")
    await write(tx, case, "settled_unaccepted", RULES, {"words": form.words}, round=case.round)
    tx.publish(case, NotAcceptedSettled(case_id=case.id, settled_at=tx.now, rules=list(RULES)))
    owe_after_handling(tx, case, policy, since=tx.now)
    await tx.flush()
    return progress_of(case)
