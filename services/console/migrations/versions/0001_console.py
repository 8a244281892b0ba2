"""Sessions of browsers, and the copy of everybody's work."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    subject text NOT NULL,
    sealed bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
COMMENT ON COLUMN sessions.digest IS 'of what the browser holds';
COMMENT ON COLUMN sessions.sealed IS 'the tokens, under the master key';
COMMENT ON COLUMN sessions.seen_at IS 'to the minute';
CREATE INDEX sessions_end ON sessions (ends_at);

CREATE TABLE work_items (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    service text,
    kind text,
    subject text,
    rules jsonb,
    role text,
    place text,
    branch text,
    person text,
    due_at timestamptz,
    rank timestamptz,
    why_due text,
    why_due_zh text,
    state text,
    path text,
    since timestamptz,
    reminders integer,
    escalated_to jsonb,
    change uuid
);
COMMENT ON TABLE work_items IS 'local copy of everybody''s work';
COMMENT ON COLUMN work_items.rank IS 'the due date; what has none comes last';
COMMENT ON COLUMN work_items.change IS 'made when it was heard, so that changes can be followed';
CREATE INDEX work_items_role ON work_items (role, place, rank, id) WHERE state IN ('open', 'missed');
CREATE INDEX work_items_person ON work_items (person, rank, id) WHERE state IN ('open', 'missed');
CREATE INDEX work_items_due ON work_items (rank, id) WHERE state IN ('open', 'missed');
CREATE INDEX work_items_branch ON work_items (branch, rank, id) WHERE state IN ('open', 'missed');
CREATE INDEX work_items_subject ON work_items (subject);
CREATE INDEX work_items_change ON work_items (change);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
