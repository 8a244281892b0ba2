"""What would follow from a row that is only tried."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE kehu.import_rows ADD COLUMN foretold jsonb;
COMMENT ON COLUMN kehu.import_rows.foretold IS 'of a dry run: what would follow, because of what, about what, rules';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
