"""The rows of business cards."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP

from staff.tables import metadata

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="name, post, and how to reach the person"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Index("cards_branch", "branch", "id"),
    sa.Index("cards_person", "person", "id"),
)
