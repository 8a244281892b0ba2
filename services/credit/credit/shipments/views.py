"""A shipment as it is shown: where it stands, and the last decision with reasons and ways out."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from credit.shipments.model import Shipment, ShipmentState


class LineView(BaseModel):
    """One line of goods; `returned` is how much of it came back."""

    product: str
    batch: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    returned: Decimal


class ShipmentView(BaseModel):
    """A shipment; `decision` says the outcome, the rules, and where held every reason and way out."""

    id: UUID
    account_id: UUID
    customer_id: UUID
    branch: str
    state: ShipmentState
    destination: str
    lines: list[LineView]
    amount: Decimal
    prepaid: Decimal
    returned: Decimal
    decision: dict[str, Any]
    overrun: str | None
    signature: dict[str, Any] | None
    invoice_id: UUID | None
    invoiced_on: date | None
    issued_on: date | None
    delivered_on: date | None
    unreleased: bool
    part_of: UUID | None
    copy_of: UUID | None
    requested_by: str
    requested_at: datetime
    waits_for: list[str]
    version: int


def view_of(shipment: Shipment) -> ShipmentView:
    """What everybody within reach may know of it."""
    names = ShipmentView.model_fields.keys() - {"lines", "waits_for"}
    return ShipmentView(
        **{name: getattr(shipment, name) for name in names},
        lines=[
            LineView.model_validate({**line, "returned": shipment.came_back_of(n)})
            for n, line in enumerate(shipment.lines)
        ],
        waits_for=[entry["id"] for entry in shipment.held.values()],
    )
