"""Who looks after an account on a day: they are told of its risks, and what it buys counts for them (P02.1, P02.4)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.notify import Send
from contracts.roles import Role
from policy.calendar import civil
from policy.directory import Directory

from credit.account import Account

#: who can look after an account
SELLERS = (Role.SALESPERSON, Role.SALES, Role.SALES_MANAGER)

_NOW = """SELECT person FROM salespeople WHERE account_id = $1 AND from_on <= $2 ORDER BY from_on DESC LIMIT 1"""


def sells(tx: Tx, person: str, branches: Iterable[str]) -> bool:
    """Whether somebody is there to sell at one of the branches now."""
    directory, places = Directory.of(tx.runtime), list(branches)
    return any(person in directory.holders(role, places, tx.now) for role in SELLERS)


async def responsible(tx: Tx, account: Account) -> str | None:
    """Who looks after the account today; None where nobody does, or they sell at its branch no more."""
    person: str | None = await tx.driver.fetchval(_NOW, account.id, civil(tx.now))
    return person if person is not None and sells(tx, person, [account.branch]) else None


def tell(
    tx: Tx,
    account: Account,
    person: str | None,
    roles: Iterable[Role],
    *,
    template: str,
    number: str,
    subject: UUID,
    path: str,
    rules: Iterable[str],
) -> None:
    """Have the salesperson told, and the holders of these roles at the branch: ids and codes, never a customer."""
    to = [f"{role.value}@{account.branch}" for role in dict.fromkeys(roles)]
    if person is not None:
        to.insert(0, f"person:{person}")
    message = Send(
        send_id=uuid7(),
        service=tx.runtime.name,
        template=template,
        to=to,
        subject=str(subject),
        path=path,
        params={"number": number, "branch": account.branch},
        rules=list(rules),
        confirm_by=None,
        urgent=False,
    )
    tx.command(message, subject)
