"""Free text about what was done: it may name people, so it is sealed, and can be forgotten (P05.14, P05.15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from chassis.fields import no_nul
from chassis.tx import Tx
from pydantic import AfterValidator, StringConstraints

RULES = ("P05.14", "P05.15")

#: why something was booked; blanks around it are no part of it
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500), AfterValidator(no_nul)]

_FORGOTTEN = "SELECT subject_id FROM kehu.subject_keys WHERE subject_id = ANY($1::uuid[]) AND wrapped IS NULL"


@dataclass
class SealedNote:
    """A note as a row keeps it."""

    id: UUID
    subject_id: UUID
    sealed: bytes


async def seal_note(tx: Tx, table: sa.Table, identifier: UUID, note: str) -> SealedNote:
    """The note of the row with this id, under a key of its own."""
    subject = tx.new_subject()
    return SealedNote(identifier, subject, await tx.seal(table, identifier, subject, {"note": note}))


async def read_notes(
    tx: Tx, table: sa.Table, notes: Sequence[SealedNote], *, why: str, rules: Iterable[str]
) -> list[str | None]:
    """The notes in clear, in their order; None for one that was forgotten. That they were read is recorded."""
    gone = {row[0] for row in await tx.driver.fetch(_FORGOTTEN, [note.subject_id for note in notes])}
    return [
        None if note.subject_id in gone else str((await tx.unseal_row(table, note, why=why, rules=rules))["note"])
        for note in notes
    ]
