"""A movement of goods of one batch from one holder to the next, and who holders are (P02.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from chassis.store import Store

from credit import tables

#: our own warehouse at a branch
WAREHOUSE = "warehouse"


def account_holder(account: UUID) -> str:
    """A credit account's customers as holder of goods."""
    return f"account:{account}"


@dataclass
class Movement:
    """Goods of one batch went from one holder of a branch's channel to another; never changed.

    A holder is `warehouse` (ours), `account:<id>` or `place:<code>`: a channel member beyond, no name, no address.
    """

    id: UUID
    branch: str
    product: str
    batch: str
    quantity: Decimal
    from_holder: str
    to_holder: str
    moved_on: date
    reported_by: str
    reported_at: datetime
    origin: str
    origin_ref: str
    destination: str | None = None
    shipment_id: UUID | None = None
    version: int = 1
    sequence: int = 0


MOVEMENTS = Store(tables.movements, Movement)
