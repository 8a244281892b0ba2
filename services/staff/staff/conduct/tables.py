"""The conduct ledger's rows: breaches as they were decided, entries that are only ever added, months."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

from staff.tables import metadata


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


conduct_accounts = sa.Table(
    "conduct_accounts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Text, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    comment="one a person: whoever books to it holds it, so that bookings queue",
)

breaches = sa.Table(
    "breaches",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="as its service named it: a second booking changes nothing"),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False, comment="the subject of the identity provider"),
    sa.Column("branch", sa.Text, nullable=False, comment="where the person was when it was booked"),
    sa.Column("department", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("items", JSONB, nullable=False, comment="kinds and how often, where several are punished as one"),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="the case or file it was found in"),
    sa.Column("occurred_on", sa.Date, nullable=False),
    _instant("decided_at"),
    sa.Column("measured", sa.Numeric(18, 2)),
    sa.Column("base", JSONB),
    sa.Column("part", sa.Text),
    sa.Column("repeats", sa.Uuid),
    sa.Column("tariff", JSONB, nullable=False, comment="what the policy of that day set; it keeps it"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("ruling", JSONB, comment="amounts that somebody decided, in place of the tariff's"),
    sa.Column("pay_cut", JSONB, comment="performance pay that goes besides a doubled fine"),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    _instant("booked_at"),
    sa.Column("subject_id", sa.Uuid),
    sa.Column("sealed", BYTEA, comment="what deciders wrote"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('recorded', 'undecided', 'withdrawn')", name="breaches_state"),
    sa.Index("breaches_account", "account_id", "id"),
    sa.Index("breaches_branch", "branch", "id"),
    sa.Index("breaches_undecided", "branch", "id", postgresql_where=sa.text("state = 'undecided'")),
)

conduct_entries = sa.Table(
    "conduct_entries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="version 7: its order is the order of booking"),
    sa.Column("breach_id", sa.Uuid, nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("department", sa.Text),
    sa.Column("month", sa.Date, nullable=False, comment="in whose statement it stands: open when it was booked"),
    sa.Column("decided_month", sa.Date, nullable=False, comment="in which the breach was decided"),
    sa.Column("counters", sa.Uuid, unique=True, comment="the entry that this one takes back"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("fine", sa.Numeric(18, 2), nullable=False),
    sa.Column("share", sa.Numeric(18, 2), nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("performance_pay", sa.Integer, nullable=False, comment="percent of the month's"),
    sa.Column("sanction", sa.Text),
    sa.Column("company_notice", sa.Boolean, nullable=False),
    sa.Column("nth", sa.Integer, comment="which of its family in the month"),
    sa.Column("doubled", sa.Boolean, nullable=False),
    sa.Column("because", sa.Text, nullable=False),
    sa.Column("rules", JSONB, nullable=False),
    _instant("booked_at"),
    sa.Column("booked_by", sa.Text, nullable=False),
    sa.Index("conduct_entries_breach", "breach_id", "id"),
    sa.Index("conduct_entries_account", "account_id", "month", "id"),
    sa.Index("conduct_entries_place", "branch", "month", "department", "id"),
    comment="only ever added to: a trigger refuses the rest",
)

conduct_months = sa.Table(
    "conduct_months",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    _instant("closed_at", nullable=True),
    sa.Column("closed_by", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("branch", "month", name="conduct_months_month"),
    comment="the months of a branch in which something was booked; closed, nothing more is",
)
