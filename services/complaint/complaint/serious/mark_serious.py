"""A person marks a complaint as serious, at any time, with the reason in their words (P12.5)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.complaint import MarkedBy, SeriousKind
from pydantic import BaseModel, ConfigDict, Field

from complaint.case import Case
from complaint.permissions import MARK_SERIOUS
from complaint.serious import tables
from complaint.serious.reading import climb_within
from complaint.serious.views import LadderView, ladder_view
from complaint.serious.warning import warn
from complaint.timeline import Said

RULES = ("P12.5",)

Kinds = Annotated[list[SeriousKind], Field(min_length=1, max_length=7)]
Reason = Annotated[Said, Field(min_length=2, max_length=2000, description="kept sealed")]


class Marking(BaseModel):
    """In which ways it is serious, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kinds": ["blocked_door"], "reason": "客户堵住展厅大门"}]}
    )

    kinds: Kinds
    reason: Reason


@post("/v1/complaints/{case_id}/serious", needs=MARK_SERIOUS)
async def mark_serious(case_id: UUID, marking: Marking, principal: Principal, tx: Tx) -> LadderView:
    """Mark a complaint as serious. Who must know is told at once; a kind that is known already changes nothing."""
    climb = await climb_within(tx, case_id, MARK_SERIOUS, principal)
    new = climb.case.mark_serious(marking.kinds, tx.now)
    if new:
        warn(climb.case, new, MarkedBy.PERSON, tx.now, tx)
        await keep_reason(tx, climb.case, "marked", [kind.value for kind in new], principal.subject, marking.reason)
    return await ladder_view(tx, climb)


async def keep_reason(tx: Tx, case: Case, act: str, kinds: list[str], by: str, words: str) -> None:
    """Keep why somebody did it, sealed with the caller's data: the words may name them."""
    identifier = uuid7()
    tx.insert(
        tables.serious_reasons,
        id=identifier,
        case_id=case.id,
        act=act,
        kinds=kinds,
        by=by,
        at=tx.now,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.serious_reasons, identifier, case.subject_id, {"reason": words}),
    )
