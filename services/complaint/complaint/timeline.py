"""One timeline a case: who did what when, under which rules, with the words of who wrote it sealed (P04.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from chassis.fields import Text, no_nul
from chassis.ids import uuid7
from chassis.tx import Tx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from complaint import tables

RULES = ("P04.8",)


#: text in which something is said: blanks around it are not kept, and blanks alone say nothing
Said = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(no_nul)]
Words = Annotated[Said, Field(min_length=2, max_length=4000, description="kept sealed")]
Person = Annotated[Text, Field(min_length=1, max_length=200, description="a subject of the identity provider")]


class WordsForm(BaseModel):
    """A form whose words are kept sealed on the timeline."""

    model_config = ConfigDict(extra="forbid")


@dataclass
class Entry:
    """One entry as it is kept."""

    id: UUID
    case_id: UUID
    kind: str
    author: str
    at: datetime
    rules: list[str]
    facts: dict[str, Any]
    subject_id: UUID
    sealed: bytes | None


class About(Protocol):
    """Whose timeline it is: the id of a case, and the caller under whose key words are sealed."""

    @property
    def case_id(self) -> UUID: ...
    @property
    def subject_id(self) -> UUID: ...


def note(
    tx: Tx,
    about: About,
    kind: str,
    rules: Iterable[str],
    *,
    sealed: bytes | None = None,
    identifier: UUID | None = None,
    **facts: Any,
) -> None:
    """Put what has happened on the timeline, in this transaction; `facts` name no customer."""
    tx.insert(
        tables.entries,
        id=identifier or uuid7(),
        case_id=about.case_id,
        kind=kind,
        author=tx.actor,
        at=tx.now,
        rules=list(rules),
        facts=facts,
        subject_id=about.subject_id,
        sealed=sealed,
    )


async def write(tx: Tx, about: About, kind: str, rules: Iterable[str], words: Mapping[str, Any], **facts: Any) -> None:
    """`note` with words that only open in this entry; they are forgotten with the caller."""
    identifier = uuid7()
    said = {name: word for name, word in words.items() if word is not None}
    sealed = await tx.seal(tables.entries, identifier, about.subject_id, said)
    note(tx, about, kind, rules, sealed=sealed, identifier=identifier, **facts)


async def entries_of(tx: Tx, case_id: UUID, *, after: UUID | None = None, limit: int | None = None) -> list[Entry]:
    """The timeline of a case, oldest first; a part of it where said."""
    column = tables.entries.c
    query = sa.select(tables.entries).where(column.case_id == case_id).order_by(column.id).limit(limit)
    if after is not None:
        query = query.where(column.id > after)
    return [Entry(**row._mapping) for row in await tx.execute(query)]


async def opened(tx: Tx, entries: Iterable[Entry], *, why: str) -> dict[UUID, dict[str, Any]]:
    """The words of the entries, by id; that they were read is recorded."""
    found = {}
    for entry in entries:
        if entry.sealed is not None:
            found[entry.id] = await tx.unseal_row(tables.entries, _Sealed(entry), why=why, rules=RULES)
    return found


class _Sealed:
    """An entry that has words."""

    def __init__(self, entry: Entry) -> None:
        assert entry.sealed is not None
        self.id, self.subject_id, self.sealed = entry.id, entry.subject_id, entry.sealed
