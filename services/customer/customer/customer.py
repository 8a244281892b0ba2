"""A customer: whom the group keeps a file on (P01.1, P01.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.store import Store
from contracts.customer import CustomerClass, CustomerKind

from customer import tables


@dataclass
class Customer:
    """One file. Everything that is a person's is in `sealed`; `version` is for locking and the ETag."""

    id: UUID
    kind: CustomerKind
    customer_class: CustomerClass | None
    branch: str
    registered_at: datetime
    registered_by: str
    duplicates_overridden: bool
    subject_id: UUID
    sealed: bytes
    version: int
    sequence: int


CUSTOMERS = Store(tables.customers, Customer)
