"""Branches, decreed years, people, what they are noticed by, the roles they hold; leave, rota."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE branches (
    id uuid PRIMARY KEY,
    branch text NOT NULL CONSTRAINT branches_branch UNIQUE,
    title text NOT NULL,
    kind text NOT NULL,
    profile text NOT NULL,
    region text,
    complaint_phone text,
    complaint_mailbox text,
    week jsonb,
    closed jsonb NOT NULL,
    opened jsonb NOT NULL,
    departments jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN branches.branch IS 'its short name, for good: grants and records carry it';
COMMENT ON COLUMN branches.complaint_phone IS 'the office''s, not a person''s (P04.2)';
CREATE INDEX branches_region ON branches (region, branch);

CREATE TABLE calendar_years (
    id uuid PRIMARY KEY,
    year integer NOT NULL CONSTRAINT calendar_years_year UNIQUE,
    source text NOT NULL,
    days jsonb NOT NULL,
    decreed_by text NOT NULL,
    decreed_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN calendar_years.days IS 'date, off, name: the days that are not as their weekday';
COMMENT ON COLUMN calendar_years.decreed_by IS 'who entered it';

CREATE TABLE people (
    id uuid PRIMARY KEY,
    subject text NOT NULL CONSTRAINT people_subject UNIQUE,
    employee_number text CONSTRAINT people_employee_number UNIQUE,
    branch text NOT NULL,
    department text,
    moves jsonb,
    language text NOT NULL,
    employment text NOT NULL,
    joined_at timestamptz NOT NULL,
    leaves_at timestamptz,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT people_employment CHECK (employment IN ('active', 'on_leave', 'left'))
);
COMMENT ON COLUMN people.subject IS 'of the identity provider';
COMMENT ON COLUMN people.branch IS 'where they work; group is the head office';
COMMENT ON COLUMN people.moves IS 'to which branch and department they move, and when';
COMMENT ON COLUMN people.leaves_at IS 'the last day''s end, once it is known';
COMMENT ON COLUMN people.sealed IS 'name, mail, mobile';
CREATE INDEX people_branch ON people (branch, id);
CREATE INDEX people_department ON people (branch, department, id);

CREATE TABLE person_tokens (
    person_id uuid NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    token bytea NOT NULL,
    PRIMARY KEY (person_id, kind, token)
);
COMMENT ON TABLE person_tokens IS 'by which keyed tokens two entries of one person are noticed';
CREATE INDEX person_tokens_token ON person_tokens (token, person_id);

CREATE TABLE grants (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    role text NOT NULL,
    place text NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    on_behalf_of text,
    leave_id uuid,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON TABLE grants IS 'who holds which role where, from when until when';
COMMENT ON COLUMN grants.on_behalf_of IS 'the subject whose role it is, where it is delegated';
COMMENT ON COLUMN grants.leave_id IS 'the leave it is delegated for';
CREATE INDEX grants_person ON grants (person_id);
CREATE INDEX grants_role ON grants (role, place, person_id);
CREATE INDEX grants_place ON grants (place, role);
CREATE INDEX grants_behalf ON grants (on_behalf_of) WHERE on_behalf_of IS NOT NULL;

CREATE TABLE leaves (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    state text NOT NULL,
    planned_by text NOT NULL,
    planned_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT leaves_state CHECK (state IN ('planned', 'running', 'ended', 'cancelled'))
);
CREATE INDEX leaves_person ON leaves (person_id, id);

CREATE TABLE rotas (
    id uuid PRIMARY KEY,
    role text NOT NULL,
    place text NOT NULL,
    branch text NOT NULL,
    date date NOT NULL,
    shifts jsonb NOT NULL,
    set_by text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT rotas_day UNIQUE (role, place, date)
);
COMMENT ON TABLE rotas IS 'who is on duty in a role at a place on a civil day (P06.2)';
COMMENT ON COLUMN rotas.branch IS 'the branch of the place, for reach';
COMMENT ON COLUMN rotas.shifts IS 'person, from_at, until_at, in the order of the day';
CREATE INDEX rotas_branch ON rotas (branch, date, id);
CREATE INDEX rotas_date ON rotas (date, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
