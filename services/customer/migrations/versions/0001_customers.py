"""Customer files, the tokens they are found by, what was changed in them."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE customers (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    customer_class text,
    branch text NOT NULL,
    registered_at timestamptz NOT NULL,
    registered_by text NOT NULL,
    duplicates_overridden boolean NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT customers_kind CHECK (kind IN ('person', 'organisation')),
    CONSTRAINT customers_class CHECK (customer_class IN ('target', 'general', 'key', 'potential'))
);
COMMENT ON COLUMN customers.id IS 'version 7: its order is the order of registration';
COMMENT ON COLUMN customers.sealed IS 'name, phones, vehicles and all else that is a person''s';
CREATE INDEX customers_branch ON customers (branch, id);

CREATE TABLE customer_tokens (
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    token bytea NOT NULL,
    PRIMARY KEY (customer_id, kind, token)
);
COMMENT ON TABLE customer_tokens IS 'by which keyed tokens a customer is found, one row a valid key';
CREATE INDEX customer_tokens_token ON customer_tokens (token, customer_id);

CREATE TABLE customer_changes (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    fields jsonb NOT NULL,
    effective_on date NOT NULL,
    reported_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON COLUMN customer_changes.sealed IS 'old and new value of each field (P01.4)';
CREATE INDEX customer_changes_customer ON customer_changes (customer_id, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
