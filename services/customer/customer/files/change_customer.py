"""Keeps a file up to date: old and new value, effective date and reporter of every change are kept (P01.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.fields import IdNumber, Mail, Phone
from chassis.http import Cursor, Limit, Page, cursor_of, cursor_values, get, if_match, patch
from chassis.ids import uuid7
from chassis.problems import Invalid, Stale
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.customer import CustomerChanged, CustomerClass
from fastapi import Depends
from policy.policies import policy
from pydantic import BaseModel, Field, ValidationError

from customer.files.directory import duplicates_overridden, enter, tokens_of
from customer.files.form import Line, Override, Part, Personal, Vehicle, check_fields
from customer.files.read_customer import within
from customer.files.views import CustomerView, Opened, view_of
from customer.permissions import CHANGE_CUSTOMER, READ_CUSTOMER
from customer.policy import CustomerPolicy
from customer.tables import customer_changes, customers

RULES = ("P01.1", "P01.4", "P03.3")


class ChangeForm(Part):
    """What changed (客户信息维护表); only the fields that are sent are changed."""

    effective_on: Annotated[date, Field(description="from when it holds")]
    customer_class: CustomerClass | None = None
    name: Line | None = None
    phones: Annotated[list[Phone], Field(min_length=1, max_length=10)] | None = None
    mail: Mail | None = None
    id_number: IdNumber | None = None
    address: Line | None = None
    enterprise_nature: Line | None = None
    supervising_unit: Line | None = None
    contact_person: Line | None = None
    vehicles: Annotated[list[Vehicle], Field(max_length=50)] | None = None
    reason: Annotated[Line, Field(description="why the class changes (P01.1)")] | None = None
    override: Override | None = None


@patch("/v1/customers/{customer_id}", needs=CHANGE_CUSTOMER)
async def change_customer(
    customer_id: UUID,
    form: ChangeForm,
    principal: Principal,
    tx: Tx,
    expected: Annotated[int | None, Depends(if_match)] = None,
) -> CustomerView:
    """Change a file; `If-Match` refuses what would overwrite a change that you have not seen."""
    customer = await within(tx, customer_id, CHANGE_CUSTOMER, principal, lock=True)
    if expected is not None and expected != customer.version:
        raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")
    sent = form.model_dump(mode="json", exclude_unset=True, exclude={"effective_on", "reason", "override"})
    sealed = await tx.unseal(customer, why="changing the file", rules=RULES)
    old: dict[str, Any] = {**sealed, "customer_class": customer.customer_class}
    changed = sorted(name for name in sent if sent[name] != old.get(name))
    if not changed:
        raise Invalid("Nothing changes. Send the fields that are new.")
    if "customer_class" in changed and form.reason is None:
        raise Invalid(
            "A change of class says why.",
            errors=[Wrong.MISSING.at("/reason", "required when customer_class changes")],
            rules=("P01.1",),
        )
    reason = sealed.pop("override_reason", None)
    personal = _changed(sealed, {name: sent[name] for name in changed if name != "customer_class"})
    if "customer_class" in changed:
        customer.customer_class = form.customer_class
    check_fields(customer.kind, personal, customer.customer_class)
    known = tokens_of(tx.runtime.tokens, personal)
    had = tokens_of(tx.runtime.tokens, Personal.model_validate(sealed))
    added = {entry: key for entry, key in known.items() if entry not in had}
    overridden = await duplicates_overridden(tx, added, customer.id, form.override, purpose="change")
    if overridden and form.override is not None:
        customer.duplicates_overridden, reason = True, form.override.reason
    if set(changed) & set(policy(tx, CustomerPolicy, customer.branch, tx.now).reconfirm):
        customer.unconfirm()
    kept = personal.model_dump(mode="json") | ({"override_reason": reason} if reason else {})
    customer.sealed = await tx.seal(customers, customer.id, customer.subject_id, kept)
    change = uuid7()
    values = {"old": {n: old.get(n) for n in changed}, "new": {n: sent[n] for n in changed}, "reason": form.reason}
    tx.insert(
        customer_changes,
        id=change,
        customer_id=customer.id,
        fields=changed,
        effective_on=form.effective_on,
        reported_by=principal.subject,
        recorded_at=tx.now,
        subject_id=customer.subject_id,
        sealed=await tx.seal(customer_changes, change, customer.subject_id, values),
    )
    tx.publish(customer, CustomerChanged(customer_id=customer.id, what=changed, changed_by=principal.subject))
    await enter(tx, customer, known, replaces=True)
    await tx.flush()
    return view_of(customer, Opened(personal, reason))


def _changed(old: dict[str, Any], new: dict[str, Any]) -> Personal:
    try:
        return Personal.model_validate({**old, **new})
    except ValidationError as error:
        where = [f"/{'/'.join(str(part) for part in one['loc'])}" for one in error.errors()]
        raise Invalid(
            "The file keeps a name and a phone.",
            errors=[Wrong.MUST_STAY.at(pointer) for pointer in where],
            rules=("P01.2",),
        ) from None


class ChangeView(BaseModel):
    """A change of a file, in clear; that it was read is recorded."""

    id: UUID
    fields: list[str]
    effective_on: date
    reported_by: str
    recorded_at: datetime
    old: dict[str, Any]
    new: dict[str, Any]
    reason: str | None


@dataclass
class _Row:
    id: UUID
    subject_id: UUID
    sealed: bytes


@get("/v1/customers/{customer_id}/changes", needs=READ_CUSTOMER)
async def list_changes(
    customer_id: UUID, principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[ChangeView]:
    """What was changed in a file, newest first."""
    customer = await within(tx, customer_id, READ_CUSTOMER, principal, lock=False)
    changes = customer_changes.c
    query = sa.select(customer_changes).where(changes.customer_id == customer.id).order_by(changes.id.desc())
    if cursor is not None:
        (last,) = cursor_values(cursor, UUID)
        query = query.where(changes.id < last)
    rows = list(await tx.execute(query.limit(limit + 1)))
    items = []
    for row in rows[:limit]:
        sealed = _Row(row.id, row.subject_id, row.sealed)
        clear = await tx.unseal_row(customer_changes, sealed, why="reading the file", rules=("P05.9",))
        items.append(
            ChangeView(
                id=row.id,
                fields=row.fields,
                effective_on=row.effective_on,
                reported_by=row.reported_by,
                recorded_at=row.recorded_at,
                **clear,
            )
        )
    return Page(items=items, next=cursor_of(items[-1].id) if len(rows) > limit else None)
