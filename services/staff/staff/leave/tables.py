"""The rows of leave."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from staff.tables import metadata

leaves = sa.Table(
    "leaves",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False),
    sa.Column("from_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("until_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("planned_by", sa.Text, nullable=False),
    sa.Column("planned_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('planned', 'running', 'ended', 'cancelled')", name="leaves_state"),
    sa.Index("leaves_person", "person_id", "id"),
)
