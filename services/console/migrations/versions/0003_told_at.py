"""Work says when what it tells of has happened."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE work_items ADD COLUMN told_at timestamptz;
COMMENT ON COLUMN work_items.told_at IS 'the instant of the transaction that its service tells of';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
