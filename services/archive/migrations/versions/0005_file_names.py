"""An item keeps what its file was called."""

from chassis.migrate import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = """
COMMENT ON COLUMN items.sealed IS 'its label, remarks, and what its file was called';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
