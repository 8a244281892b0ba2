"""The rows of decreed years."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from staff.tables import metadata

calendar_years = sa.Table(
    "calendar_years",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("days", JSONB, nullable=False, comment="date, off, name: the days that are not as their weekday"),
    sa.Column("decreed_by", sa.Text, nullable=False, comment="who entered it"),
    sa.Column("decreed_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("year", name="calendar_years_year"),
)
