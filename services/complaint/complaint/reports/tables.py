"""The rows of the statistics: periods, what each case counted as in them, the reports."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

from complaint.tables import metadata


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


report_periods = sa.Table(
    "report_periods",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    _instant("read_at", nullable=True),
    _instant("frozen_at", nullable=True),
    sa.CheckConstraint("kind IN ('week', 'month')", name="report_periods_kind"),
    sa.Index("report_periods_first", "kind", "first_day", unique=True),
    comment="weeks and months that are reported; one that runs has not been read",
)

report_lines = sa.Table(
    "report_lines",
    metadata,
    sa.Column("period_id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("tags", JSONB, nullable=False, comment="what it counts as: each figure is the cases with its tag"),
    sa.Column("about", JSONB, nullable=False, comment="what a later report compares itself with"),
    sa.Index("report_lines_number", "period_id", "number"),
    sa.Index("report_lines_case", "case_id"),
    sa.Index("report_lines_branch", "period_id", "branch", "number"),
    comment="what a case counted as in a period; written once",
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("period_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("branch", sa.Text, nullable=False, comment="`group` for all of them"),
    sa.Column("figures", JSONB, nullable=False, comment="how many cases carry each tag: written once"),
    sa.Column("digest", BYTEA, nullable=False, comment="SHA-256 of the figures"),
    _instant("frozen_at"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("filled_by", sa.Text),
    _instant("filled_at", nullable=True),
    sa.Column("reviewed_by", sa.Text),
    _instant("reviewed_at", nullable=True),
    sa.Column("subject_id", sa.Uuid),
    sa.Column("sealed", BYTEA, comment="the remarks of HR-admin"),
    sa.Column("held", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('frozen', 'filled_in', 'reviewed')", name="reports_state"),
    sa.Index("reports_period", "period_id", "branch", unique=True),
    sa.Index("reports_branch", "branch", "first_day", "id"),
    sa.Index("reports_newest", "first_day", "id"),
)
