"""The table of the probe service."""

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
""")
