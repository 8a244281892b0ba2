"""The clocks stand while the customer has to say or bring something, where the profile allows it (P04.9; A48)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Refused
from chassis.tx import Tx

from complaint.case import Case, NotNow
from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import AnothersStep, begin_waiting, end_waiting, is_handler, takes, within
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import ComplaintPolicy
from complaint.timeline import Words, WordsForm, write

RULES = ("P04.9", "P17.9")


class ClocksRunOn(Refused):
    """At this branch the clocks do not wait for the customer."""

    title = "The clocks do not wait here"
    zh = "本门店的期限不因等待客户而中止。请按原期限办理。"


class WaitingForm(WordsForm):
    """What is waited for, or what came."""

    words: Words


@post("/v1/complaints/{case_id}/wait", needs=HANDLE_COMPLAINT)
async def wait_for_customer(case_id: UUID, form: WaitingForm, principal: Principal, tx: Tx) -> CaseProgress:
    """Stop the clocks of the case until the customer has answered."""
    case, policy = await _handled_by(tx, case_id, principal)
    if not policy.pauses:
        raise ClocksRunOn("The policy of this branch knows no pause.", rules=("P17.9",))
    if case.handled or not begin_waiting(tx, case, policy):
        raise NotNow(
            "Its handling has ended, or it waits for the customer already.", rules=RULES[:1], state=case.state.value
        )
    await write(tx, case, "waiting", RULES[:1], {"words": form.words})
    await tx.flush()
    return progress_of(case)


@post("/v1/complaints/{case_id}/go-on", needs=HANDLE_COMPLAINT)
async def go_on(case_id: UUID, form: WaitingForm, principal: Principal, tx: Tx) -> CaseProgress:
    """Let the clocks go on: the customer has said or brought what was waited for."""
    case, _ = await _handled_by(tx, case_id, principal)
    if not end_waiting(tx, case):
        raise NotNow("Nothing was waited for.", rules=RULES[:1], state=case.state.value)
    await write(tx, case, "went_on", RULES[:1], {"words": form.words})
    await tx.flush()
    return progress_of(case)


async def _handled_by(tx: Tx, case_id: UUID, principal: Principal) -> tuple[Case, ComplaintPolicy]:
    case = await within(tx, case_id, HANDLE_COMPLAINT, principal, lock=True)
    policy = case.policy(tx, ComplaintPolicy)
    keepers = (policy.judge, policy.name_department, policy.answer)
    if not (is_handler(case, principal.subject, tx) or any(takes(one, case, principal, tx) for one in keepers)):
        raise AnothersStep("Whoever handles the case says that it waits.", rules=RULES[:1])
    return case, policy
