"""The sales director confirms a file: from then on it counts for credit (P03.3, P11.1; A12)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.tx import Tx
from contracts.customer import CustomerChanged

from customer.files.directory import entry_of, tokens_of
from customer.files.read_customer import opened, within
from customer.files.views import CustomerView, view_of
from customer.permissions import CONFIRM_CUSTOMER

RULES = ("P03.3",)


@post("/v1/customers/{customer_id}/confirm", needs=CONFIRM_CUSTOMER)
async def confirm_customer(customer_id: UUID, principal: Principal, tx: Tx) -> CustomerView:
    """Confirm that the file is right; confirming it twice changes nothing."""
    customer = await within(tx, customer_id, CONFIRM_CUSTOMER, principal, lock=True)
    clear = await opened(tx, customer, why="confirming the file")
    if customer.confirmed_at is None:
        customer.confirm(principal.subject, tx.now)
        changed = CustomerChanged(customer_id=customer.id, what=["confirmed"], changed_by=principal.subject)
        tx.publish(customer, changed)
        tx.publish(customer, entry_of(customer, tokens_of(tx.runtime.tokens, clear.personal), tx.now))
        await tx.flush()
    return view_of(customer, clear)
