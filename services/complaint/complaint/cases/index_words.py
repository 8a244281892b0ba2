"""Makes a case findable by its words, once it is there: the redacted ones and the vehicle's, never a person's."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintOpened

from complaint.cases.words import vector

RULES = ("P04.8", "P05.15")

# whoever forgets a customer or merges cases meanwhile waits, and finds the words that have to go
_LOCKED = "SELECT id, merged_into FROM cases WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE"
_TEXTS = """WITH RECURSIVE part (whole, id) AS (
    SELECT id, id FROM unnest($1::uuid[]) AS id
    UNION ALL SELECT part.whole, c.id FROM part JOIN cases c ON c.merged_into = part.id
) SELECT whole, branch, text, brand, facts->>'series' AS series, facts->>'model' AS model
    FROM part JOIN cases USING (id) ORDER BY whole, id"""
_KEEP = """INSERT INTO case_words (case_id, words) SELECT * FROM unnest($1::uuid[], $2::text[]::tsvector[])
    ON CONFLICT (case_id) DO UPDATE SET words = excluded.words"""


async def index(tx: Tx, case_ids: Iterable[UUID]) -> None:
    """Keep by which words these cases are found: of a merged one, the case that it was merged into by those of both."""
    asked, whole = set(case_ids), set[UUID]()
    while asked:
        rows = await tx.driver.fetch(_LOCKED, sorted(asked))
        whole |= {row["id"] for row in rows if row["merged_into"] is None}
        asked = {row["merged_into"] for row in rows if row["merged_into"] is not None}
    texts: dict[UUID, tuple[str, list[str]]] = {}
    for row in await tx.driver.fetch(_TEXTS, sorted(whole)):
        if row["text"]:
            _, own = texts.setdefault(row["whole"], (row["branch"], []))
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
