"""What a subject has owed, ended or not, is found by an index: every opened case and every paper filed asks for it."""

from chassis.migrate import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX obligations_subject ON kehu.obligations (subject);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
