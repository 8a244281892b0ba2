"""What is due first over all branches is read from an index."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX obligations_due_first ON kehu.obligations (due_at, id) WHERE ended_at IS NULL AND due_at IS NOT NULL;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
