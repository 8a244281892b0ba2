"""The archive's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

metadata = sa.MetaData()

dossier_count = sa.Sequence("dossier_count", metadata=metadata)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _counts() -> list[sa.Column[int]]:
    return [
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    ]


dossiers = sa.Table(
    "dossiers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, comment="its entry in the index"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False, comment="the id of what it is about"),
    sa.Column("branch", sa.Text, nullable=False, comment="whose keepers keep it"),
    sa.Column("department", sa.Text, comment="whose file it is; null: customer service"),
    sa.Column("secrecy", sa.Text, nullable=False),
    sa.Column("custodian", sa.Text, comment="who alone keeps a classified one"),
    sa.Column("cabinet", sa.Text),
    sa.Column("shelf", sa.Integer, comment="from the top"),
    sa.Column("position", sa.Integer, comment="from the left"),
    sa.Column("subject_id", sa.Uuid, nullable=False, comment="whose key seals what is in it"),
    _instant("opened_at"),
    sa.Column("opened_by", sa.Text, nullable=False),
    *_counts(),
    sa.CheckConstraint("kind IN ('customer', 'vehicle', 'case', 'occupancy')", name="dossiers_kind"),
    sa.CheckConstraint("secrecy IN ('none', 'secret', 'top_secret')", name="dossiers_secrecy"),
    sa.CheckConstraint("(secrecy = 'none') = (custodian IS NULL)", name="dossiers_custodian"),
    sa.Index("dossiers_about", "kind", "about", unique=True),
    sa.Index("dossiers_number", "number", unique=True),
    sa.Index("dossiers_branch", "branch", "id"),
    sa.Index("dossiers_branch_kind", "branch", "kind", "id"),
    sa.Index(
        "dossiers_place",
        "branch",
        "cabinet",
        "shelf",
        "position",
        unique=True,
        postgresql_where=sa.text("cabinet IS NOT NULL"),
    ),
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("dossier_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="kind of paper"),
    sa.Column("medium", sa.Text, nullable=False),
    sa.Column("condition", sa.Text, nullable=False),
    sa.Column("copies", sa.Integer, nullable=False),
    sa.Column("valid_until", sa.Date),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="its label, remarks, and what its file was called"),
    _instant("filed_at"),
    sa.Column("filed_by", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text),
    sa.Column("size", sa.BigInteger),
    sa.Column("sha256", BYTEA, comment="of the file"),
    sa.Column("sealed_sha256", BYTEA, comment="of its ciphertext"),
    sa.Column("place", sa.Text, comment="of its ciphertext in the vault"),
    *_counts(),
    sa.CheckConstraint("medium IN ('paper', 'disk', 'photo', 'scan', 'electronic')", name="items_medium"),
    sa.CheckConstraint("condition IN ('good', 'faded', 'damaged', 'lost')", name="items_condition"),
    sa.CheckConstraint("state IN ('awaited', 'filed')", name="items_state"),
    sa.Index("items_dossier", "dossier_id", "id"),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    _instant("begun_at"),
    comment="files on their way into the vault: one that is not taken in is swept",
)

handovers = sa.Table(
    "handovers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="as the deliverer names it"),
    sa.Column("dossier_id", sa.Uuid, nullable=False),
    sa.Column("service", sa.Text, nullable=False, comment="who delivers"),
    sa.Column("source", sa.Uuid, nullable=False, comment="what the dossier is about, at the deliverer"),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Uuid, comment="whose case it was"),
    sa.Column("items", JSONB, nullable=False, comment="the manifest, with the item that each becomes"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("missing", JSONB, nullable=False, comment="labels of what has not arrived whole, and why"),
    _instant("announced_at"),
    _instant("filed_at", nullable=True),
    *_counts(),
    sa.CheckConstraint("state IN ('coming', 'stuck', 'filed')", name="handovers_state"),
    sa.Index("handovers_branch", "branch", "id"),
    sa.Index("handovers_dossier", "dossier_id", "id"),
    sa.Index("handovers_customer", "customer_id", postgresql_where=sa.text("customer_id IS NOT NULL")),
)

view_requests = sa.Table(
    "view_requests",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("dossier_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="of the dossier"),
    sa.Column("branch", sa.Text, nullable=False, comment="of the dossier"),
    sa.Column("department", sa.Text, comment="of the applicant"),
    sa.Column("applicant", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, comment="what an outsider has shown"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="the reason, and who the outsider is"),
    sa.Column("state", sa.Text, nullable=False),
    _instant("asked_at"),
    _instant("decided_at", nullable=True),
    _instant("until_at", nullable=True),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    *_counts(),
    sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'withdrawn')", name="view_requests_state"),
    sa.CheckConstraint("proof IN ('introduction_letter', 'work_card')", name="view_requests_proof"),
    sa.Index("view_requests_branch", "branch", "id"),
    sa.Index("view_requests_dossier", "dossier_id", "id"),
    sa.Index("view_requests_applicant", "applicant", "id"),
    comment="the register of viewings",
)

loans = sa.Table(
    "loans",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("dossier_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False, comment="of the dossier"),
    sa.Column("borrower", sa.Text, nullable=False),
    sa.Column("items", JSONB, nullable=False, comment="which papers"),
    sa.Column("copies", sa.Integer, nullable=False, comment="of all of them together"),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False, comment="the reason"),
    sa.Column("state", sa.Text, nullable=False),
    _instant("asked_at"),
    _instant("issued_at", nullable=True),
    sa.Column("issued_by", sa.Text),
    _instant("due_at", nullable=True),
    _instant("returned_at", nullable=True),
    sa.Column("received_by", sa.Text),
    sa.Column("lacking", JSONB, nullable=False, comment="what did not come back, or not whole"),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    *_counts(),
    sa.CheckConstraint(
        "state IN ('asked', 'approved', 'refused', 'withdrawn', 'issued', 'returned')", name="loans_state"
    ),
    sa.Index("loans_branch", "branch", "id"),
    sa.Index("loans_dossier", "dossier_id", "id"),
    sa.Index("loans_borrower", "borrower", "id"),
    sa.Index("loans_out", "dossier_id", postgresql_where=sa.text("state = 'issued'")),
    comment="the loan register; a returned one is struck out",
)

agreements = sa.Table(
    "agreements",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("branch", sa.Text, nullable=False, comment="whose data; group: everybody's"),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("brand", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("fields", JSONB, nullable=False),
    sa.Column("from_on", sa.Date, nullable=False),
    sa.Column("until_on", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    _instant("asked_at"),
    _instant("decided_at", nullable=True),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    *_counts(),
    sa.CheckConstraint("state IN ('asked', 'agreed', 'refused', 'withdrawn', 'ended')", name="agreements_state"),
    sa.CheckConstraint("from_on <= until_on", name="agreements_days"),
    sa.Index("agreements_branch", "branch", "id"),
    sa.Index("agreements_brand", "brand", "id", postgresql_where=sa.text("state = 'agreed'")),
    comment="what may be given to whom outside",
)

provisions = sa.Table(
    "provisions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("agreement_id", sa.Uuid, nullable=False),
    sa.Column("about", sa.Uuid, nullable=False, comment="the case or customer whose data was given"),
    sa.Column("fields", JSONB, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
    _instant("given_at"),
    sa.Index("provisions_agreement", "agreement_id", "id"),
    comment="what was given under an agreement",
)

log_waiting = sa.Table(
    "log_waiting",
    metadata,
    sa.Column("n", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("record_id", sa.Uuid, nullable=False),
    sa.Column("leaf", sa.Text, nullable=False),
    sa.Index("log_waiting_record", "record_id", unique=True),
    comment="access records that are not in the tree yet, in the order they came",
)

log_leaves = sa.Table(
    "log_leaves",
    metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False, comment="from 0, without gaps"),
    sa.Column("record_id", sa.Uuid, nullable=False),
    sa.Column("leaf_hash", BYTEA, nullable=False),
    sa.Column("leaf", sa.Text, nullable=False, comment="canonical JSON, as it was hashed"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("ids", JSONB, nullable=False),
    _instant("at"),
    sa.Index("log_leaves_record", "record_id", unique=True),
    sa.Index("log_leaves_hash", "leaf_hash"),
    sa.Index("log_leaves_actor", "actor", "n"),
    sa.Index("log_leaves_purpose", "purpose", "n"),
    sa.Index("log_leaves_at", "at", "n"),
    sa.Index("log_leaves_ids", "ids", postgresql_using="gin", postgresql_ops={"ids": "jsonb_path_ops"}),
    comment="the audit log; only ever appended to",
)

log_nodes = sa.Table(
    "log_nodes",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", BYTEA, nullable=False),
    comment="roots of the complete subtrees of 2^level leaves, the leaves themselves at level 0",
)

log_heads = sa.Table(
    "log_heads",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", BYTEA, nullable=False),
    _instant("signed_at"),
    sa.Column("note", sa.Text, nullable=False, comment="the signed head"),
    comment="tree heads, one a batch",
)
