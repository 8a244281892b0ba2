"""What was proposed about people on a case is found by the case, refused proposals too."""

from chassis.migrate import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX misconducts_by_case ON misconducts (case_id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
