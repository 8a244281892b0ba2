"""A customer as others see them: in lists without persons, on screens masked, opened in clear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from customer.customer import Customer
from customer.files.form import Personal


class CustomerLine(BaseModel):
    """A file in a list: no name, no number of a person."""

    id: UUID
    kind: str
    customer_class: str | None
    branch: str
    registered_at: datetime
    confirmed: bool
    erased: bool
    path: str


class CustomerView(CustomerLine):
    """A file opened; `personal` is clear text, and that it was read is recorded."""

    registered_by: str
    duplicates_overridden: bool
    override_reason: Annotated[str | None, Field(description="why this is another customer than the candidates")]
    personal: Personal
    version: int


@dataclass(frozen=True)
class Opened:
    """What a file holds in clear: the person, and why it was registered although others looked the same (P01.2)."""

    personal: Personal
    override_reason: str | None


def line_of(customer: Customer) -> CustomerLine:
    """The file in a list."""
    return CustomerLine(
        id=customer.id,
        kind=customer.kind.value,
        customer_class=customer.customer_class.value if customer.customer_class else None,
        branch=customer.branch,
        registered_at=customer.registered_at,
        confirmed=customer.confirmed_at is not None,
        erased=customer.erased_at is not None,
        path=f"/v1/customers/{customer.id}",
    )


def view_of(customer: Customer, opened: Opened) -> CustomerView:
    """The file opened."""
    return CustomerView(
        **line_of(customer).model_dump(),
        registered_by=customer.registered_by,
        duplicates_overridden=customer.duplicates_overridden,
        override_reason=opened.override_reason,
        personal=opened.personal,
        version=customer.version,
    )


def masked_name(name: str) -> str:
    """The first character, the rest hidden (P05.15)."""
    return name[:1] + "*" * max(1, min(len(name) - 1, 5))


def masked_phone(phone: str) -> str:
    """The first three and last four digits, the rest hidden; of a short number only the last two (P05.15)."""
    digits = "".join(character for character in phone if character.isdigit())
    if len(digits) < 9:
        return "*" * max(0, len(digits) - 2) + digits[-2:]
    return digits[:3] + "*" * (len(digits) - 7) + digits[-4:]
