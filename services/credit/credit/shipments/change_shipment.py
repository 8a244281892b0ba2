"""Changes goods before they are invoiced: another amount is another decision, and no signature covers it (P11.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, if_match, put
from chassis.problems import Stale
from chassis.tx import Tx
from contracts.credit import ReleaseStep
from fastapi import Depends

from credit.account import Account
from credit.permissions import REQUEST_SHIPMENT
from credit.shipments.deciding import answered, decide_shipment, give_back, refuse_partly_out, shipment_of
from credit.shipments.form import GoodsForm, priced
from credit.shipments.model import Shipment, ShipmentState
from credit.shipments.views import ShipmentView

RULES = ("P11.6", "P11.7", "P11.8")


@put("/v1/shipments/{shipment_id}", needs=REQUEST_SHIPMENT)
async def change_shipment(
    shipment_id: UUID,
    form: GoodsForm,
    principal: Principal,
    tx: Tx,
    version: Annotated[int | None, Depends(if_match)] = None,
) -> Answer[ShipmentView]:
    """Other lines or another destination. It is decided again; what was released may be held afterwards."""
    account, shipment, sums = await shipment_of(tx, shipment_id, REQUEST_SHIPMENT, principal)
    if version is not None and version != shipment.version:
        raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")
    shipment.refuse_unless(ShipmentState.HELD, ShipmentState.RELEASED)
    await refuse_partly_out(tx, shipment)
    lines, amount = priced(form.lines)
    give_back(account, shipment)
    resized(account, shipment, lines, amount, form.destination)
    await decide_shipment(tx, account, shipment, ReleaseStep.RELEASE, sums)
    return await answered(tx, shipment)


def resized(
    account: Account, shipment: Shipment, lines: list[dict[str, str]], amount: Decimal, destination: str
) -> None:
    """Held goods become other goods; money paid for them covers at most what they are worth now."""
    covered = shipment.covered
    shipment.change(lines, amount, destination)
    account.reserve(shipment.covered - covered)
