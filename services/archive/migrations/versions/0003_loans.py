"""The loan register."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE loans (
    id uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    branch text NOT NULL,
    borrower text NOT NULL,
    items jsonb NOT NULL,
    copies integer NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    state text NOT NULL,
    asked_at timestamptz NOT NULL,
    issued_at timestamptz,
    issued_by text,
    due_at timestamptz,
    returned_at timestamptz,
    received_by text,
    lacking jsonb NOT NULL,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT loans_state CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn', 'issued', 'returned'))
);
COMMENT ON TABLE loans IS 'the loan register; a returned one is struck out';
COMMENT ON COLUMN loans.branch IS 'of the dossier';
COMMENT ON COLUMN loans.items IS 'which papers';
COMMENT ON COLUMN loans.copies IS 'of all of them together';
COMMENT ON COLUMN loans.sealed IS 'the reason';
COMMENT ON COLUMN loans.lacking IS 'what did not come back, or not whole';
COMMENT ON COLUMN loans.held IS 'actions that wait for an approval';
CREATE INDEX loans_branch ON loans (branch, id);
CREATE INDEX loans_borrower ON loans (borrower, id);
CREATE INDEX loans_out ON loans (dossier_id) WHERE state = 'issued';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
