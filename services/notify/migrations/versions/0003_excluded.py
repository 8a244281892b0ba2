"""A send says who is never told."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE sends ADD COLUMN excluded jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN sends.excluded IS 'never told, whatever their roles';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
