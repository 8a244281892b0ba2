"""Invoiced goods that are held on their way out are found with the others that are held."""

from chassis.migrate import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = """
DROP INDEX shipments_held, shipments_waiting;
CREATE INDEX shipments_held ON shipments (branch, id)
    WHERE state = 'held' OR (state = 'invoiced' AND decision->>'outcome' = 'held');
CREATE INDEX shipments_waiting ON shipments (account_id, id)
    WHERE state = 'held' OR (state = 'invoiced' AND decision->>'outcome' = 'held') OR state = 'released';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
