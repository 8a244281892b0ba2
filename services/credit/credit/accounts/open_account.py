"""Opens a credit account for one or several customers; what it lacks for credit is named at once (P11.1)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Forbidden, Refused
from chassis.tx import Tx
from contracts.credit import AccountOpened
from policy.calendar import civil
from policy.obligations import owe
from pydantic import BaseModel, ConfigDict, Field

from credit import tables
from credit.account import Account, bring_to_today
from credit.accounts.follow_facts import papers_of, renewals_of, watch_contracts
from credit.accounts.name_account import AccountCode, refuse_taken
from credit.accounts.read_account import AccountView, view_of
from credit.limit.roll_limits import plan_midnight
from credit.permissions import OPEN_ACCOUNT
from credit.policy import REVIEW

RULES = ("P11.1",)


class AccountTaken(Refused):
    """A customer has one account."""

    title = "A customer has a credit account already"
    zh = "该客户已有授信账户。请在原账户办理。"


class AccountForm(BaseModel):
    """Who ships on it, at which branch, under which kind of contract and payment term."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    branch: Slug
    customer_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    contract: Literal["distribution", "direct"]
    term_days: Annotated[int, Field(ge=0, le=365, description="payment term of the contract's settlement terms")]
    code: AccountCode | None = None


@post("/v1/accounts", needs=OPEN_ACCOUNT, status=201)
async def open_account(form: AccountForm, principal: Principal, tx: Tx) -> Answer[AccountView]:
    """Open an account. It gives credit when everything it needs is there, and cash sales until then."""
    if not OPEN_ACCOUNT.reach(principal).includes(form.branch):
        raise Forbidden("You may not open accounts at this branch. Ask for the role there.")
    customers = sorted(set(form.customer_ids))
    if form.code is not None:
        await refuse_taken(tx, form.branch, form.code)
    account = Account(
        id=uuid7(),
        branch=form.branch,
        code=form.code,
        contract=form.contract,
        term_days=form.term_days,
        opened_at=tx.now,
        opened_by=principal.subject,
        reviewed_at=tx.now,
        limit_on=civil(tx.now),
    )
    tx.add(account)
    await share(tx, account, customers)
    owe(
        tx,
        REVIEW,
        account.id,
        account.policy(tx).review,
        branch=account.branch,
        since=tx.now,
        path=f"/v1/accounts/{account.id}",
    )
    papers = await papers_of(tx, [str(one) for one in customers])
    watch_contracts(tx, account, papers, await renewals_of(tx, account, papers))
    await bring_to_today(tx, account)
    plan_midnight(tx, account)
    tx.publish(
        account,
        AccountOpened(
            account_id=account.id,
            customer_ids=customers,
            branch=account.branch,
            opened_by=account.opened_by,
            opened_at=account.opened_at,
        ),
    )
    await tx.flush()
    return Answer(await view_of(tx, account), status=201)


async def share(tx: Tx, account: Account, customers: list[UUID]) -> None:
    """Let these customers share the account; `AccountTaken` when one has an account already."""
    rows = await tx.driver.fetch(
        f"INSERT INTO {tables.account_customers.name} (customer_id, account_id) "  # noqa: S608
        "SELECT c, $2 FROM unnest($1::uuid[]) AS c ON CONFLICT DO NOTHING RETURNING customer_id",
        customers,
        account.id,
    )
    if len(rows) != len(customers):
        raise AccountTaken(
            "One of these customers has an account already. Use that one, or leave the customer out.", rules=RULES
        )
