"""Why something was signed, refused, taken back, waived or changed, in the words of who did it: kept sealed.

A row that has such words says `SAID` for its reason; what the system gives as a reason stays in the row as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from chassis.fields import Text
from chassis.tx import Tx
from pydantic import Field

from policy.tables import reasons

RULES = ("P05.9", "P05.14")

#: what a row says instead of words that are kept sealed
SAID = "said"

Reason = Annotated[Text, Field(min_length=4, max_length=1000, description="kept sealed")]

_KEPT = """SELECT r.id, r.subject_id, r.sealed FROM kehu.reasons r
    JOIN kehu.subject_keys k ON k.subject_id = r.subject_id AND k.wrapped IS NOT NULL WHERE r.id = ANY($1::uuid[])"""
_ABOUT = "SELECT subject_id FROM kehu.reasons WHERE about = ANY($1::uuid[])"


@dataclass
class Kept:
    """Words as they are kept."""

    id: UUID
    subject_id: UUID
    sealed: bytes


async def say(tx: Tx, of: UUID, about: UUID, words: str) -> Kept:
    """Keep the words of a signature, a withdrawal, a waiver or a change, by its id.

    `about` is the record that it speaks of: whoever forgets that forgets the words (`forget_reasons`).
    """
    subject = tx.new_subject()
    kept = Kept(of, subject, await tx.seal(reasons, of, subject, {"words": words}))
    tx.insert(reasons, id=of, about=about, subject_id=subject, sealed=kept.sealed)
    return kept


async def words_of(tx: Tx, ids: Iterable[UUID], *, why: str) -> dict[UUID, str]:
    """The words in clear, by whose they are; none where there were none or they were forgotten. Recorded."""
    if not (wanted := list(ids)):
        return {}
    kept = [Kept(*row) for row in await tx.driver.fetch(_KEPT, wanted)]
    await tx.keys_of(one.subject_id for one in kept)
    return {one.id: str((await tx.unseal_row(reasons, one, why=why, rules=RULES))["words"]) for one in kept}


async def forget_reasons(tx: Tx, about: Iterable[UUID]) -> int:
    """Make unreadable for good what was said about these records; how many keys there were."""
    return await tx.destroy_keys([row[0] for row in await tx.driver.fetch(_ABOUT, list(about))])
