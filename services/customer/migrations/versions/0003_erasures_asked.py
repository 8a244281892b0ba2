"""Every erasure that was ever asked of a customer is found: what was said about it is forgotten with them."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = "CREATE INDEX erasures_asked ON erasures (customer_id);"


def upgrade() -> None:
    run_sql(STATEMENTS)
