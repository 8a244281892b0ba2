"""Follows what the directory and the archive say: a changed fact decides anew, a contract's end is owed a new one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.archive import DossierEntry, DossierKind
from contracts.customer import CustomerEntry
from policy.calendar import midnight
from policy.obligations import met, owe, waive

from credit.account import ACCOUNTS, Account, customers_of
from credit.policy import RENEW
from credit.shipments.release_shipment import decide_all_again

RULES = ("P11.1",)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ACCOUNTS = "SELECT customer_id, account_id FROM account_customers WHERE customer_id = ANY($1::uuid[])"
_PAPERS = """SELECT p.item_id, p.kind, p.valid_until FROM known_dossiers d
    JOIN known_papers p ON p.dossier_id = d.dossier_id
    WHERE d.about = ANY($1::text[]) AND d.kind = 'customer' AND NOT d.gone ORDER BY p.item_id"""
_OWED = """SELECT subject FROM kehu.obligations
    WHERE duty = 'credit.renew_contract' AND subject = ANY($1::uuid[]) AND state <> 'waived' ORDER BY subject"""
_RUNNING = """SELECT subject FROM kehu.obligations WHERE branch = $2 AND ended_at IS NULL
    AND duty = 'credit.renew_contract' AND plan->>'about' = $1::uuid::text ORDER BY subject"""


@dataclass(frozen=True)
class Contract:
    """A paper of a dossier, as far as its end matters."""

    item_id: UUID
    kind: str
    valid_until: date | None


async def papers_of(tx: Tx, customers: Iterable[str]) -> list[Contract]:
    """The papers of these customers that are known now."""
    return [Contract(*row) for row in await tx.driver.fetch(_PAPERS, list(customers))]


@dataclass(frozen=True)
class Renewals:
    """For which papers a renewal has been owed, now or before; and of which of the account it is owed now."""

    owed: frozenset[UUID] = frozenset()
    running: frozenset[UUID] = frozenset()


async def renewals_of(tx: Tx, account: Account, papers: Iterable[Contract]) -> Renewals:
    """What was owed about the account's contracts."""
    owed = await tx.driver.fetch(_OWED, [paper.item_id for paper in papers])
    running = await tx.driver.fetch(_RUNNING, account.id, account.branch)
    return Renewals(frozenset(row[0] for row in owed), frozenset(row[0] for row in running))


def watch_contracts(tx: Tx, account: Account, papers: Sequence[Contract], renewals: Renewals) -> None:
    """Owe each contract's renewal some days before its end; one that holds longer meets the duty of the others.

    What is no contract of the account any more (withdrawn from the archive, of the other kind) is not renewed.
    """
    rules = account.policy(tx)
    found = [paper for paper in papers if paper.kind in rules.contract_papers.get(account.contract, ())]
    for gone in sorted(renewals.running - {paper.item_id for paper in found}):
        waive(tx, RENEW, gone, at=tx.now, reason="it is no contract of the account any more")
    for paper in found:
        if any(_outlives(other, paper) for other in found):
            met(tx, RENEW, paper.item_id, at=tx.now)
        elif paper.valid_until is not None and paper.item_id not in renewals.owed:
            owe(
                tx,
                RENEW,
                paper.item_id,
                rules.renew,
                branch=account.branch,
                since=midnight(paper.valid_until - timedelta(days=rules.renew_days)),
                path=f"/v1/accounts/{account.id}",
                about=account.id,
            )


def _outlives(other: Contract, paper: Contract) -> bool:
    if paper.valid_until is None:
        return False
    return other.valid_until is None or other.valid_until > paper.valid_until


@dataclass(frozen=True)
class Concerned:
    """The account that a fact is about, and what is known around it."""

    account: Account
    papers: list[Contract]
    renewals: Renewals


async def _of_customers(tx: Tx, customers: Sequence[str]) -> list[Account | None]:
    """The account of each, where it is a customer of ours at all: not everything that papers are about is one."""
    ids = [one for one in customers if _UUID.fullmatch(one)]
    accounts = {str(customer): account for customer, account in await tx.driver.fetch(_ACCOUNTS, ids)}
    loaded = await tx.load(ACCOUNTS, accounts.values(), lock=False)
    return [loaded[accounts[one]] if one in accounts else None for one in customers]


async def of_entries(tx: Tx, events: Sequence[Received[CustomerEntry]]) -> list[Account | None]:
    """The accounts of the customers that the directory speaks of."""
    return await _of_customers(tx, [event.key for event in events])


async def of_dossiers(tx: Tx, events: Sequence[Received[DossierEntry]]) -> list[Concerned | None]:
    """The accounts whose customers' dossiers changed, with the papers of all who share them: one contract is enough."""
    abouts = [e.message.about if e.message and e.message.kind == DossierKind.CUSTOMER else "" for e in events]
    found: list[Concerned | None] = []
    for account in await _of_customers(tx, abouts):
        if account is None:
            found.append(None)
            continue
        papers = await papers_of(tx, map(str, await customers_of(tx, account.id)))
        found.append(Concerned(account, papers, await renewals_of(tx, account, papers)))
    return found


@on(CustomerEntry, loads=of_entries)
def decide_again_for_customer(event: Received[CustomerEntry], account: Account | None, tx: Tx) -> None:
    """A customer was confirmed, merged or is gone: what rests on it is decided again."""
    if account is not None:
        tx.later(decide_all_again, account.id)


@on(DossierEntry, loads=of_dossiers)
def decide_again_for_papers(event: Received[DossierEntry], concerned: Concerned | None, tx: Tx) -> None:
    """Papers came or ended: what rests on them is decided again, and the contract's end is watched."""
    if concerned is not None:
        watch_contracts(tx, concerned.account, concerned.papers, concerned.renewals)
        tx.later(decide_all_again, concerned.account.id)
