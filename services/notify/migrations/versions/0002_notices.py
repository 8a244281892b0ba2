"""People: who is on duty, how they are reached, what they are told over which channel, who confirmed."""

from chassis.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE known_rotas (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    role text,
    place text,
    date date
);
COMMENT ON TABLE known_rotas IS 'local copy of the rotas: for which role, place and civil day there is one';
CREATE INDEX known_rotas_seat ON known_rotas (role, place, date);

CREATE TABLE known_shifts (
    id uuid NOT NULL,
    person text NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL
);
COMMENT ON TABLE known_shifts IS 'local copy of the rotas: their shifts';
CREATE INDEX known_shifts_rota ON known_shifts (id);

CREATE TABLE contacts (
    id uuid PRIMARY KEY,
    person text NOT NULL,
    subject_id uuid,
    sealed bytea,
    known_sequence bigint NOT NULL,
    pulled_at timestamptz,
    forgotten_at timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT contacts_person UNIQUE (person)
);
COMMENT ON COLUMN contacts.sealed IS 'mail, mobile, language; null: not pulled yet, or forgotten';
COMMENT ON COLUMN contacts.known_sequence IS 'of the newest word of staff that it follows';

CREATE TABLE sends (
    id uuid PRIMARY KEY,
    service text NOT NULL,
    template text NOT NULL,
    subject text NOT NULL,
    path text NOT NULL,
    params jsonb NOT NULL,
    rules jsonb NOT NULL,
    confirm_by timestamptz,
    urgent boolean NOT NULL,
    works jsonb NOT NULL,
    seats jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN sends.works IS 'the work items that it calls to mind';
COMMENT ON COLUMN sends.seats IS
    'who was asked for, where on the way to the next ones it stands, who was told, why not others';
CREATE INDEX sends_subject ON sends (subject, id);

CREATE TABLE notices (
    id uuid PRIMARY KEY,
    send_id uuid NOT NULL,
    person text NOT NULL,
    role text NOT NULL,
    place text NOT NULL,
    branch text NOT NULL,
    because jsonb NOT NULL,
    service text NOT NULL,
    template text NOT NULL,
    subject text NOT NULL,
    path text NOT NULL,
    params jsonb NOT NULL,
    rules jsonb NOT NULL,
    urgent boolean NOT NULL,
    works jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    confirm_by timestamptz,
    unread boolean NOT NULL,
    read_at timestamptz,
    confirmed_at timestamptz,
    settled_at timestamptz,
    passed_over_at timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT notices_once UNIQUE (send_id, person)
);
COMMENT ON COLUMN notices.because IS 'why it was not somebody else: the seats that were tried before';
COMMENT ON COLUMN notices.works IS 'of what it calls to mind, what is not done yet';
COMMENT ON COLUMN notices.settled_at IS 'what it calls to mind was done without it';
CREATE INDEX notices_inbox ON notices (person, unread, id);
CREATE INDEX notices_to_confirm ON notices (person)
    WHERE confirm_by IS NOT NULL AND confirmed_at IS NULL AND settled_at IS NULL;
CREATE INDEX notices_newest ON notices (person, id);
CREATE INDEX notices_subject ON notices (subject, id);
CREATE INDEX notices_branch ON notices (branch, id);
CREATE INDEX notices_works ON notices USING gin (works) WHERE settled_at IS NULL;

CREATE TABLE dispatches (
    id uuid PRIMARY KEY,
    notice_id uuid NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    because text NOT NULL,
    planned_at timestamptz NOT NULL,
    ended_at timestamptz,
    attempts integer NOT NULL,
    error text,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT dispatches_once UNIQUE (notice_id, channel),
    CONSTRAINT dispatches_state CHECK (state IN ('planned', 'sent', 'failed'))
);
COMMENT ON COLUMN dispatches.id IS 'the same at every attempt: by it a gateway knows a repetition';
COMMENT ON COLUMN dispatches.because IS 'why over this channel';

CREATE TABLE tries (
    id uuid PRIMARY KEY,
    dispatch_id uuid NOT NULL,
    tried_at timestamptz NOT NULL,
    error text,
    milliseconds integer NOT NULL
);
COMMENT ON TABLE tries IS 'every attempt to get a notice out over a channel';
CREATE INDEX tries_dispatch ON tries (dispatch_id, id);

CREATE TABLE seen_work (
    id uuid PRIMARY KEY,
    reminders integer NOT NULL,
    escalated jsonb NOT NULL,
    told jsonb NOT NULL,
    state text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON TABLE seen_work IS 'how far people have been told of a work item';

CREATE TABLE digests (
    id uuid PRIMARY KEY,
    person text NOT NULL,
    lines jsonb NOT NULL,
    due_at timestamptz,
    count integer NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT digests_person UNIQUE (person)
);
COMMENT ON COLUMN digests.lines IS 'what is called to mind in the next one';
COMMENT ON COLUMN digests.count IS 'how many were sent';

CREATE TABLE sink (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    person text NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    taken_at timestamptz NOT NULL
);
COMMENT ON TABLE sink IS 'development and tests: what would have left over SMS and mail, without the address';
CREATE INDEX sink_newest ON sink (taken_at, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
