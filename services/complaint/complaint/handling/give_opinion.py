"""HR-admin checks the report and adds its opinion, the general manager approves, back to the handler (P17.5)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import InvestigationReviewed
from policy.approvals import Asked, ask, granted, refused
from policy.obligations import met

from complaint.case import CASES, Case
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, kept_out, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import HR_OPINION, OPINION, PROPOSE, ComplaintPolicy
from complaint.timeline import Words, WordsForm, note, write
from complaint.way import Gate, Step

RULES = ("P17.5", "P17.11")


class OpinionForm(WordsForm):
    """What HR-admin thinks of the report."""

    words: Words


@post("/v1/complaints/{case_id}/opinion", needs=HANDLE_COMPLAINT)
async def give_opinion(
    case_id: UUID, form: OpinionForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Add the opinion; where the policy wants it approved, the handler goes on when it has been."""
    case, policy = await at_step(tx, case_id, principal, Step.GIVE_OPINION, expected)
    await write(tx, case, "opinion", policy.opinion.rules, {"words": form.words})
    met(tx, OPINION, case.id, at=tx.now)
    if policy.opinion.chain:
        ask(
            tx,
            HR_OPINION,
            case,
            {"number": case.number},
            chain=policy.opinion.chain,
            by=principal.subject,
            branch=case.branch,
            department=case.department,
            path=f"/v1/complaints/{case.id}",
            excluded=await kept_out(tx, case),
        )
    else:
        settle(case, policy, tx)
    await tx.flush()
    return progress_of(case)


def settle(case: Case, policy: ComplaintPolicy, tx: Tx) -> None:
    """The opinion counts: the handler drafts a resolution by it."""
    case.give_opinion(tx.now)
    rules = list(policy.opinion.rules)
    tx.publish(
        case, InvestigationReviewed(case_id=case.id, gate=Gate.OPINION.value, passed_at=tx.now, rules=rules)
    )  # fmt: skip
    owe_step(tx, PROPOSE, policy.approve_resolution, case, since=tx.now, due=False)


@granted(HR_OPINION, CASES)
def opinion_approved(case: Case, asked: Asked, tx: Tx) -> None:
    """The general manager approves."""
    policy = case.policy(tx, ComplaintPolicy)
    note(tx, case, "opinion_approved", policy.opinion.rules)
    settle(case, policy, tx)


@refused(HR_OPINION)
def opinion_refused(case: Case, asked: Asked, tx: Tx) -> None:
    """The general manager does not: HR-admin gives another one."""
    policy = case.policy(tx, ComplaintPolicy)
    note(tx, case, "opinion_refused", policy.opinion.rules, state=asked.state.value)
    owe_step(tx, OPINION, policy.opinion, case, since=tx.now)
