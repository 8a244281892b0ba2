"""Follows a plan by the ledger: payments since it was made meet its instalments, a bounced one opens them again.

Where nothing is open any more of what was owed by then (it was credited, taken back, written off) none is due either.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from chassis.tx import Tx
from policy.calendar import civil, midnight
from policy.obligations import Deadline, met, owe
from policy.terms import Term, Unit

from credit.account import Account
from credit.plans.model import PLANS, Plan
from credit.policy import INSTALMENT
from credit.warnings.weigh_risks import weigh_risks

RULES = ("P11.14",)

_RUNNING = "SELECT id FROM plans WHERE account_id = $1 AND state = 'running'"
# money that came before the invoice of its goods has paid for those, and nothing of what was owed
_RECEIVED = """SELECT coalesce(sum(p.amount - coalesce(own.amount, 0)), 0) FROM documents p
    LEFT JOIN LATERAL (SELECT sum(a.amount) AS amount FROM allocations a JOIN documents i ON i.id = a.debit_id
        WHERE a.credit_id = p.id AND i.shipment_id = p.shipment_id AND i.id > p.id) own ON true
    WHERE p.account_id = $1 AND p.kind = 'payment' AND p.reversed_by IS NULL AND NOT p.reserved AND p.booked_at > $2"""

_UNSETTLED = """SELECT EXISTS (SELECT FROM documents WHERE account_id = $1 AND open > 0
    AND kind IN ('invoice', 'opening') AND booked_at <= $2)"""


async def running_plan(tx: Tx, account: Account) -> Plan | None:
    """The plan that the account runs under."""
    found: UUID | None = await tx.driver.fetchval(_RUNNING, account.id)
    return None if found is None else await tx.get(PLANS, found)


async def follow_plan(tx: Tx, account: Account) -> None:
    """After what lowers the debt was booked, set free or taken back, in a transaction that holds the account."""
    plan = await running_plan(tx, account)
    if plan is None:
        return
    await tx.flush()
    received = await tx.driver.fetchval(_RECEIVED, account.id, plan.agreed_at)
    unsettled = await tx.driver.fetchval(_UNSETTLED, account.id, plan.agreed_at)
    kept, reopened = plan.follow(received, civil(tx.now), settled=not unsettled)
    for one in kept:
        met(tx, INSTALMENT, one, at=tx.now)
    for promise in plan.instalments:
        if (identifier := UUID(promise["id"])) in reopened:
            owe_instalment(tx, account, identifier, date.fromisoformat(promise["due_on"]))
    if kept or reopened:
        tx.later(weigh_risks, account.id)


def owe_instalment(tx: Tx, account: Account, identifier: UUID, due_on: date) -> None:
    """Who sells sees to it that it is paid by the end of its day, and is reminded some days ahead.

    When the day has passed unpaid the account's risks are weighed at once.
    """
    rules = account.policy(tx)
    today = civil(tx.now)
    deadline, ahead = begun_ahead(rules.instalment, min(rules.instalment_ahead_days, max((due_on - today).days, 0)))
    owed = owe(
        tx,
        INSTALMENT,
        identifier,
        deadline,
        branch=account.branch,
        since=midnight(due_on - timedelta(days=ahead)),
        path=f"/v1/accounts/{account.id}/plans",
        about=account.id,
    )
    if owed.due_at is not None:
        tx.later(weigh_risks, account.id, at=max(owed.due_at, tx.now))


def begun_ahead(deadline: Deadline, days: int) -> tuple[Deadline, int]:
    """The same end from a start some days earlier, so that its reminders come ahead; 0 where the term has no hours."""
    term = deadline.within
    if term is None or term.unit is not Unit.HOURS or days == 0:
        return deadline, 0
    return deadline.model_copy(update={"within": Term(Unit.HOURS, term.amount + 24 * days)}), days
