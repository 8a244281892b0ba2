"""The plumbing's own rows, in schema `kehu` of every service's database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP, UUID

metadata = sa.MetaData(schema="kehu")


def _instant(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), **options)  # type: ignore[arg-type]


outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("event_id", UUID, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    _instant("occurred_at", nullable=False),
    sa.Column("traceparent", sa.Text),
    sa.Column("value", BYTEA, comment="null is a tombstone"),
    _instant("created_at", nullable=False, server_default=sa.func.now()),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("handler", sa.Text, primary_key=True),
    sa.Column("event_id", UUID, primary_key=True),
    postgresql_partition_by="RANGE (day)",
)

parked = sa.Table(
    "parked",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("handler", sa.Text, nullable=False, comment="empty: the message could not be read at all"),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("headers", JSONB, nullable=False, comment="pairs of name and base64 value, as received"),
    sa.Column("value", BYTEA),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    _instant("parked_at", nullable=False, server_default=sa.func.now()),
    sa.Index("parked_by_key", "handler", "key", "id"),
    sa.UniqueConstraint("handler", "topic", "partition", "offset", name="parked_once"),
)

too_old = sa.Table(
    "too_old",
    metadata,
    sa.Column("handler", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    _instant("last_at", nullable=False),
    comment="events older than the inbox remembers: counted, not reacted to",
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    _instant("run_at", nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease", UUID, comment="whose lease it is until run_at; a late worker finds another's"),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    sa.Column("progress", JSONB, nullable=False, server_default="{}"),
    sa.Column("error", sa.Text),
    sa.Column("traceparent", sa.Text),
    _instant("created_at", nullable=False, server_default=sa.func.now()),
    _instant("ended_at"),
    sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name="jobs_state"),
    sa.Index("jobs_due", "lane", "run_at", postgresql_where=sa.text("state = 'waiting'")),
    sa.Index("jobs_ended", "ended_at", postgresql_where=sa.text("state <> 'waiting'")),
)

subject_keys = sa.Table(
    "subject_keys",
    metadata,
    sa.Column("subject_id", UUID, primary_key=True),
    sa.Column("wrapped", BYTEA, comment="null once the subject has been erased"),
    _instant("created_at", nullable=False, server_default=sa.func.now()),
    _instant("destroyed_at"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", BYTEA, primary_key=True, comment="digest of caller, route and the key as sent"),
    sa.Column("request", BYTEA, nullable=False, comment="digest of the request's body"),
    sa.Column("status", sa.SmallInteger, nullable=False),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("body", BYTEA, comment="the answer as it was sent, sealed; null when somebody in it was erased"),
    sa.Column("subjects", ARRAY(UUID), nullable=False, comment="whose personal data the answer may hold"),
    _instant("created_at", nullable=False, server_default=sa.func.now()),
    sa.Index("idempotency_age", "created_at"),
    sa.Index("idempotency_subjects", "subjects", postgresql_using="gin"),
)

freshness = sa.Table(
    "freshness",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True),
    _instant("as_of", nullable=False),
    comment="until when a local copy is known to hold all that its topic says",
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="also the id of its job"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("dry_run", sa.Boolean, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("granted", JSONB, nullable=False, comment="what the asker could do when the table was handed in"),
    _instant("asked_at", nullable=False),
    sa.Column("digest", BYTEA, nullable=False, comment="of the table as it was handed in"),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, comment="the rows; null once they have been taken"),
    _instant("ended_at"),
    sa.Index("imports_asked", "kind", "asked_by", "id"),
)

import_rows = sa.Table(
    "import_rows",
    metadata,
    sa.Column("import_id", sa.Uuid, primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True, comment="as a spreadsheet counts it"),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("ref", sa.Text, comment="what the row has become"),
    sa.Column("problem", JSONB, comment="why not: detail, rules, errors; none of what the row says"),
    sa.Column("foretold", JSONB, comment="of a dry run: what would follow, because of what, about what, rules"),
    sa.CheckConstraint("outcome IN ('made', 'changed', 'unchanged', 'refused', 'failed')", name="import_rows_outcome"),
    sa.Index("import_rows_outcome", "import_id", "outcome", "row"),
)
