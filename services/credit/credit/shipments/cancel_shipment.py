"""Cancels goods that have not left: what they took of the limit is free, an invoice is reversed (P11.6)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.tx import Tx
from contracts.credit import ShipmentCancelled
from contracts.money import Money
from policy.approvals import take_back
from policy.calendar import civil
from policy.obligations import waive

from credit.account import settle
from credit.ledger.booking import allocate, new_document, reverse
from credit.ledger.model import DOCUMENTS, DocumentKind
from credit.permissions import REQUEST_SHIPMENT
from credit.plans.follow_plan import follow_plan
from credit.policy import LAST_OVERRUN, OVERRUN, PLAN
from credit.shipments.deciding import answered, give_back, refuse_partly_out, shipment_of
from credit.shipments.invoice_shipment import set_free
from credit.shipments.model import ShipmentState
from credit.shipments.release_shipment import decide_held_again
from credit.shipments.views import ShipmentView

RULES = ("P11.6",)


@post("/v1/shipments/{shipment_id}/cancel", needs=REQUEST_SHIPMENT)
async def cancel_shipment(shipment_id: UUID, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Cancel it before the goods leave; afterwards they can only be returned. Money paid for it pays what is oldest."""
    account, shipment, _ = await shipment_of(tx, shipment_id, REQUEST_SHIPMENT, principal)
    shipment.refuse_unless(ShipmentState.HELD, ShipmentState.RELEASED, ShipmentState.INVOICED)
    await refuse_partly_out(tx, shipment)
    if shipment.invoice_id is not None:
        invoice = await tx.get(DOCUMENTS, shipment.invoice_id)
        reversal = new_document(
            tx,
            account,
            DocumentKind.REVERSAL,
            invoice.amount,
            customer_id=shipment.customer_id,
            dated_on=civil(tx.now),
            corrects=invoice.id,
            shipment_id=shipment.id,
        )
        await reverse(tx, account, invoice, reversal)
        account.not_overrun(shipment.id)
        waive(tx, LAST_OVERRUN, invoice.id, at=tx.now, reason="the shipment was cancelled")
    else:
        give_back(account, shipment)
        account.reserve(-shipment.covered)
        freed = await set_free(tx, shipment)
        for payment in freed:
            await allocate(tx, account, payment)
    await take_back(tx, OVERRUN, shipment, "the shipment was cancelled")
    shipment.cancel()
    waive(tx, PLAN, shipment.id, at=tx.now, reason="the shipment was cancelled")
    await settle(tx, account)
    await follow_plan(tx, account)
    tx.publish(
        shipment,
        ShipmentCancelled(shipment_id=shipment.id, account_id=account.id, amount=Money(amount=shipment.amount)),
    )
    tx.later(decide_held_again, account.id)
    return await answered(tx, shipment)
