"""Whether an account gets credit: what is missing is named, each fact with the time it was said (P11.1, A42)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.tx import Tx
from policy.calendar import civil

from credit.account import Account
from credit.policy import CreditPolicy

RULES = ("P11.1",)

_FACTS = """SELECT c.account_id, c.customer_id, k.customer_id IS NOT NULL AND NOT k.gone AS known, k.confirmed_at,
        k.as_of AS customer_as_of, d.as_of AS papers_as_of, coalesce(d.papers, '[]') AS papers,
        (SELECT min(dated_on) FROM documents
         WHERE account_id = c.account_id AND open > 0 AND kind IN ('invoice', 'opening')) AS oldest_open
    FROM account_customers c
    LEFT JOIN known_customers o ON o.customer_id = c.customer_id
    LEFT JOIN known_customers k ON k.customer_id = coalesce(o.redirect_to, c.customer_id)
    LEFT JOIN LATERAL (
        SELECT min(d.as_of) AS as_of, jsonb_agg(jsonb_build_array(p.kind, p.valid_until)) AS papers
        FROM known_dossiers d JOIN known_papers p ON p.dossier_id = d.dossier_id
        WHERE d.about IN (c.customer_id::text, k.customer_id::text) AND d.kind = 'customer' AND NOT d.gone
    ) d ON true
    WHERE c.account_id = ANY($1::uuid[]) ORDER BY c.account_id, c.customer_id"""


@dataclass(frozen=True)
class CustomerFacts:
    """What others say of one customer; `papers` are pairs of kind and last valid day (None: no end)."""

    customer_id: UUID
    known: bool
    confirmed_at: datetime | None
    as_of: datetime | None
    papers_as_of: datetime | None
    papers: tuple[tuple[str, date | None], ...]


@dataclass(frozen=True)
class Facts:
    """All that eligibility rests on; `oldest_open` is the date of the oldest open item of our own ledger."""

    customers: tuple[CustomerFacts, ...]
    oldest_open: date | None
    contract: str
    reviewed_at: datetime

    @property
    def as_of(self) -> datetime | None:
        """The age of the oldest fact of another service."""
        said = [at for one in self.customers for at in (one.as_of, one.papers_as_of) if at is not None]
        return min(said, default=None)

    def contract_until(self, rules: CreditPolicy) -> date | None:
        """The last day of the contract that holds longest; None without one, or where it has no end."""
        kinds = rules.contract_papers.get(self.contract, ())
        ends = [until for one in self.customers for kind, until in one.papers if kind in kinds]
        return None if None in ends else max((end for end in ends if end is not None), default=None)


@dataclass(frozen=True)
class Lack:
    """Something that credit needs and is not there: what, of whom, and as of when."""

    code: str
    customer_id: UUID | None = None
    as_of: datetime | None = None


def lacks(facts: Facts, on: date, rules: CreditPolicy) -> Iterator[Lack]:
    """What is missing on a day; nothing: eligible."""
    contracts: list[date | None] = []
    for one in facts.customers:
        if not one.known:
            yield Lack("customer_unknown", one.customer_id)
            continue
        if one.confirmed_at is None:
            yield Lack("customer_not_confirmed", one.customer_id, one.as_of)
        if not any(kind in rules.identity_papers and _valid(until, on) for kind, until in one.papers):
            yield Lack("identity_copy", one.customer_id, one.papers_as_of)
        contracts += [until for kind, until in one.papers if kind in rules.contract_papers.get(facts.contract, ())]
        for as_of in (one.as_of, one.papers_as_of):
            if as_of is not None and _too_old(max(as_of, facts.reviewed_at), on, rules):
                yield Lack("fact_too_old", one.customer_id, as_of)
    if not any(_valid(until, on) for until in contracts):
        yield Lack("contract_ended" if contracts else "contract", None, facts.as_of)
    if facts.oldest_open is not None and facts.oldest_open.year < on.year:
        yield Lack("old_items")


def eligible(facts: Facts | None, on: date, rules: CreditPolicy) -> bool:
    """Whether nothing is missing on a day, from what is known now."""
    return facts is None or next(lacks(facts, on, rules), None) is None


def _valid(until: date | None, on: date) -> bool:
    return until is None or on <= until


def _too_old(as_of: datetime, on: date, rules: CreditPolicy) -> bool:
    return civil(as_of) + timedelta(days=rules.facts_hold_days) < on


async def facts_of(tx: Tx, account: Account) -> Facts:
    """What is known now of the account's customers, their papers and their oldest open item."""
    return (await facts_of_all(tx, [account]))[account.id]


async def facts_of_all(tx: Tx, accounts: Sequence[Account]) -> dict[UUID, Facts]:
    """`facts_of` each of them, by account."""
    rows: dict[UUID, list[Mapping[str, Any]]] = {account.id: [] for account in accounts}
    for row in await tx.driver.fetch(_FACTS, list(rows)):
        rows[row["account_id"]].append(row)
    return {account.id: _facts(account, rows[account.id]) for account in accounts}


def _facts(account: Account, rows: Sequence[Mapping[str, Any]]) -> Facts:
    customers = tuple(
        CustomerFacts(
            customer_id=row["customer_id"],
            known=row["known"],
            confirmed_at=row["confirmed_at"],
            as_of=row["customer_as_of"],
            papers_as_of=row["papers_as_of"],
            papers=tuple((kind, None if until is None else date.fromisoformat(until)) for kind, until in row["papers"]),
        )
        for row in rows
    )
    oldest = rows[0]["oldest_open"] if rows else None
    return Facts(customers, oldest, account.contract, account.reviewed_at)
