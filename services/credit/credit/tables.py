"""The credit service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = sa.MetaData()


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _amount(name: str, *, comment: str | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(18, 2), nullable=False, comment=comment)


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("code", sa.Text, comment="the number under which the books know it"),
    sa.Column("contract", sa.Text, nullable=False, comment="distribution or direct"),
    sa.Column("term_days", sa.Integer, nullable=False, comment="the payment term of the contract"),
    _instant("opened_at", nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    _instant("reviewed_at", nullable=False),
    _amount("balance", comment="what is owed, less what was paid: the sum of its receivable entries"),
    _amount("released", comment="released or out, not invoiced"),
    _amount("reserved", comment="paid for shipments that are still held: frees nothing else"),
    sa.Column("limit_on", sa.Date, nullable=False, comment="the civil day of limit_amount"),
    _amount("limit_amount"),
    sa.Column("missing", JSONB, nullable=False, comment="what eligibility lacked when it was last looked at"),
    sa.Column("overruns", JSONB, nullable=False, comment="over-limit shipments since the account was last within"),
    sa.Column("terms", JSONB, comment="what sales has approved for a term over the ordinary one"),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("contract IN ('distribution', 'direct')", name="accounts_contract"),
    sa.CheckConstraint("released >= 0 AND reserved >= 0", name="accounts_figures"),
    sa.Index("accounts_branch", "branch", "id"),
    sa.Index("accounts_code", "code", "branch", unique=True, postgresql_where=sa.text("code IS NOT NULL")),
)

account_customers = sa.Table(
    "account_customers",
    metadata,
    sa.Column("customer_id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Index("account_customers_account", "account_id"),
    comment="a customer has one account; several may share it",
)

limits = sa.Table(
    "limits",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    _amount("amount"),
    _amount("before"),
    sa.Column("why", JSONB, nullable=False, comment="what came in, what fell out, what was booked later"),
    _instant("recorded_at", nullable=False),
    sa.Index("limits_account", "account_id", "day", "id"),
    comment="each day's limit, a row more where it changed within the day",
)

day_sums = sa.Table(
    "day_sums",
    metadata,
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    _amount("amount"),
    sa.CheckConstraint("kind IN ('invoiced', 'shipped', 'returned', 'credited', 'received')", name="day_sums_kind"),
    comment="what documents say of each day, added up: the material of the limit",
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("dated_on", sa.Date, nullable=False),
    _amount("amount"),
    sa.Column("currency", sa.Text, nullable=False),
    _amount("open", comment="what is not allocated yet"),
    sa.Column("corrects", sa.Uuid, comment="the document that it corrects or reverses"),
    sa.Column("reversed_by", sa.Uuid),
    sa.Column("shipment_id", sa.Uuid),
    sa.Column("reserved", sa.Boolean, nullable=False, comment="a payment that waits for its shipment's invoice"),
    sa.Column("issued_on", sa.Date, comment="of an invoice: when its goods went out"),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("origin_ref", sa.Text, nullable=False),
    sa.Column(
        "named",
        JSONB,
        nullable=False,
        server_default="[]",
        comment="which documents it was to pay first: document_id, amount",
    ),
    _instant("booked_at", nullable=False),
    sa.Column("booked_by", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "kind IN ('invoice', 'payment', 'return', 'credit_note', 'write_off', 'opening', 'reversal')",
        name="documents_kind",
    ),
    sa.CheckConstraint("amount > 0 AND open >= 0 AND open <= amount", name="documents_amount"),
    sa.CheckConstraint("currency = 'CNY'", name="documents_currency"),
    sa.Index("documents_origin", "origin", "origin_ref", unique=True),
    sa.Index("documents_ref", "account_id", "origin_ref"),
    sa.Index("documents_account", "account_id", "id"),
    sa.Index("documents_open", "account_id", "dated_on", "id", postgresql_where=sa.text("open > 0")),
    sa.Index("documents_shipment", "shipment_id", postgresql_where=sa.text("shipment_id IS NOT NULL")),
    sa.Index("documents_corrects", "corrects", postgresql_where=sa.text("corrects IS NOT NULL")),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("document_id", sa.Uuid, nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("ledger", sa.Text, nullable=False),
    _amount("amount", comment="debit above zero, credit below"),
    sa.Column("dated_on", sa.Date, nullable=False),
    sa.CheckConstraint(
        "ledger IN ('receivable', 'sales', 'cash', 'returns', 'allowances', 'write_off', 'opening')",
        name="entries_ledger",
    ),
    sa.CheckConstraint("amount <> 0", name="entries_amount"),
    sa.Index("entries_document", "document_id"),
    sa.Index("entries_account", "account_id", "ledger", "id"),
    comment="double entry, append-only; those of a document add up to zero: the database refuses anything else",
)

allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("credit_id", sa.Uuid, nullable=False, comment="payment, return, credit note, write-off"),
    sa.Column("debit_id", sa.Uuid, nullable=False, comment="invoice or opening balance"),
    _amount("amount", comment="below zero: taken back"),
    _instant("allocated_at", nullable=False),
    sa.CheckConstraint("amount <> 0", name="allocations_amount"),
    sa.Index("allocations_credit", "credit_id"),
    sa.Index("allocations_debit", "debit_id"),
    comment="what paid what; append-only",
)

shipments = sa.Table(
    "shipments",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("destination", sa.Text, nullable=False, comment="a code of the place, no address"),
    sa.Column("lines", JSONB, nullable=False, comment="product, batch, quantity, price, amount"),
    _amount("amount"),
    _amount("prepaid", comment="paid for this very shipment before its invoice"),
    sa.Column("decision", JSONB, nullable=False, comment="the last one: outcome, way, reasons, ways out, facts"),
    sa.Column("signature", JSONB, comment="over-limit: kind, amount, by whom, until when"),
    sa.Column("overrun", sa.Text, comment="first or last, where it was released over the limit"),
    sa.Column("released_on", sa.Date, comment="since when it may go without a break"),
    sa.Column("invoice_id", sa.Uuid),
    sa.Column("invoiced_on", sa.Date),
    sa.Column("issued_on", sa.Date),
    sa.Column("delivered_on", sa.Date),
    sa.Column("unreleased", sa.Boolean, nullable=False, comment="the goods went out without a release"),
    _amount("returned"),
    sa.Column("part_of", sa.Uuid, comment="the shipment it was split from"),
    sa.Column("copy_of", sa.Uuid),
    sa.Column("requested_by", sa.Text, nullable=False),
    _instant("requested_at", nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("origin_ref", sa.Text, nullable=False),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "state IN ('held', 'released', 'invoiced', 'issued', 'delivered', 'cancelled')", name="shipments_state"
    ),
    sa.CheckConstraint("amount > 0 AND prepaid >= 0 AND returned >= 0", name="shipments_amounts"),
    sa.CheckConstraint("overrun IN ('first', 'last')", name="shipments_overrun"),
    sa.Index("shipments_origin", "origin", "origin_ref", unique=True),
    sa.Index("shipments_ref", "branch", "origin_ref"),
    sa.Index("shipments_account", "account_id", "id"),
    sa.Index("shipments_branch", "branch", "id"),
    sa.Index("shipments_held", "branch", "id", postgresql_where=sa.text("state = 'held'")),
    sa.Index("shipments_waiting", "account_id", "id", postgresql_where=sa.text("state IN ('held', 'released')")),
)

losses = sa.Table(
    "losses",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("account_id", sa.Uuid),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("about", sa.Uuid, nullable=False, comment="the invoice, the shipment or the slip of the warehouse"),
    sa.Column("document_id", sa.Uuid),
    sa.Column("shipment_id", sa.Uuid),
    _amount("amount"),
    sa.Column("occurred_on", sa.Date, nullable=False),
    _instant("found_at", nullable=False),
    sa.Column("found_by", sa.Text, nullable=False),
    sa.Column("signer", sa.Text),
    sa.Column("legal_reserved", sa.Boolean, nullable=False, comment="legal remedies are kept (P11.13)"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("shares", JSONB, nullable=False, comment="part, person, weight, amount"),
    _instant("ended_at"),
    sa.Column("held", JSONB, nullable=False, comment="actions that wait for an approval"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('bad_debt', 'unauthorised_shipment', 'last_overrun_unpaid')", name="losses_kind"),
    sa.CheckConstraint("state IN ('found', 'verified', 'approved', 'borne', 'dismissed')", name="losses_state"),
    sa.CheckConstraint("amount >= 0", name="losses_amount"),
    sa.Index("losses_once", "kind", "about", unique=True, postgresql_where=sa.text("state <> 'dismissed'")),
    sa.Index("losses_branch", "branch", "id"),
    comment="what somebody answers for, from finding it to the shares in it",
)

goods_issues = sa.Table(
    "goods_issues",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("origin_ref", sa.Text, nullable=False, comment="the slip"),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("shipment_ref", sa.Text, comment="the shipment as the slip names it"),
    sa.Column("invoice_ref", sa.Text, comment="the invoice as the slip names it"),
    sa.Column("account_id", sa.Uuid),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("quantity", sa.Numeric(12, 3), nullable=False),
    sa.Column("said_value", sa.Numeric(18, 2), comment="what the goods are worth, where the slip says so"),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("finding", sa.Text),
    sa.Column("shipment_id", sa.Uuid),
    sa.Column("document_id", sa.Uuid),
    sa.Column("loss_id", sa.Uuid),
    sa.Column("covered", sa.Numeric(12, 3), nullable=False, comment="how much of it is goods of the shipment"),
    _amount("value", comment="what the goods are worth by the price of the shipment, else as the slip says"),
    _amount("lost", comment="how much of that the loss is about"),
    _instant("listed_at", nullable=False),
    sa.Column("listed_by", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('listed', 'part', 'matched', 'unauthorised')", name="goods_issues_state"),
    sa.CheckConstraint(
        "finding IN ('no_shipment', 'cancelled', 'not_released', 'before_release', 'more_than_released', "
        "'other_batch', 'other_day', 'paid_before')",
        name="goods_issues_finding",
    ),
    sa.CheckConstraint(
        "quantity > 0 AND covered >= 0 AND covered <= quantity AND value >= 0 AND lost >= 0",
        name="goods_issues_quantity",
    ),
    sa.Index("goods_issues_slip", "branch", "origin", "origin_ref", "line", unique=True),
    sa.Index("goods_issues_branch", "branch", "id"),
    sa.Index("goods_issues_listed", "id", postgresql_where=sa.text("state = 'listed'")),
    sa.Index("goods_issues_found", "branch", "id", postgresql_where=sa.text("state = 'unauthorised'")),
    sa.Index("goods_issues_shipment", "shipment_id", postgresql_where=sa.text("shipment_id IS NOT NULL")),
    sa.Index("goods_issues_loss", "loss_id", postgresql_where=sa.text("loss_id IS NOT NULL")),
    comment="what the warehouse says has left it, line by line, and what it was matched with",
)

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("instalments", JSONB, nullable=False, comment="id, due_on, amount, met_on"),
    _instant("agreed_at", nullable=False),
    sa.Column("noted_by", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('running', 'superseded')", name="plans_state"),
    sa.Index("plans_running", "account_id", unique=True, postgresql_where=sa.text("state = 'running'")),
    sa.Index("plans_account", "account_id", "id"),
    comment="what customers have promised to pay, by when",
)

known_customers = sa.Table(
    "known_customers",
    metadata,
    sa.Column("customer_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("branch", sa.Text),
    _instant("as_of"),
    _instant("confirmed_at"),
    sa.Column("redirect_to", sa.Uuid),
    comment="local copy of the customer directory",
)

known_dossiers = sa.Table(
    "known_dossiers",
    metadata,
    sa.Column("dossier_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("kind", sa.Text),
    sa.Column("about", sa.Text),
    _instant("as_of"),
    sa.Index("known_dossiers_about", "about"),
    comment="local copy of the archive's dossiers",
)

known_papers = sa.Table(
    "known_papers",
    metadata,
    sa.Column("dossier_id", sa.Uuid, nullable=False),
    sa.Column("item_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Date),
    sa.Index("known_papers_dossier", "dossier_id"),
    comment="which papers a dossier holds, and until when they are valid",
)
