"""Brings a person's ledger into step with their breaches: entries are added, never changed (P04.11, P13.8, P13.9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.money import Money
from contracts.staff import BreachRecorded
from policy.calendar import midnight
from policy.obligations import owe
from policy.policies import policy

from staff.conduct import tables
from staff.conduct.ledger import Because, Entry, settle, standing_of
from staff.conduct.model import ACCOUNTS, BREACHES, Account, Breach, account_id_of, following, month_id_of
from staff.conduct.policy import CLOSE_MONTH, ConductPolicy, Sanction
from staff.conduct.reckoning import Consequence, derive
from staff.conduct.tariff import Cost

_OPEN_ACCOUNTS = """INSERT INTO conduct_accounts (id, person, version, sequence)
    SELECT id, person, 1, 0 FROM unnest($1::uuid[], $2::text[]) AS u(id, person) ORDER BY id ON CONFLICT DO NOTHING"""
_BREACHES = "SELECT id FROM breaches WHERE account_id = ANY($1::uuid[])"
_ENTRIES = """SELECT id, breach_id, counters, fine, share, currency, points, performance_pay, sanction, company_notice,
    nth, doubled, because, rules FROM conduct_entries WHERE account_id = ANY($1::uuid[]) ORDER BY id"""
_OPEN_MONTH = """INSERT INTO conduct_months (id, branch, month, version, sequence) VALUES ($1, $2, $3, 1, 0)
    ON CONFLICT DO NOTHING RETURNING true"""
#: many may book at once; who closes waits for them, and they for him
_KEEP_OPEN = "SELECT pg_advisory_xact_lock_shared(hashtextextended('conduct months of ' || $1, 0))"
_LATEST_CLOSED = "SELECT max(month) FROM conduct_months WHERE branch = $1 AND closed_at IS NOT NULL"


async def hold_accounts(tx: Tx, people: Iterable[str]) -> dict[UUID, Account]:
    """The accounts of these people, opened where there is none, held until the transaction ends.

    Whoever books to one person takes turns here; the accounts are taken in id order.
    """
    wanted = {account_id_of(person): person for person in people}
    ids = sorted(wanted)
    await tx.driver.execute(_OPEN_ACCOUNTS, ids, [wanted[i] for i in ids])
    return await tx.load(ACCOUNTS, ids)


async def breaches_of(tx: Tx, accounts: Iterable[UUID]) -> dict[UUID, list[Breach]]:
    """All breaches of these accounts, those that this transaction adds among them."""
    wanted = set(accounts)
    ids = [row[0] for row in await tx.driver.fetch(_BREACHES, list(wanted))]
    await tx.load(BREACHES, ids, lock=False)
    found: dict[UUID, list[Breach]] = {account: [] for account in wanted}
    for one in tx.loaded(Breach):
        if one.account_id in found:
            found[one.account_id].append(one)
    return found


async def entries_of(tx: Tx, accounts: Iterable[UUID]) -> list[Entry]:
    """What the ledger says of these accounts, in the order of booking."""
    return [
        Entry(
            row["id"],
            row["breach_id"],
            row["counters"],
            Cost(
                row["fine"],
                row["share"],
                row["currency"],
                row["points"],
                row["performance_pay"],
                None if row["sanction"] is None else Sanction(row["sanction"]),
                row["company_notice"],
            ),
            row["nth"],
            row["doubled"],
            Because(row["because"]),
            tuple(row["rules"]),
        )
        for row in await tx.driver.fetch(_ENTRIES, list(accounts))
    ]


class Recount:
    """The people whose ledger a transaction must bring into step: reckoned and written when it is."""

    def __init__(self) -> None:
        self._wanted: dict[UUID, tuple[Breach, Because]] = {}

    def want(self, breach: Breach, because: Because) -> None:
        """Something about this breach has changed; whatever else of the person changes by it is found."""
        self._wanted[breach.id] = (breach, because)

    async def write(self, tx: Tx) -> None:
        """Add the entries that are missing, each into a month that is open, and tell what costs something else now."""
        wanted, self._wanted = self._wanted, {}
        if not wanted:
            return
        accounts = await hold_accounts(tx, {one.person for one, _ in wanted.values()})
        standing = standing_of(await entries_of(tx, accounts))
        changed: list[tuple[Breach, Consequence, list[Entry]]] = []
        for breaches in (await breaches_of(tx, accounts)).values():
            costs = derive(breaches)
            for one in sorted(breaches, key=lambda breach: (breach.decided_at, breach.id)):
                because = wanted[one.id][1] if one.id in wanted else Because.RECOUNTED
                added = settle(one.id, standing.get(one.id), costs[one.id], because, uuid7)
                if added or one.id in wanted:
                    changed.append((one, costs[one.id], added))
        months = await _open_months(tx, {(one.branch, one.month) for one, _, added in changed if added})
        for one, cost, added in changed:
            for entry in added:
                tx.insert(tables.conduct_entries, **_row(one, entry, months[one.branch, one.month], tx))
            tx.publish(accounts[one.account_id], told(one, cost))


async def _open_months(tx: Tx, wanted: Iterable[tuple[str, date]]) -> dict[tuple[str, date], date]:
    """For each month of a branch the first one from it on that is open; none is closed until the transaction ends.

    A month in which something is booked must be closed by somebody.
    """
    found: dict[tuple[str, date], date] = {}
    for branch, months in groupby(sorted(wanted), key=lambda pair: pair[0]):
        await tx.driver.execute(_KEEP_OPEN, branch)
        latest = await tx.driver.fetchval(_LATEST_CLOSED, branch)
        for _, decided in months:
            month = decided if latest is None or decided > latest else following(latest)
            await _open_month(tx, branch, month)
            found[branch, decided] = month
    return found


async def _open_month(tx: Tx, branch: str, month: date) -> None:
    """Open a month of a branch where it is not; then its closing is owed."""
    identifier = month_id_of(branch, month)
    if await tx.driver.fetchval(_OPEN_MONTH, identifier, branch, month):
        owe(
            tx,
            CLOSE_MONTH,
            identifier,
            policy(tx, ConductPolicy, branch, tx.now).close_month,
            branch=branch,
            since=midnight(following(month)),
            path=f"/v1/conduct/months?branch={branch}",
        )


def _row(one: Breach, entry: Entry, month: date, tx: Tx) -> dict[str, Any]:
    cost = entry.cost
    return {
        "id": entry.id,
        "breach_id": one.id,
        "account_id": one.account_id,
        "person": one.person,
        "branch": one.branch,
        "department": one.department,
        "month": month,
        "decided_month": one.month,
        "counters": entry.counters,
        "currency": cost.currency,
        "fine": cost.fine,
        "share": cost.share,
        "points": cost.points,
        "performance_pay": cost.performance_pay,
        "sanction": cost.sanction,
        "company_notice": cost.company_notice,
        "nth": entry.nth,
        "doubled": entry.doubled,
        "because": entry.because,
        "rules": list(entry.rules),
        "booked_at": tx.now,
        "booked_by": tx.actor,
    }


def told(one: Breach, found: Consequence) -> BreachRecorded:
    """What the others hear of a breach."""
    cost = found.cost
    return BreachRecorded(
        breach_id=one.id,
        account_id=one.account_id,
        person=one.person,
        branch=one.branch,
        department=one.department,
        kind=one.kind,
        rules=list(found.rules or (one.rule,)),
        tier=one.terms.tier,
        subject=one.subject,
        month=one.month,
        standing=found.standing,
        fine=Money(amount=cost.fine, currency=cost.currency),
        share=Money(amount=cost.share, currency=cost.currency),
        points=cost.points,
        performance_pay=cost.performance_pay,
        sanction=cost.sanction,
        company_notice=cost.company_notice,
        count=found.nth,
        doubled=found.doubled,
    )
