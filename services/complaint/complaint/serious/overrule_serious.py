"""The clerk overrules that a complaint is serious, with the reason; kept, told, never silently (P12.5, A44)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.complaint import SeriousKind, SeriousOverruled
from policy.obligations import waive
from pydantic import BaseModel, ConfigDict

from complaint.permissions import MARK_SERIOUS
from complaint.serious.climbing import tell_again
from complaint.serious.ladder import NotSerious, SeriousLadder, ladder_id
from complaint.serious.mark_serious import Kinds, Reason, keep_reason
from complaint.serious.reading import climb_within
from complaint.serious.views import LadderView, ladder_view

RULES = ("P12.5",)

_OVERRULE = """UPDATE found_repeats SET overruled_by = $2, overruled_at = $3
    WHERE case_id = $1 AND overruled_at IS NULL"""


class Overruling(BaseModel):
    """In which ways it is not serious after all, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kinds": ["repeat"], "reason": "两次投诉事由不同"}]}
    )

    kinds: Kinds
    reason: Reason


@post("/v1/complaints/{case_id}/serious/overrule", needs=MARK_SERIOUS)
async def overrule_serious(case_id: UUID, overruling: Overruling, principal: Principal, tx: Tx) -> LadderView:
    """Overrule. With its last kind what is owed falls away, and whoever has been told is told of that."""
    climb = await climb_within(tx, case_id, MARK_SERIOUS, principal)
    case = climb.case
    gone = case.overrule(overruling.kinds)
    if not gone:
        raise NotSerious("The complaint is not taken to be serious in any of these ways. Read it again.", rules=RULES)
    names = [kind.value for kind in gone]
    if SeriousKind.REPEAT in gone:
        await tx.driver.execute(_OVERRULE, case.id, principal.subject, tx.now)
    if climb.ladder is None:
        # the marking has not come round yet: what is kept here stands when it does
        climb.ladder = SeriousLadder(ladder_id(case.id), case.id, case.branch, tx.now, tx.now)
        tx.add(climb.ladder)
    climb.ladder.overruled(names, principal.subject, tx.now, ends=not case.serious)
    await keep_reason(tx, case, "overruled", names, principal.subject, overruling.reason)
    if not case.serious:
        waive(tx, None, climb.ladder.id, at=tx.now, reason="overruled: not serious")
        for step in climb.steps:
            if step.waive(tx.now):
                waive(tx, None, step.id, at=tx.now, reason="overruled: not serious")
            tell_again(tx, climb, step, "serious_overruled")
    tx.publish(
        case,
        SeriousOverruled(
            case_id=case.id, kinds=list(gone), still_serious=case.serious, by=principal.subject, overruled_at=tx.now
        ),
    )
    await tx.flush()
    return await ladder_view(tx, climb)
