"""What is owed about something is found by it; what ended long ago is found to be withdrawn from the work topic."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX obligations_about ON kehu.obligations ((plan ->> 'about')) WHERE ended_at IS NULL AND plan ? 'about';
CREATE INDEX obligations_ended ON kehu.obligations (ended_at) WHERE ended_at IS NOT NULL AND NOT course ? 'withdrawn';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
