"""Changes of cases that no work tells of are followed too."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE case_changes (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    change uuid NOT NULL,
    told_at timestamptz NOT NULL
);
COMMENT ON TABLE case_changes IS 'changes of cases that no work tells of';
COMMENT ON COLUMN case_changes.id IS 'of the event';
COMMENT ON COLUMN case_changes.change IS 'made when it was heard, so that changes can be followed';
COMMENT ON COLUMN case_changes.told_at IS 'when it happened';
CREATE INDEX case_changes_change ON case_changes (change);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
