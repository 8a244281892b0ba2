"""What is split off from a case keeps the policies under which that one was taken."""

from chassis.migrate import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE cases ADD COLUMN policy_at timestamptz;
COMMENT ON COLUMN cases.policy_at IS 'of a part: the opening of the case that it was split off from';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
