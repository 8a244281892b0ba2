"""Cases are merged, linked and split; files are kept with them."""

from chassis.migrate import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE cases ADD COLUMN merged_into uuid, ADD COLUMN merged_at timestamptz;
COMMENT ON COLUMN cases.merged_into IS 'the case that whatever reaches this one reaches';
ALTER TABLE cases DROP CONSTRAINT cases_state;
ALTER TABLE cases ADD CONSTRAINT cases_state CHECK (state IN ('taken', 'judged', 'investigating', 'resolved',
    'approved', 'answered', 'called_back', 'closed', 'reopened', 'merged')) NOT VALID;
ALTER TABLE cases VALIDATE CONSTRAINT cases_state;
ALTER TABLE cases ADD CONSTRAINT cases_merged_state CHECK ((state = 'merged') = (merged_into IS NOT NULL)) NOT VALID;
ALTER TABLE cases VALIDATE CONSTRAINT cases_merged_state;
CREATE INDEX cases_merged ON cases (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE case_links (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    other_id uuid NOT NULL,
    kind text NOT NULL,
    linked_by text NOT NULL,
    linked_at timestamptz NOT NULL,
    CONSTRAINT case_links_kind CHECK (kind IN ('related', 'same_vehicle', 'same_cause', 'follows', 'split'))
);
COMMENT ON TABLE case_links IS 'which cases have to do with each other, and how; shown on both';
CREATE UNIQUE INDEX case_links_pair ON case_links (case_id, other_id, kind);
CREATE INDEX case_links_other ON case_links (other_id, id);

CREATE TABLE attachments (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    kind text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    sealed_sha256 bytea NOT NULL,
    place text,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    removed_by text,
    removed_at timestamptz,
    handover_id uuid,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT attachments_kind CHECK (kind IN ('photo', 'recording', 'letter', 'other')),
    CONSTRAINT attachments_place CHECK ((removed_at IS NULL) = (place IS NOT NULL))
);
COMMENT ON TABLE attachments IS 'photos, recordings and letters of a case; of a removed one the entry stays';
COMMENT ON COLUMN attachments.place IS 'where in the vault it lies';
COMMENT ON COLUMN attachments.handover_id IS 'with which closing it was handed to the archive';
COMMENT ON COLUMN attachments.sealed IS 'why it was removed, in words';
CREATE INDEX attachments_case ON attachments (case_id, id);

CREATE TABLE uploads (
    place text PRIMARY KEY,
    begun_at timestamptz NOT NULL
);
COMMENT ON TABLE uploads IS 'files on their way into the vault: one that is not taken in is swept';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
