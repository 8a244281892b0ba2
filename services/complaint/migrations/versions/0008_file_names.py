"""A file keeps what it was called."""

from chassis.migrate import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = """
COMMENT ON COLUMN attachments.sealed IS 'what it was called, and why it was removed, in words';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
