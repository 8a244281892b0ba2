"""Takes goods back: what is owed falls, and so does the limit of the days on which they had gone (P11.2, A34)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import Answer, post
from chassis.problems import Invalid
from chassis.tx import Tx
from contracts.credit import GoodsReturned
from contracts.money import Amount, Money
from policy.calendar import civil
from pydantic import BaseModel, ConfigDict, Field

from credit.account import settle
from credit.ledger.booking import RULES as LEDGER_RULES
from credit.ledger.booking import book, known, new_document
from credit.ledger.model import DocumentKind
from credit.permissions import ISSUE_GOODS
from credit.shipments.deciding import answered, shipment_of
from credit.shipments.form import Reference
from credit.shipments.model import NotAtThisStage, ShipmentState
from credit.shipments.release_shipment import decide_held_again
from credit.shipments.request_shipment import ReferenceUsed
from credit.shipments.views import ShipmentView

RULES = ("P11.2", *LEDGER_RULES)


class ReturnForm(BaseModel):
    """What the returned goods are worth, and the warehouse's reference of the return."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[Amount, Field(gt=0)]
    origin: Slug | None = None
    origin_ref: Reference | None = None


@post("/v1/shipments/{shipment_id}/return", needs=ISSUE_GOODS)
async def return_goods(shipment_id: UUID, form: ReturnForm, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Goods of an invoiced shipment came back, at most what is left of it; the same reference again changes nothing."""
    account, shipment, _ = await shipment_of(tx, shipment_id, ISSUE_GOODS, principal)
    if (form.origin is None) != (form.origin_ref is None):
        raise Invalid("Give origin and origin_ref together, or neither.")
    if form.origin is not None and form.origin_ref is not None:
        earlier = await known(tx, form.origin, form.origin_ref)
        if earlier is not None:
            if earlier.shipment_id != shipment.id or earlier.amount != form.amount:
                raise ReferenceUsed("Something else was booked under this reference. Take a new one.")
            return await answered(tx, shipment)
    shipment.refuse_unless(ShipmentState.ISSUED, ShipmentState.DELIVERED)
    if shipment.invoice_id is None:
        raise NotAtThisStage("These goods went out without an invoice. Invoice them first.", rules=("P11.11",))
    document = new_document(
        tx,
        account,
        DocumentKind.RETURN,
        form.amount,
        customer_id=shipment.customer_id,
        dated_on=civil(tx.now),
        corrects=shipment.invoice_id,
        shipment_id=shipment.id,
        origin=form.origin,
        origin_ref=form.origin_ref,
    )
    await book(tx, account, document)
    shipment.came_back(form.amount)
    await settle(tx, account)
    tx.publish(
        shipment,
        GoodsReturned(
            shipment_id=shipment.id,
            account_id=account.id,
            document_id=document.id,
            amount=Money(amount=form.amount),
        ),
    )
    tx.later(decide_held_again, account.id)
    return await answered(tx, shipment)
