"""A step of the ladder that was taken by hand (a call, a visit) is recorded by whose duty it is (P12.6, P12.7)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Forbidden, Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.access import GROUP
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from complaint.keeping import holds
from complaint.permissions import RECORD_STEP
from complaint.serious.climbing import ended
from complaint.serious.mark_serious import Reason, keep_reason
from complaint.serious.reading import climb_within
from complaint.serious.views import LadderView, ladder_view

RULES = ("P12.6", "P12.7")


class NotYourStep(Forbidden):
    """Another role answers for this step."""

    title = "Another role answers for this step"
    zh = "此告知步骤由其他岗位负责。请由责任岗位登记。"


class ByHand(BaseModel):
    """When and how it was done; what was said stays sealed."""

    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime
    channel: Annotated[Literal["phone", "in_person", "mail", "letter", "other"], Field(description="how")]
    note: Reason


@post("/v1/complaints/{case_id}/serious/steps/{step_id}/record", needs=RECORD_STEP)
async def record_step(case_id: UUID, step_id: UUID, done: ByHand, principal: Principal, tx: Tx) -> LadderView:
    """Record a step that was taken by hand; whether it was in time its own instant decides."""
    climb = await climb_within(tx, case_id, RECORD_STEP, principal)
    step = next((one for one in climb.all_steps if one.id == step_id), None)
    if step is None or step.met_by == "done":
        raise NotFound("There is no such step of this ladder that is told to somebody. Read the ladder.")
    if not holds(principal, [step.answers], [step.answers_at, step.branch, GROUP], climb.case):
        raise NotYourStep(f"This step is recorded by the role {step.answers.value}.", rules=RULES)
    # a form knows minutes
    if not step.since.replace(second=0, microsecond=0) <= done.at <= tx.now:
        wrong = Wrong.IN_FUTURE if done.at > tx.now else Wrong.BEFORE_BEGIN
        raise Invalid(
            "It was done after the marking and not after now.",
            errors=[wrong.at("/at", "between the start of the step and now")],
        )
    entry = {"by": principal.subject, "at": done.at.isoformat(), "channel": done.channel}
    step.record(done.at, {**entry, "recorded_at": tx.now.isoformat()})
    await keep_reason(tx, climb.case, "recorded", [step.kind.value], principal.subject, done.note)
    ended(tx, climb, step, done.at)
    await tx.flush()
    return await ladder_view(tx, climb)
