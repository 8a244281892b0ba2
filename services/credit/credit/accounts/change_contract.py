"""Another contract kind or payment term of an account, as the new contract says; a longer one only by sales (P11.5)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import put
from chassis.problems import Refused
from chassis.tx import Tx
from pydantic import BaseModel, ConfigDict, Field

from credit.account import account_of, customers_of
from credit.accounts.follow_facts import papers_of, renewals_of, watch_contracts
from credit.accounts.read_account import AccountView, view_of
from credit.permissions import OPEN_ACCOUNT
from credit.shipments.release_shipment import decide_all_again

RULES = ("P11.1", "P11.5")


class TermNeedsApproval(Refused):
    """Over the ordinary term it is sales that says so, with how much may be owed."""

    title = "Sales approves this term"
    zh = "此账期超过常规账期，须由销售审批。请申请超期款期。"


class ContractForm(BaseModel):
    """Which kind of contract holds, with which payment term."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Literal["distribution", "direct"]
    term_days: Annotated[int, Field(ge=0, le=365, description="payment term of the contract's settlement terms")]


@put("/v1/accounts/{account_id}/contract", needs=OPEN_ACCOUNT)
async def change_contract(account_id: UUID, form: ContractForm, principal: Principal, tx: Tx) -> AccountView:
    """Note it: from now on papers of this kind are needed, and what is open is due by this term.

    409 for another term over the ordinary one: ask sales for it; and while sales is asked.
    """
    account = await account_of(tx, account_id, OPEN_ACCOUNT, principal)
    if form.term_days != account.term_days and form.term_days > account.policy(tx).ordinary_term_days:
        raise TermNeedsApproval("Sales approves a term over the ordinary one. Ask for it.", rules=["P11.5"])
    if (form.contract, form.term_days) != (account.contract, account.term_days):
        account.agree(form.contract, form.term_days)
        papers = await papers_of(tx, map(str, await customers_of(tx, account.id)))
        watch_contracts(tx, account, papers, await renewals_of(tx, account, papers))
        tx.later(decide_all_again, account.id)
        await tx.flush()
    return await view_of(tx, account)
