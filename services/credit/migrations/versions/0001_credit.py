"""Accounts and their limits, the ledger, shipments; what the directory and the archive say."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE account_customers (
    customer_id uuid NOT NULL,
    account_id uuid NOT NULL,
    PRIMARY KEY (customer_id)
);
CREATE INDEX account_customers_account ON account_customers (account_id);
COMMENT ON TABLE account_customers IS 'a customer has one account; several may share it';
CREATE TABLE accounts (
    id uuid NOT NULL,
    branch text NOT NULL,
    contract text NOT NULL,
    term_days integer NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    reviewed_at timestamptz NOT NULL,
    balance numeric(18, 2) NOT NULL,
    released numeric(18, 2) NOT NULL,
    reserved numeric(18, 2) NOT NULL,
    limit_on date NOT NULL,
    limit_amount numeric(18, 2) NOT NULL,
    missing jsonb NOT NULL,
    overruns jsonb NOT NULL,
    terms jsonb,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT accounts_contract CHECK (contract IN ('distribution', 'direct')),
    CONSTRAINT accounts_figures CHECK (released >= 0 AND reserved >= 0)
);
CREATE INDEX accounts_branch ON accounts (branch, id);
COMMENT ON COLUMN accounts.contract IS 'distribution or direct';
COMMENT ON COLUMN accounts.term_days IS 'the payment term of the contract';
COMMENT ON COLUMN accounts.balance IS 'what is owed, less what was paid: the sum of its receivable entries';
COMMENT ON COLUMN accounts.released IS 'released or out, not invoiced';
COMMENT ON COLUMN accounts.reserved IS 'paid for shipments that are still held: frees nothing else';
COMMENT ON COLUMN accounts.limit_on IS 'the civil day of limit_amount';
COMMENT ON COLUMN accounts.missing IS 'what eligibility lacked when it was last looked at';
COMMENT ON COLUMN accounts.overruns IS 'over-limit shipments since the account was last within';
COMMENT ON COLUMN accounts.terms IS 'what sales has approved for a term over the ordinary one';
COMMENT ON COLUMN accounts.held IS 'actions that wait for an approval';
CREATE TABLE allocations (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    credit_id uuid NOT NULL,
    debit_id uuid NOT NULL,
    amount numeric(18, 2) NOT NULL,
    allocated_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT allocations_amount CHECK (amount <> 0)
);
CREATE INDEX allocations_credit ON allocations (credit_id);
CREATE INDEX allocations_debit ON allocations (debit_id);
COMMENT ON TABLE allocations IS 'what paid what; append-only';
COMMENT ON COLUMN allocations.credit_id IS 'payment, return, credit note, write-off';
COMMENT ON COLUMN allocations.debit_id IS 'invoice or opening balance';
COMMENT ON COLUMN allocations.amount IS 'below zero: taken back';
CREATE TABLE day_sums (
    account_id uuid NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    PRIMARY KEY (account_id, day, kind),
    CONSTRAINT day_sums_kind CHECK (kind IN ('invoiced', 'shipped', 'returned', 'credited', 'received'))
);
COMMENT ON TABLE day_sums IS 'what documents say of each day, added up: the material of the limit';
CREATE TABLE documents (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    dated_on date NOT NULL,
    amount numeric(18, 2) NOT NULL,
    currency text NOT NULL,
    open numeric(18, 2) NOT NULL,
    corrects uuid,
    reversed_by uuid,
    shipment_id uuid,
    reserved boolean NOT NULL,
    issued_on date,
    origin text NOT NULL,
    origin_ref text NOT NULL,
    booked_at timestamptz NOT NULL,
    booked_by text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT documents_kind
        CHECK (kind IN ('invoice', 'payment', 'return', 'credit_note', 'write_off', 'opening', 'reversal')),
    CONSTRAINT documents_amount CHECK (amount > 0 AND open >= 0 AND open <= amount),
    CONSTRAINT documents_currency CHECK (currency = 'CNY')
);
CREATE INDEX documents_account ON documents (account_id, id);
CREATE INDEX documents_corrects ON documents (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX documents_open ON documents (account_id, dated_on, id) WHERE open > 0;
CREATE UNIQUE INDEX documents_origin ON documents (origin, origin_ref);
CREATE INDEX documents_shipment ON documents (shipment_id) WHERE shipment_id IS NOT NULL;
COMMENT ON COLUMN documents.open IS 'what is not allocated yet';
COMMENT ON COLUMN documents.corrects IS 'the document that it corrects or reverses';
COMMENT ON COLUMN documents.reserved IS 'a payment that waits for its shipment''s invoice';
COMMENT ON COLUMN documents.issued_on IS 'of an invoice: when its goods went out';
CREATE TABLE entries (
    id uuid NOT NULL,
    document_id uuid NOT NULL,
    account_id uuid NOT NULL,
    ledger text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    dated_on date NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT entries_ledger
        CHECK (ledger IN ('receivable', 'sales', 'cash', 'returns', 'allowances', 'write_off', 'opening')),
    CONSTRAINT entries_amount CHECK (amount <> 0)
);
CREATE INDEX entries_account ON entries (account_id, ledger, id);
CREATE INDEX entries_document ON entries (document_id);
COMMENT ON TABLE entries IS
    'double entry, append-only; those of a document add up to zero: the database refuses anything else';
COMMENT ON COLUMN entries.amount IS 'debit above zero, credit below';
CREATE TABLE known_customers (
    customer_id uuid NOT NULL,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    branch text,
    as_of timestamptz,
    confirmed_at timestamptz,
    redirect_to uuid,
    PRIMARY KEY (customer_id)
);
COMMENT ON TABLE known_customers IS 'local copy of the customer directory';
CREATE TABLE known_dossiers (
    dossier_id uuid NOT NULL,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    kind text,
    about text,
    as_of timestamptz,
    PRIMARY KEY (dossier_id)
);
CREATE INDEX known_dossiers_about ON known_dossiers (about);
COMMENT ON TABLE known_dossiers IS 'local copy of the archive''s dossiers';
CREATE TABLE known_papers (
    dossier_id uuid NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL,
    valid_until date
);
CREATE INDEX known_papers_dossier ON known_papers (dossier_id);
COMMENT ON TABLE known_papers IS 'which papers a dossier holds, and until when they are valid';
CREATE TABLE limits (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    day date NOT NULL,
    amount numeric(18, 2) NOT NULL,
    before numeric(18, 2) NOT NULL,
    why jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX limits_account ON limits (account_id, day, id);
COMMENT ON TABLE limits IS 'each day''s limit, a row more where it changed within the day';
COMMENT ON COLUMN limits.why IS 'what came in, what fell out, what was booked later';
CREATE TABLE shipments (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    branch text NOT NULL,
    state text NOT NULL,
    destination text NOT NULL,
    lines jsonb NOT NULL,
    amount numeric(18, 2) NOT NULL,
    prepaid numeric(18, 2) NOT NULL,
    decision jsonb NOT NULL,
    signature jsonb,
    overrun text,
    invoice_id uuid,
    invoiced_on date,
    issued_on date,
    delivered_on date,
    unreleased boolean NOT NULL,
    returned numeric(18, 2) NOT NULL,
    part_of uuid,
    copy_of uuid,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    origin text NOT NULL,
    origin_ref text NOT NULL,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT shipments_state CHECK (state IN ('held', 'released', 'invoiced', 'issued', 'delivered', 'cancelled')),
    CONSTRAINT shipments_amounts CHECK (amount > 0 AND prepaid >= 0 AND returned >= 0),
    CONSTRAINT shipments_overrun CHECK (overrun IN ('first', 'last'))
);
CREATE INDEX shipments_account ON shipments (account_id, id);
CREATE INDEX shipments_branch ON shipments (branch, id);
CREATE INDEX shipments_held ON shipments (branch, id) WHERE state = 'held';
CREATE UNIQUE INDEX shipments_origin ON shipments (origin, origin_ref);
CREATE INDEX shipments_waiting ON shipments (account_id, id) WHERE state IN ('held', 'released');
COMMENT ON COLUMN shipments.destination IS 'a code of the place, no address';
COMMENT ON COLUMN shipments.lines IS 'product, batch, quantity, price, amount';
COMMENT ON COLUMN shipments.prepaid IS 'paid for this very shipment before its invoice';
COMMENT ON COLUMN shipments.decision IS 'the last one: outcome, way, reasons, ways out, facts';
COMMENT ON COLUMN shipments.signature IS 'over-limit: kind, amount, by whom, until when';
COMMENT ON COLUMN shipments.overrun IS 'first or last, where it was released over the limit';
COMMENT ON COLUMN shipments.unreleased IS 'the goods went out without a release';
COMMENT ON COLUMN shipments.part_of IS 'the shipment it was split from';
COMMENT ON COLUMN shipments.held IS 'actions that wait for an approval';
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: book a reversal', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER allocations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON allocations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM entries WHERE document_id IN (SELECT document_id FROM added)
        GROUP BY document_id HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'the entries of a document do not add up to zero';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER entries_balance AFTER INSERT ON entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_imbalance();
CREATE TRIGGER documents_kept BEFORE DELETE OR TRUNCATE ON documents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
