"""Lines of the warehouse's list are compared account by account; comparisons that wait go on so."""

from chassis.migrate import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX goods_issues_account ON goods_issues (account_id) WHERE state = 'listed';
UPDATE kehu.jobs j SET kind = 'reconcile_account', lane = 'reconcile_account', ref = s.account_id::text
    FROM shipments s WHERE j.kind = 'reconcile_shipment' AND j.ref = s.id::text;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
