"""The rows of the rota."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from staff.tables import metadata

rotas = sa.Table(
    "rotas",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False, comment="the branch of the place, for reach"),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("shifts", JSONB, nullable=False, comment="person, from_at, until_at, in the order of the day"),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("role", "place", "date", name="rotas_day"),
    sa.Index("rotas_branch", "branch", "date", "id"),
    sa.Index("rotas_date", "date", "id"),
    comment="who is on duty in a role at a place on a civil day (P06.2)",
)
