"""Takes a list of the ERP: invoices, credit notes and opening balances, each booked once, as one by one (P02.4)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Annotated, Literal

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.imports import Import, Taken
from chassis.tx import Tx
from pydantic import BeforeValidator, Field

from credit.imports.cells import AccountNamed, WrittenAmount, WrittenDay
from credit.imports.import_payments import invoice_named
from credit.imports.whose import account_named, whose
from credit.ledger.book_document import DocumentForm, take_document
from credit.permissions import BOOK
from credit.shipments.form import Reference

RULES = ("P02.4",)

_KINDS = {
    "发票": "invoice", "销售发票": "invoice", "红字发票": "credit_note", "贷项通知单": "credit_note",
    "期初": "opening", "期初余额": "opening",
}  # fmt: skip


def _kind(cell: object) -> object:
    return _KINDS.get(str(cell).strip(), cell)


class DocumentRow(AccountNamed):
    """A row: a document of the ERP. A credit note says which invoice it corrects (`corrects`), by its number."""

    origin: Annotated[Slug, Field(title="来源")] = "erp"
    origin_ref: Annotated[Reference, Field(title="单据编号")]
    kind: Annotated[Literal["invoice", "credit_note", "opening"], BeforeValidator(_kind), Field(title="单据类型")]
    dated_on: Annotated[WrittenDay, Field(title="单据日期")]
    amount: Annotated[WrittenAmount, Field(title="金额", gt=0)]
    corrects: Annotated[Reference | None, Field(title="冲减单据")] = None
    issued_on: Annotated[WrittenDay | None, Field(title="发货日期", description="of an invoice")] = None


async def take_document_row(row: DocumentRow, by: Principal, tx: Tx) -> Taken:
    """Book it. The same reference with the same content changes nothing, with other content it is refused.

    An invoice that was listed before its goods went out says so by a later list: `changed`.
    """
    account, customer = await whose(tx, row, BOOK, by)
    form = DocumentForm(
        kind=row.kind,
        customer_id=customer,
        amount=row.amount,
        dated_on=row.dated_on,
        origin=row.origin,
        origin_ref=row.origin_ref,
        corrects=None if row.corrects is None else await invoice_named(tx, account, row.corrects, "/corrects"),
        issued_on=row.issued_on,
    )
    document, outcome = await take_document(tx, account, form)
    return Taken(outcome, str(document.id))


async def touched_by_document(row: DocumentRow, by: Principal, tx: Tx) -> Iterable[Hashable]:
    """The account, and the reference, which is used once whatever the account."""
    return [await account_named(tx, row, BOOK, by), (row.origin, row.origin_ref)]


DOCUMENTS_FILE = Import(
    "documents", "/v1/documents/imports", DocumentRow, take_document_row, BOOK, touches=touched_by_document
)
