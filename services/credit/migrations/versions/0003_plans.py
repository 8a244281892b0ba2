"""Collection plans: what customers have promised to pay, by when."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE plans (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    branch text NOT NULL,
    instalments jsonb NOT NULL,
    agreed_at timestamptz NOT NULL,
    noted_by text NOT NULL,
    state text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT plans_state CHECK (state IN ('running', 'superseded'))
);
CREATE UNIQUE INDEX plans_running ON plans (account_id) WHERE state = 'running';
CREATE INDEX plans_account ON plans (account_id, id);
COMMENT ON TABLE plans IS 'what customers have promised to pay, by when';
COMMENT ON COLUMN plans.instalments IS 'id, due_on, amount, met_on';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
