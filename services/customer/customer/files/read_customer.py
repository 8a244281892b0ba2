"""Opens a customer file; that it was read is recorded (P05.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.problems import NotFound
from chassis.tx import Tx
from policy.access import Permission

from customer.customer import CUSTOMERS, Customer
from customer.files.form import Personal
from customer.files.views import CustomerView, Opened, view_of
from customer.permissions import READ_CUSTOMER

RULES = ("P05.9",)


@get("/v1/customers/{customer_id}", needs=READ_CUSTOMER)
async def read_customer(customer_id: UUID, principal: Principal, tx: Tx) -> CustomerView:
    """The file with everything in it."""
    customer = await within(tx, customer_id, READ_CUSTOMER, principal, lock=False)
    return view_of(customer, await opened(tx, customer, why="reading the file"))


async def within(tx: Tx, identifier: UUID, needs: Permission, principal: Principal, *, lock: bool) -> Customer:
    """The customer, if the principal's reach includes them; outside reach it does not exist."""
    customer = await tx.get(CUSTOMERS, identifier, lock=lock)
    if not needs.reach(principal).includes(customer.branch):
        raise NotFound("There is no such customer, or none at a branch that you may see. Check the id.")
    return customer


async def opened(tx: Tx, customer: Customer, *, why: str) -> Opened:
    """What the file says, in clear; recorded."""
    clear = await tx.unseal(customer, why=why, rules=RULES)
    reason = clear.pop("override_reason", None)
    return Opened(Personal.model_validate(clear), reason)
