"""Lists that are handed in: accounts by the number of the books, what was named to be paid, goods issues."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE accounts ADD COLUMN code text;
COMMENT ON COLUMN accounts.code IS 'the number under which the books know it';
CREATE UNIQUE INDEX accounts_code ON accounts (code, branch) WHERE code IS NOT NULL;

ALTER TABLE documents ADD COLUMN named jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN documents.named IS 'which documents it was to pay first: document_id, amount';
CREATE INDEX documents_ref ON documents (account_id, origin_ref);

ALTER TABLE shipments ADD COLUMN released_on date;
COMMENT ON COLUMN shipments.released_on IS 'since when it may go without a break';
UPDATE shipments SET released_on = coalesce(invoiced_on, (decision->>'on')::date)
    WHERE state IN ('released', 'invoiced', 'issued', 'delivered') AND NOT unreleased;
CREATE INDEX shipments_ref ON shipments (branch, origin_ref);

ALTER TABLE losses ALTER COLUMN account_id DROP NOT NULL;
COMMENT ON COLUMN losses.about IS 'the invoice, the shipment or the slip of the warehouse';

CREATE TABLE goods_issues (
    id uuid NOT NULL,
    branch text NOT NULL,
    origin text NOT NULL,
    origin_ref text NOT NULL,
    line integer NOT NULL,
    shipment_ref text,
    invoice_ref text,
    account_id uuid,
    product text NOT NULL,
    batch text NOT NULL,
    quantity numeric(12, 3) NOT NULL,
    said_value numeric(18, 2),
    issued_on date NOT NULL,
    state text NOT NULL,
    finding text,
    shipment_id uuid,
    document_id uuid,
    loss_id uuid,
    covered numeric(12, 3) NOT NULL,
    value numeric(18, 2) NOT NULL,
    lost numeric(18, 2) NOT NULL,
    listed_at timestamptz NOT NULL,
    listed_by text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT goods_issues_state CHECK (state IN ('listed', 'part', 'matched', 'unauthorised')),
    CONSTRAINT goods_issues_finding CHECK (finding IN ('no_shipment', 'cancelled', 'not_released', 'before_release',
        'more_than_released', 'other_batch', 'other_day', 'paid_before')),
    CONSTRAINT goods_issues_quantity CHECK (quantity > 0 AND covered >= 0 AND covered <= quantity AND value >= 0
        AND lost >= 0)
);
COMMENT ON TABLE goods_issues IS 'what the warehouse says has left it, line by line, and what it was matched with';
COMMENT ON COLUMN goods_issues.origin_ref IS 'the slip';
COMMENT ON COLUMN goods_issues.shipment_ref IS 'the shipment as the slip names it';
COMMENT ON COLUMN goods_issues.invoice_ref IS 'the invoice as the slip names it';
COMMENT ON COLUMN goods_issues.said_value IS 'what the goods are worth, where the slip says so';
COMMENT ON COLUMN goods_issues.covered IS 'how much of it is goods of the shipment';
COMMENT ON COLUMN goods_issues.value IS 'what the goods are worth by the price of the shipment, else as the slip says';
COMMENT ON COLUMN goods_issues.lost IS 'how much of that the loss is about';
CREATE UNIQUE INDEX goods_issues_slip ON goods_issues (branch, origin, origin_ref, line);
CREATE INDEX goods_issues_branch ON goods_issues (branch, id);
CREATE INDEX goods_issues_listed ON goods_issues (id) WHERE state = 'listed';
CREATE INDEX goods_issues_found ON goods_issues (branch, id) WHERE state = 'unauthorised';
CREATE INDEX goods_issues_shipment ON goods_issues (shipment_id) WHERE shipment_id IS NOT NULL;
CREATE INDEX goods_issues_loss ON goods_issues (loss_id) WHERE loss_id IS NOT NULL;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
