"""Why a document was booked: of a reversal."""

from chassis.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE document_reasons (
    document_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (document_id)
);
COMMENT ON TABLE document_reasons IS 'why a document was booked, in somebody''s words';
COMMENT ON COLUMN document_reasons.sealed IS 'note';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
