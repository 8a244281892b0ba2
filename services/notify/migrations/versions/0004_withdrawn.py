"""A notice is withdrawn from whom the matter turns out to be about."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE notices ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN notices.withdrawn_at IS 'the matter turned out to be about its receiver: not shown to them any more';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
