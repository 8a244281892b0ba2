"""What was taken back counts on the day of its invoice and, once the goods are out, on the day on which they count."""

from chassis.migrate import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE day_sums DROP CONSTRAINT day_sums_kind;
ALTER TABLE day_sums ADD CONSTRAINT day_sums_kind CHECK (kind IN ('invoiced', 'shipped', 'returned', 'credited',
    'returned_invoiced', 'credited_invoiced', 'received'));
DELETE FROM day_sums WHERE kind IN ('returned', 'credited');
INSERT INTO day_sums (account_id, day, kind, amount)
    SELECT d.account_id, o.dated_on, CASE d.kind WHEN 'return' THEN 'returned_invoiced' ELSE 'credited_invoiced' END,
        sum(d.amount) FROM documents d JOIN documents o ON o.id = d.corrects
    WHERE d.kind IN ('return', 'credit_note') AND d.reversed_by IS NULL GROUP BY 1, 2, 3;
INSERT INTO day_sums (account_id, day, kind, amount)
    SELECT d.account_id, greatest(o.dated_on, o.issued_on), CASE d.kind WHEN 'return' THEN 'returned' ELSE 'credited'
        END, sum(d.amount) FROM documents d JOIN documents o ON o.id = d.corrects AND o.issued_on IS NOT NULL
    WHERE d.kind IN ('return', 'credit_note') AND d.reversed_by IS NULL GROUP BY 1, 2, 3;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
