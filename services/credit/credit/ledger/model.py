"""A document of the ledger and the entries it consists of: pure, to the cent (P02.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from chassis.store import Store

from credit import tables


class DocumentKind(StrEnum):
    """What is booked; the amount of each is above zero, the kind says which way it goes."""

    INVOICE = "invoice"
    PAYMENT = "payment"
    RETURN = "return"
    CREDIT_NOTE = "credit_note"
    WRITE_OFF = "write_off"
    OPENING = "opening"
    REVERSAL = "reversal"


#: the ledger account on the other side of the receivable
AGAINST = {
    DocumentKind.INVOICE: "sales",
    DocumentKind.OPENING: "opening",
    DocumentKind.PAYMENT: "cash",
    DocumentKind.RETURN: "returns",
    DocumentKind.CREDIT_NOTE: "allowances",
    DocumentKind.WRITE_OFF: "write_off",
}
#: what the customer owes more by; everything else lowers it
DEBITS = frozenset({DocumentKind.INVOICE, DocumentKind.OPENING})
#: what takes back a part of an invoice
CORRECTIONS = frozenset({DocumentKind.RETURN, DocumentKind.CREDIT_NOTE, DocumentKind.WRITE_OFF})


@dataclass
class Document:
    """One document. `open` is what is not allocated yet: of an invoice not paid, of a payment not used.

    `named` is what it was to pay first, each `{document_id, amount}`; without an amount as far as that was open.
    `lines` of a return say what came back, each `{line, product, batch, quantity, price}`; lines count from 0.
    """

    id: UUID
    account_id: UUID
    customer_id: UUID
    kind: DocumentKind
    dated_on: date
    amount: Decimal
    origin: str
    origin_ref: str
    booked_at: datetime
    booked_by: str
    open: Decimal
    corrects: UUID | None = None
    shipment_id: UUID | None = None
    reserved: bool = False
    issued_on: date | None = None
    named: tuple[dict[str, str | None], ...] = ()
    lines: tuple[dict[str, str], ...] = ()
    reversed_by: UUID | None = None
    currency: str = "CNY"
    version: int = 1
    sequence: int = 0

    @property
    def is_debit(self) -> bool:
        return self.kind in DEBITS

    @property
    def owed(self) -> Decimal:
        """By how much more is owed through it."""
        return self.amount if self.is_debit else -self.amount

    @property
    def counts_on(self) -> date:
        """The day on which its goods are both invoiced and shipped (P11.2)."""
        return max(self.dated_on, self.issued_on or self.dated_on)

    def entries(self) -> list[tuple[str, Decimal]]:
        """The ledger accounts it moves and by how much; together zero."""
        return [("receivable", self.owed), (AGAINST[self.kind], -self.owed)]

    def sums(self, corrected: Document | None = None) -> Iterator[tuple[date, str, Decimal]]:
        """What it says of which day: a correction counts on the days of the goods that it takes back.

        Those are the day of their invoice, and once they are out the day on which they count for the limit.
        """
        match self.kind:
            case DocumentKind.INVOICE:
                yield self.dated_on, "invoiced", self.amount
                if self.issued_on is not None:
                    yield self.counts_on, "shipped", self.amount
            case DocumentKind.PAYMENT:
                yield self.dated_on, "received", self.amount
            case DocumentKind.RETURN | DocumentKind.CREDIT_NOTE:
                assert corrected is not None, "it corrects an invoice"
                kind = "returned" if self.kind is DocumentKind.RETURN else "credited"
                yield corrected.dated_on, f"{kind}_invoiced", self.amount
                if corrected.issued_on is not None:
                    yield corrected.counts_on, kind, self.amount


DOCUMENTS = Store(tables.documents, Document)


def shares(amount: Decimal, others: Iterable[Document]) -> Iterator[tuple[Document, Decimal]]:
    """How an amount is laid on documents in their order: each as far as it is open."""
    for other in others:
        if amount <= 0:
            return
        part = min(amount, other.open)
        if part > 0:
            yield other, part
            amount -= part
