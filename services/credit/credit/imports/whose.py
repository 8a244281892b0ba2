"""Finds the account that a row of a file means, and which of its customers."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from policy.access import Permission

from credit.account import Account, account_of, customers_of
from credit.imports.cells import AccountNamed
from credit.numbers import begins_with

_BY_CODE = "SELECT id, branch FROM accounts WHERE code = $1 LIMIT 100"
_BY_ID = "SELECT id, branch FROM accounts WHERE id BETWEEN $1 AND $2 LIMIT 100"
_BY_CUSTOMER = """SELECT DISTINCT a.id, a.branch FROM account_customers c JOIN accounts a ON a.id = c.account_id
    WHERE c.customer_id BETWEEN $1 AND $2 LIMIT 100"""


async def account_named(tx: Tx, row: AccountNamed, permission: Permission, by: Principal) -> UUID:
    """The id of the account within reach, not locked. `NotFound`; `Invalid` where the row could mean several."""
    rows: list[tuple[UUID, str]] = []
    if row.account is not None:
        rows = [tuple(found) for found in await tx.driver.fetch(_BY_CODE, row.account)]
        between = begins_with(row.account)
        if not rows and between is not None:
            rows = [tuple(found) for found in await tx.driver.fetch(_BY_ID, *between)]
    elif row.customer is not None:
        between = begins_with(row.customer)
        assert between is not None
        rows = [tuple(found) for found in await tx.driver.fetch(_BY_CUSTOMER, *between)]
    else:
        raise Invalid(
            "The row does not say whose it is. Give the account's number or the customer's.",
            errors=[Wrong.MISSING.at("/account", "is needed where no customer is given")],
        )
    reach = permission.reach(by)
    ids = {found for found, branch in rows if reach.includes(branch) and row.branch in (None, branch)}
    if not ids:
        raise NotFound("There is no such account, or none at a branch that you may book for. Check the number.")
    if len(ids) > 1:
        raise Invalid(
            "Several accounts have this number. Name the branch, or more digits.",
            errors=[Wrong.NOT_ONE.at("/account", "is not one account's")],
        )
    return ids.pop()


async def whose(tx: Tx, row: AccountNamed, permission: Permission, by: Principal) -> tuple[Account, UUID]:
    """The account, locked, and the customer of it that the row means."""
    account = await account_of(tx, await account_named(tx, row, permission, by), permission, by)
    customers = await customers_of(tx, account.id)
    if row.customer is not None:
        between = begins_with(row.customer)
        assert between is not None
        customers = [one for one in customers if between[0] <= one <= between[1]]
    if len(customers) != 1:
        raise Invalid(
            "The account has several customers, or not this one. Name one that shares it.",
            errors=[Wrong.NOT_ONE.at("/customer", "is not one customer of the account")],
        )
    return account, customers[0]
