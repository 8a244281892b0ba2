"""Losses: found, verified, approved and borne."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE losses (
    id uuid NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    account_id uuid NOT NULL,
    branch text NOT NULL,
    about uuid NOT NULL,
    document_id uuid,
    shipment_id uuid,
    amount numeric(18, 2) NOT NULL,
    occurred_on date NOT NULL,
    found_at timestamptz NOT NULL,
    found_by text NOT NULL,
    signer text,
    legal_reserved boolean NOT NULL,
    state text NOT NULL,
    shares jsonb NOT NULL,
    ended_at timestamptz,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT losses_kind CHECK (kind IN ('bad_debt', 'unauthorised_shipment', 'last_overrun_unpaid')),
    CONSTRAINT losses_state CHECK (state IN ('found', 'verified', 'approved', 'borne', 'dismissed')),
    CONSTRAINT losses_amount CHECK (amount >= 0)
);
CREATE UNIQUE INDEX losses_once ON losses (kind, about) WHERE state <> 'dismissed';
CREATE INDEX losses_branch ON losses (branch, id);
COMMENT ON TABLE losses IS 'what somebody answers for, from finding it to the shares in it';
COMMENT ON COLUMN losses.about IS 'the invoice or the shipment';
COMMENT ON COLUMN losses.legal_reserved IS 'legal remedies are kept (P11.13)';
COMMENT ON COLUMN losses.shares IS 'part, person, weight, amount';
COMMENT ON COLUMN losses.held IS 'actions that wait for an approval';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
