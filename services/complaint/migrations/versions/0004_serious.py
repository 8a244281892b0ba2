"""Serious complaints: ladders and their steps, repeats, factory, crisis groups; compensation."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE serious_ladders (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    branch text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    marks jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN serious_ladders.marks IS 'kinds, by whom, when; overruled ones too';
CREATE UNIQUE INDEX serious_ladders_case ON serious_ladders (case_id);

CREATE TABLE serious_steps (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    number text NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    role text NOT NULL,
    place text NOT NULL,
    answers text NOT NULL,
    answers_at text NOT NULL,
    met_by text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz,
    otherwise jsonb NOT NULL,
    liable jsonb NOT NULL,
    missing jsonb NOT NULL,
    told jsonb NOT NULL,
    tried jsonb NOT NULL,
    by_hand jsonb,
    state text NOT NULL,
    late boolean NOT NULL,
    ended_at timestamptz,
    confirmed_by text,
    asked jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT serious_steps_state CHECK (state IN ('open', 'met', 'waived')),
    CONSTRAINT serious_steps_met_by CHECK (met_by IN ('sent', 'confirmed', 'done', 'delivered'))
);
COMMENT ON COLUMN serious_steps.id IS 'what its obligation is about';
COMMENT ON COLUMN serious_steps.role IS 'who is to be told';
COMMENT ON COLUMN serious_steps.answers IS 'whose duty it is';
COMMENT ON COLUMN serious_steps.liable IS 'roles that answer when it was late';
COMMENT ON COLUMN serious_steps.missing IS 'what the factory asks for and was not there';
COMMENT ON COLUMN serious_steps.told IS 'notices: person, role, channel, sent, read, confirmed';
COMMENT ON COLUMN serious_steps.asked IS 'to whom notices were asked to go: role@place or person';
CREATE INDEX serious_steps_case ON serious_steps (case_id);
CREATE INDEX serious_steps_late ON serious_steps (branch, id) WHERE late OR state = 'open';

CREATE TABLE serious_sendings (
    send_id uuid PRIMARY KEY,
    step_id uuid NOT NULL
);
COMMENT ON TABLE serious_sendings IS 'which step a notice was asked for';

CREATE TABLE serious_reasons (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    act text NOT NULL,
    kinds jsonb NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON TABLE serious_reasons IS 'why somebody marked or overruled, in their words';
COMMENT ON COLUMN serious_reasons.act IS 'marked, overruled, recorded';
COMMENT ON COLUMN serious_reasons.sealed IS 'the words';
CREATE INDEX serious_reasons_case ON serious_reasons (case_id, id);

CREATE TABLE found_repeats (
    case_id uuid NOT NULL,
    earlier_case_id uuid NOT NULL,
    by jsonb NOT NULL,
    evidence jsonb NOT NULL,
    found_at timestamptz NOT NULL,
    overruled_by text,
    overruled_at timestamptz,
    PRIMARY KEY (case_id, earlier_case_id)
);
COMMENT ON TABLE found_repeats IS 'why the system takes a case for a repeat; an overruled one is not found again';
COMMENT ON COLUMN found_repeats.by IS 'kinds of token that agree';
COMMENT ON COLUMN found_repeats.evidence IS 'likeness, its parts, the threshold of the day';

CREATE TABLE factory_warnings (
    event_id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    warned_at timestamptz NOT NULL,
    complete boolean NOT NULL
);
COMMENT ON TABLE factory_warnings IS 'the warnings on complaint.serious';
COMMENT ON COLUMN factory_warnings.complete IS 'with all that the factory asks for';
CREATE INDEX factory_warnings_case ON factory_warnings (case_id, warned_at);

CREATE TABLE factory_deliveries (
    id uuid PRIMARY KEY,
    delivery_id uuid NOT NULL,
    event_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    attempts integer NOT NULL,
    delivered boolean NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE factory_deliveries IS
    'what became of webhooks, as notify says; whichever comes first, warning or delivery';
COMMENT ON COLUMN factory_deliveries.id IS 'of what notify said';
CREATE INDEX factory_deliveries_event ON factory_deliveries (event_id);

CREATE TABLE provisions (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    agreement_id uuid NOT NULL,
    client text NOT NULL,
    fields jsonb NOT NULL,
    at timestamptz NOT NULL,
    told_at timestamptz
);
COMMENT ON TABLE provisions IS 'what was given to whom under which standing agreement';
COMMENT ON COLUMN provisions.fields IS 'names of the fields that were given, never their values';
CREATE INDEX provisions_case ON provisions (case_id, id);

CREATE TABLE harms (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    party text NOT NULL,
    harm text NOT NULL,
    amount numeric(18, 2),
    by text NOT NULL,
    at timestamptz NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON TABLE harms IS 'what came of a case for the company or a developer';
COMMENT ON COLUMN harms.sealed IS 'what happened';
CREATE INDEX harms_case ON harms (case_id, id);

CREATE TABLE crisis_groups (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    branch text NOT NULL,
    convened_by text NOT NULL,
    convened_at timestamptz NOT NULL,
    members jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN crisis_groups.members IS 'subjects of staff';
CREATE UNIQUE INDEX crisis_groups_case ON crisis_groups (case_id);

CREATE TABLE crisis_meetings (
    id uuid PRIMARY KEY,
    group_id uuid NOT NULL,
    held_at timestamptz NOT NULL,
    present jsonb NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON COLUMN crisis_meetings.sealed IS 'minutes and decisions';
CREATE INDEX crisis_meetings_group ON crisis_meetings (group_id, id);

CREATE TABLE crisis_tasks (
    id uuid PRIMARY KEY,
    group_id uuid NOT NULL,
    meeting_id uuid NOT NULL,
    person text NOT NULL,
    due_at timestamptz,
    done_at timestamptz,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN crisis_tasks.sealed IS 'what is to be done';
CREATE INDEX crisis_tasks_group ON crisis_tasks (group_id, id);

CREATE TABLE compensations (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    branch text NOT NULL,
    lines jsonb NOT NULL,
    amount numeric(18, 2) NOT NULL,
    currency text NOT NULL,
    granted numeric(18, 2) NOT NULL,
    state text NOT NULL,
    approval_id uuid,
    offered_by text NOT NULL,
    offered_at timestamptz NOT NULL,
    decided_at timestamptz,
    paid_by text,
    paid_at timestamptz,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT compensations_state CHECK (state IN ('asked', 'granted', 'refused', 'withdrawn', 'paid')),
    CONSTRAINT compensations_amount CHECK (amount > 0)
);
COMMENT ON COLUMN compensations.lines IS 'kinds with their amounts';
COMMENT ON COLUMN compensations.granted IS 'the most that was ever granted for it';
COMMENT ON COLUMN compensations.sealed IS 'why it is offered, in words';
CREATE INDEX compensations_case ON compensations (case_id, id);
CREATE INDEX compensations_branch ON compensations (branch, id);
CREATE UNIQUE INDEX compensations_open ON compensations (case_id) WHERE state IN ('asked', 'granted');
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
