"""The customer service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

metadata = sa.MetaData()

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="version 7: its order is the order of registration"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("customer_class", sa.Text),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("registered_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("registered_by", sa.Text, nullable=False),
    sa.Column("duplicates_overridden", sa.Boolean, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="name, phones, vehicles and all else that is a person's"),
    sa.Column("confirmed_at", TIMESTAMP(timezone=True)),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("erased_at", TIMESTAMP(timezone=True)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('person', 'organisation')", name="customers_kind"),
    sa.CheckConstraint("customer_class IN ('target', 'general', 'key', 'potential')", name="customers_class"),
    sa.Index("customers_branch", "branch", "id"),
)

customer_tokens = sa.Table(
    "customer_tokens",
    metadata,
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("token", BYTEA, nullable=False),
    sa.PrimaryKeyConstraint("customer_id", "kind", "token"),
    sa.Index("customer_tokens_token", "token", "customer_id"),
    comment="by which keyed tokens a customer is found, one row a valid key",
)

customer_changes = sa.Table(
    "customer_changes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("fields", JSONB, nullable=False),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("reported_by", sa.Text, nullable=False),
    sa.Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="old and new value of each field (P01.4)"),
    sa.Index("customer_changes_customer", "customer_id", "id"),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("ground", sa.Text, nullable=False, comment="why they may ask for it: a code, never words of a person"),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("ordered_at", TIMESTAMP(timezone=True)),
    sa.Column("expected", JSONB, nullable=False, comment="the services that must answer"),
    sa.Column("answers", JSONB, nullable=False, comment="by service: how much was destroyed, when"),
    sa.Column("completed_at", TIMESTAMP(timezone=True)),
    sa.Column("held", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('asked', 'refused', 'ordered', 'completed')", name="erasures_state"),
    sa.Index("erasures_customer", "customer_id", unique=True, postgresql_where=sa.text("state <> 'refused'")),
    sa.Index("erasures_asked", "customer_id"),
    sa.Index("erasures_branch", "branch", "id"),
    comment="what must be forgotten, and who has answered that it is",
)
