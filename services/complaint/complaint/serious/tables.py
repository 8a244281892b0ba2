"""The rows of serious complaints: ladders, steps, who was told by which sending, marks, repeats, crisis groups."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

from complaint.tables import metadata


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _counts() -> list[sa.Column[int]]:
    return [
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    ]


serious_ladders = sa.Table(
    "serious_ladders",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    _instant("started_at"),
    _instant("ended_at", nullable=True),
    sa.Column("marks", JSONB, nullable=False, comment="kinds, by whom, when; overruled ones too"),
    *_counts(),
    sa.Index("serious_ladders_case", "case_id", unique=True),
)

serious_steps = sa.Table(
    "serious_steps",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="what its obligation is about"),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False, comment="who is to be told"),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("answers", sa.Text, nullable=False, comment="whose duty it is"),
    sa.Column("answers_at", sa.Text, nullable=False),
    sa.Column("met_by", sa.Text, nullable=False),
    _instant("since"),
    _instant("due_at", nullable=True),
    sa.Column("otherwise", JSONB, nullable=False),
    sa.Column("liable", JSONB, nullable=False, comment="roles that answer when it was late"),
    sa.Column("missing", JSONB, nullable=False, comment="what the factory asks for and was not there"),
    sa.Column("told", JSONB, nullable=False, comment="notices: person, role, channel, sent, read, confirmed"),
    sa.Column("tried", JSONB, nullable=False),
    sa.Column("by_hand", JSONB),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    _instant("ended_at", nullable=True),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("asked", JSONB, nullable=False, comment="to whom notices were asked to go: role@place or person"),
    *_counts(),
    sa.CheckConstraint("state IN ('open', 'met', 'waived')", name="serious_steps_state"),
    sa.CheckConstraint("met_by IN ('sent', 'confirmed', 'done', 'delivered')", name="serious_steps_met_by"),
    sa.Index("serious_steps_case", "case_id"),
    sa.Index("serious_steps_late", "branch", "id", postgresql_where=sa.text("late OR state = 'open'")),
)

serious_sendings = sa.Table(
    "serious_sendings",
    metadata,
    sa.Column("send_id", sa.Uuid, primary_key=True),
    sa.Column("step_id", sa.Uuid, nullable=False),
    comment="which step a notice was asked for",
)

serious_reasons = sa.Table(
    "serious_reasons",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("act", sa.Text, nullable=False, comment="marked, overruled, recorded"),
    sa.Column("kinds", JSONB, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    _instant("at"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="the words"),
    sa.Index("serious_reasons_case", "case_id", "id"),
    comment="why somebody marked or overruled, in their words",
)

found_repeats = sa.Table(
    "found_repeats",
    metadata,
    sa.Column("case_id", sa.Uuid, primary_key=True),
    sa.Column("earlier_case_id", sa.Uuid, primary_key=True),
    sa.Column("by", JSONB, nullable=False, comment="kinds of token that agree"),
    sa.Column("evidence", JSONB, nullable=False, comment="likeness, its parts, the threshold of the day"),
    _instant("found_at"),
    sa.Column("overruled_by", sa.Text),
    _instant("overruled_at", nullable=True),
    comment="why the system takes a case for a repeat; an overruled one is not found again",
)

factory_warnings = sa.Table(
    "factory_warnings",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    _instant("warned_at"),
    sa.Column("complete", sa.Boolean, nullable=False, comment="with all that the factory asks for"),
    sa.Index("factory_warnings_case", "case_id", "warned_at"),
    comment="the warnings on complaint.serious",
)

factory_deliveries = sa.Table(
    "factory_deliveries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="of what notify said"),
    sa.Column("delivery_id", sa.Uuid, nullable=False),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("subscription_id", sa.Uuid, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("delivered", sa.Boolean, nullable=False),
    _instant("at"),
    sa.Index("factory_deliveries_event", "event_id"),
    comment="what became of webhooks, as notify says; whichever comes first, warning or delivery",
)

provisions = sa.Table(
    "provisions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("agreement_id", sa.Uuid, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("fields", JSONB, nullable=False, comment="names of the fields that were given, never their values"),
    _instant("at"),
    _instant("told_at", nullable=True),
    sa.Index("provisions_case", "case_id", "id"),
    comment="what was given to whom under which standing agreement",
)

harms = sa.Table(
    "harms",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("harm", sa.Text, nullable=False),
    sa.Column("amount", sa.Numeric(18, 2)),
    sa.Column("by", sa.Text, nullable=False),
    _instant("at"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="what happened"),
    sa.Index("harms_case", "case_id", "id"),
    comment="what came of a case for the company or a developer",
)

crisis_groups = sa.Table(
    "crisis_groups",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("convened_by", sa.Text, nullable=False),
    _instant("convened_at"),
    sa.Column("members", JSONB, nullable=False, comment="subjects of staff"),
    *_counts(),
    sa.Index("crisis_groups_case", "case_id", unique=True),
)

crisis_meetings = sa.Table(
    "crisis_meetings",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("group_id", sa.Uuid, nullable=False),
    _instant("held_at"),
    sa.Column("present", JSONB, nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    _instant("recorded_at"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="minutes and decisions"),
    sa.Index("crisis_meetings_group", "group_id", "id"),
)

crisis_tasks = sa.Table(
    "crisis_tasks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("group_id", sa.Uuid, nullable=False),
    sa.Column("meeting_id", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    _instant("due_at", nullable=True),
    _instant("done_at", nullable=True),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="what is to be done"),
    *_counts(),
    sa.Index("crisis_tasks_group", "group_id", "id"),
)
