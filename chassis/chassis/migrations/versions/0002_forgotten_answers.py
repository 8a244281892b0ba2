"""Answers kept for a repeated request know whose data they hold, so that they can be forgotten with them."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE kehu.idempotency ALTER COLUMN body DROP NOT NULL;
ALTER TABLE kehu.idempotency ADD COLUMN subjects uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN kehu.idempotency.body IS 'the answer as it was sent, sealed; null when somebody in it was erased';
COMMENT ON COLUMN kehu.idempotency.subjects IS 'whose personal data the answer may hold';
CREATE INDEX idempotency_subjects ON kehu.idempotency USING gin (subjects);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
