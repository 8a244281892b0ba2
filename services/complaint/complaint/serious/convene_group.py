"""The general manager convenes the crisis group of a serious complaint (P12.7)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import post
from chassis.ids import uuid7
from chassis.tx import Tx
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from complaint.permissions import CONVENE_GROUP
from complaint.serious.crisis import CrisisGroup, group_of, refuse_excluded
from complaint.serious.crisis_views import GroupView, group_view
from complaint.serious.ladder import NotSerious
from complaint.serious.policy import DUTY_OF, StepKind
from complaint.serious.reading import climb_within

RULES = ("P12.7",)

Subject = Annotated[Text, Field(min_length=1, max_length=200)]


class Convening(BaseModel):
    """Who belongs to the group, by the subjects of their tokens; who convenes belongs to it anyway."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"members": ["head-1", "legal-1"]}]})

    members: Annotated[list[Subject], Field(min_length=1, max_length=50)]


@post("/v1/complaints/{case_id}/crisis-group", needs=CONVENE_GROUP)
async def convene_group(case_id: UUID, convening: Convening, principal: Principal, tx: Tx) -> GroupView:
    """Convene the crisis group, or have further members join it. Nobody excluded from the case can be in it."""
    climb = await climb_within(tx, case_id, CONVENE_GROUP, principal)
    if not climb.case.serious:
        raise NotSerious("Only for a serious complaint a crisis group meets. Mark it as serious first.", rules=RULES)
    refuse_excluded(convening.members, climb.excluded)
    group = await group_of(tx, climb.case.id)
    if group is None:
        group = CrisisGroup(uuid7(), climb.case.id, climb.case.branch, principal.subject, tx.now, (principal.subject,))
        tx.add(group)
    group.join(convening.members)
    for step in climb.steps:
        if step.kind is StepKind.CRISIS_GROUP and step.meet(group.convened_at, by=group.convened_by):
            met(tx, DUTY_OF[step.kind], step.id, at=group.convened_at)
    await tx.flush()
    return await group_view(tx, group)
