"""Notes that issued goods have arrived (P02.3)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.tx import Tx
from contracts.credit import ShipmentDelivered
from policy.calendar import civil

from credit.permissions import ISSUE_GOODS
from credit.shipments.deciding import answered, shipment_of
from credit.shipments.model import ShipmentState
from credit.shipments.views import ShipmentView

RULES = ("P02.3",)


@post("/v1/shipments/{shipment_id}/deliver", needs=ISSUE_GOODS)
async def deliver_shipment(shipment_id: UUID, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """The goods arrived today."""
    account, shipment, _ = await shipment_of(tx, shipment_id, ISSUE_GOODS, principal)
    shipment.refuse_unless(ShipmentState.ISSUED)
    shipment.deliver(civil(tx.now))
    tx.publish(
        shipment,
        ShipmentDelivered(shipment_id=shipment.id, account_id=account.id, delivered_on=civil(tx.now)),
    )
    return await answered(tx, shipment)
