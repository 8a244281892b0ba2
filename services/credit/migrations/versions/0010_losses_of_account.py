"""The losses of an account are found by it: what was said about them is forgotten with the customer."""

from chassis.migrate import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = "CREATE INDEX losses_account ON losses (account_id, id) WHERE account_id IS NOT NULL;"


def upgrade() -> None:
    run_sql(STATEMENTS)
