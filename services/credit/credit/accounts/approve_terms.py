"""Credit at a term over the ordinary one: only as sales approves, for an amount and until a day (P11.5)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Refused
from chassis.tx import Tx
from contracts.money import CENT, Amount
from policy.approvals import Asked, ask, granted
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import ACCOUNTS, Account, account_of
from credit.accounts.read_account import AccountView, view_of
from credit.permissions import OPEN_ACCOUNT
from credit.policy import TERMS
from credit.shipments.release_shipment import decide_all_again

RULES = ("P02.4", "P11.5")

# what is overdue at the one term and not at the other
_BETWEEN = """SELECT coalesce(sum(open), 0) FROM documents WHERE account_id = $1 AND open > 0
    AND kind IN ('invoice', 'opening') AND dated_on < $2 AND dated_on >= $3"""


class OrdinaryTerm(Refused):
    """The contract's term needs no approval."""

    title = "The payment term needs no approval"
    zh = "此账期为合同约定账期，无须审批。请直接办理。"


class TermsForm(BaseModel):
    """How much may be owed at the longer term, until the end of which day; `term_days`: another than the account's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[Amount, Field(gt=0)]
    until: date
    term_days: Annotated[int | None, Field(ge=1, le=365, description="payment term of the new contract")] = None


@post("/v1/accounts/{account_id}/terms", needs=OPEN_ACCOUNT)
async def ask_terms(account_id: UUID, form: TermsForm, principal: Principal, tx: Tx) -> AccountView:
    """Ask sales for credit at the contract's term; until it is granted only what is paid first may go.

    Who signs is told what of the overdue would be due later: warnings and letters about that end with it.
    """
    account = await account_of(tx, account_id, OPEN_ACCOUNT, principal)
    rules = account.policy(tx)
    term = account.term_days if form.term_days is None else form.term_days
    if term <= rules.ordinary_term_days:
        raise OrdinaryTerm(f"A term of {term} days is an ordinary one: the rolling limit holds.", rules=["P11.5"])
    if form.until < civil(tx.now):
        raise OrdinaryTerm("The day until which it is asked has passed. Give a later one.", rules=["P11.5"])
    today = civil(tx.now)
    due = [today - timedelta(days=days) for days in (account.term_days, term)]
    no_more = await tx.driver.fetchval(_BETWEEN, account.id, *due)
    ask(
        tx,
        TERMS,
        account,
        {
            "term_days": term,
            "until": str(form.until),
            "term_days_before": account.term_days,
            "overdue_no_more": str(no_more.quantize(CENT)),
        },
        chain=rules.terms,
        by=principal.subject,
        branch=account.branch,
        path=f"/v1/accounts/{account.id}",
        amount=form.amount,
    )
    await tx.flush()
    return await view_of(tx, account)


@granted(TERMS, ACCOUNTS)
def terms_granted(account: Account, asked: Asked, tx: Tx) -> None:
    """Sales agrees: what was held for it is decided again."""
    assert asked.amount is not None
    account.grant_terms(asked.offer["term_days"], asked.amount, date.fromisoformat(asked.offer["until"]), asked.id)
    tx.later(decide_all_again, account.id)
