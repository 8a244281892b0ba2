"""The complaint service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP, TSVECTOR

metadata = sa.MetaData()

#: cases that are neither as taken nor closed: the few that lists by state look for; intake writes none of these
UNDER_WAY = sa.text("state <> 'taken' AND state <> 'closed'")

#: entries of cases that came in a list, whose facts may be older than their recording
IMPORTED = sa.text("kind = 'imported'")

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
    sa.Column("gates", JSONB, nullable=False, comment="which it must pass, each with when it did"),
    sa.Column("course", JSONB, nullable=False, comment="what else happened on its way: instants, round, reaction"),
    sa.Column("level", sa.Text, comment="decides which manager handles it"),
    sa.Column("department", sa.Text, comment="that handles it"),
    sa.Column("handler", sa.Text, comment="who handles it: a subject of the identity provider"),
    _instant("closed_at", nullable=True),
    sa.Column("merged_into", sa.Uuid, comment="the case that whatever reaches this one reaches"),
    _instant("merged_at", nullable=True),
    sa.Column(
        "policy_at", TIMESTAMP(timezone=True), comment="of a part: the opening of the case that it was split off from"
    ),
    sa.CheckConstraint(
        "state IN ('taken', 'judged', 'investigating', 'resolved', 'approved', 'answered', 'called_back', 'closed', "
        "'reopened', 'merged')",
        name="cases_state",
    ),
    sa.CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="cases_merged_state"),
    sa.CheckConstraint("match IN ('matched', 'none', 'pending')", name="cases_match"),
    sa.Index("cases_number", "number", unique=True),
    sa.Index("cases_origin", "origin", "origin_ref", unique=True, postgresql_where=sa.text("origin IS NOT NULL")),
    sa.Index("cases_request", "request_key", unique=True, postgresql_where=sa.text("request_key IS NOT NULL")),
    sa.Index("cases_phone", "phone_token", "taken_at", postgresql_where=sa.text("phone_token IS NOT NULL")),
    sa.Index("cases_plate", "plate_token", "taken_at", postgresql_where=sa.text("plate_token IS NOT NULL")),
    sa.Index("cases_vin", "vin_token", "taken_at", postgresql_where=sa.text("vin_token IS NOT NULL")),
    sa.Index("cases_branch", "branch", "id"),
    sa.Index("cases_state", "state", "id", postgresql_where=UNDER_WAY),
    sa.Index("cases_branch_state", "branch", "state", "id", postgresql_where=UNDER_WAY),
    sa.Index("cases_serious", "id", postgresql_where=sa.text("serious_at IS NOT NULL")),
    sa.Index("cases_branch_serious", "branch", "id", postgresql_where=sa.text("serious_at IS NOT NULL")),
    sa.Index("cases_handler", "handler", "id", postgresql_where=sa.text("handler IS NOT NULL")),
    sa.Index("cases_level", "level", "id", postgresql_where=sa.text("level IS NOT NULL")),
    sa.Index("cases_department", "branch", "department", "id", postgresql_where=sa.text("department IS NOT NULL")),
    sa.Index("cases_open", "taken_at", postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("cases_closed", "closed_at", postgresql_where=sa.text("closed_at IS NOT NULL")),
    sa.Index("cases_merged", "merged_into", postgresql_where=sa.text("merged_into IS NOT NULL")),
    sa.Index("cases_customer", "customer_id", "id", postgresql_where=sa.text("customer_id IS NOT NULL")),
)

case_words = sa.Table(
    "case_words",
    metadata,
    sa.Column("case_id", sa.Uuid, primary_key=True),
    sa.Column("words", TSVECTOR, nullable=False, comment="pairs of characters of the redacted text, with their places"),
    sa.Index("case_words_words", "words", postgresql_using="gin"),
    comment="by which words a case is found; one part a year of intake, in the schema words",
    postgresql_partition_by="RANGE (case_id)",
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="version 7: its order is the order of what happened"),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    _instant("at", nullable=False),
    sa.Column("rules", JSONB, nullable=False),
    sa.Column("facts", JSONB, nullable=False, comment="without persons but staff"),
    sa.Column("subject_id", sa.Uuid, nullable=False, comment="the caller of the case: forgotten with it"),
    sa.Column("sealed", BYTEA, comment="the words of who wrote it"),
    sa.Index("entries_case", "case_id", "id"),
    sa.Index("entries_imported", "at", postgresql_where=IMPORTED),
    comment="the timeline of a case: who did what when, under which rules",
)

measures = sa.Table(
    "measures",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("brand", sa.Text, nullable=False),
    sa.Column("series", sa.Text),
    sa.Column("due_on", sa.Date),
    sa.Column("owner", sa.Text, comment="who carries it through"),
    sa.Column("state", sa.Text, nullable=False),
    _instant("taken_at", nullable=False),
    _instant("ended_at", nullable=True),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="what is done, and what came of it"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('measure', 'countermeasure', 'prevention')", name="measures_kind"),
    sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name="measures_state"),
    sa.Index("measures_case", "case_id", "id"),
    sa.Index("measures_like", "branch", "brand", "series", "id"),
    comment="what a case has led to: tracked until done, shown with similar later cases",
)

misconducts = sa.Table(
    "misconducts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("offences", JSONB, nullable=False),
    sa.Column("tier", sa.Integer, nullable=False),
    sa.Column("occurred_on", sa.Date, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    _instant("proposed_at", nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    _instant("decided_at", nullable=True),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="what happened, and what the decider is to know"),
    sa.Column("held", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("tier BETWEEN 1 AND 5", name="misconducts_tier"),
    sa.CheckConstraint("state IN ('proposed', 'decided', 'refused')", name="misconducts_state"),
    sa.Index("misconducts_by_case", "case_id"),
    sa.Index("misconducts_case", "case_id", "person", unique=True, postgresql_where=sa.text("state <> 'refused'")),
    comment="misconduct of staff that a case has shown: one a person and case, its highest tier",
)

dossier_items = sa.Table(
    "dossier_items",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("handover_id", sa.Uuid, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", BYTEA, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="the very bytes whose digest was told"),
    sa.Index("dossier_items_item", "case_id", "item", unique=True),
    sa.Index("dossier_items_handover", "handover_id", "id"),
    comment="what a closed case hands over to the archive",
)

dossier_forms = sa.Table(
    "dossier_forms",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="of the hand-over"),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("item_suffix", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="what the forms are filled with"),
    comment="forms of a closing that wait to be printed",
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", BYTEA, nullable=False),
    sa.Column("sealed_sha256", BYTEA, nullable=False),
    sa.Column("place", sa.Text, comment="where in the vault it lies"),
    sa.Column("added_by", sa.Text, nullable=False),
    _instant("added_at", nullable=False),
    sa.Column("removed_by", sa.Text),
    _instant("removed_at", nullable=True),
    sa.Column("handover_id", sa.Uuid, comment="with which closing it was handed to the archive"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="what it was called, and why it was removed, in words"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('photo', 'recording', 'letter', 'other')", name="attachments_kind"),
    sa.CheckConstraint("(removed_at IS NULL) = (place IS NOT NULL)", name="attachments_place"),
    sa.Index("attachments_case", "case_id", "id"),
    comment="photos, recordings and letters of a case; of a removed one the entry stays",
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("place", sa.Text, primary_key=True),
    _instant("begun_at", nullable=False),
    comment="files on their way into the vault: one that is not taken in is swept",
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
