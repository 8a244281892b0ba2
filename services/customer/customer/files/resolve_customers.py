"""Who the ids on a screen are: masked, within the caller's reach, and recorded (P05.9, P05.15)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from pydantic import BaseModel, Field

from customer.customer import CUSTOMERS
from customer.files.form import Part
from customer.files.views import masked_name, masked_phone
from customer.permissions import RESOLVE_CUSTOMER

RULES = ("P05.9", "P05.15")


class Asked(Part):
    """The ids that a screen shows."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]


class Resolved(BaseModel):
    """A customer as a screen may show them."""

    id: UUID
    name: str
    phones: list[str]
    customer_class: str | None
    branch: str


class Answered(BaseModel):
    """Who is who; `unknown` are ids without a file, or of files outside your reach."""

    customers: list[Resolved]
    unknown: list[UUID]


@post("/v1/customers/resolve", needs=RESOLVE_CUSTOMER)
async def resolve_customers(asked: Asked, principal: Principal, tx: Tx) -> Answered:
    """Names and phones of up to 100 customers, masked; the order of the ids is kept."""
    reach = RESOLVE_CUSTOMER.reach(principal)
    ids = list(dict.fromkeys(asked.ids))
    loaded = await tx.load(CUSTOMERS, ids, lock=False)
    seen = {identifier: one for identifier, one in loaded.items() if reach.includes(one.branch)}
    await tx.keys_of(one.subject_id for one in seen.values())
    resolved = []
    for identifier in ids:
        if identifier not in seen:
            continue
        customer = seen[identifier]
        clear = await tx.unseal(customer, why="on a screen, masked", rules=RULES)
        resolved.append(
            Resolved(
                id=identifier,
                name=masked_name(clear["name"]),
                phones=[masked_phone(phone) for phone in clear["phones"]],
                customer_class=customer.customer_class,
                branch=customer.branch,
            )
        )
    return Answered(customers=resolved, unknown=[identifier for identifier in ids if identifier not in seen])
