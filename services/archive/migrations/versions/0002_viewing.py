"""Requests to view a dossier."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE view_requests (
    id uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    kind text NOT NULL,
    branch text NOT NULL,
    department text,
    applicant text NOT NULL,
    purpose text NOT NULL,
    proof text,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    state text NOT NULL,
    asked_at timestamptz NOT NULL,
    decided_at timestamptz,
    until_at timestamptz,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT view_requests_state CHECK (state IN ('asked', 'granted', 'refused', 'withdrawn')),
    CONSTRAINT view_requests_proof CHECK (proof IN ('introduction_letter', 'work_card'))
);
COMMENT ON TABLE view_requests IS 'the register of viewings';
COMMENT ON COLUMN view_requests.kind IS 'of the dossier';
COMMENT ON COLUMN view_requests.branch IS 'of the dossier';
COMMENT ON COLUMN view_requests.department IS 'of the applicant';
COMMENT ON COLUMN view_requests.proof IS 'what an outsider has shown';
COMMENT ON COLUMN view_requests.sealed IS 'the reason, and who the outsider is';
COMMENT ON COLUMN view_requests.held IS 'actions that wait for an approval';
CREATE INDEX view_requests_branch ON view_requests (branch, id);
CREATE INDEX view_requests_applicant ON view_requests (applicant, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
