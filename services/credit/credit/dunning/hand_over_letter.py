"""Notes that a letter has reached the customer: when and how; the duty to hand it over is met (P02.4)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.calendar import civil
from policy.obligations import met
from pydantic import BaseModel, ConfigDict

from credit.dunning.read_letters import LetterView, letter_of, view_of
from credit.permissions import ACT_ON_WARNING
from credit.policy import DUNNING

RULES = ("P02.4",)


class Way(StrEnum):
    """How the customer got it."""

    BY_HAND = "by_hand"
    COURIER = "courier"
    REGISTERED_POST = "registered_post"
    MAIL = "mail"


class HandOverForm(BaseModel):
    """On which day, by which way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: date
    way: Way


@post("/v1/dunning-letters/{letter_id}/hand-over", needs=ACT_ON_WARNING)
async def hand_over_letter(letter_id: UUID, form: HandOverForm, principal: Principal, tx: Tx) -> LetterView:
    """The customer has the letter. 409 before it was given out."""
    letter = await letter_of(tx, letter_id, ACT_ON_WARNING, principal)
    if not letter.made_on <= form.on <= civil(tx.now):
        raise Invalid(
            "It was handed over between the day of the letter and today.",
            errors=[Wrong.BETWEEN.at("/on", limit=f"{letter.made_on} – {civil(tx.now)}")],
        )
    letter.hand_over(form.on, principal.subject, form.way.value)
    met(tx, DUNNING, letter.id, at=tx.now)
    await tx.flush()
    return view_of(letter)
