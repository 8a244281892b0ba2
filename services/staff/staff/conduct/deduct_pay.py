"""Decides how much performance pay goes besides a doubled fine: 10 to 30 % of the month's, advisers only (P13.8)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Invalid, NotFound, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from pydantic import BaseModel, ConfigDict, Field

from staff.conduct.decide_breach import Words, keep_text
from staff.conduct.ledger import Because
from staff.conduct.model import BREACHES
from staff.conduct.permissions import DEDUCT_PAY, sees
from staff.conduct.read_breach import BreachView, view_of
from staff.conduct.reckoning import derive
from staff.conduct.recount import Recount, breaches_of, hold_accounts

RULES = ("P13.8", "P13.11")


class NotDoubled(Refused):
    """Performance pay goes only besides a doubled fine, where the policy names a range for it."""

    title = "No performance pay goes here"
    zh = "此处不扣绩效工资。只有加倍处罚且制度规定了范围时才可扣减。"


class PayCut(BaseModel):
    """How much of the month's performance pay goes, and why. The text is kept sealed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"percent": 20, "text": "本月第三次逾期移交"}]}
    )

    percent: Annotated[int, Field(ge=0, le=100)]
    text: Annotated[Words, Field(description="kept sealed")]


@post("/v1/conduct/breaches/{breach_id}/deduct-pay", needs=DEDUCT_PAY)
async def deduct_pay(breach_id: UUID, cut: PayCut, principal: Principal, tx: Tx) -> BreachView:
    """Deduct performance pay besides a doubled fine. Should the fine be doubled no longer, neither does the pay go."""
    one = await tx.get(BREACHES, breach_id)
    if one.person == principal.subject or not sees(DEDUCT_PAY, principal, one.branch, one.department, one.person):
        raise NotFound("There is no such breach, or none that you decide about. Check the id.")
    await hold_accounts(tx, [one.person])
    found = derive((await breaches_of(tx, [one.account_id]))[one.account_id])[one.id]
    allowed = one.terms.pay_range
    if allowed is None or not found.doubled:
        raise NotDoubled("Its fine is not doubled, or the policy names no range of performance pay.", rules=RULES[:1])
    if not allowed[0] <= cut.percent <= allowed[1]:
        raise Invalid(
            "The share lies outside what the policy allows.",
            errors=[Wrong.BETWEEN.at("/percent", limit=f"{allowed[0]} – {allowed[1]}")],
            rules=RULES[:1],
        )
    one.cut_pay(cut.percent, principal.subject, tx.now)
    await keep_text(tx, one, cut.text, principal)
    tx.extension(Recount).want(one, Because.PAY_CUT)
    await tx.flush()
    return await view_of(tx, one)
