"""Opens a file on a new customer, once: whoever might be the same is shown first (P01.2, P01.3)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Forbidden
from chassis.tx import Tx
from contracts.customer import CustomerRegistered
from pydantic import BaseModel

from customer.customer import Customer
from customer.files.directory import duplicates_overridden, enter, tokens_of
from customer.files.form import CustomerForm, check_fields
from customer.permissions import REGISTER_CUSTOMER
from customer.tables import customers

RULES = ("P01.2", "P01.3")


class Registered(BaseModel):
    """The new file."""

    id: UUID
    path: str
    version: int


@post("/v1/customers", needs=REGISTER_CUSTOMER, status=201)
async def register_customer(form: CustomerForm, principal: Principal, tx: Tx) -> Answer[Registered]:
    """Register a customer; 409 names the candidates, `override` registers all the same and is recorded."""
    if not REGISTER_CUSTOMER.reach(principal).includes(form.branch):
        raise Forbidden(f"You may register customers, but not at the branch {form.branch}.", rules=("P01.3",))
    personal = form.personal
    check_fields(form.kind, personal, form.customer_class)
    known = tokens_of(tx.runtime.tokens, personal)
    identifier = uuid7()
    overridden = await duplicates_overridden(tx, known, identifier, form.override, purpose="registration")
    subject = tx.new_subject()
    sealed = personal.model_dump(mode="json")
    if overridden and form.override is not None:
        sealed["override_reason"] = form.override.reason
    customer = Customer(
        id=identifier,
        kind=form.kind,
        customer_class=form.customer_class,
        branch=form.branch,
        registered_at=tx.now,
        registered_by=principal.subject,
        duplicates_overridden=overridden,
        subject_id=subject,
        sealed=await tx.seal(customers, identifier, subject, sealed),
        confirmed_at=None,
        confirmed_by=None,
        erased_at=None,
        version=1,
        sequence=0,
    )
    tx.add(customer)
    tx.publish(
        customer,
        CustomerRegistered(
            customer_id=identifier,
            kind=form.kind,
            customer_class=form.customer_class,
            branch=form.branch,
            registered_by=principal.subject,
            duplicates_overridden=overridden,
        ),
    )
    await enter(tx, customer, known, replaces=False)
    path = f"/v1/customers/{identifier}"
    return Answer(Registered(id=identifier, path=path, version=1), headers={"Location": path})
