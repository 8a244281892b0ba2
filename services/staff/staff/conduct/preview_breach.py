"""Tells a signer what a breach would cost somebody now, by the same reckoning that would book it (P13.8, P13.11)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import get
from chassis.ids import uuid7
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.money import Money
from contracts.staff import BreachItem
from fastapi import Query
from policy.calendar import civil
from pydantic import BaseModel

from staff.conduct.model import account_id_of
from staff.conduct.permissions import PREVIEW_CONDUCT, sees
from staff.conduct.read_breach import ConsequenceView, consequence_of, note_reading
from staff.conduct.reckoning import derive
from staff.conduct.record_breach import place_of, trial
from staff.conduct.recount import breaches_of

RULES = ("P04.11", "P13.8", "P13.11")


class Preview(BaseModel):
    """What the breach would cost if it were decided now.

    `counted` are the breaches of its family that count in this month already, `changes` what others of the person
    would cost otherwise than now.
    """

    person: str
    kind: str
    month: str
    consequence: ConsequenceView
    counted: int
    changes: dict[UUID, ConsequenceView]


@get("/v1/conduct/preview", needs=PREVIEW_CONDUCT)
async def preview_breach(
    principal: Principal,
    tx: Tx,
    person: Annotated[Text, Query(max_length=200)],
    kind: Annotated[Text, Query(max_length=60)],
    occurred_on: Annotated[date | None, Query(description="counts for nothing: the day of decision does")] = None,
    subject: Annotated[Text, Query(max_length=200, description="the case or file it was found in")] = "",
    items: Annotated[
        list[str] | None, Query(max_length=30, description="`kind:count`, where several are punished as one")
    ] = None,
    measured: Annotated[Decimal | None, Query(ge=0, le=100, decimal_places=2)] = None,
    share: Annotated[
        Decimal | None, Query(ge=0, max_digits=18, decimal_places=2, description="what the person bears of a loss")
    ] = None,
    repeats: UUID | None = None,
) -> Preview:
    """What a breach of this kind would cost this person now, and why. Nothing is booked."""
    branch, department = place_of(tx, person)
    if not sees(PREVIEW_CONDUCT, principal, branch, department, person):
        raise NotFound("There is no such person within your reach. Check whom you mean.")
    if occurred_on is not None and occurred_on > civil(tx.now):
        raise Invalid("It has not happened yet.", errors=[Wrong.IN_FUTURE.at("/occurred_on")])
    before = (await breaches_of(tx, [account_id_of(person)]))[account_id_of(person)]
    one = trial(
        tx,
        person,
        kind,
        [_item(text) for text in items or ()],
        identifier=uuid7(),
        subject=subject,
        measured=measured,
        share=None if share is None else Money(amount=share),
        repeats=repeats,
    )
    now, then = derive(before), derive([*before, one])
    found = then[one.id]
    note_reading(tx, principal, [person], [account_id_of(person)], action="preview")
    return Preview(
        person=person,
        kind=kind,
        month=f"{one.month:%Y-%m}",
        consequence=consequence_of(one, found),
        counted=0 if found.nth is None else found.nth - 1,
        changes={b.id: consequence_of(b, then[b.id]) for b in before if then[b.id].cost != now[b.id].cost},
    )


def _item(text: str) -> BreachItem:
    kind, _, count = text.partition(":")
    if not count.isdecimal() or not 1 <= int(count) <= 1000:
        raise Invalid(
            "An item is its kind and how often.",
            errors=[Wrong.LIKE.at("/items", limit="customer_signature_missing:2")],
        )
    return BreachItem(kind=kind, count=int(count))
