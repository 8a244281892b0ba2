"""Says how a letter to a customer is addressed: to the service that prints it, and recorded (P05.9)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Slug
from chassis.http import get
from chassis.tx import Tx
from fastapi import Query
from pydantic import BaseModel

from customer.files.read_customer import opened, within
from customer.permissions import ADDRESS_CUSTOMER

RULES = ("P05.9",)


class Addressee(BaseModel):
    """The customer's name in clear, and nothing else of the file."""

    id: UUID
    name: str


@get("/v1/customers/{customer_id}/addressee", needs=ADDRESS_CUSTOMER)
async def address_customer(
    customer_id: UUID,
    principal: Principal,
    tx: Tx,
    purpose: Annotated[Slug, Query(description="what is sent to them; it goes into the record")],
) -> Addressee:
    """The name for one letter, for a service under its own token. 404 when there is no such file, or it was erased."""
    customer = await within(tx, customer_id, ADDRESS_CUSTOMER, principal, lock=False)
    return Addressee(id=customer.id, name=(await opened(tx, customer, why=purpose)).personal.name)
