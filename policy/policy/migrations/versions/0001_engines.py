"""Obligations, approvals, policy versions, rights on records; local copies of branches, people and the calendar."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE kehu.obligations (
    id uuid PRIMARY KEY,
    duty text NOT NULL,
    subject uuid NOT NULL,
    path text NOT NULL,
    branch text NOT NULL,
    role text NOT NULL,
    person text,
    since timestamptz NOT NULL,
    plan jsonb NOT NULL,
    course jsonb NOT NULL,
    due_at timestamptz,
    next_at timestamptz,
    state text NOT NULL,
    missed_at timestamptz,
    ended_at timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT obligations_state CHECK (state IN ('open', 'missed', 'met', 'waived'))
);
COMMENT ON TABLE kehu.obligations IS 'who owes what by when; null next_at: nothing more happens by itself';
COMMENT ON COLUMN kehu.obligations.plan IS 'term, reminders, who is told then, rules: fixed when owed';
COMMENT ON COLUMN kehu.obligations.course IS 'pauses, what has fired, who was told: what happened since';
CREATE INDEX obligations_next ON kehu.obligations (next_at) WHERE next_at IS NOT NULL;
CREATE UNIQUE INDEX obligations_running ON kehu.obligations (subject, duty) WHERE ended_at IS NULL;
CREATE INDEX obligations_due ON kehu.obligations (branch, due_at, id) WHERE ended_at IS NULL;
CREATE INDEX obligations_missed ON kehu.obligations (missed_at) WHERE missed_at IS NOT NULL;

CREATE TABLE kehu.approvals (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    subject uuid NOT NULL,
    path text NOT NULL,
    branch text NOT NULL,
    department text,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    amount numeric(18, 2),
    parties jsonb NOT NULL,
    offer jsonb NOT NULL,
    digest bytea NOT NULL,
    excluded jsonb NOT NULL,
    stages jsonb NOT NULL,
    state text NOT NULL,
    ended_at timestamptz,
    reason text,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT approvals_state CHECK (state IN ('open', 'granted', 'refused', 'withdrawn', 'superseded'))
);
COMMENT ON COLUMN kehu.approvals.department IS 'whose head signs a seat of the department';
COMMENT ON COLUMN kehu.approvals.amount IS 'what this asking adds for its subject and parties';
COMMENT ON COLUMN kehu.approvals.parties IS 'what amounts are added up by, so that splitting does not help';
COMMENT ON COLUMN kehu.approvals.offer IS 'what signers are shown: ids, amounts, words without persons';
COMMENT ON COLUMN kehu.approvals.digest IS 'of what signers are shown; a signature covers it';
COMMENT ON COLUMN kehu.approvals.excluded IS 'who may not sign, whatever their role';
COMMENT ON COLUMN kehu.approvals.stages IS 'the chain: seats side by side in a stage, stages in a row';
CREATE INDEX approvals_subject ON kehu.approvals (subject, name);
CREATE UNIQUE INDEX approvals_open ON kehu.approvals (subject, name) WHERE state = 'open';
CREATE INDEX approvals_branch ON kehu.approvals (branch, id);
CREATE INDEX approvals_parties ON kehu.approvals USING gin (parties);

CREATE TABLE kehu.policy_versions (
    id uuid PRIMARY KEY,
    policy text NOT NULL,
    layer text NOT NULL,
    "values" jsonb NOT NULL,
    effective_on date NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_at timestamptz,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT policy_versions_state CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn'))
);
COMMENT ON COLUMN kehu.policy_versions.layer IS 'group, profile:<name> or branch:<name>';
COMMENT ON COLUMN kehu.policy_versions."values" IS 'only what this layer says; the rest comes from below it';
CREATE INDEX policy_versions_layer ON kehu.policy_versions (policy, layer, effective_on);

CREATE TABLE kehu.record_rights (
    id uuid PRIMARY KEY,
    record uuid NOT NULL,
    person text NOT NULL,
    kind text NOT NULL,
    permission text,
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    because text NOT NULL,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT record_rights_kind CHECK (kind IN ('grant', 'exclusion'))
);
COMMENT ON TABLE kehu.record_rights IS
    'who may see a single record beyond their roles, and from whom it is kept whatever their roles';
CREATE INDEX record_rights_record ON kehu.record_rights (record, person);
CREATE INDEX record_rights_person ON kehu.record_rights (person);

CREATE TABLE kehu.known_branches (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    branch text,
    profile text,
    region text,
    week jsonb,
    closed jsonb,
    opened jsonb
);
COMMENT ON TABLE kehu.known_branches IS 'local copy of the branches: profile and working time';

CREATE TABLE kehu.known_people (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    subject text,
    employment text,
    branch text,
    department text
);
COMMENT ON TABLE kehu.known_people IS
    'local copy of the staff directory: who a subject of the identity provider is';

CREATE TABLE kehu.known_grants (
    person_id uuid NOT NULL,
    role text NOT NULL,
    place text NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    on_behalf_of text
);
COMMENT ON TABLE kehu.known_grants IS 'who holds which role where, and until when';
CREATE INDEX known_grants_person ON kehu.known_grants (person_id);

CREATE TABLE kehu.known_years (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    year integer,
    source text,
    days jsonb
);
COMMENT ON TABLE kehu.known_years IS 'the decreed holidays and make-up days';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
