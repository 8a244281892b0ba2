"""The notify service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

metadata = sa.MetaData()

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("types", JSONB, nullable=False),
    sa.Column("brands", JSONB, comment="of these brands only; null: of all"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("failing_since", TIMESTAMP(timezone=True)),
    sa.Column("secret", BYTEA, nullable=False, comment="under the master key"),
    sa.Column("previous_secret", BYTEA, comment="signs too until previous_until"),
    sa.Column("previous_until", TIMESTAMP(timezone=True)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('active', 'paused', 'disabled', 'ended')", name="subscriptions_state"),
    sa.Index("subscriptions_live", "id", postgresql_where=sa.text("state <> 'ended'")),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the same at every attempt"),
    sa.Column("subscription_id", sa.Uuid, nullable=False),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", BYTEA, nullable=False, comment="the bytes that are sent, the same at every attempt"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("planned_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", TIMESTAMP(timezone=True)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('planned', 'held', 'delivered', 'given_up')", name="deliveries_state"),
    sa.Index("deliveries_subscription", "subscription_id", "planned_at", "id"),
    sa.Index("deliveries_held", "subscription_id", postgresql_where=sa.text("state = 'held'")),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("delivery_id", sa.Uuid, nullable=False),
    sa.Column("tried_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("status", sa.Integer, comment="of the answer; null when there was none"),
    sa.Column("error", sa.Text),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Index("attempts_delivery", "delivery_id", "id"),
)
