"""Books what finance knows: payments (before shipment too), credit notes, ERP invoices, opening balances (P02.4).

A write-off has no way in here: bad debt is declared and approved first (P11.10).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.imports import Outcome
from chassis.problems import Invalid, NotFound, Refused
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.money import Amount
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import Account, account_of, settle
from credit.ledger.booking import book, goods_out, known, new_document
from credit.ledger.model import DOCUMENTS, Document, DocumentKind
from credit.ledger.read_document import DocumentView, view_of
from credit.permissions import BOOK
from credit.plans.follow_plan import follow_plan
from credit.shipments.form import Reference
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState
from credit.shipments.release_shipment import decide_later
from credit.shipments.request_shipment import ReferenceUsed, refuse_stranger

RULES = ("P02.4", "P11.9")

#: it is new, it has said since when its goods went out, or nothing has changed
Booked = Literal[Outcome.MADE, Outcome.CHANGED, Outcome.UNCHANGED]

# two accounts with the same reference at once: the second one waits, and finds it used
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class NotPayable(Refused):
    """The shipment takes no money any more."""

    title = "Nothing is paid for this shipment any more"
    zh = "此发货不再收款。请将款项记入账户或其他单据。"


class NamedForm(BaseModel):
    """A document that is to be paid first, and how much of it; without an amount as far as it is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document_id: UUID
    amount: Annotated[Amount, Field(gt=0)] | None = None


class DocumentForm(BaseModel):
    """A document as it was made elsewhere; `origin` and `origin_ref` are its own number there.

    `shipment_id`: a payment for that very shipment; until it is invoiced it frees nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["payment", "credit_note", "invoice", "opening"]
    customer_id: UUID
    amount: Annotated[Amount, Field(gt=0)]
    dated_on: date
    origin: Slug
    origin_ref: Reference
    corrects: UUID | None = None
    shipment_id: UUID | None = None
    issued_on: Annotated[date | None, Field(description="of an invoice: when its goods went out")] = None
    pays: Annotated[list[NamedForm], Field(max_length=100)] = []

    @property
    def named(self) -> tuple[dict[str, str | None], ...]:
        """What it is to pay first, as it is kept."""
        return tuple(
            {"document_id": str(one.document_id), "amount": None if one.amount is None else str(one.amount)}
            for one in self.pays
        )


@post("/v1/accounts/{account_id}/documents", needs=BOOK, status=201)
async def book_document(account_id: UUID, form: DocumentForm, principal: Principal, tx: Tx) -> Answer[DocumentView]:
    """Book a document. It pays, or is paid by, what is named, then what is oldest. The same reference again: 200."""
    account = await account_of(tx, account_id, BOOK, principal)
    document, outcome = await take_document(tx, account, form)
    await tx.flush()
    return Answer(await view_of(tx, document), status=201 if outcome is Outcome.MADE else 200)


async def take_document(tx: Tx, account: Account, form: DocumentForm) -> tuple[Document, Booked]:
    """Book a document on a locked account, whatever way it came; one that is booked already changes nothing.

    But an invoice may say later, and once, when its goods went out. `ReferenceUsed` when something else was booked
    under its reference.
    """
    await tx.driver.execute(_ALONE, f"{form.origin}\n{form.origin_ref}")
    earlier = await known(tx, form.origin, form.origin_ref)
    if earlier is not None:
        return await _again(tx, account, earlier, form)
    _refuse_misfit(form, civil(tx.now))
    await refuse_stranger(tx, account, form.customer_id)
    document = new_document(
        tx,
        account,
        DocumentKind(form.kind),
        form.amount,
        customer_id=form.customer_id,
        dated_on=form.dated_on,
        origin=form.origin,
        origin_ref=form.origin_ref,
        corrects=form.corrects,
        issued_on=form.issued_on,
        shipment_id=form.shipment_id,
        named=form.named,
    )
    named = await _as_far_as_open(tx, form)
    if form.shipment_id is not None:
        named = await _for_shipment(tx, account, document) or named
    before = account.limit_amount
    await book(tx, account, document, named)
    await settle(tx, account)
    if not document.is_debit:
        await follow_plan(tx, account)
    if not document.is_debit or account.limit_amount > before:
        await decide_later(tx, account)
    return document, Outcome.MADE


async def _as_far_as_open(tx: Tx, form: DocumentForm) -> dict[UUID, Decimal]:
    """How much of each named document, in their order, it pays."""
    others = await tx.load(DOCUMENTS, [one.document_id for one in form.pays if one.amount is None])
    named, left = {}, form.amount
    for one in form.pays:
        amount = one.amount
        if amount is None:
            other = others.get(one.document_id)
            amount = min(left, other.open) if other is not None else left
        if amount > 0:
            named[one.document_id] = amount
            left -= amount
    return named


async def _for_shipment(tx: Tx, account: Account, payment: Document) -> dict[UUID, Amount]:
    """Money for one shipment: kept for it until its invoice, or laid on its invoice at once."""
    assert payment.shipment_id is not None
    shipment = (await tx.load(SHIPMENTS, [payment.shipment_id])).get(payment.shipment_id)
    if shipment is None or shipment.account_id != account.id:
        raise NotFound("There is no such shipment on this account. Check the id.")
    if shipment.state is ShipmentState.CANCELLED:
        raise NotPayable("The shipment was cancelled. Book the payment without it.", rules=RULES)
    if shipment.invoice_id is not None:
        invoice = await tx.get(DOCUMENTS, shipment.invoice_id)
        return {invoice.id: min(invoice.open, payment.amount)} if invoice.open > 0 else {}
    payment.reserved = True
    receive(account, shipment, payment.amount)
    return {}


def receive(account: Account, shipment: Shipment, change: Amount) -> None:
    """Money came for a shipment that is not invoiced, or was taken back."""
    covered = shipment.covered
    shipment.paid(change)
    if shipment.state is ShipmentState.HELD:
        account.reserve(shipment.covered - covered)


async def _again(tx: Tx, account: Account, earlier: Document, form: DocumentForm) -> tuple[Document, Booked]:
    names = ("customer_id", "amount", "dated_on", "corrects", "shipment_id", "named")
    said = (account.id, form.kind, *(getattr(form, name) for name in names))
    other = (earlier.account_id, earlier.kind.value, *(getattr(earlier, name) for name in names)) != said
    told = earlier.issued_on is None and form.issued_on is not None
    if other or (form.issued_on not in (None, earlier.issued_on) and not told) or (told and earlier.reversed_by):
        raise ReferenceUsed("Another document was booked under this reference. It is not booked again.")
    if not told or form.issued_on is None:
        return earlier, Outcome.UNCHANGED
    _refuse_misfit(form, civil(tx.now))
    before = account.limit_amount
    await goods_out(tx, earlier, form.issued_on)
    await settle(tx, account)
    if account.limit_amount > before:
        await decide_later(tx, account)
    return earlier, Outcome.CHANGED


def _refuse_misfit(form: DocumentForm, today: date) -> None:
    errors = []
    if form.dated_on > today:
        errors.append(Wrong.IN_FUTURE.at("/dated_on"))
    if form.issued_on is not None and form.issued_on > today:
        errors.append(Wrong.IN_FUTURE.at("/issued_on"))
    if form.shipment_id is not None and (form.kind != "payment" or form.pays):
        errors.append(Wrong.NOT_HERE.at("/shipment_id", "only a payment that names no documents is for a shipment"))
    if (form.corrects is not None) != (form.kind == "credit_note"):
        wrong = Wrong.MISSING if form.corrects is None else Wrong.NOT_HERE
        errors.append(wrong.at("/corrects", "a credit note names the invoice that it corrects, no other does"))
    if form.issued_on is not None and form.kind != "invoice":
        errors.append(Wrong.NOT_HERE.at("/issued_on", "only goods of an invoice go out"))
    if len({one.document_id for one in form.pays}) != len(form.pays):
        errors.append(Wrong.DUPLICATE.at("/pays", "names a document twice"))
    if errors:
        raise Invalid("The document does not fit together.", errors=errors)
