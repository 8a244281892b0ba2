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
    """One file. Everything that is a person's is in `sealed`; `version` is for locking and the ETag.

    `confirmed_at`: by the sales director (P03.3). `erased_at`: what it held can be read by nobody any more.
    """

    id: UUID
    kind: CustomerKind
    customer_class: CustomerClass | None
    branch: str
    registered_at: datetime
    registered_by: str
    duplicates_overridden: bool
    subject_id: UUID
    sealed: bytes
    confirmed_at: datetime | None
    confirmed_by: str | None
    erased_at: datetime | None
    version: int
    sequence: int

    def confirm(self, by: str, at: datetime) -> None:
        """The file is valid (P03.3)."""
        self.confirmed_at, self.confirmed_by = at, by

    def unconfirm(self) -> None:
        """What was confirmed has changed: it must be confirmed anew (A12)."""
        self.confirmed_at, self.confirmed_by = None, None


CUSTOMERS = Store(tables.customers, Customer)
