"""The customer is answered, in writing or by word; the clocks wait for the reaction where they may (P04.5, P17.6)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import AnswerWay, ComplaintAnswered

from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, begin_waiting
from complaint.permissions import HANDLE_COMPLAINT
from complaint.timeline import Words, WordsForm, write
from complaint.way import Step

RULES = ("P04.3", "P04.5", "P17.2", "P17.6")


class AnswerForm(WordsForm):
    """What the customer was told, and how."""

    way: AnswerWay
    words: Words


@post("/v1/complaints/{case_id}/answer", needs=HANDLE_COMPLAINT)
async def answer_customer(
    case_id: UUID, form: AnswerForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Record the answer: with the approved resolution, or why an unfounded complaint does not hold."""
    case, policy = await at_step(tx, case_id, principal, Step.ANSWER, expected)
    case.answer(form.way.value, tx.now)
    rules = list((policy.answer if case.founded else policy.answer_unfounded).rules)
    await write(tx, case, "answer", rules, {"words": form.words}, way=form.way.value, round=case.round)
    tx.publish(
        case,
        ComplaintAnswered(case_id=case.id, round=case.round, way=form.way, answered_at=tx.now, rules=rules),
    )  # fmt: skip
    if policy.pauses:
        begin_waiting(tx, case, policy)
    await tx.flush()
    return progress_of(case)
