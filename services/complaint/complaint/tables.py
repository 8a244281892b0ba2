"""The complaint service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

metadata = sa.MetaData()

case_count = sa.Sequence("case_count", metadata=metadata, cache=50)


def _instant(name: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="version 7: its order is the order of intake"),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("region", sa.Text),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    _instant("taken_at", nullable=False),
    sa.Column("brand", sa.Text, nullable=False),
    sa.Column("facts", JSONB, nullable=False, comment="series, model, year, fault codes, demand, origin's names"),
    sa.Column("text", sa.Text, nullable=False, comment="as taken, names and numbers of persons replaced"),
    sa.Column("match", sa.Text, nullable=False, comment="what intake answered: matched, none, pending"),
    sa.Column("customer_id", sa.Uuid),
    _instant("matched_at", nullable=True),
    _instant("directory_as_of", nullable=True),
    sa.Column("serious_kinds", JSONB, nullable=False),
    _instant("serious_at", nullable=True),
    sa.Column("repeat_of", sa.Uuid),
    sa.Column("phone_token", BYTEA),
    sa.Column("plate_token", BYTEA),
    sa.Column("vin_token", BYTEA),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="caller, vehicle and the words as taken"),
    sa.Column("origin", sa.Text),
    sa.Column("origin_ref", sa.Text),
    sa.Column("request_key", BYTEA, comment="digest of caller and Idempotency-Key"),
    sa.Column("request_digest", BYTEA),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("serious_sequence", sa.BigInteger, nullable=False),
    sa.Column("profile", sa.Text, nullable=False, comment="under which it was opened; it keeps it"),
    sa.Column("judgement", JSONB),
    sa.Column("respondent", sa.Text, comment="the member of staff complained about: never a reader, never a signer"),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    sa.CheckConstraint("state IN ('taken', 'judged')", name="cases_state"),
    sa.CheckConstraint("match IN ('matched', 'none', 'pending')", name="cases_match"),
    sa.Index("cases_number", "number", unique=True),
    sa.Index("cases_origin", "origin", "origin_ref", unique=True, postgresql_where=sa.text("origin IS NOT NULL")),
    sa.Index("cases_request", "request_key", unique=True, postgresql_where=sa.text("request_key IS NOT NULL")),
    sa.Index("cases_phone", "phone_token", "taken_at", postgresql_where=sa.text("phone_token IS NOT NULL")),
    sa.Index("cases_plate", "plate_token", "taken_at", postgresql_where=sa.text("plate_token IS NOT NULL")),
    sa.Index("cases_vin", "vin_token", "taken_at", postgresql_where=sa.text("vin_token IS NOT NULL")),
    sa.Index("cases_branch", "branch", "id"),
)

known_customers = sa.Table(
    "known_customers",
    metadata,
    sa.Column("customer_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("customer_class", sa.Text),
    sa.Column("redirect_to", sa.Uuid),
    comment="local copy of the customer directory",
)

known_tokens = sa.Table(
    "known_tokens",
    metadata,
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("token", BYTEA, nullable=False),
    sa.Index("known_tokens_token", "token", "customer_id"),
    sa.Index("known_tokens_customer", "customer_id"),
    comment="by which keyed tokens a customer of the directory is found",
)
