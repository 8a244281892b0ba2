"""Reasons in people's own words are kept sealed."""

from chassis.migrate import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE kehu.reasons (
    id uuid PRIMARY KEY,
    about uuid NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
CREATE INDEX reasons_about ON kehu.reasons (about);
COMMENT ON TABLE kehu.reasons IS 'why something was signed, refused, taken back, waived or changed, in words';
COMMENT ON COLUMN kehu.reasons.id IS 'whose reason it is: a seat, an asking, an obligation or a change of policy';
COMMENT ON COLUMN kehu.reasons.about IS 'the record that it speaks of; the words are forgotten with it';
COMMENT ON COLUMN kehu.reasons.subject_id IS 'whose key seals it: one of its own';
COMMENT ON COLUMN kehu.approvals.reason IS 'why it ended; said: in words, kept sealed';
COMMENT ON COLUMN kehu.policy_versions.reason IS 'said: in words, kept sealed';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
