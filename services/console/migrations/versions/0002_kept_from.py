"""Work says who is not to learn of it."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE work_items ADD COLUMN excluded jsonb;
COMMENT ON COLUMN work_items.excluded IS 'people who are not to learn of it';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
