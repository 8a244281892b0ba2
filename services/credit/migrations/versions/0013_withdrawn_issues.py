"""A wrong line of the warehouse's list can be withdrawn; the right one may then have its number."""

from chassis.migrate import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE goods_issues ADD COLUMN mistake text, ADD COLUMN withdrawn_by text, ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN goods_issues.mistake IS 'of a line that was withdrawn: what was wrong about it';
ALTER TABLE goods_issues DROP CONSTRAINT goods_issues_state;
ALTER TABLE goods_issues ADD CONSTRAINT goods_issues_state
    CHECK (state IN ('listed', 'part', 'matched', 'unauthorised', 'withdrawn'));
ALTER TABLE goods_issues ADD CONSTRAINT goods_issues_mistake
    CHECK (mistake IN ('not_left', 'other_shipment', 'other_goods', 'other_quantity', 'other_day'));
DROP INDEX goods_issues_slip;
CREATE UNIQUE INDEX goods_issues_slip ON goods_issues (branch, origin, origin_ref, line) WHERE state <> 'withdrawn';
CREATE INDEX goods_issues_line ON goods_issues (branch, origin, origin_ref, line);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
