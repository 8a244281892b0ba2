"""Says how the limit will move in the days ahead if nothing more is booked, by the code that moves it (P11.3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx
from policy.calendar import civil
from pydantic import BaseModel

from credit.account import account_of, rules_from, sums_of
from credit.limit.rolling import moved
from credit.permissions import READ_ACCOUNT

RULES = ("P11.2", "P11.3")


class DayAhead(BaseModel):
    """The limit of a coming day, what it would be the day before, and what makes the difference."""

    day: date
    amount: Decimal
    before: Decimal
    why: list[dict[str, Any]]


class LimitsAhead(BaseModel):
    """A day each until the goods of today have left the window; it rests on what is booked now."""

    on: date
    days: list[DayAhead]


@get("/v1/accounts/{account_id}/limits/ahead", needs=READ_ACCOUNT)
async def foresee_limits(account_id: UUID, principal: Principal, tx: Tx) -> LimitsAhead:
    """The limits of the coming days as they stand now, tomorrow first. Nothing of it is kept."""
    account = await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    rules, today = account.policy(tx), civil(tx.now)
    sums = await sums_of(tx, account, rules_from(account.limit_on, rules))
    until = today + timedelta(days=rules.window_days + 1)
    moves = moved(account.limit_on, account.limit_amount, until, sums, rules, civil(account.opened_at))
    days = [
        DayAhead(day=move.day, amount=move.amount, before=move.before, why=[dict(reason) for reason in move.why])
        for move in moves
        if move.day > today
    ]
    return LimitsAhead(on=today, days=days)
