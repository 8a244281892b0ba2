"""Moves an account's limit at midnight, keeps each day's with why it changed, and plans its next night (P11.3).

Goods that waited for a wider limit are decided again. What else is looked at every day (risks, letters) is planned too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get
from chassis.jobs import Work, job
from chassis.tx import Tx
from policy.calendar import civil, midnight
from pydantic import BaseModel

from credit.account import ACCOUNTS, Account, account_of, bring_to_today
from credit.dunning.dun_account import dun_account
from credit.permissions import READ_ACCOUNT
from credit.shipments.release_shipment import decide_later
from credit.tables import limits
from credit.warnings.weigh_risks import weigh_risks_of_night

RULES = ("P11.2", "P11.3")


async def _rolled(tx: Tx, ended: Sequence[tuple[str, Any]]) -> None:
    found = await tx.load(ACCOUNTS, [UUID(ref) for ref, _ in ended])
    for account in found.values():
        await bring_to_today(tx, account)
        plan_midnight(tx, account)
        tx.later(weigh_risks_of_night, account.id)
        tx.later(dun_account, account.id)
    await decide_later(tx, *found.values())


@job(retry=("10s", "1m", "10m", "1h", "6h"), finish=_rolled)
async def roll_limit(ref: str, work: Work) -> bool:
    """Midnight has passed; what it does to the account is written with the end of this job, once."""
    return True


def plan_midnight(tx: Tx, account: Account) -> None:
    """The limit moves again when the civil day ends."""
    tx.later(roll_limit, account.id, at=midnight(civil(tx.now) + timedelta(days=1)))


class LimitView(BaseModel):
    """The limit of a day: what it was before, and what made the difference; the newest of a day counts."""

    id: UUID
    day: date
    amount: Decimal
    before: Decimal
    why: list[dict[str, Any]]
    recorded_at: datetime


@get("/v1/accounts/{account_id}/limits", needs=READ_ACCOUNT)
async def list_limits(
    account_id: UUID, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[LimitView]:
    """The limits of an account day by day, the newest first."""
    await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    column = limits.c
    query = sa.select(column.id, column.day, column.amount, column.before, column.why, column.recorded_at)
    query = query.where(column.account_id == account_id).order_by(column.day.desc(), column.id.desc())
    if cursor is not None:
        day, last = cursor_values(cursor, date.fromisoformat, UUID)
        query = query.where(sa.tuple_(column.day, column.id) < sa.tuple_(day, last))
    found = [LimitView.model_validate(dict(row._mapping)) for row in await tx.execute(query.limit(limit + 1))]
    more = len(found) > limit
    return Page(items=found[:limit], next=cursor_of(found[limit - 1].day, found[limit - 1].id) if more else None)
