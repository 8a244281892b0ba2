"""Follows a plan by the ledger: payments since it was made meet its instalments, a bounced one opens them again."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from chassis.tx import Tx
from policy.calendar import civil, midnight
from policy.obligations import met, owe

from credit.account import Account
from credit.plans.model import PLANS, Plan
from credit.policy import INSTALMENT

RULES = ("P11.14",)

_RUNNING = "SELECT id FROM plans WHERE account_id = $1 AND state = 'running'"
_RECEIVED = """SELECT coalesce(sum(amount), 0) FROM documents WHERE account_id = $1 AND kind = 'payment'
    AND reversed_by IS NULL AND NOT reserved AND booked_at > $2"""


async def running_plan(tx: Tx, account: Account) -> Plan | None:
    """The plan that the account runs under."""
    found: UUID | None = await tx.driver.fetchval(_RUNNING, account.id)
    return None if found is None else await tx.get(PLANS, found)


async def follow_plan(tx: Tx, account: Account) -> None:
    """After a payment was booked or taken back, in a transaction that holds the account."""
    plan = await running_plan(tx, account)
    if plan is None:
        return
    await tx.flush()
    kept, reopened = plan.follow(await tx.driver.fetchval(_RECEIVED, account.id, plan.agreed_at), civil(tx.now))
    for one in kept:
        met(tx, INSTALMENT, one, at=tx.now)
    for promise in plan.instalments:
        if (identifier := UUID(promise["id"])) in reopened:
            owe_instalment(tx, account, identifier, date.fromisoformat(promise["due_on"]))


def owe_instalment(tx: Tx, account: Account, identifier: UUID, due_on: date) -> None:
    """Who sells sees to it that it is paid by the end of its day."""
    owe(
        tx,
        INSTALMENT,
        identifier,
        account.policy(tx).instalment,
        branch=account.branch,
        since=midnight(due_on),
        path=f"/v1/accounts/{account.id}/plans",
        about=account.id,
    )
