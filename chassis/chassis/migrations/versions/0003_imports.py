"""Tables that people hand in, and what became of each row."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE kehu.imports (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    dry_run boolean NOT NULL,
    asked_by text NOT NULL,
    granted jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    rows integer NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea,
    ended_at timestamptz
);
COMMENT ON COLUMN kehu.imports.id IS 'also the id of its job';
COMMENT ON COLUMN kehu.imports.granted IS 'what the asker could do when the table was handed in';
COMMENT ON COLUMN kehu.imports.digest IS 'of the table as it was handed in';
COMMENT ON COLUMN kehu.imports.sealed IS 'the rows; null once they have been taken';
CREATE INDEX imports_asked ON kehu.imports (kind, asked_by, id);

CREATE TABLE kehu.import_rows (
    import_id uuid NOT NULL,
    row integer NOT NULL,
    outcome text NOT NULL,
    ref text,
    problem jsonb,
    PRIMARY KEY (import_id, row),
    CONSTRAINT import_rows_outcome CHECK (outcome IN ('made', 'changed', 'unchanged', 'refused', 'failed'))
);
COMMENT ON COLUMN kehu.import_rows.row IS 'as a spreadsheet counts it';
COMMENT ON COLUMN kehu.import_rows.ref IS 'what the row has become';
COMMENT ON COLUMN kehu.import_rows.problem IS 'why not: detail, rules, errors; none of what the row says';
CREATE INDEX import_rows_outcome ON kehu.import_rows (import_id, outcome, row);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
