"""Finance says whether a loss is as it was found (经查实); one that is not ends there (P11.11)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from policy.obligations import met
from pydantic import BaseModel, ConfigDict, Field

from credit.losses.model import LossState
from credit.losses.read_loss import LossView, loss_of, view_of
from credit.permissions import BOOK
from credit.policy import LOSS

RULES = ("P11.11",)


class VerifyForm(BaseModel):
    """What looking into it has shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    founded: Annotated[bool, Field(description="it is as it was found")]


@post("/v1/losses/{loss_id}/verify", needs=BOOK)
async def verify_loss(loss_id: UUID, form: VerifyForm, principal: Principal, tx: Tx) -> LossView:
    """Verify it, so that its shares can be asked for, or dismiss it."""
    loss = await loss_of(tx, loss_id, BOOK, principal)
    loss.refuse_unless(LossState.FOUND)
    if form.founded:
        loss.verify()
    else:
        loss.dismiss(tx.now)
        met(tx, LOSS, loss.id, at=tx.now)
    await tx.flush()
    return view_of(loss)
