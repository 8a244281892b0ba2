"""Keeps the complaint phone and mailbox of a branch, which stand on its people's cards (P04.13)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.auth import Principal
from chassis.fields import Mail, Phone, Slug
from chassis.http import get, put
from chassis.problems import NotFound
from chassis.tx import Tx
from fastapi import Path
from pydantic import BaseModel, ConfigDict

from staff.cards.model import BRANCH_CONTACTS, BranchContacts, Contacts, contacts_id_of
from staff.cards.permissions import KEEP_CONTACTS, READ_CONTACTS

RULES = ("P04.13",)


class ContactsForm(BaseModel):
    """Where complaints about a branch go."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"complaint_phone": "021-5555 0000", "complaint_mailbox": "complaints@pudong.example"}]
        },
    )

    complaint_phone: Phone | None
    complaint_mailbox: Mail | None


class ContactsView(BaseModel):
    """The complaint contacts of a branch, and which of them its cards still lack."""

    branch: str
    complaint_phone: str | None
    complaint_mailbox: str | None
    missing: list[str]
    changed_by: str | None
    changed_at: datetime | None
    version: int | None


async def contacts_of(tx: Tx, branch: str) -> Contacts:
    """Where complaints about a branch go, as far as that is known."""
    found = (await tx.load(BRANCH_CONTACTS, [contacts_id_of(branch)], lock=False)).values()
    return next((one.contacts for one in found), Contacts())


@put("/v1/cards/contacts/{branch}", needs=KEEP_CONTACTS)
async def keep_contacts(
    branch: Annotated[Slug, Path()], form: ContactsForm, principal: Principal, tx: Tx
) -> ContactsView:
    """Enter or change where complaints about a branch go; cards read from then on carry it."""
    if not KEEP_CONTACTS.reach(principal).includes(branch):
        raise NotFound("There is no such branch within your reach. Check its name.")
    identifier = contacts_id_of(branch)
    found = (await tx.load(BRANCH_CONTACTS, [identifier])).get(identifier)
    if found is None:
        found = BranchContacts(
            identifier, branch, form.complaint_phone, form.complaint_mailbox, principal.subject, tx.now
        )
        tx.add(found)
    elif found.contacts != Contacts(form.complaint_phone, form.complaint_mailbox):
        found.complaint_phone, found.complaint_mailbox = form.complaint_phone, form.complaint_mailbox
        found.changed_by, found.changed_at = principal.subject, tx.now
    await tx.flush()
    return _view(branch, found)


@get("/v1/cards/contacts/{branch}", needs=READ_CONTACTS)
async def read_contacts(branch: Annotated[Slug, Path()], principal: Principal, tx: Tx) -> ContactsView:
    """Where complaints about a branch go."""
    if not READ_CONTACTS.reach(principal).includes(branch):
        raise NotFound("There is no such branch within your reach. Check its name.")
    identifier = contacts_id_of(branch)
    return _view(branch, (await tx.load(BRANCH_CONTACTS, [identifier], lock=False)).get(identifier))


def _view(branch: str, found: BranchContacts | None) -> ContactsView:
    contacts = Contacts() if found is None else found.contacts
    return ContactsView(
        branch=branch,
        complaint_phone=contacts.complaint_phone,
        complaint_mailbox=contacts.complaint_mailbox,
        missing=contacts.missing,
        changed_by=None if found is None else found.changed_by,
        changed_at=None if found is None else found.changed_at,
        version=None if found is None else found.version,
    )
