"""Takes the bank's list of money that came in: each row a payment, booked once, as one by one (P02.4, P11.9).

Who paid and the remark of the transfer are read over and not kept: whose money it is, the account's number says.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug, Text
from chassis.imports import Import, Taken
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from pydantic import Field

from credit.account import Account
from credit.imports.cells import AccountNamed, WrittenAmount, WrittenDay
from credit.imports.whose import account_named, whose
from credit.ledger.book_document import DocumentForm, NamedForm, take_document
from credit.numbers import begins_with
from credit.permissions import BOOK
from credit.shipments.form import Reference

RULES = ("P02.4", "P11.9")

_INVOICES = """SELECT id FROM documents WHERE account_id = $1 AND origin_ref = $2 AND kind IN ('invoice', 'opening')
    LIMIT 2"""
_OF_SHIPMENT = "SELECT invoice_id FROM shipments WHERE id = $1 AND invoice_id IS NOT NULL"
_SHIPMENTS = """SELECT id FROM shipments WHERE branch = $2 AND origin_ref = $3 AND account_id = $1
    UNION SELECT id FROM shipments WHERE account_id = $1 AND id BETWEEN $4 AND $5 LIMIT 2"""


class PaymentRow(AccountNamed):
    """A row: money that came in, for the documents that `pays` names, for a `shipment`, else for what is oldest."""

    origin: Annotated[Slug, Field(title="来源")] = "bank"
    origin_ref: Annotated[Reference, Field(title="交易流水号")]
    dated_on: Annotated[WrittenDay, Field(title="交易日期")]
    amount: Annotated[WrittenAmount, Field(title="金额", gt=0)]
    pays: Annotated[Text, Field(title="核销单据", max_length=2000)] = ""
    shipment: Annotated[Reference | None, Field(title="发货单")] = None
    payer: Annotated[Text | None, Field(title="对方户名", description="read over, not kept")] = None
    payer_account: Annotated[Text | None, Field(title="对方账号", description="read over, not kept")] = None
    remark: Annotated[Text | None, Field(title="摘要", description="read over, not kept")] = None


async def take_payment(row: PaymentRow, by: Principal, tx: Tx) -> Taken:
    """Book it. The same reference with the same content changes nothing, with other content it is refused."""
    account, customer = await whose(tx, row, BOOK, by)
    form = DocumentForm(
        kind="payment",
        customer_id=customer,
        amount=row.amount,
        dated_on=row.dated_on,
        origin=row.origin,
        origin_ref=row.origin_ref,
        shipment_id=None if row.shipment is None else await shipment_named(tx, account, row.shipment),
        pays=[NamedForm(document_id=one) for one in await _named(tx, account, row.pays)],
    )
    document, outcome = await take_document(tx, account, form)
    return Taken(outcome, str(document.id))


async def _named(tx: Tx, account: Account, pays: str) -> list[UUID]:
    references = dict.fromkeys(part for part in re.split(r"[,;，；、\s]+", pays) if part)
    if len(references) > 100:
        raise Invalid("At most 100 documents can be named. Book the rest on the oldest.")
    return [await invoice_named(tx, account, reference, "/pays") for reference in references]


async def invoice_named(tx: Tx, account: Account, reference: str, pointer: str) -> UUID:
    """The invoice or opening balance of the account: by its own reference, or by the shipment that it is of."""
    found = [row[0] for row in await tx.driver.fetch(_INVOICES, account.id, reference)]
    if not found:
        for shipment in await _shipments(tx, account, reference):
            found += [row[0] for row in await tx.driver.fetch(_OF_SHIPMENT, shipment)]
    if len(found) != 1:
        raise Invalid(
            "A document that the row names is not there, or there are several. Check its number.",
            errors=[Wrong.NOT_ONE.at(pointer, "is not the number of one invoice or opening balance")],
        )
    return UUID(str(found[0]))


async def shipment_named(tx: Tx, account: Account, reference: str) -> UUID:
    """The shipment of the account: by its reference where it was asked for, or by the number of our pages."""
    found = await _shipments(tx, account, reference)
    if len(found) != 1:
        raise NotFound("There is no such shipment on this account, or there are several. Check its number.")
    return found[0]


async def _shipments(tx: Tx, account: Account, reference: str) -> list[UUID]:
    between = begins_with(reference) or (None, None)
    rows = await tx.driver.fetch(_SHIPMENTS, account.id, account.branch, reference, *between)
    return [row[0] for row in rows]


async def touched_by_payment(row: PaymentRow, by: Principal, tx: Tx) -> Iterable[Hashable]:
    """The account, and the reference, which is used once whatever the account."""
    return [await account_named(tx, row, BOOK, by), (row.origin, row.origin_ref)]


PAYMENTS_FILE = Import("payments", "/v1/payments/imports", PaymentRow, take_payment, BOOK, touches=touched_by_payment)
