"""The engines' own rows, in schema `kehu` of every service's database, beside the plumbing's."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

metadata = sa.MetaData(schema="kehu")


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _copied(*columns: sa.Column[object]) -> list[sa.Column[object]]:
    """What every local copy begins with."""
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        *columns,
    ]


obligations = sa.Table(
    "obligations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("duty", sa.Text, nullable=False),
    sa.Column("subject", sa.Uuid, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("person", sa.Text),
    _instant("since", nullable=False),
    sa.Column("plan", JSONB, nullable=False, comment="term, reminders, who is told then, rules: fixed when owed"),
    sa.Column("course", JSONB, nullable=False, comment="pauses, what has fired, who was told: what happened since"),
    _instant("due_at"),
    _instant("next_at"),
    sa.Column("state", sa.Text, nullable=False),
    _instant("missed_at"),
    _instant("ended_at"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('open', 'missed', 'met', 'waived')", name="obligations_state"),
    sa.Index("obligations_next", "next_at", postgresql_where=sa.text("next_at IS NOT NULL")),
    sa.Index("obligations_subject", "subject"),
    sa.Index("obligations_running", "subject", "duty", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
    sa.Index("obligations_due", "branch", "due_at", "id", postgresql_where=sa.text("ended_at IS NULL")),
    sa.Index(
        "obligations_due_first",
        "due_at",
        "id",
        postgresql_where=sa.text("ended_at IS NULL AND due_at IS NOT NULL"),
    ),
    sa.Index(
        "obligations_about",
        sa.text("(plan ->> 'about')"),
        postgresql_where=sa.text("ended_at IS NULL AND plan ? 'about'"),
    ),
    sa.Index(
        "obligations_ended",
        "ended_at",
        postgresql_where=sa.text("ended_at IS NOT NULL AND NOT course ? 'withdrawn'"),
    ),
    sa.Index("obligations_met", "ended_at", postgresql_where=sa.text("state = 'met' AND missed_at IS NULL")),
    sa.Index("obligations_missed", "missed_at", postgresql_where=sa.text("missed_at IS NOT NULL")),
    comment="who owes what by when; null next_at: nothing more happens by itself",
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("subject", sa.Uuid, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("department", sa.Text, comment="whose head signs a seat of the department"),
    sa.Column("asked_by", sa.Text, nullable=False),
    _instant("asked_at", nullable=False),
    sa.Column("amount", sa.Numeric(18, 2), comment="what this asking adds for its subject and parties"),
    sa.Column(
        "parties", JSONB, nullable=False, comment="what amounts are added up by, so that splitting does not help"
    ),
    sa.Column("offer", JSONB, nullable=False, comment="what signers are shown: ids, amounts, words without persons"),
    sa.Column("digest", BYTEA, nullable=False, comment="of what signers are shown; a signature covers it"),
    sa.Column("excluded", JSONB, nullable=False, comment="who may not sign, whatever their role"),
    sa.Column("stages", JSONB, nullable=False, comment="the chain: seats side by side in a stage, stages in a row"),
    sa.Column("state", sa.Text, nullable=False),
    _instant("ended_at"),
    sa.Column("reason", sa.Text, comment="why it ended; said: in words, kept sealed"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('open', 'granted', 'refused', 'withdrawn', 'superseded')", name="approvals_state"),
    sa.Index("approvals_subject", "subject", "name"),
    sa.Index("approvals_open", "subject", "name", unique=True, postgresql_where=sa.text("state = 'open'")),
    sa.Index("approvals_branch", "branch", "id"),
    sa.Index("approvals_parties", "parties", postgresql_using="gin"),
)

policy_versions = sa.Table(
    "policy_versions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("layer", sa.Text, nullable=False, comment="group, profile:<name> or branch:<name>"),
    sa.Column("values", JSONB, nullable=False, comment="only what this layer says; the rest comes from below it"),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, comment="said: in words, kept sealed"),
    sa.Column("proposed_by", sa.Text, nullable=False),
    _instant("proposed_at", nullable=False),
    _instant("decided_at"),
    sa.Column("held", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('proposed', 'approved', 'refused', 'withdrawn')", name="policy_versions_state"),
    sa.Index("policy_versions_layer", "policy", "layer", "effective_on"),
)

reasons = sa.Table(
    "reasons",
    metadata,
    sa.Column(
        "id",
        sa.Uuid,
        primary_key=True,
        comment="whose reason it is: a seat, an asking, an obligation or a change of policy",
    ),
    sa.Column(
        "about", sa.Uuid, nullable=False, comment="the record that it speaks of; the words are forgotten with it"
    ),
    sa.Column("subject_id", sa.Uuid, nullable=False, comment="whose key seals it: one of its own"),
    sa.Column("sealed", BYTEA, nullable=False),
    sa.Index("reasons_about", "about"),
    comment="why something was signed, refused, taken back, waived or changed, in words",
)

record_rights = sa.Table(
    "record_rights",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("record", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("permission", sa.Text),
    _instant("from_at", nullable=False),
    _instant("until_at"),
    sa.Column("because", sa.Text, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
    _instant("given_at", nullable=False),
    _instant("ended_at"),
    sa.CheckConstraint("kind IN ('grant', 'exclusion')", name="record_rights_kind"),
    sa.Index("record_rights_record", "record", "person"),
    sa.Index("record_rights_person", "person"),
    comment="who may see a single record beyond their roles, and from whom it is kept whatever their roles",
)

known_branches = sa.Table(
    "known_branches",
    metadata,
    *_copied(
        sa.Column("branch", sa.Text),
        sa.Column("profile", sa.Text),
        sa.Column("region", sa.Text),
        sa.Column("week", JSONB),
        sa.Column("closed", JSONB),
        sa.Column("opened", JSONB),
        sa.Column("title", sa.Text),
        sa.Column("departments", JSONB, comment="what people call each of them"),
    ),
    comment="local copy of the branches: titles, profile and working time",
)

known_people = sa.Table(
    "known_people",
    metadata,
    *_copied(
        sa.Column("subject", sa.Text),
        sa.Column("employment", sa.Text),
        sa.Column("branch", sa.Text),
        sa.Column("department", sa.Text),
    ),
    comment="local copy of the staff directory: who a subject of the identity provider is",
)

known_grants = sa.Table(
    "known_grants",
    metadata,
    sa.Column("person_id", sa.Uuid, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    _instant("from_at", nullable=False),
    _instant("until_at"),
    sa.Column("on_behalf_of", sa.Text),
    sa.Index("known_grants_person", "person_id"),
    comment="who holds which role where, and until when",
)

known_years = sa.Table(
    "known_years",
    metadata,
    *_copied(
        sa.Column("year", sa.Integer),
        sa.Column("source", sa.Text),
        sa.Column("days", JSONB),
    ),
    comment="the decreed holidays and make-up days",
)
