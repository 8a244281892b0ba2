"""Corrects or withdraws a breach: asked with a reason, approved, and booked as counter-entries (P04.12, P13.11)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import NotFound
from chassis.tx import Tx
from policy.approvals import Approval, Asked, ask, granted
from policy.obligations import waive
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, Field

from staff.conduct.decide_breach import Ruling, Words, keep_text
from staff.conduct.ledger import Because
from staff.conduct.model import BREACHES, Breach
from staff.conduct.permissions import CORRECT_BREACH, sees
from staff.conduct.policy import CORRECTION, DECIDE, WITHDRAWAL, ConductPolicy
from staff.conduct.read_breach import BreachView, view_of
from staff.conduct.recount import Recount

RULES = ("P04.12", "P13.11")


class Reason(StrEnum):
    """Why what was booked does not stand, as signers see it; the rest is said in the sealed text."""

    WRONG_PERSON = "wrong_person"
    WRONG_FACTS = "wrong_facts"
    WRONG_AMOUNT = "wrong_amount"
    OBJECTION_UPHELD = "objection_upheld"
    LENIENCY = "leniency"


class Correction(Ruling):
    """What the breach shall cost instead, and why."""

    reason: Reason


class Withdrawal(BaseModel):
    """Why the breach shall not count. The text is kept sealed."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    text: Annotated[Words, Field(description="kept sealed")]


@post("/v1/conduct/breaches/{breach_id}/correct", needs=CORRECT_BREACH, status=202)
async def correct_breach(breach_id: UUID, correction: Correction, principal: Principal, tx: Tx) -> BreachView:
    """Ask that a breach costs something else; it does once that is approved."""
    one = await _within(tx, breach_id, principal)
    await keep_text(tx, one, correction.text, principal)
    _ask(tx, CORRECTION, one, {"reason": correction.reason, "instead": correction.kept()}, principal)
    await tx.flush()
    return await view_of(tx, one)


@post("/v1/conduct/breaches/{breach_id}/withdraw", needs=CORRECT_BREACH, status=202)
async def withdraw_breach(breach_id: UUID, withdrawal: Withdrawal, principal: Principal, tx: Tx) -> BreachView:
    """Ask that a breach does not count; it does not once that is approved."""
    one = await _within(tx, breach_id, principal)
    await keep_text(tx, one, withdrawal.text, principal)
    _ask(tx, WITHDRAWAL, one, {"reason": withdrawal.reason}, principal)
    await tx.flush()
    return await view_of(tx, one)


async def _within(tx: Tx, breach_id: UUID, principal: Principal) -> Breach:
    one = await tx.get(BREACHES, breach_id)
    if one.person == principal.subject or not sees(CORRECT_BREACH, principal, one.branch, one.department, one.person):
        raise NotFound("There is no such breach, or none that you may have corrected. Check the id.")
    one.refuse_withdrawn()
    for act in ("correct", "withdraw"):
        one.refuse_while_held(act)
    return one


def _ask(tx: Tx, approval: Approval, one: Breach, offer: dict[str, Any], principal: Principal) -> None:
    ask(
        tx,
        approval,
        one,
        {"kind": one.kind, "subject": one.subject, "decided_at": one.decided_at.isoformat(), **offer},
        chain=policy(tx, ConductPolicy, one.branch, tx.now).correction,
        by=principal.subject,
        branch=one.branch,
        department=one.department,
        path=one.path,
        excluded=[one.person],
    )


@granted(CORRECTION, BREACHES)
def breach_corrected(one: Breach, asked: Asked, tx: Tx) -> None:
    """It costs what was shown."""
    one.correct({**asked.offer["instead"], "by": asked.asked_by, "at": tx.now.isoformat()})
    waive(tx, DECIDE, one.id, at=tx.now, reason="corrected")
    tx.extension(Recount).want(one, Because.CORRECTED)


@granted(WITHDRAWAL, BREACHES)
def breach_withdrawn(one: Breach, asked: Asked, tx: Tx) -> None:
    """It costs nothing; what was counted after it is counted anew."""
    one.withdraw()
    waive(tx, DECIDE, one.id, at=tx.now, reason="withdrawn")
    tx.extension(Recount).want(one, Because.WITHDRAWN)
