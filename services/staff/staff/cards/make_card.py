"""Has a card made, and gives its print data: never without the branch's complaint phone and mailbox (P04.13)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Mail, Phone, Text, no_nul
from chassis.http import Cursor, Limit, Page, get, post
from chassis.ids import uuid7
from chassis.lists import newest_first
from chassis.problems import NotFound
from chassis.tx import Tx
from policy.access import GROUP
from policy.directory import Directory
from policy.policies import policy
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from staff.cards import tables
from staff.cards.model import CARDS, Card, Contacts, refuse_incomplete, refuse_outdated
from staff.cards.permissions import MAKE_CARD, READ_CARD
from staff.cards.policy import CardPolicy

RULES = ("P04.13",)


#: what is printed is not blank
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(no_nul)]


class CardForm(BaseModel):
    """Whose card it is and what stands on it beside the branch's contacts; kept sealed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"person": "adviser-11", "name": "李明", "post": "服务顾问", "mobile": "138 0000 0000"}]
        },
    )

    person: Annotated[Text, Field(min_length=1, max_length=200)]
    name: Line
    post: Line
    mobile: Phone | None = None
    mail: Mail | None = None


class PrintData(BaseModel):
    """What the printer sets: the person's own lines, and the branch's complaint contacts as they are today."""

    id: UUID
    person: str
    branch: str
    name: str
    post: str
    mobile: str | None
    mail: str | None
    complaint_phone: str | None
    complaint_mailbox: str | None
    made_at: datetime
    rules: list[str]


class CardLine(BaseModel):
    """A card as lists show it: no name."""

    id: UUID
    person: str
    branch: str
    made_by: str
    made_at: datetime


@post("/v1/cards", needs=MAKE_CARD, status=201)
async def make_card(form: CardForm, principal: Principal, tx: Tx) -> PrintData:
    """Register a card of a person of one's branch; 409 naming what the branch lacks, where it must stand on it."""
    found = Directory.of(tx.runtime).people.get(form.person)
    if found is None or not MAKE_CARD.reach(principal).includes(found.branch):
        raise NotFound("There is no such person within your reach. Check whom you mean.")
    refuse_outdated(found, found.branch)
    contacts = await complete_contacts(tx, found.branch)
    personal = form.model_dump(exclude={"person"})
    identifier, subject = uuid7(), tx.new_subject()
    sealed = await tx.seal(tables.cards, identifier, subject, personal)
    one = Card(identifier, form.person, found.branch, subject, sealed, principal.subject, tx.now)
    tx.add(one)
    return _print_data(one, personal, contacts)


@get("/v1/cards/{card_id}", needs=READ_CARD)
async def read_card(card_id: UUID, principal: Principal, tx: Tx) -> PrintData:
    """The print data of a card, with the contacts of today; reading it is recorded. 409 once they work elsewhere."""
    one = await tx.get(CARDS, card_id, lock=False)
    if one.person != principal.subject and not READ_CARD.reach(principal).includes(one.branch, owner=one.person):
        raise NotFound("There is no such card, or none of a person within your reach. Check the id.")
    refuse_outdated(Directory.of(tx.runtime).people.get(one.person), one.branch)
    contacts = await complete_contacts(tx, one.branch)
    return _print_data(one, await tx.unseal(one, why="printing a card", rules=RULES), contacts)


@get("/v1/cards", needs=READ_CARD)
async def list_cards(principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[CardLine]:
    """The cards within your reach, newest first, without names."""
    rows = tables.cards.c
    reach = READ_CARD.reach(principal).condition(rows.branch, owner=rows.person)
    found, following = await newest_first(tx, CARDS, [reach], limit, cursor)
    lines = [
        CardLine(id=one.id, person=one.person, branch=one.branch, made_by=one.made_by, made_at=one.made_at)
        for one in found
    ]
    return Page(items=lines, next=following)


_CONTACTS = "SELECT complaint_phone, complaint_mailbox FROM branches WHERE branch = $1"


async def complete_contacts(tx: Tx, branch: str) -> Contacts:
    """The complaint contacts for a card of this branch; `CardIncomplete` where it must carry one that is missing."""
    found = await tx.driver.fetchrow(_CONTACTS, branch)
    contacts = Contacts() if found is None else Contacts(found["complaint_phone"], found["complaint_mailbox"])
    required = branch != GROUP and policy(tx, CardPolicy, branch, tx.now).complaint_contacts
    refuse_incomplete(contacts, required=required)
    return contacts


def _print_data(one: Card, personal: dict[str, Any], contacts: Contacts) -> PrintData:
    return PrintData(
        id=one.id,
        person=one.person,
        branch=one.branch,
        name=personal["name"],
        post=personal["post"],
        mobile=personal["mobile"],
        mail=personal["mail"],
        complaint_phone=contacts.complaint_phone,
        complaint_mailbox=contacts.complaint_mailbox,
        made_at=one.made_at,
        rules=list(RULES),
    )
