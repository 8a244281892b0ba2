"""Takes a complaint up again as a founded one: the customer objects, or it was not settled after all (P04.3; A14)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import ComplaintReopened
from policy.obligations import waive

from complaint.case import Case
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, end_waiting, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ANSWER, CLOSE, HAND_OVER, INVESTIGATE, PENALISE, ComplaintPolicy
from complaint.timeline import Words, WordsForm, note, write
from complaint.way import CaseState, Step

RULES = ("P04.3", "P04.7")


class ReopeningForm(WordsForm):
    """What the customer objects, or why it is not settled."""

    words: Words


@post("/v1/complaints/{case_id}/reopen", needs=HANDLE_COMPLAINT)
async def reopen_complaint(
    case_id: UUID, form: ReopeningForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Take it up again; it is handed over, investigated and answered anew."""
    case, policy = await at_step(tx, case_id, principal, Step.REOPEN, expected)
    await write(tx, case, "objection", RULES[:1], {"words": form.words})
    take_up_again(case, policy, tx)
    await tx.flush()
    return progress_of(case)


def take_up_again(case: Case, policy: ComplaintPolicy, tx: Tx) -> None:
    """Everything after the judgement is owed again, from now; what the closing has begun falls away."""
    was_closed = case.state is CaseState.CLOSED
    was_called_back = case.state is CaseState.CALLED_BACK
    end_waiting(tx, case)
    case.reopen(policy.gates(founded=True), tx.now)
    waive(tx, PENALISE, case.id, at=tx.now, reason="the complaint is reopened")
    if was_called_back and not policy.close.from_receipt:
        waive(tx, CLOSE, case.id, at=tx.now, reason="the complaint is reopened")
    owe_step(tx, HAND_OVER, policy.name_department, case, since=tx.now)
    for duty, keeper, ended in (
        (INVESTIGATE, policy.investigate, True),
        (ANSWER, policy.answer, True),
        (CLOSE, policy.close, was_closed),
    ):
        if keeper.from_receipt and ended:
            owe_step(tx, duty, keeper, case, since=tx.now)
    note(tx, case, "reopened", RULES[:1])
    times = int(case.course["reopened"])
    tx.publish(case, ComplaintReopened(case_id=case.id, times=times, reopened_at=tx.now, rules=["P04.3"]))
