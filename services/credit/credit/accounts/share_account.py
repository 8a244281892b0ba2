"""A customer comes to share an account, or leaves it again before anything was traded (P11.1)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, delete, post
from chassis.problems import NotFound, Refused
from chassis.tx import Tx
from pydantic import BaseModel, ConfigDict

from credit.account import Account, account_of, customers_of
from credit.accounts.follow_facts import papers_of, renewals_of, watch_contracts
from credit.accounts.open_account import share
from credit.accounts.read_account import AccountView, view_of
from credit.permissions import OPEN_ACCOUNT
from credit.shipments.release_shipment import decide_all_again

RULES = ("P11.1",)

_TRADED = """SELECT EXISTS (SELECT FROM documents WHERE account_id = $1 AND customer_id = $2)
    OR EXISTS (SELECT FROM shipments WHERE account_id = $1 AND customer_id = $2)"""
_LEAVES = "DELETE FROM account_customers WHERE account_id = $1 AND customer_id = $2"


class HasTraded(Refused):
    """What was booked for the customer stays with the account, and the customer with it."""

    title = "The customer has traded on this account"
    zh = "该客户在此账户已有单据或发货，不能移出。"


class LastCustomer(Refused):
    """An account is somebody's."""

    title = "The account has no other customer"
    zh = "账户至少须有一个客户。"


class SharerForm(BaseModel):
    """Who comes to share it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customer_id: UUID


@post("/v1/accounts/{account_id}/customers", needs=OPEN_ACCOUNT, status=201)
async def add_customer(account_id: UUID, form: SharerForm, principal: Principal, tx: Tx) -> Answer[AccountView]:
    """Let a customer share the account; what credit needs of them is needed from now on. Once more: 200."""
    account = await account_of(tx, account_id, OPEN_ACCOUNT, principal)
    if form.customer_id in await customers_of(tx, account.id):
        return Answer(await view_of(tx, account), status=200)
    await share(tx, account, [form.customer_id])
    return Answer(await _decided_again(tx, account), status=201)


@delete("/v1/accounts/{account_id}/customers/{customer_id}", needs=OPEN_ACCOUNT)
async def remove_customer(account_id: UUID, customer_id: UUID, principal: Principal, tx: Tx) -> AccountView:
    """Take a customer from the account for whom nothing was booked or asked for. 409 for the only one."""
    account = await account_of(tx, account_id, OPEN_ACCOUNT, principal)
    customers = await customers_of(tx, account.id)
    if customer_id not in customers:
        raise NotFound("This customer does not share the account. Read who does.")
    if len(customers) == 1:
        raise LastCustomer("It is the only customer of the account. Add another one first.", rules=RULES)
    if await tx.driver.fetchval(_TRADED, account.id, customer_id):
        raise HasTraded("Documents or shipments of this customer are on the account. They stay.", rules=RULES)
    await tx.driver.execute(_LEAVES, account.id, customer_id)
    return await _decided_again(tx, account)


async def _decided_again(tx: Tx, account: Account) -> AccountView:
    papers = await papers_of(tx, map(str, await customers_of(tx, account.id)))
    watch_contracts(tx, account, papers, await renewals_of(tx, account, papers))
    tx.later(decide_all_again, account.id)
    await tx.flush()
    return await view_of(tx, account)
