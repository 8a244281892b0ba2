"""Lists credit accounts, newest first, and finds one by its number or by who shares it (P11.1)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.tx import Tx
from fastapi import Query

from credit.account import ACCOUNTS
from credit.accounts.read_account import AccountLine, line_of
from credit.numbers import Number, numbered
from credit.permissions import READ_ACCOUNT
from credit.tables import account_customers, accounts

RULES = ("P11.1",)

_SHARED = """SELECT account_id, customer_id FROM account_customers WHERE account_id = ANY($1::uuid[])
    ORDER BY customer_id"""


class ListedAccount(AccountLine):
    """An account with its figures and who shares it."""

    customer_ids: list[UUID]


@get("/v1/accounts", needs=READ_ACCOUNT)
async def list_accounts(
    principal: Principal,
    tx: Tx,
    branch: Annotated[Slug | None, Query(description="of one branch only")] = None,
    number: Number = None,
    customer_id: Annotated[UUID | None, Query(description="the one that this customer shares")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ListedAccount]:
    """The accounts within your reach, newest first."""
    wanted = [READ_ACCOUNT.reach(principal).condition(accounts.c.branch)]
    if branch is not None:
        wanted.append(accounts.c.branch == branch)
    if number is not None:
        wanted.append(numbered(accounts.c.id, number))
    if customer_id is not None:
        column = account_customers.c
        wanted.append(accounts.c.id.in_(sa.select(column.account_id).where(column.customer_id == customer_id)))
    found, following = await newest_first(tx, ACCOUNTS, wanted, limit, cursor)
    shared: dict[UUID, list[UUID]] = {}
    for account_id, customer in await tx.driver.fetch(_SHARED, [account.id for account in found]):
        shared.setdefault(account_id, []).append(customer)
    lines = [
        ListedAccount(**line_of(tx, account).model_dump(), customer_ids=shared.get(account.id, [])) for account in found
    ]
    return Page(items=lines, next=following)
