"""Pulls from staff how people are reached, keeps it sealed, forgets it when they have left (P05.15, P01.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from chassis.handlers import Received, on
from chassis.jobs import Work, job
from chassis.runtime import Runtime
from chassis.tx import Sealed, Tx
from contracts.roles import Scope
from contracts.staff import Employment, PersonEntry
from pydantic import BaseModel, ConfigDict

from notify import tables
from notify.contact import CONTACTS, Contact, contact_id

log = structlog.get_logger()

RULES = ("P01.9", "P05.15")

#: what staff records that it was asked for
PURPOSE = "telling them"
FIELDS = {"mail", "mobile", "language"}


class Line(BaseModel):
    """How staff says one person is reached."""

    model_config = ConfigDict(hide_input_in_errors=True)

    subject: str
    mail: str | None = None
    mobile: str | None = None
    language: str | None = None


class Answer(BaseModel):
    """What staff answers."""

    model_config = ConfigDict(hide_input_in_errors=True)

    people: list[Line]


@dataclass(frozen=True)
class Reach:
    """What staff answered of a person; empty where it knows nothing. Never printed."""

    known: dict[str, str] = field(repr=False)


@on(PersonEntry)
def contact_changed(event: Received[PersonEntry], tx: Tx) -> None:
    """Somebody came or changed: their reach is pulled anew. Somebody has left: it is forgotten."""
    if event.message is None:
        return
    ref = f"{event.sequence} {event.said.subject}"
    left = event.said.employment == Employment.LEFT
    tx.later(forget_contact if left else pull_contact, ref, lane="staff")


async def reach_of(runtime: Runtime, person: str) -> Reach:
    """Ask staff now; errors as of `runtime.peers`, ValidationError for an answer that cannot be read."""
    asked = {"subjects": [person], "purpose": PURPOSE}
    said = await runtime.peers.post("staff", "/v1/people/reach", asked, scope=Scope.STAFF_REACH)
    for one in Answer.model_validate(said).people:
        if one.subject == person:
            return Reach(one.model_dump(include=FIELDS, exclude_none=True))
    return Reach({})


async def pulled(tx: Tx, ended: Sequence[tuple[str, Reach]]) -> None:
    """Keep what was pulled, each person's newest; never over what came later, or after they have left."""
    for ref, reach in ended:
        sequence, person = _read(ref)
        contact = await _contact(tx, person)
        if sequence < contact.known_sequence:
            continue
        subject = contact.subject_id or tx.new_subject()
        contact.sealed = await tx.seal(tables.contacts, contact.id, subject, reach.known)
        contact.subject_id, contact.known_sequence = subject, sequence
        contact.pulled_at, contact.forgotten_at = tx.now, None
        await tx.flush()


async def forgotten(tx: Tx, ended: Sequence[tuple[str, bool]]) -> None:
    """Destroy the keys of who has left; what is sealed under them can never be read again."""
    for ref, _ in ended:
        sequence, person = _read(ref)
        contact = await _contact(tx, person)
        if sequence < contact.known_sequence:
            continue
        if contact.subject_id is not None:
            await tx.destroy_keys([contact.subject_id])
        contact.subject_id, contact.sealed = None, None
        contact.known_sequence, contact.forgotten_at = sequence, tx.now
        await tx.flush()


async def _contact(tx: Tx, person: str) -> Contact:
    identifier = contact_id(person)
    found = (await tx.load(CONTACTS, [identifier])).get(identifier)
    if found is None:
        found = Contact(identifier, person, None, None, 0)
        tx.add(found)
    return found


def _read(ref: str) -> tuple[int, str]:
    sequence, _, person = ref.partition(" ")
    return int(sequence), person


@job(retry=("5s", "1m", "10m", "1h", "6h", "1d"), finish=pulled)
async def pull_contact(ref: str, work: Work) -> Reach:
    """Ask staff how somebody is reached."""
    _, person = _read(ref)
    return await reach_of(work.runtime, person)


@job(finish=forgotten)
async def forget_contact(ref: str, work: Work) -> bool:
    """Forget how somebody was reached: nothing to ask, only to write."""
    return True


async def known_reach(tx: Tx, person: str) -> dict[str, Any] | None:
    """How somebody is reached, unsealed for a message to them; None where it has not been pulled yet."""
    identifier = contact_id(person)
    contact = (await tx.load(CONTACTS, [identifier], lock=False)).get(identifier)
    if contact is None:
        return None
    if contact.forgotten_at is not None:
        return {}
    if contact.sealed is None:
        return None
    return await tx.unseal(cast("Sealed", contact), why=PURPOSE, rules=RULES)
