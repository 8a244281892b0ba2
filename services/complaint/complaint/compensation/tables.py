"""The rows of compensation."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

from complaint.tables import metadata


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


compensations = sa.Table(
    "compensations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("lines", JSONB, nullable=False, comment="kinds with their amounts"),
    sa.Column("amount", sa.Numeric(18, 2), nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("granted", sa.Numeric(18, 2), nullable=False, comment="the most that was ever granted for it"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("approval_id", sa.Uuid),
    sa.Column("offered_by", sa.Text, nullable=False),
    _instant("offered_at", nullable=False),
    _instant("decided_at"),
    sa.Column("paid_by", sa.Text),
    _instant("paid_at"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="why it is offered, in words"),
    sa.Column("held", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'withdrawn', 'paid')", name="compensations_state"),
    sa.CheckConstraint("amount > 0", name="compensations_amount"),
    sa.Index("compensations_case", "case_id", "id"),
    sa.Index("compensations_branch", "branch", "id"),
    sa.Index("compensations_open", "case_id", unique=True, postgresql_where=sa.text("state IN ('asked', 'granted')")),
)
