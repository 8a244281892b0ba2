"""Says where an account stands, why, and what would bring it back; and whether goods could go today (P11.6–P11.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.money import Amount
from fastapi import Query
from policy.calendar import civil
from pydantic import BaseModel

from credit.account import Account, account_of, rules_from, sums_of
from credit.accounts.eligibility import eligible, facts_of, lacks
from credit.limit.rolling import ZERO, limit_on, moved, window
from credit.permissions import READ_ACCOUNT
from credit.policy import CreditPolicy
from credit.shipments.deciding import figures_of, give_back
from credit.shipments.decision import Batch, decide
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState
from credit.tables import STOPPED

RULES = ("P11.1", "P11.4", "P11.5", "P11.6", "P11.7", "P11.8", "P11.9")

_SHOWN = 100
_WAITING = f"""SELECT id, state, amount, decision FROM shipments WHERE account_id = $1 AND ({STOPPED})
    ORDER BY id LIMIT {_SHOWN + 1}"""  # noqa: S608


class HeldView(BaseModel):
    """A shipment that is held, as a request or invoiced on its way out, and why."""

    id: UUID
    state: ShipmentState
    amount: Decimal
    decision: dict[str, Any]


class StandingView(BaseModel):
    """Where the account stands. `over` is how much would bring it back within the limit; `room` what may still go.

    At a longer term it rests on what sales has approved (P11.5), on no `window` of goods. `back_on` is the day on which
    the limit alone would be wide enough, from what is booked and known today. `held` names the oldest hundred goods;
    where there are `more_held`, the list of shipments has them.
    """

    account_id: UUID
    on: date
    eligible: bool
    missing: list[str]
    facts_as_of: datetime | None
    exposure: Decimal
    parts: dict[str, Decimal]
    limit: Decimal
    window: tuple[date, date] | None
    within: bool
    over: Decimal
    room: Decimal
    largest_signed: Decimal
    overruns: list[dict[str, Any]]
    back_on: date | None
    held: list[HeldView]
    more_held: bool
    rules: list[str]


@get("/v1/accounts/{account_id}/standing", needs=READ_ACCOUNT)
async def read_standing(account_id: UUID, principal: Principal, tx: Tx) -> StandingView:
    """Where the account stands now, and what would bring it back."""
    account = await _of_today(tx, await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False))
    rules, today = account.policy(tx), civil(tx.now)
    sums = await sums_of(tx, account, rules_from(today, rules))
    facts = await facts_of(tx, account)
    missing = sorted({lack.code for lack in lacks(facts, today, rules)})
    opened = civil(account.opened_at)
    usable, exposure = ZERO if missing else account.allowance(rules, today), account.exposed(rules)
    later = [date.fromordinal(today.toordinal() + n) for n in range(1, rules.window_days + 1)]
    cent = Decimal("0.01")
    held = await tx.driver.fetch(_WAITING, account_id)
    return StandingView(
        account_id=account.id,
        on=today,
        eligible=not missing,
        missing=missing,
        facts_as_of=facts.as_of,
        exposure=exposure,
        parts={"receivable": account.balance, "released": account.released, "reserved": account.reserved},
        limit=usable,
        window=None if account.long_term(rules) else window(today, rules),
        within=exposure <= usable,
        over=max(exposure - usable, ZERO),
        room=max(usable - exposure, ZERO),
        largest_signed=max(usable - cent, ZERO) // (cent * rules.overrun_part) * cent,
        overruns=list(account.overruns),
        back_on=None
        if exposure <= usable or missing or account.long_term(rules)
        else next(
            (day for day in later if limit_on(day, sums, rules, opened) >= exposure and eligible(facts, day, rules)),
            None,
        ),
        held=[HeldView(**row) for row in held[:_SHOWN]],
        more_held=len(held) > _SHOWN,
        rules=_resting_on(account, usable, rules, eligible=not missing),
    )


def _resting_on(account: Account, usable: Decimal, rules: CreditPolicy, *, eligible: bool) -> list[str]:
    """The rules that say what may be owed."""
    if not eligible:
        return ["P11.1", "P11.4"]
    if account.long_term(rules):
        return ["P11.5"] if usable else ["P11.4", "P11.5"]
    return ["P11.6"] if usable else ["P11.4"]


class Foreseen(BaseModel):
    """What would be decided now: the same as a request would get, and nothing is taken."""

    decision: dict[str, Any]


@get("/v1/accounts/{account_id}/what-if", needs=READ_ACCOUNT)
async def what_if(
    account_id: UUID,
    principal: Principal,
    tx: Tx,
    amount: Annotated[Amount, Query(gt=0, description="what the goods are worth")],
    prepaid: Annotated[Amount, Query(ge=0, description="what would be paid for them first")] = ZERO,
    shipment_id: Annotated[
        UUID | None, Query(description="goods that would be changed to this amount; what was paid for them counts")
    ] = None,
) -> Foreseen:
    """Could goods of this amount go today; if not, when, and what would free them. By the code that decides."""
    account = await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    seen, goods = await _of_today(tx, account), None
    if shipment_id is not None:
        goods = await _changed(tx, seen, shipment_id, amount)
        prepaid += goods.prepaid
    figures, _ = await figures_of(tx, seen, goods)
    return Foreseen(decision=decide(figures, Batch(amount, prepaid)).kept())


async def _changed(tx: Tx, seen: Account, shipment_id: UUID, amount: Decimal) -> Shipment:
    """The goods as they would be at another amount, and `seen` without what they have taken; nothing is written."""
    found = (await tx.load(SHIPMENTS, [shipment_id], lock=False)).get(shipment_id)
    if found is None or found.account_id != seen.id:
        raise NotFound("There is no such shipment on this account. Check the id.")
    found.refuse_unless(ShipmentState.HELD, ShipmentState.RELEASED)
    goods = replace(found)
    give_back(seen, goods)
    changed = replace(goods, amount=amount, signature=None)
    seen.reserve(changed.covered - goods.covered)
    return changed


async def _of_today(tx: Tx, account: Account) -> Account:
    """The account with today's limit and episode, only to look at: nothing of it is written."""
    rules, today = account.policy(tx), civil(tx.now)
    sums = await sums_of(tx, account, rules_from(account.limit_on, rules))
    seen = replace(account)
    for move in moved(account.limit_on, account.limit_amount, today, sums, rules, civil(account.opened_at)):
        seen.moved_to(move)
        seen.settle_episode(rules, move.day)
    return seen
