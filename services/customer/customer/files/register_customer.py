"""Opens a file on a new customer, once: whoever might be the same is shown first (P01.2, P01.3)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.problems import Forbidden, Invalid, Refused
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.customer import CustomerRegistered
from pydantic import BaseModel

from customer.customer import Customer
from customer.files.directory import candidates, enter, tokens_of
from customer.files.form import CustomerForm, missing_fields
from customer.permissions import REGISTER_CUSTOMER
from customer.tables import customers

RULES = ("P01.2", "P01.3")


class DuplicateCustomer(Refused):
    """Someone with the same phone, plate, VIN, id number or mail has a file already."""

    title = "There may be a file on this customer already"
    rules = ("P01.2",)


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
    lacking = missing_fields(form.kind, personal, form.customer_class)
    if lacking:
        raise Invalid(
            "The file of an organisation needs its standard fields.",
            errors=[{"pointer": f"/{name}", "detail": "required of an organisation"} for name in lacking],
            rules=("P01.2",),
        )
    known = tokens_of(tx.runtime.tokens, personal)
    identifier = uuid7()
    same = await candidates(tx, known, identifier)
    if same and form.override is None:
        raise DuplicateCustomer(
            "Look at the candidates. If it is one of them, change that file; if it is someone else, send the form "
            "again with override.reason.",
            candidates=same,
        )
    subject = tx.new_subject()
    sealed = personal.model_dump(mode="json")
    if same and form.override is not None:
        sealed["override_reason"] = form.override.reason
    customer = Customer(
        id=identifier,
        kind=form.kind,
        customer_class=form.customer_class,
        branch=form.branch,
        registered_at=tx.now,
        registered_by=principal.subject,
        duplicates_overridden=bool(same),
        subject_id=subject,
        sealed=await tx.seal(customers, identifier, subject, sealed),
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
            duplicates_overridden=bool(same),
        ),
    )
    await enter(tx, customer, known, replaces=False)
    if same:
        tx.record(
            AccessRecorded(
                service=tx.runtime.name,
                actor=principal.subject,
                action="duplicates_overridden",
                table=customers.name,
                ids=[str(identifier), *[str(one["id"]) for one in same]],
                purpose="registration",
                rules=["P01.2"],
                at=tx.now,
                digests=[],
            )
        )
    path = f"/v1/customers/{identifier}"
    return Answer(Registered(id=identifier, path=path, version=1), headers={"Location": path})
