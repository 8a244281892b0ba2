"""Drafts a resolution that takes up the customer's demand; approved where the profile says (P04.5, P17.6)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Invalid, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import ResolutionApproved, ResolutionProposed
from policy.approvals import Asked, ask, granted, refused
from policy.obligations import met
from pydantic import Field

from complaint.case import CASES, Case
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, kept_out, owe_step
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ANSWER, PROPOSE, RESOLUTION, ComplaintPolicy
from complaint.timeline import Words, WordsForm, note, write
from complaint.way import Step

RULES = ("P04.5", "P17.6")


class EnoughProposed(Refused):
    """The policy allows no further resolution: the general manager decides (A17)."""

    title = "No further resolution is proposed"
    zh = "不能再提新的处理方案。请由总经理决定是否按理由结案。"


class ResolutionForm(WordsForm):
    """What is offered. `takes_up_demand` says how it answers to what the customer asked for."""

    words: Words
    takes_up_demand: Words | None = Field(None, description="required")


@post("/v1/complaints/{case_id}/resolution", needs=HANDLE_COMPLAINT)
async def propose_resolution(
    case_id: UUID, form: ResolutionForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Draft a resolution, the first or, where the customer has not accepted, the next one."""
    case, policy = await at_step(tx, case_id, principal, Step.PROPOSE, expected)
    if form.takes_up_demand is None:
        raise Invalid(
            "A resolution takes up what the customer asks for.",
            rules=("P04.5",),
            errors=[Wrong.MISSING.at("/takes_up_demand", "say how it answers to the demand")],
        )
    if policy.proposals is not None and case.round >= policy.proposals:
        raise EnoughProposed(
            f"{case.round} were proposed. Have it decided by {' or '.join(policy.settle)}.", rules=("P04.5",)
        )
    case.propose(tx.now)
    met(tx, PROPOSE, case.id, at=tx.now)
    rules = list(policy.approve_resolution.rules)
    words = {"words": form.words, "takes_up_demand": form.takes_up_demand}
    counts = not policy.approve_resolution.chain
    await write(tx, case, "resolution", rules, words, round=case.round, counts=counts)
    tx.publish(case, ResolutionProposed(case_id=case.id, round=case.round, proposed_at=tx.now, rules=rules))
    if policy.approve_resolution.chain:
        ask(
            tx,
            RESOLUTION,
            case,
            {"number": case.number, "round": case.round},
            chain=policy.approve_resolution.chain,
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
    """The resolution may be put to the customer; that is owed, unless the clock of the receipt still runs."""
    case.approve(tx.now)
    rules = list(policy.approve_resolution.rules)
    tx.publish(case, ResolutionApproved(case_id=case.id, round=case.round, approved_at=tx.now, rules=rules))
    if case.again or not policy.answer.from_receipt:
        owe_step(tx, ANSWER, policy.answer, case, since=tx.now, due=not policy.answer.from_receipt)


@granted(RESOLUTION, CASES)
def resolution_approved(case: Case, asked: Asked, tx: Tx) -> None:
    """The superior agrees."""
    policy = case.policy(tx, ComplaintPolicy)
    note(tx, case, "resolution_approved", policy.approve_resolution.rules, round=case.round)
    settle(case, policy, tx)


@refused(RESOLUTION)
def resolution_refused(case: Case, asked: Asked, tx: Tx) -> None:
    """The superior does not: another one is drafted."""
    policy = case.policy(tx, ComplaintPolicy)
    note(tx, case, "resolution_refused", policy.approve_resolution.rules, round=case.round, state=asked.state.value)
    owe_step(tx, PROPOSE, policy.approve_resolution, case, since=tx.now, due=False)
