"""The call-back: result, summary, evaluation, satisfaction; the final opinion goes back to the head (P04.7, P12.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import CustomerCalledBack
from policy.obligations import met
from pydantic import Field

from complaint.cases.views import CaseProgress, progress_of
from complaint.keeping import Expected, at_step, owe_after_handling
from complaint.notices import send
from complaint.permissions import HANDLE_COMPLAINT
from complaint.policy import CALL_BACK
from complaint.timeline import Words, WordsForm, write
from complaint.way import Step

RULES = ("P04.7", "P12.4")


class Unrated(StrEnum):
    """Why the customer has rated nothing, where the rating was to be asked for."""

    DECLINED = "declined"
    NOT_REACHED = "not_reached"


class CallBackForm(WordsForm):
    """What the call brought."""

    result: Annotated[Words, Field(description="the final result of the handling")]
    summary: Annotated[Words, Field(description="how it was handled")]
    evaluation: Words
    final_opinion: Annotated[Words, Field(description="what the customer says in the end")]
    suggestion: Annotated[Words, Field(description="how the service is to become better")]
    satisfaction: Annotated[int | None, Field(ge=1, le=5, description="with the handling, 5 is best")] = None
    unrated: Annotated[Unrated | None, Field(description="why there is no rating; never given with one")] = None


@post("/v1/complaints/{case_id}/call-back", needs=HANDLE_COMPLAINT)
async def call_back(
    case_id: UUID, form: CallBackForm, principal: Principal, tx: Tx, expected: Expected = None
) -> CaseProgress:
    """Record the call-back. The handler is told of the final opinion and the suggestion."""
    case, policy = await at_step(tx, case_id, principal, Step.CALL_BACK, expected)
    if form.satisfaction is not None and form.unrated is not None:
        raise Invalid(
            "The customer has rated the handling, or has not.",
            rules=policy.call_back.rules,
            errors=[Wrong.CONTRADICTION.at("/unrated", "leave it out, or the satisfaction")],
        )
    if policy.survey and form.satisfaction is None and form.unrated is None:
        raise Invalid(
            "The satisfaction with the handling is asked in this call.",
            rules=policy.call_back.rules,
            errors=[Wrong.MISSING.at("/satisfaction", "from 1 to 5; who rated nothing: say why as `unrated`")],
        )
    case.call_back(form.satisfaction, tx.now)
    met(tx, CALL_BACK, case.id, at=tx.now)
    rules = list(policy.call_back.rules)
    words = form.model_dump(exclude={"satisfaction", "unrated"})
    unrated = {} if form.unrated is None else {"unrated": form.unrated.value}
    await write(tx, case, "call_back", rules, words, satisfaction=form.satisfaction, **unrated)
    tx.publish(
        case,
        CustomerCalledBack(case_id=case.id, satisfaction=form.satisfaction, called_back_at=tx.now, rules=rules),
    )  # fmt: skip
    if case.handler is not None:
        send(tx, case, "complaint_feedback", [f"person:{case.handler}"], ("P04.7",))
    owe_after_handling(tx, case, policy, since=tx.now)
    await tx.flush()
    return progress_of(case)
