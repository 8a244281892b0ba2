"""Notes the yearly review of an account: its facts hold on from today (P11.1)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from policy.obligations import met, owe

from credit.account import account_of
from credit.accounts.read_account import AccountView, view_of
from credit.permissions import OPEN_ACCOUNT
from credit.policy import REVIEW
from credit.shipments.release_shipment import decide_held_again

RULES = ("P11.1",)


@post("/v1/accounts/{account_id}/review", needs=OPEN_ACCOUNT)
async def review_account(account_id: UUID, principal: Principal, tx: Tx) -> AccountView:
    """Say that customer, papers and contract were looked at and still hold; the next review is owed in a year."""
    account = await account_of(tx, account_id, OPEN_ACCOUNT, principal)
    account.reviewed(tx.now)
    met(tx, REVIEW, account.id, at=tx.now)
    await tx.flush()
    owe(
        tx,
        REVIEW,
        account.id,
        account.policy(tx).review,
        branch=account.branch,
        since=tx.now,
        path=f"/v1/accounts/{account.id}",
    )
    tx.later(decide_held_again, account.id)
    await tx.flush()
    return await view_of(tx, account)
