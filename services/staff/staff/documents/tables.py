"""The rows of policy documents; what ends which is a row of its own, so that nothing old is ever rewritten."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from staff.tables import metadata


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


policy_documents = sa.Table(
    "policy_documents",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="version 7: its order is the order of drafting"),
    sa.Column("place", sa.Text, nullable=False, comment="group, or the branch it holds at"),
    sa.Column("matter", sa.Text, nullable=False, comment="what it is about: documents of one matter may conflict"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("owner_department", sa.Text, nullable=False, comment="drafts, interprets and amends it"),
    sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of its text, in hex"),
    sa.Column("file", sa.Text, comment="where its text is kept, sealed"),
    sa.Column("amends", sa.Uuid),
    sa.Column("supersedes", JSONB, nullable=False, comment="ids of those that end when it takes effect"),
    sa.Column("wanted_on", sa.Date, comment="stated by the drafter; null: from the day of approval"),
    sa.Column("drafted_by", sa.Text, nullable=False),
    _instant("drafted_at", nullable=False),
    sa.Column("reviewed_by", sa.Text),
    _instant("reviewed_at"),
    sa.Column("approved_by", sa.Text),
    _instant("approved_at"),
    sa.Column("effective_on", sa.Date),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "state IN ('draft', 'reviewed', 'approved', 'refused', 'withdrawn')", name="policy_documents_state"
    ),
    sa.Index("policy_documents_place", "place", "id"),
    sa.Index(
        "policy_documents_matter", "place", "matter", "effective_on", postgresql_where=sa.text("state = 'approved'")
    ),
)

document_endings = sa.Table(
    "document_endings",
    metadata,
    sa.Column("older_id", sa.Uuid, nullable=False),
    sa.Column("newer_id", sa.Uuid, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False, comment="the first day on which the older one holds no more"),
    sa.PrimaryKeyConstraint("older_id", "newer_id", name="document_endings_pkey"),
    sa.Index("document_endings_newer", "newer_id"),
    comment="which document ended which, and when; only ever added to",
)
