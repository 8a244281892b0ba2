"""Standing agreements on what is given to outsiders, and what was given."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE agreements (
    id uuid PRIMARY KEY,
    branch text NOT NULL,
    party text NOT NULL,
    brand text NOT NULL,
    purpose text NOT NULL,
    fields jsonb NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    state text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    decided_at timestamptz,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT agreements_state CHECK (state IN ('asked', 'agreed', 'refused', 'withdrawn', 'ended')),
    CONSTRAINT agreements_days CHECK (from_on <= until_on)
);
COMMENT ON TABLE agreements IS 'what may be given to whom outside';
COMMENT ON COLUMN agreements.branch IS 'whose data; group: everybody''s';
COMMENT ON COLUMN agreements.held IS 'actions that wait for an approval';
CREATE INDEX agreements_branch ON agreements (branch, id);
CREATE INDEX agreements_brand ON agreements (brand, id) WHERE state = 'agreed';

CREATE TABLE provisions (
    id uuid PRIMARY KEY,
    agreement_id uuid NOT NULL,
    about uuid NOT NULL,
    fields jsonb NOT NULL,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL
);
COMMENT ON TABLE provisions IS 'what was given under an agreement';
COMMENT ON COLUMN provisions.about IS 'the case or customer whose data was given';
CREATE INDEX provisions_agreement ON provisions (agreement_id, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
