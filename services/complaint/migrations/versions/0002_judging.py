"""Cases are judged: under which profile they were opened, what was decided, whom they concern, what is held."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE cases ADD COLUMN profile text NOT NULL DEFAULT 'group';
ALTER TABLE cases ADD COLUMN judgement jsonb;
ALTER TABLE cases ADD COLUMN respondent text;
ALTER TABLE cases ADD COLUMN held jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN cases.profile IS 'under which it was opened; it keeps it';
COMMENT ON COLUMN cases.respondent IS 'the member of staff complained about: never a reader, never a signer';
COMMENT ON COLUMN cases.held IS 'actions that wait for an approval';
ALTER TABLE cases DROP CONSTRAINT cases_state;
ALTER TABLE cases ADD CONSTRAINT cases_state CHECK (state IN ('taken', 'judged')) NOT VALID;
ALTER TABLE cases VALIDATE CONSTRAINT cases_state;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
