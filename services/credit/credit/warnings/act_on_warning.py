"""Acts on a warning, or closes it with a reason; either way the duty to act is met (P02.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import post
from chassis.tx import Tx
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from credit.account import ACCOUNTS
from credit.permissions import ACT_ON_WARNING, CLOSE_WARNING
from credit.policy import WARNING
from credit.warnings.read_warnings import WarningView, view_of, warning_of
from credit.warnings.steps import note_step
from credit.warnings.weigh_risks import ended

RULES = ("P02.4",)

_ACCOUNT_OF = "SELECT account_id FROM risk_warnings WHERE id = $1"

Note = Annotated[Text, Field(min_length=2, max_length=2000)]


class Measure(StrEnum):
    """What was done about a risk."""

    SPOKEN = "spoken"
    VISITED = "visited"
    PLAN_AGREED = "plan_agreed"
    SHIPMENTS_STOPPED = "shipments_stopped"
    LEGAL_ASKED = "legal_asked"
    OTHER = "other"


class CloseReason(StrEnum):
    """Why a warning is none, or none any more, though the figures say so."""

    PAID_OUTSIDE = "paid_outside"
    SECURED = "secured"
    DISPUTED = "disputed"
    BOOKING_WRONG = "booking_wrong"
    ACCEPTED_RISK = "accepted_risk"


class ActForm(BaseModel):
    """Which measure, and what is to be known of it; the note is kept sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: Measure
    note: Note


class CloseForm(BaseModel):
    """Why; the note is kept sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: CloseReason
    note: Note


@post("/v1/risk-warnings/{warning_id}/act", needs=ACT_ON_WARNING)
async def act_on_warning(warning_id: UUID, form: ActForm, principal: Principal, tx: Tx) -> WarningView:
    """Note what was done. The warning stands until the figures say it no more, or it is closed."""
    warning = await warning_of(tx, warning_id, ACT_ON_WARNING, principal)
    warning.act(tx.now)
    await note_step(tx, warning, "acted", form.measure.value, form.note)
    met(tx, WARNING, warning.id, at=tx.now)
    return await view_of(tx, warning)


@post("/v1/risk-warnings/{warning_id}/close", needs=CLOSE_WARNING)
async def close_warning(warning_id: UUID, form: CloseForm, principal: Principal, tx: Tx) -> WarningView:
    """Close it. The rule does not warn again before the figures have said it no more."""
    account_id = await tx.driver.fetchval(_ACCOUNT_OF, warning_id)
    accounts = {} if account_id is None else await tx.load(ACCOUNTS, [account_id])
    warning = await warning_of(tx, warning_id, CLOSE_WARNING, principal)
    warning.close(tx.now)
    await note_step(tx, warning, "closed", form.reason.value, form.note)
    met(tx, WARNING, warning.id, at=tx.now)
    ended(tx, accounts[warning.account_id], warning, closed=True)
    return await view_of(tx, warning)
