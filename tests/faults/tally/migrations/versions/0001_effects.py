"""One row an effect, and nothing that would keep a second one out."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handler text NOT NULL,
    event_id text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL
);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
