"""What came back, by line: of each return, and of each shipment by now."""

from chassis.migrate import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE documents ADD COLUMN lines jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN documents.lines IS 'of a return: what came back by line, product, batch, quantity, price';
ALTER TABLE shipments ADD COLUMN back jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN shipments.back IS 'how much came back, by the line''s number';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
