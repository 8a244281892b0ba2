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

known_rotas = sa.Table(
    "known_rotas",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("role", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("date", sa.Date),
    sa.Index("known_rotas_seat", "role", "place", "date"),
    comment="local copy of the rotas: for which role, place and civil day there is one",
)

known_shifts = sa.Table(
    "known_shifts",
    metadata,
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("from_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("until_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Index("known_shifts_rota", "id"),
    comment="local copy of the rotas: their shifts",
)

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid),
    sa.Column("sealed", BYTEA, comment="mail, mobile, language; null: not pulled yet, or forgotten"),
    sa.Column("known_sequence", sa.BigInteger, nullable=False, comment="of the newest word of staff that it follows"),
    sa.Column("pulled_at", TIMESTAMP(timezone=True)),
    sa.Column("forgotten_at", TIMESTAMP(timezone=True)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("person", name="contacts_person"),
)

sends = sa.Table(
    "sends",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("params", JSONB, nullable=False),
    sa.Column("rules", JSONB, nullable=False),
    sa.Column("confirm_by", TIMESTAMP(timezone=True)),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("works", JSONB, nullable=False, comment="the work items that it calls to mind"),
    sa.Column("excluded", JSONB, nullable=False, server_default="[]", comment="never told, whatever their roles"),
    sa.Column(
        "seats",
        JSONB,
        nullable=False,
        comment="who was asked for, where on the way to the next ones it stands, who was told, why not others",
    ),
    sa.Column("asked_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("received_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Index("sends_subject", "subject", "id"),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("send_id", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column(
        "because", JSONB, nullable=False, comment="why it was not somebody else: the seats that were tried before"
    ),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("params", JSONB, nullable=False),
    sa.Column("rules", JSONB, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("works", JSONB, nullable=False, comment="of what it calls to mind, what is not done yet"),
    sa.Column("made_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("confirm_by", TIMESTAMP(timezone=True)),
    sa.Column("unread", sa.Boolean, nullable=False),
    sa.Column("read_at", TIMESTAMP(timezone=True)),
    sa.Column("confirmed_at", TIMESTAMP(timezone=True)),
    sa.Column("settled_at", TIMESTAMP(timezone=True), comment="what it calls to mind was done without it"),
    sa.Column("passed_over_at", TIMESTAMP(timezone=True)),
    sa.Column(
        "withdrawn_at",
        TIMESTAMP(timezone=True),
        comment="the matter turned out to be about its receiver: not shown to them any more",
    ),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("send_id", "person", name="notices_once"),
    sa.Index("notices_inbox", "person", "unread", "id"),
    sa.Index(
        "notices_to_confirm",
        "person",
        postgresql_where=sa.text("confirm_by IS NOT NULL AND confirmed_at IS NULL AND settled_at IS NULL"),
    ),
    sa.Index("notices_newest", "person", "id"),
    sa.Index("notices_subject", "subject", "id"),
    sa.Index("notices_branch", "branch", "id"),
    sa.Index("notices_works", "works", postgresql_using="gin", postgresql_where=sa.text("settled_at IS NULL")),
)

dispatches = sa.Table(
    "dispatches",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the same at every attempt: by it a gateway knows a repetition"),
    sa.Column("notice_id", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("because", sa.Text, nullable=False, comment="why over this channel"),
    sa.Column("planned_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", TIMESTAMP(timezone=True)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("notice_id", "channel", name="dispatches_once"),
    sa.CheckConstraint("state IN ('planned', 'sent', 'failed')", name="dispatches_state"),
)

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("dispatch_id", sa.Uuid, nullable=False),
    sa.Column("tried_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Index("tries_dispatch", "dispatch_id", "id"),
    comment="every attempt to get a notice out over a channel",
)

seen_work = sa.Table(
    "seen_work",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("reminders", sa.Integer, nullable=False),
    sa.Column("escalated", JSONB, nullable=False),
    sa.Column("told", JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    comment="how far people have been told of a work item",
)

digests = sa.Table(
    "digests",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("lines", JSONB, nullable=False, comment="what is called to mind in the next one"),
    sa.Column("due_at", TIMESTAMP(timezone=True)),
    sa.Column("count", sa.Integer, nullable=False, comment="how many were sent"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("person", name="digests_person"),
)

sink = sa.Table(
    "sink",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("taken_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Index("sink_newest", "taken_at", "id"),
    comment="development and tests: what would have left over SMS and mail, without the address",
)
