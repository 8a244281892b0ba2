"""What was met in time in a period is counted from an index."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX obligations_met ON kehu.obligations (ended_at) WHERE state = 'met' AND missed_at IS NULL;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
