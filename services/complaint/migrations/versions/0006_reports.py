"""Papers are printed for the archive; statistics are counted by periods and frozen."""

from chassis.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE dossier_items ADD COLUMN label text NOT NULL DEFAULT '';
ALTER TABLE dossier_items ADD COLUMN kind text NOT NULL DEFAULT '';
CREATE INDEX dossier_items_handover ON dossier_items (handover_id, id);

CREATE TABLE dossier_forms (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    item_suffix text NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON TABLE dossier_forms IS 'forms of a closing that wait to be printed';
COMMENT ON COLUMN dossier_forms.id IS 'of the hand-over';
COMMENT ON COLUMN dossier_forms.sealed IS 'what the forms are filled with';

CREATE INDEX cases_open ON cases (taken_at) WHERE closed_at IS NULL;
CREATE INDEX cases_closed ON cases (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX entries_imported ON entries (at) WHERE kind = 'imported';

CREATE TABLE report_periods (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    first_day date NOT NULL,
    read_at timestamptz,
    frozen_at timestamptz,
    CONSTRAINT report_periods_kind CHECK (kind IN ('week', 'month'))
);
COMMENT ON TABLE report_periods IS 'weeks and months that are reported; one that runs has not been read';
CREATE UNIQUE INDEX report_periods_first ON report_periods (kind, first_day);

CREATE TABLE report_lines (
    period_id uuid NOT NULL,
    case_id uuid NOT NULL,
    number text NOT NULL,
    branch text NOT NULL,
    tags jsonb NOT NULL,
    about jsonb NOT NULL,
    PRIMARY KEY (period_id, case_id)
);
COMMENT ON TABLE report_lines IS 'what a case counted as in a period; written once';
COMMENT ON COLUMN report_lines.tags IS 'what it counts as: each figure is the cases with its tag';
COMMENT ON COLUMN report_lines.about IS 'what a later report compares itself with';
CREATE INDEX report_lines_number ON report_lines (period_id, number);
CREATE INDEX report_lines_branch ON report_lines (period_id, branch, number);
CREATE INDEX report_lines_case ON report_lines (case_id);

CREATE TABLE reports (
    id uuid PRIMARY KEY,
    period_id uuid NOT NULL,
    kind text NOT NULL,
    first_day date NOT NULL,
    branch text NOT NULL,
    figures jsonb NOT NULL,
    digest bytea NOT NULL,
    frozen_at timestamptz NOT NULL,
    state text NOT NULL,
    filled_by text,
    filled_at timestamptz,
    reviewed_by text,
    reviewed_at timestamptz,
    subject_id uuid,
    sealed bytea,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT reports_state CHECK (state IN ('frozen', 'filled_in', 'reviewed'))
);
COMMENT ON COLUMN reports.branch IS '`group` for all of them';
COMMENT ON COLUMN reports.figures IS 'how many cases carry each tag: written once';
COMMENT ON COLUMN reports.digest IS 'SHA-256 of the figures';
COMMENT ON COLUMN reports.sealed IS 'the remarks of HR-admin';
CREATE UNIQUE INDEX reports_period ON reports (period_id, branch);
CREATE INDEX reports_branch ON reports (branch, first_day, id);
CREATE INDEX reports_newest ON reports (first_day, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
