"""Books a document: entries, what it pays, the day's sums and the account's figures, in one transaction (P02.4).

Nothing is ever changed or deleted: what was wrong is reversed by a document of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.problems import Refused
from chassis.tx import Tx
from contracts.credit import DocumentBooked
from contracts.money import Money
from policy.obligations import met

from credit import tables
from credit.account import Account
from credit.ledger.model import CORRECTIONS, DOCUMENTS, Document, DocumentKind, shares
from credit.notes import seal_note
from credit.policy import LAST_OVERRUN

RULES = ("P02.4",)

_OPEN = """SELECT id FROM (
    SELECT id, dated_on, sum(open) OVER (ORDER BY dated_on, id) - open AS before FROM documents
    WHERE account_id = $1 AND open > 0 AND NOT reserved AND (kind IN ('invoice', 'opening')) = $2 AND id <> $3
) o WHERE before < $4 ORDER BY dated_on, id"""
_ADD = """INSERT INTO day_sums (account_id, day, kind, amount)
    SELECT $1, u.day, u.kind, u.amount FROM unnest($2::date[], $3::text[], $4::numeric[]) AS u(day, kind, amount)
    ON CONFLICT (account_id, day, kind) DO UPDATE SET amount = day_sums.amount + excluded.amount"""
_ALLOCATED = """SELECT credit_id, debit_id, sum(amount) FROM allocations WHERE credit_id = $1 OR debit_id = $1
    GROUP BY credit_id, debit_id HAVING sum(amount) <> 0 ORDER BY credit_id, debit_id"""
_CORRECTED = """SELECT coalesce(sum(amount), 0) FROM documents
    WHERE corrects = $1 AND kind <> 'reversal' AND reversed_by IS NULL"""
_CORRECTIONS = """SELECT CASE kind WHEN 'return' THEN 'returned' ELSE 'credited' END, sum(amount) FROM documents
    WHERE corrects = $1 AND kind IN ('return', 'credit_note') AND reversed_by IS NULL GROUP BY kind ORDER BY kind"""
# an opening balance is corrected by nothing, and may be written off
_WRITTEN_OFF = """SELECT EXISTS (SELECT FROM allocations a JOIN documents w ON w.id = a.credit_id
    WHERE a.debit_id = $1 AND w.kind = 'write_off' AND w.reversed_by IS NULL)"""
_KNOWN = "SELECT id FROM documents WHERE origin = $1 AND origin_ref = $2"


class CorrectsTooMuch(Refused):
    """More would be taken back than the document is worth."""

    title = "More is taken back than was invoiced"
    zh = "冲减金额超过原发票余额。请核对金额。"


class NotOpenSoFar(Refused):
    """A document is named that cannot take as much."""

    title = "A named document is not open that far"
    zh = "所列单据的未结金额不足。请核对单据与金额。"


class ReversedAlready(Refused):
    """It has been reversed, or is a reversal itself."""

    zh = "此单据已冲销，或本身就是冲销单据，不能再冲销。"


class CorrectionsFirst(Refused):
    """Returns, credit notes or a write-off hang on it."""

    title = "Reverse its corrections first"
    zh = "此单据已有退货、红字冲减或坏账核销。请先冲销这些更正。"


async def known(tx: Tx, origin: str, origin_ref: str) -> Document | None:
    """The document that was booked for this reference before: twice changes nothing."""
    found = await tx.driver.fetchval(_KNOWN, origin, origin_ref)
    return None if found is None else (await tx.load(DOCUMENTS, [found]))[found]


async def book(tx: Tx, account: Account, document: Document, named: Mapping[UUID, Decimal] | None = None) -> Document:
    """Book a document of a locked account, and lay it on what it pays: the named ones first, then the oldest.

    A reserved payment pays nothing yet. `CorrectsTooMuch`, `NotOpenSoFar`.
    """
    corrected = await _corrected(tx, account, document)
    tx.add(document)
    _enter(tx, document, document.entries())
    account.owes(document.owed)
    await add_sums(tx, account.id, document.sums(corrected))
    first = dict(named or {})
    if corrected is not None and corrected.open > 0 and not first:
        first = {corrected.id: min(corrected.open, document.amount)}
    await _allocate_named(tx, account, document, first)
    if not document.reserved:
        await allocate(tx, account, document)
    _tell(tx, account, document)
    return document


async def _corrected(tx: Tx, account: Account, document: Document) -> Document | None:
    if document.corrects is None:
        return None
    found = (await tx.load(DOCUMENTS, [document.corrects])).get(document.corrects)
    if found is None or found.account_id != account.id or found.kind is not DocumentKind.INVOICE or found.reversed_by:
        raise Refused("It must correct an invoice of this account that stands. Check the document's id.", rules=RULES)
    if document.kind in CORRECTIONS:
        left = found.amount - await tx.driver.fetchval(_CORRECTED, found.id)
        if document.amount > left:
            raise CorrectsTooMuch(f"Of this invoice {left} can still be taken back.", rules=RULES, left=str(left))
    return found


async def _allocate_named(tx: Tx, account: Account, document: Document, named: Mapping[UUID, Decimal]) -> None:
    others = await tx.load(DOCUMENTS, named)
    for identifier, amount in sorted(named.items()):
        other = others.get(identifier)
        if (
            other is None
            or other.account_id != account.id
            or other.is_debit == document.is_debit
            or other.reserved
            or amount > min(other.open, document.open)
        ):
            raise NotOpenSoFar(f"The document {identifier} cannot take {amount}. Read what is open.", rules=RULES)
        pay(tx, document, other, amount)


async def allocate(tx: Tx, account: Account, document: Document) -> None:
    """Lay what is open of a document on the oldest open ones of the other side."""
    if document.open <= 0:
        return
    await tx.flush()
    rows = await tx.driver.fetch(_OPEN, account.id, not document.is_debit, document.id, document.open)
    found = await tx.load(DOCUMENTS, [row[0] for row in rows])
    for other, part in list(shares(document.open, [found[row[0]] for row in rows])):
        pay(tx, document, other, part)


def pay(tx: Tx, one: Document, other: Document, amount: Decimal) -> None:
    """Lay an amount of one document on another; below zero takes it back."""
    credit, debit = (other, one) if one.is_debit else (one, other)
    credit.open -= amount
    debit.open -= amount
    if debit.open == 0:
        met(tx, LAST_OVERRUN, debit.id, at=tx.now)
    tx.insert(
        tables.allocations,
        id=uuid7(),
        account_id=debit.account_id,
        credit_id=credit.id,
        debit_id=debit.id,
        amount=amount,
        allocated_at=tx.now,
    )


async def reverse(tx: Tx, account: Account, document: Document, reversal: Document) -> Document:
    """Book the contrary of a document: what it paid or was paid by is open again, and laid anew on the oldest."""
    if document.reversed_by is not None or document.kind is DocumentKind.REVERSAL:
        raise ReversedAlready("It is reversed, or a reversal itself: there is nothing to take back.", rules=RULES)
    if await tx.driver.fetchval(_CORRECTED, document.id) or await tx.driver.fetchval(_WRITTEN_OFF, document.id):
        raise CorrectionsFirst("Returns, credit notes or a write-off correct it. Reverse those first.", rules=RULES)
    corrected = None
    if document.corrects is not None:
        corrected = (await tx.load(DOCUMENTS, [document.corrects]))[document.corrects]
    freed = await _take_back(tx, document)
    document.reversed_by, document.open, document.reserved = reversal.id, Decimal("0.00"), False
    tx.add(reversal)
    _enter(tx, reversal, [(ledger, -amount) for ledger, amount in document.entries()])
    account.owes(-document.owed)
    await add_sums(tx, account.id, [(day, kind, -amount) for day, kind, amount in document.sums(corrected)])
    for other in freed:
        await allocate(tx, account, other)
    _tell(tx, account, reversal)
    return reversal


async def _take_back(tx: Tx, document: Document) -> list[Document]:
    """Undo its allocations; the documents on the other side, oldest first."""
    rows = await tx.driver.fetch(_ALLOCATED, document.id)
    ids = [row[0] if row[1] == document.id else row[1] for row in rows]
    found = await tx.load(DOCUMENTS, ids)
    for identifier, row in zip(ids, rows, strict=True):
        pay(tx, document, found[identifier], -row[2])
    return sorted(found.values(), key=lambda d: (d.dated_on, d.id))


async def give_reason(tx: Tx, document: Document, reason: str) -> None:
    """Keep why it is booked, sealed: the words may name people."""
    kept = await seal_note(tx, tables.document_reasons, document.id, reason)
    tx.insert(tables.document_reasons, document_id=kept.id, subject_id=kept.subject_id, sealed=kept.sealed)


async def goods_out(tx: Tx, invoice: Document, on: date) -> None:
    """The goods of an invoice went out: from now on they count, less what was taken back of them (P11.2)."""
    if invoice.issued_on is not None:
        return
    invoice.issued_on = on
    await add_sums(tx, invoice.account_id, await _went_out(tx, invoice))


async def goods_not_out(tx: Tx, invoice: Document) -> None:
    """They have not gone out after all: they count no more."""
    await add_sums(tx, invoice.account_id, [(day, kind, -amount) for day, kind, amount in await _went_out(tx, invoice)])
    invoice.issued_on = None


async def _went_out(tx: Tx, invoice: Document) -> list[tuple[date, str, Decimal]]:
    taken_back = [(row[0], row[1]) for row in await tx.driver.fetch(_CORRECTIONS, invoice.id)]
    return [(invoice.counts_on, kind, amount) for kind, amount in [("shipped", invoice.amount), *taken_back]]


async def add_sums(tx: Tx, account: UUID, sums: Iterable[tuple[date, str, Decimal]]) -> None:
    """Add to what the documents of an account say of each day, by kind."""
    rows = list(sums)
    if rows:
        days, kinds, amounts = zip(*rows, strict=True)
        await tx.driver.execute(_ADD, account, list(days), list(kinds), list(amounts))


def _enter(tx: Tx, document: Document, moves: Iterable[tuple[str, Decimal]]) -> None:
    for ledger, amount in moves:
        tx.insert(
            tables.entries,
            id=uuid7(),
            document_id=document.id,
            account_id=document.account_id,
            ledger=ledger,
            amount=amount,
            dated_on=document.dated_on,
        )


def _tell(tx: Tx, account: Account, document: Document) -> None:
    tx.publish(
        account,
        DocumentBooked(
            account_id=account.id,
            document_id=document.id,
            customer_id=document.customer_id,
            branch=account.branch,
            kind=document.kind.value,
            amount=Money(amount=document.amount, currency=document.currency),
            dated_on=document.dated_on,
            corrects=document.corrects,
            shipment_id=document.shipment_id,
            booked_at=document.booked_at,
        ),
    )


def new_document(tx: Tx, account: Account, kind: DocumentKind, amount: Decimal, **more: Any) -> Document:
    """A document of today, not booked yet; one of our own is its own reference."""
    identifier = more.pop("id", None) or uuid7()
    origin = more.pop("origin", None) or "credit"
    return Document(
        id=identifier,
        account_id=account.id,
        kind=kind,
        amount=amount,
        origin=origin,
        origin_ref=more.pop("origin_ref", None) or str(identifier),
        booked_at=tx.now,
        booked_by=tx.actor,
        open=Decimal("0.00") if kind is DocumentKind.REVERSAL else amount,
        **more,
    )
