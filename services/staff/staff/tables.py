"""The staff service's rows that its rooms share; each room declares its own in its `tables.py`, on this metadata."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

metadata = sa.MetaData()

branches = sa.Table(
    "branches",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("branch", sa.Text, nullable=False, comment="its short name, for good: grants and records carry it"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("region", sa.Text),
    sa.Column("complaint_phone", sa.Text, comment="the office's, not a person's (P04.2)"),
    sa.Column("complaint_mailbox", sa.Text),
    sa.Column("week", JSONB),
    sa.Column("closed", JSONB, nullable=False),
    sa.Column("opened", JSONB, nullable=False),
    sa.Column("departments", JSONB, nullable=False),
    sa.Column("opened_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("branch", name="branches_branch"),
    sa.Index("branches_region", "region", "branch"),
)

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False, comment="of the identity provider"),
    sa.Column("employee_number", sa.Text),
    sa.Column("branch", sa.Text, nullable=False, comment="where they work; group is the head office"),
    sa.Column("department", sa.Text),
    sa.Column("moves", JSONB, comment="to which branch and department they move, and when"),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("employment", sa.Text, nullable=False),
    sa.Column("joined_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("leaves_at", TIMESTAMP(timezone=True), comment="the last day's end, once it is known"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="name, mail, mobile"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("employment IN ('active', 'on_leave', 'left')", name="people_employment"),
    sa.UniqueConstraint("subject", name="people_subject"),
    sa.UniqueConstraint("employee_number", name="people_employee_number"),
    sa.Index("people_branch", "branch", "id"),
    sa.Index("people_department", "branch", "department", "id"),
)

person_tokens = sa.Table(
    "person_tokens",
    metadata,
    sa.Column("person_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("token", BYTEA, nullable=False),
    sa.PrimaryKeyConstraint("person_id", "kind", "token"),
    sa.Index("person_tokens_token", "token", "person_id"),
    comment="by which keyed tokens two entries of one person are noticed",
)

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("from_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("until_at", TIMESTAMP(timezone=True)),
    sa.Column("on_behalf_of", sa.Text, comment="the subject whose role it is, where it is delegated"),
    sa.Column("leave_id", sa.Uuid, comment="the leave it is delegated for"),
    sa.Column("given_by", sa.Text, nullable=False),
    sa.Column("given_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Index("grants_person", "person_id"),
    sa.Index("grants_role", "role", "place", "person_id"),
    sa.Index("grants_place", "place", "role"),
    sa.Index("grants_behalf", "on_behalf_of", postgresql_where=sa.text("on_behalf_of IS NOT NULL")),
    comment="who holds which role where, from when until when",
)
