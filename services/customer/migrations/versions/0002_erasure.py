"""Files are confirmed, and erased on request: what must be forgotten, and who has answered."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE customers ADD COLUMN confirmed_at timestamptz;
ALTER TABLE customers ADD COLUMN confirmed_by text;
ALTER TABLE customers ADD COLUMN erased_at timestamptz;
CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    branch text NOT NULL,
    ground text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL,
    ordered_at timestamptz,
    expected jsonb NOT NULL,
    answers jsonb NOT NULL,
    completed_at timestamptz,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT erasures_state CHECK (state IN ('asked', 'refused', 'ordered', 'completed'))
);
COMMENT ON TABLE erasures IS 'what must be forgotten, and who has answered that it is';
COMMENT ON COLUMN erasures.ground IS 'why they may ask for it: a code, never words of a person';
COMMENT ON COLUMN erasures.expected IS 'the services that must answer';
COMMENT ON COLUMN erasures.answers IS 'by service: how much was destroyed, when';
CREATE UNIQUE INDEX erasures_customer ON erasures (customer_id) WHERE state <> 'refused';
CREATE INDEX erasures_branch ON erasures (branch, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
