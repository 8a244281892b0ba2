"""Harm that came of a case, to the company or to a developer alike, in money or reputation (P04.15, P12.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.complaint import Harm, HarmedParty, HarmRecorded
from contracts.money import Money
from pydantic import BaseModel, ConfigDict, Field

from complaint.permissions import MARK_SERIOUS
from complaint.serious import tables
from complaint.serious.mark_serious import Reason
from complaint.serious.reading import climb_within

RULES = ("P04.15", "P12.8")


class HarmForm(BaseModel):
    """Who was harmed, in which way, how much if it is known; what happened stays sealed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"party": "developer", "harm": "reputation", "note": "发展商被媒体点名"}]},
    )

    party: HarmedParty
    harm: Harm
    amount: Annotated[Money | None, Field(description="of money only")] = None
    note: Reason


class Recorded(BaseModel):
    """The harm as it was recorded."""

    id: UUID
    case_id: UUID
    party: HarmedParty
    harm: Harm
    recorded_at: datetime


@post("/v1/complaints/{case_id}/harm", needs=MARK_SERIOUS, status=201)
async def record_harm(case_id: UUID, form: HarmForm, principal: Principal, tx: Tx) -> Recorded:
    """Record harm. A developer's counts like the company's; those who did not warn in time answer for it."""
    climb = await climb_within(tx, case_id, MARK_SERIOUS, principal)
    case, identifier = climb.case, uuid7()
    tx.insert(
        tables.harms,
        id=identifier,
        case_id=case.id,
        party=form.party.value,
        harm=form.harm.value,
        amount=None if form.amount is None else form.amount.amount,
        by=principal.subject,
        at=tx.now,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.harms, identifier, case.subject_id, {"note": form.note}),
    )
    tx.publish(case, HarmRecorded(case_id=case.id, party=form.party, harm=form.harm, amount=form.amount))
    return Recorded(id=identifier, case_id=case.id, party=form.party, harm=form.harm, recorded_at=tx.now)
