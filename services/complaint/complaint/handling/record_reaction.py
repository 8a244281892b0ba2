"""Records what the customer says to the answer; the answer is given when that is known (P04.5, P04.9; A16)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import CustomerReacted, Reaction
from policy.obligations import met

from complaint.cases.views import CaseProgress, progress_of
from complaint.follow_up.reopen_complaint import take_up_again
from complaint.keeping import Expected, at_step, end_waiting, owe_after_handling, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ANSWER, ANSWER_UNFOUNDED, PROPOSE
from complaint.timeline import Words, WordsForm, write
from complaint.way import Step

RULES = ("P04.3", "P04.5", "P04.9")


class ReactionForm(WordsForm):
    """Whether the customer accepts, and in which words."""

    accepted: bool
    words: Words | None = None


@post("/v1/complaints/{case_id}/reaction", needs=HANDLE_COMPLAINT)
async def record_reaction(
    case_id: UUID, form: ReactionForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Record the reaction. Not accepted, the next resolution is owed; an unfounded complaint is taken up again."""
    case, policy = await at_step(tx, case_id, principal, Step.REACT, expected)
    if end_waiting(tx, case):
        await tx.flush()  # so that the term is reckoned before it is met
    case.react(form.accepted, tx.now)
    met(tx, ANSWER if case.founded else ANSWER_UNFOUNDED, case.id, at=tx.now)
    rules = ["P04.5"] if case.founded else ["P04.3"]
    await write(tx, case, "reaction", rules, {"words": form.words}, accepted=form.accepted, round=case.round)
    reaction = Reaction.ACCEPTED if form.accepted else Reaction.NOT_ACCEPTED
    tx.publish(
        case,
        CustomerReacted(case_id=case.id, round=case.round, reaction=reaction, reacted_at=tx.now, rules=rules),
    )  # fmt: skip
    if form.accepted:
        owe_after_handling(tx, case, policy, since=tx.now)
    elif case.founded:
        owe_step(tx, PROPOSE, policy.approve_resolution, case, since=tx.now, due=False)
    else:
        take_up_again(case, policy, tx)
    await tx.flush()
    return progress_of(case)
