"""Books what finance knows: payments (before shipment too), credit notes, ERP invoices, opening balances (P02.4).

A write-off has no way in here: bad debt is declared and approved first (P11.10).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.problems import Invalid, NotFound, Refused
from chassis.tx import Tx
from contracts.money import Amount
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import Account, account_of, settle
from credit.ledger.booking import book, known, new_document
from credit.ledger.model import DOCUMENTS, Document, DocumentKind
from credit.ledger.read_document import DocumentView, view_of
from credit.permissions import BOOK
from credit.plans.follow_plan import follow_plan
from credit.shipments.form import Reference
from credit.shipments.model import SHIPMENTS, Shipment, ShipmentState
from credit.shipments.release_shipment import decide_held_again
from credit.shipments.request_shipment import ReferenceUsed, refuse_stranger

RULES = ("P02.4", "P11.9")


class NotPayable(Refused):
    """The shipment takes no money any more."""

    title = "Nothing is paid for this shipment any more"


class NamedForm(BaseModel):
    """A document that is to be paid first, and how much of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document_id: UUID
    amount: Annotated[Amount, Field(gt=0)]


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


@post("/v1/accounts/{account_id}/documents", needs=BOOK, status=201)
async def book_document(account_id: UUID, form: DocumentForm, principal: Principal, tx: Tx) -> Answer[DocumentView]:
    """Book a document. It pays, or is paid by, what is named, then what is oldest. The same reference again: 200."""
    account = await account_of(tx, account_id, BOOK, principal)
    earlier = await known(tx, form.origin, form.origin_ref)
    if earlier is not None:
        return Answer(await view_of(tx, _same(earlier, account, form)), status=200)
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
    )
    named = {one.document_id: one.amount for one in form.pays}
    if form.shipment_id is not None:
        named = await _for_shipment(tx, account, document) or named
    await book(tx, account, document, named)
    await settle(tx, account)
    if document.kind is DocumentKind.PAYMENT:
        await follow_plan(tx, account)
    if not document.is_debit:
        tx.later(decide_held_again, account.id)
    await tx.flush()
    return Answer(await view_of(tx, document), status=201)


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


def _same(earlier: Document, account: Account, form: DocumentForm) -> Document:
    before = (earlier.account_id, earlier.kind.value, earlier.amount, earlier.dated_on)
    if before != (account.id, form.kind, form.amount, form.dated_on):
        raise ReferenceUsed("Another document was booked under this reference. It is not booked again.")
    return earlier


def _refuse_misfit(form: DocumentForm, today: date) -> None:
    errors = []
    if form.dated_on > today or (form.issued_on is not None and form.issued_on > today):
        errors.append({"pointer": "/dated_on", "detail": "lies in the future"})
    if form.shipment_id is not None and (form.kind != "payment" or form.pays):
        errors.append({"pointer": "/shipment_id", "detail": "only a payment that names no documents is for a shipment"})
    if (form.corrects is not None) != (form.kind == "credit_note"):
        errors.append(
            {"pointer": "/corrects", "detail": "a credit note names the invoice that it corrects, no other does"}
        )
    if form.issued_on is not None and form.kind != "invoice":
        errors.append({"pointer": "/issued_on", "detail": "only goods of an invoice go out"})
    if len({one.document_id for one in form.pays}) != len(form.pays):
        errors.append({"pointer": "/pays", "detail": "names a document twice"})
    if errors:
        raise Invalid("The document does not fit together.", errors=errors)
