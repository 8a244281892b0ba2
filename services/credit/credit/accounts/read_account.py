"""Shows an account: its figures, what its eligibility rests on and what is missing, each with its age (P11.1)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx
from policy.calendar import civil
from pydantic import BaseModel

from credit.account import Account, account_of
from credit.accounts.eligibility import CustomerFacts, facts_of, lacks
from credit.permissions import READ_ACCOUNT

RULES = ("P11.1",)


class LackView(BaseModel):
    """What credit needs and is not there."""

    code: str
    customer_id: UUID | None
    as_of: datetime | None
    rules: list[str]


class CustomerView(BaseModel):
    """A customer that shares the account, as the directory and the archive say."""

    customer_id: UUID
    known: bool
    confirmed_at: datetime | None
    as_of: datetime | None
    papers_as_of: datetime | None


class AccountLine(BaseModel):
    """An account with its figures."""

    id: UUID
    branch: str
    code: str | None
    contract: str
    term_days: int
    balance: Decimal
    released: Decimal
    reserved: Decimal
    exposure: Decimal
    limit_on: date
    limit: Decimal
    opened_at: datetime
    version: int


class AccountView(AccountLine):
    """An account opened: who shares it, what is missing, what sales has approved, the shipments over the limit."""

    customers: list[CustomerView]
    eligible: bool
    missing: list[LackView]
    oldest_open: date | None
    reviewed_at: datetime
    terms: dict[str, Any] | None
    overruns: list[dict[str, Any]]


def line_of(tx: Tx, account: Account) -> AccountLine:
    """The figures as they stand; at a longer term the limit is what sales has approved (P11.5)."""
    names = AccountLine.model_fields.keys() - {"limit"}
    limit = account.allowance(account.policy(tx), civil(tx.now))
    return AccountLine(**{name: getattr(account, name) for name in names}, limit=limit)


async def view_of(tx: Tx, account: Account) -> AccountView:
    """The account with its facts of today."""
    facts = await facts_of(tx, account)
    missing = list(lacks(facts, civil(tx.now), account.policy(tx)))
    return AccountView(
        **line_of(tx, account).model_dump(),
        customers=[_customer(one) for one in facts.customers],
        eligible=not missing,
        missing=[LackView(**vars(lack), rules=["P11.1"]) for lack in missing],
        oldest_open=facts.oldest_open,
        reviewed_at=account.reviewed_at,
        terms=account.terms,
        overruns=list(account.overruns),
    )


def _customer(one: CustomerFacts) -> CustomerView:
    return CustomerView(**{name: getattr(one, name) for name in CustomerView.model_fields})


@get("/v1/accounts/{account_id}", needs=READ_ACCOUNT)
async def read_account(account_id: UUID, principal: Principal, tx: Tx) -> AccountView:
    """Open an account. 404 when there is none within your reach."""
    return await view_of(tx, await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False))
