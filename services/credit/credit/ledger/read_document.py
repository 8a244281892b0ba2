"""Opens every figure into what it consists of: documents, their entries, what paid what (P02.4)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from fastapi import Query
from pydantic import BaseModel

from credit.account import ACCOUNTS, account_of
from credit.ledger.model import DOCUMENTS, Document, DocumentKind
from credit.notes import SealedNote, read_notes
from credit.permissions import READ_ACCOUNT
from credit.tables import document_reasons, documents

RULES = ("P02.4",)

_ENTRIES = "SELECT ledger, amount FROM entries WHERE document_id = $1 ORDER BY id"
_ALLOCATIONS = """SELECT credit_id, debit_id, amount, allocated_at FROM allocations
    WHERE credit_id = $1 OR debit_id = $1 ORDER BY id"""

_REASON = "SELECT document_id, subject_id, sealed FROM document_reasons WHERE document_id = $1"


class DocumentLine(BaseModel):
    """A document in a list."""

    id: UUID
    account_id: UUID
    customer_id: UUID
    kind: DocumentKind
    dated_on: date
    amount: Decimal
    currency: str
    open: Decimal
    corrects: UUID | None
    reversed_by: UUID | None
    shipment_id: UUID | None
    reserved: bool
    issued_on: date | None
    named: list[dict[str, str | None]]
    origin: str
    origin_ref: str
    booked_at: datetime
    booked_by: str


class BackView(BaseModel):
    """Goods that came back: how much of which line of the shipment; lines count from 0."""

    line: int
    product: str
    batch: str
    quantity: Decimal
    price: Decimal


class EntryView(BaseModel):
    """A movement of a ledger account: debit above zero, credit below."""

    ledger: str
    amount: Decimal


class AllocationView(BaseModel):
    """What paid what; below zero: taken back."""

    credit_id: UUID
    debit_id: UUID
    amount: Decimal
    allocated_at: datetime


class DocumentView(DocumentLine):
    """A document opened: its entries add up to zero.

    `reason` says why it was taken back, of the reversal and of what it reverses; of a return why less was booked than
    its `lines` are worth. Null where nobody said it, and once a customer of the account was forgotten.
    """

    reason: str | None
    lines: list[BackView]
    entries: list[EntryView]
    allocations: list[AllocationView]


def line_of(document: Document) -> DocumentLine:
    """The document as a line."""
    names = DocumentLine.model_fields.keys() - {"named"}
    return DocumentLine(**{name: getattr(document, name) for name in names}, named=list(document.named))


async def view_of(tx: Tx, document: Document) -> DocumentView:
    """The document with its entries, what paid what, and the reason; that this was read is recorded."""
    rows = await tx.driver.fetch(_REASON, document.reversed_by or document.id)
    reasons = [SealedNote(*row) for row in rows]
    return DocumentView(
        **line_of(document).model_dump(),
        reason=next(iter(await read_notes(tx, document_reasons, reasons, why="reading a document", rules=RULES)), None),
        lines=[BackView.model_validate(line) for line in document.lines],
        entries=[EntryView(**dict(row)) for row in await tx.driver.fetch(_ENTRIES, document.id)],
        allocations=[AllocationView(**dict(row)) for row in await tx.driver.fetch(_ALLOCATIONS, document.id)],
    )


@get("/v1/documents/{document_id}", needs=READ_ACCOUNT)
async def read_document(document_id: UUID, principal: Principal, tx: Tx) -> DocumentView:
    """Open a document. 404 when there is none within your reach."""
    document = (await tx.load(DOCUMENTS, [document_id], lock=False)).get(document_id)
    account = None if document is None else await tx.get(ACCOUNTS, document.account_id, lock=False)
    if document is None or account is None or not READ_ACCOUNT.reach(principal).includes(account.branch):
        raise NotFound("There is no such document, or none at a branch that you may see. Check the id.")
    return await view_of(tx, document)


@get("/v1/accounts/{account_id}/documents", needs=READ_ACCOUNT)
async def list_documents(
    account_id: UUID,
    principal: Principal,
    tx: Tx,
    open_only: Annotated[bool, Query(description="only what is not paid or used yet")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DocumentLine]:
    """The documents of an account, the newest first."""
    await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    wanted = [documents.c.account_id == account_id]
    if open_only:
        wanted.append(documents.c.open > 0)
    found, following = await newest_first(tx, DOCUMENTS, wanted, limit, cursor)
    return Page(items=[line_of(document) for document in found], next=following)
