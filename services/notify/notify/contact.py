"""How a person of staff is reached: mail and mobile, sealed under a key of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from chassis.store import Store

from notify import tables

_PEOPLE = UUID("6f1f5b0e-5d5f-4c55-9d0a-8c1d8a6f7f10")


@dataclass
class Contact:
    """What staff said of a person's reach. `known_sequence` is that of the newest word of staff it follows."""

    id: UUID
    person: str
    subject_id: UUID | None
    sealed: bytes | None
    known_sequence: int
    pulled_at: datetime | None = None
    forgotten_at: datetime | None = None
    version: int = 1
    sequence: int = 0


CONTACTS = Store(tables.contacts, Contact)


def contact_id(person: str) -> UUID:
    """The row of a person, by the subject of the identity provider."""
    return uuid5(_PEOPLE, person)
