"""The rows of links between cases."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from complaint.tables import metadata

case_links = sa.Table(
    "case_links",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("other_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("linked_by", sa.Text, nullable=False),
    sa.Column("linked_at", TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('related', 'same_vehicle', 'same_cause', 'follows', 'split')", name="case_links_kind"),
    sa.Index("case_links_pair", "case_id", "other_id", "kind", unique=True),
    sa.Index("case_links_other", "other_id", "id"),
    comment="which cases have to do with each other, and how; shown on both",
)
