"""Makes a case findable by its words, once it is there: the redacted ones and the vehicle's, never a person's."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintOpened

from complaint import tables
from complaint.cases.words import vector

RULES = ("P04.8", "P05.15")

# whoever forgets a customer meanwhile waits, and finds the words that have to go
_TEXTS = """SELECT id, branch, text, brand, facts->>'series' AS series, facts->>'model' AS model
    FROM cases WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE"""


async def words_of(tx: Tx, events: Sequence[Received[ComplaintOpened]]) -> list[str | None]:
    """For each opened case its words; None where they have been forgotten."""
    rows = {row["id"]: row for row in await tx.driver.fetch(_TEXTS, sorted(e.said.case_id for e in events))}
    found: list[str | None] = []
    for event in events:
        row = rows.get(event.said.case_id)
        texts = [] if row is None else [row["text"], row["brand"], row["series"] or "", row["model"] or ""]
        found.append(vector(row["branch"], texts) if row is not None and row["text"] else None)
    return found


@on(ComplaintOpened, loads=words_of)
def index_words(event: Received[ComplaintOpened], words: str | None, tx: Tx) -> None:
    """Keep the words of an opened case; by a worker, since intake must not wait for the search index."""
    if words is not None:
        tx.insert(tables.case_words, case_id=event.said.case_id, words=words)
