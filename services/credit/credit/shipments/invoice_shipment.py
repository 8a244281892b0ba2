"""Invoices goods: decided again on the day of the invoice; what has left the warehouse is invoiced always (P11.6)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.tx import Tx
from contracts.credit import ReleaseStep, ShipmentInvoiced
from contracts.money import Money
from policy.calendar import civil

from credit.account import Account, settle
from credit.ledger.booking import allocate, book, new_document
from credit.ledger.model import DOCUMENTS, Document, DocumentKind
from credit.overruns.collect_last import owe_last
from credit.permissions import INVOICE
from credit.plans.follow_plan import follow_plan
from credit.shipments.deciding import answered, decide_shipment, shipment_of
from credit.shipments.model import Shipment, ShipmentState
from credit.shipments.views import ShipmentView

RULES = ("P11.2", "P11.6")

_PREPAYMENTS = "SELECT id FROM documents WHERE shipment_id = $1 AND reserved ORDER BY dated_on, id"


@post("/v1/shipments/{shipment_id}/invoice", needs=INVOICE)
async def invoice_shipment(shipment_id: UUID, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Invoice it today. 409 with reasons and ways out where it may not go any more; then it is held."""
    account, shipment, sums = await shipment_of(tx, shipment_id, INVOICE, principal)
    if shipment.state is ShipmentState.ISSUED and shipment.invoice_id is None:
        await _invoice(tx, account, shipment)
        return await answered(tx, shipment)
    shipment.refuse_unless(ShipmentState.RELEASED)
    decision = await decide_shipment(tx, account, shipment, ReleaseStep.INVOICE, sums)
    if decision.released:
        await _invoice(tx, account, shipment)
    return await answered(tx, shipment, decision)


async def _invoice(tx: Tx, account: Account, shipment: Shipment) -> None:
    today = civil(tx.now)
    prepayments = await set_free(tx, shipment)
    invoice = new_document(
        tx,
        account,
        DocumentKind.INVOICE,
        shipment.amount,
        customer_id=shipment.customer_id,
        dated_on=today,
        shipment_id=shipment.id,
        issued_on=shipment.issued_on,
        origin="shipment",
        origin_ref=f"{shipment.id}/invoice",
    )
    named, left = {}, shipment.amount
    for payment in prepayments:
        named[payment.id] = min(payment.open, left)
        left -= named[payment.id]
    account.release_goods(-shipment.amount)
    shipment.invoice(invoice.id, today)
    await book(tx, account, invoice, {payment: amount for payment, amount in named.items() if amount > 0})
    for payment in prepayments:
        await allocate(tx, account, payment)
    if shipment.overrun == "last":
        owe_last(tx, account, shipment, invoice, since=today)
    await settle(tx, account)
    if prepayments:
        await follow_plan(tx, account)
    tx.publish(
        shipment,
        ShipmentInvoiced(
            shipment_id=shipment.id,
            account_id=account.id,
            invoice_id=invoice.id,
            amount=Money(amount=shipment.amount),
            invoiced_on=today,
        ),
    )


async def set_free(tx: Tx, shipment: Shipment) -> list[Document]:
    """The payments that waited for a shipment wait no more."""
    found = await tx.load(DOCUMENTS, [row[0] for row in await tx.driver.fetch(_PREPAYMENTS, shipment.id)])
    for payment in found.values():
        payment.reserved = False
    return sorted(found.values(), key=lambda d: (d.dated_on, d.id))
