"""Makes a case findable by its words, once it is there: the redacted ones and the vehicle's, never a person's."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import asyncpg
from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintOpened

from complaint.cases.words import vector

RULES = ("P04.8", "P05.15")

# whoever forgets a customer or merges cases meanwhile waits, and finds the words that have to go
_LOCKED = """SELECT id, merged_into, branch, text, brand, facts->>'series' AS series, facts->>'model' AS model
    FROM cases WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE"""
# only what was merged, which is little: all that are asked for, joined here, were found by reading every case while
# those were some thousands
_PARTS = """WITH RECURSIVE part AS (
    SELECT merged_into AS whole, id, branch, text, brand, facts FROM cases WHERE merged_into = ANY($1::uuid[])
    UNION ALL
    SELECT part.whole, c.id, c.branch, c.text, c.brand, c.facts FROM part JOIN cases c ON c.merged_into = part.id
) SELECT whole, id, branch, text, brand, facts->>'series' AS series, facts->>'model' AS model FROM part"""
_KEEP = """INSERT INTO case_words (case_id, words) SELECT * FROM unnest($1::uuid[], $2::text[]::tsvector[])
    ON CONFLICT (case_id) DO UPDATE SET words = excluded.words"""


async def index(tx: Tx, case_ids: Iterable[UUID]) -> None:
    """Keep by which words these cases are found: of a merged one, the case that it was merged into by those of both."""
    asked, found = set(case_ids), dict[UUID, tuple[UUID, asyncpg.Record]]()
    while asked:
        rows = await tx.driver.fetch(_LOCKED, sorted(asked))
        found |= {row["id"]: (row["id"], row) for row in rows if row["merged_into"] is None}
        asked = {row["merged_into"] for row in rows if row["merged_into"] is not None}
    found |= {row["id"]: (row["whole"], row) for row in await tx.driver.fetch(_PARTS, list(found))}
    texts: dict[UUID, tuple[str, list[str]]] = {}
    for whole, row in (found[identifier] for identifier in sorted(found)):
        if row["text"]:
            _, own = texts.setdefault(whole, (row["branch"], []))
            own += [row["text"], row["brand"], row["series"] or "", row["model"] or ""]
    words = [vector(branch, own) for branch, own in texts.values()]
    await tx.driver.execute(_KEEP, list(texts), words)


class Opened:
    """The cases whose words a transaction keeps."""

    def __init__(self) -> None:
        self._wanted: set[UUID] = set()

    def want(self, case_id: UUID) -> None:
        self._wanted.add(case_id)

    async def write(self, tx: Tx) -> None:
        """Keep them, all at once."""
        wanted, self._wanted = self._wanted, set()
        if wanted:
            await index(tx, wanted)


@on(ComplaintOpened)
def index_words(event: Received[ComplaintOpened], tx: Tx) -> None:
    """Keep the words of an opened case; by a worker, since intake must not wait for the search index."""
    tx.extension(Opened).want(event.said.case_id)
