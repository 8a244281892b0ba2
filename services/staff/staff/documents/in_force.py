"""Which documents hold on a day, as conditions that the use cases share."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from chassis.tx import Tx
from policy.access import GROUP

from staff.documents.model import DOCUMENTS, Document
from staff.documents.tables import document_endings, policy_documents

_ENDS = "SELECT older_id, min(ends_on) FROM document_endings WHERE older_id = ANY($1::uuid[]) GROUP BY older_id"


def in_force(on: date) -> list[sa.ColumnElement[bool]]:
    """Approved, begun, and ended by no other on that day."""
    rows, endings = policy_documents.c, document_endings.c
    ended = sa.select(endings.older_id).where(endings.older_id == rows.id, endings.ends_on <= on)
    return [rows.state == "approved", rows.effective_on <= on, ~ended.exists()]


async def ends_of(tx: Tx, documents: list[Document]) -> dict[UUID, date]:
    """From which day on each holds no more; without those that nothing ends."""
    return {row[0]: row[1] for row in await tx.driver.fetch(_ENDS, [one.id for one in documents])}


async def conflicting(tx: Tx, one: Document, on: date) -> list[Document]:
    """Documents of the same matter that hold at the same place on that day and that it does not end (P13.15)."""
    rows = policy_documents.c
    places = [GROUP] if one.place == GROUP else [GROUP, one.place]
    older = [UUID(text) for text in one.supersedes]
    query = (
        sa.select(*DOCUMENTS.columns)
        .where(*in_force(on), rows.matter == one.matter, rows.id != one.id, rows.id.not_in(older))
        .where(rows.place.in_(places) if one.place != GROUP else sa.true())
        .order_by(rows.id)
        .limit(100)
    )
    return [DOCUMENTS.restore(row) for row in await tx.execute(query)]
