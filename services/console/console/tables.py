"""The console service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = sa.MetaData()

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True, comment="of what the browser holds"),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="the tokens, under the master key"),
    sa.Column("opened_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("seen_at", TIMESTAMP(timezone=True), nullable=False, comment="to the minute"),
    sa.Column("ends_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Index("sessions_end", "ends_at"),
)

work_items = sa.Table(
    "work_items",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("service", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("rules", JSONB),
    sa.Column("role", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("branch", sa.Text),
    sa.Column("person", sa.Text),
    sa.Column("due_at", TIMESTAMP(timezone=True)),
    sa.Column("rank", TIMESTAMP(timezone=True), comment="the due date; what has none comes last"),
    sa.Column("why_due", sa.Text),
    sa.Column("why_due_zh", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("path", sa.Text),
    sa.Column("since", TIMESTAMP(timezone=True)),
    sa.Column("reminders", sa.Integer),
    sa.Column("escalated_to", JSONB),
    sa.Column("excluded", JSONB, comment="people who are not to learn of it"),
    sa.Column("change", sa.Uuid, comment="made when it was heard, so that changes can be followed"),
    sa.Column("told_at", TIMESTAMP(timezone=True), comment="the instant of the transaction that its service tells of"),
    sa.Index("work_items_role", "role", "place", "rank", "id", postgresql_where=sa.text("state IN ('open', 'missed')")),
    sa.Index("work_items_person", "person", "rank", "id", postgresql_where=sa.text("state IN ('open', 'missed')")),
    sa.Index("work_items_due", "rank", "id", postgresql_where=sa.text("state IN ('open', 'missed')")),
    sa.Index("work_items_branch", "branch", "rank", "id", postgresql_where=sa.text("state IN ('open', 'missed')")),
    sa.Index("work_items_subject", "subject"),
    sa.Index("work_items_change", "change"),
    comment="local copy of everybody's work",
)

case_changes = sa.Table(
    "case_changes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="of the event"),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("change", sa.Uuid, nullable=False, comment="made when it was heard, so that changes can be followed"),
    sa.Column("told_at", TIMESTAMP(timezone=True), nullable=False, comment="when it happened"),
    sa.Index("case_changes_change", "change"),
    comment="changes of cases that no work tells of",
)
