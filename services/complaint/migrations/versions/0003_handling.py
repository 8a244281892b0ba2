"""Cases go their whole way: gates, handler, timeline, measures, misconduct, and what is handed over to the archive."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE cases ADD COLUMN gates jsonb NOT NULL DEFAULT '{}';
ALTER TABLE cases ADD COLUMN course jsonb NOT NULL DEFAULT '{}';
ALTER TABLE cases ADD COLUMN level text;
ALTER TABLE cases ADD COLUMN department text;
ALTER TABLE cases ADD COLUMN handler text;
ALTER TABLE cases ADD COLUMN closed_at timestamptz;
COMMENT ON COLUMN cases.gates IS 'which it must pass, each with when it did';
COMMENT ON COLUMN cases.course IS 'what else happened on its way: instants, round, reaction';
COMMENT ON COLUMN cases.level IS 'decides which manager handles it';
COMMENT ON COLUMN cases.department IS 'that handles it';
COMMENT ON COLUMN cases.handler IS 'who handles it: a subject of the identity provider';
ALTER TABLE cases DROP CONSTRAINT cases_state;
ALTER TABLE cases ADD CONSTRAINT cases_state CHECK (state IN ('taken', 'judged', 'investigating', 'resolved',
    'approved', 'answered', 'called_back', 'closed', 'reopened')) NOT VALID;
ALTER TABLE cases VALIDATE CONSTRAINT cases_state;

CREATE TABLE entries (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    kind text NOT NULL,
    author text NOT NULL,
    at timestamptz NOT NULL,
    rules jsonb NOT NULL,
    facts jsonb NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea
);
COMMENT ON TABLE entries IS 'the timeline of a case: who did what when, under which rules';
COMMENT ON COLUMN entries.id IS 'version 7: its order is the order of what happened';
COMMENT ON COLUMN entries.facts IS 'without persons but staff';
COMMENT ON COLUMN entries.subject_id IS 'the caller of the case: forgotten with it';
COMMENT ON COLUMN entries.sealed IS 'the words of who wrote it';
CREATE INDEX entries_case ON entries (case_id, id);

CREATE TABLE measures (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    brand text NOT NULL,
    series text,
    due_on date,
    owner text,
    state text NOT NULL,
    taken_at timestamptz NOT NULL,
    ended_at timestamptz,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT measures_kind CHECK (kind IN ('measure', 'countermeasure', 'prevention')),
    CONSTRAINT measures_state CHECK (state IN ('open', 'done', 'dropped'))
);
COMMENT ON TABLE measures IS 'what a case has led to: tracked until done, shown with similar later cases';
COMMENT ON COLUMN measures.owner IS 'who carries it through';
COMMENT ON COLUMN measures.sealed IS 'what is done, and what came of it';
CREATE INDEX measures_case ON measures (case_id, id);
CREATE INDEX measures_like ON measures (branch, brand, series, id);

CREATE TABLE misconducts (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    branch text NOT NULL,
    person text NOT NULL,
    offences jsonb NOT NULL,
    tier integer NOT NULL,
    occurred_on date NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL,
    decided_at timestamptz,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT misconducts_tier CHECK (tier BETWEEN 1 AND 5),
    CONSTRAINT misconducts_state CHECK (state IN ('proposed', 'decided', 'refused'))
);
COMMENT ON TABLE misconducts IS 'misconduct of staff that a case has shown: one a person and case, its highest tier';
COMMENT ON COLUMN misconducts.sealed IS 'what happened, and what the decider is to know';
CREATE UNIQUE INDEX misconducts_case ON misconducts (case_id, person) WHERE state <> 'refused';

CREATE TABLE dossier_items (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    handover_id uuid NOT NULL,
    item text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 bytea NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON TABLE dossier_items IS 'what a closed case hands over to the archive';
COMMENT ON COLUMN dossier_items.sealed IS 'the very bytes whose digest was told';
CREATE UNIQUE INDEX dossier_items_item ON dossier_items (case_id, item);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
