"""The tables of the probe service."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("""
CREATE TABLE probes (
    id uuid PRIMARY KEY,
    notes jsonb NOT NULL,
    subject_id uuid,
    sealed bytea,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
CREATE TABLE copies (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    branch text
);
CREATE TABLE copy_lines (
    id uuid NOT NULL,
    token text NOT NULL
);
CREATE INDEX copy_lines_by_token ON copy_lines (token);
CREATE INDEX copy_lines_by_copy ON copy_lines (id);
""")
