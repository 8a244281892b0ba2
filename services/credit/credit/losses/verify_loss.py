"""Finance says whether a loss is as it was found (经查实); one that is not ends there (P11.11)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Refused
from chassis.tx import Tx
from contracts.money import Amount
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from credit.losses.model import LossState
from credit.losses.read_loss import LossView, evidence_of, goods_path, loss_of, view_of
from credit.losses.tell_people import tell_deciders, tell_posts
from credit.permissions import BOOK
from credit.policy import LOSS

RULES = ("P11.11",)


class VerifyForm(BaseModel):
    """What looking into it has shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    founded: Annotated[bool, Field(description="it is as it was found")]
    amount: Annotated[
        Amount | None, Field(gt=0, description="what the goods are worth, where the list did not say, or not rightly")
    ] = None


class WorthUnknown(Refused):
    """Nobody has said what the goods are worth."""

    title = "Say what the goods are worth"
    zh = "尚未填写货物价值。请先填写价值再核实。"


@post("/v1/losses/{loss_id}/verify", needs=BOOK)
async def verify_loss(loss_id: UUID, form: VerifyForm, principal: Principal, tx: Tx) -> LossView:
    """Verify it, so that its shares can be asked for, or dismiss it."""
    loss = await loss_of(tx, loss_id, BOOK, principal)
    loss.refuse_unless(LossState.FOUND)
    if form.founded:
        if form.amount is None and loss.amount == 0:
            raise WorthUnknown("The list does not say what the goods are worth. Give the amount.", rules=RULES)
        loss.verify(form.amount)
    else:
        loss.dismiss(tx.now)
        met(tx, LOSS, loss.id, at=tx.now)
    evidence = await evidence_of(tx, loss.id)
    said, path = ("loss_verified" if form.founded else "loss_dismissed"), goods_path(loss, evidence)
    tell_deciders(tx, loss, said)
    if path is not None:
        tell_posts(tx, loss, said, path)
    await tx.flush()
    return view_of(loss, evidence)
