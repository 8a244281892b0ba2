"""Lets an obligation fall away, for a reason that stays with it."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.roles import Role
from pydantic import BaseModel, ConfigDict

from policy.access import Permission, Reach
from policy.list_obligations import ObligationView, views_of
from policy.obligations import OBLIGATIONS, tell
from policy.reasons import SAID, Reason, say

WAIVE_WORK = Permission("work.waive", {Role.GENERAL_MANAGER: Reach.BRANCH})


class NothingOwed(Refused):
    """The obligation has ended already."""

    zh = "此项已了结，没有待办或待收。请重新载入查看。"


class Waiver(BaseModel):
    """Why it need not be done."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


@post("/v1/obligations/{obligation_id}/waive", needs=WAIVE_WORK)
async def waive_obligation(obligation_id: UUID, waiver: Waiver, principal: Principal, tx: Tx) -> ObligationView:
    """Waive an obligation; a term that was missed before stays missed and counted."""
    one = await tx.get(OBLIGATIONS, obligation_id)
    within = WAIVE_WORK.reach(principal).includes(one.branch, barred=one.excluded)
    if not within or principal.subject in one.excluded:
        raise NotFound("There is no such obligation, or none at a place of yours. Check the id.")
    if not one.running:
        raise NothingOwed("It was done or waived already: nothing is owed.", rules=one.rules)
    await say(tx, one.id, one.about, waiver.reason)
    one.waive(tx.now, SAID)
    tell(tx, one)
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=principal.subject,
            action="waive",
            table="obligations",
            ids=[str(one.id)],
            purpose=one.duty,
            rules=one.rules,
            at=tx.now,
            digests=[],
        )
    )
    await tx.flush()
    return (await views_of([one], tx))[0]
