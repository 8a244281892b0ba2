"""The conduct ledger, whose entries are only ever added; policy documents; complaint contacts and business cards."""

from chassis.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE conduct_accounts (
    id uuid PRIMARY KEY,
    person text NOT NULL UNIQUE,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON TABLE conduct_accounts IS 'one a person: whoever books to it holds it, so that bookings queue';

CREATE TABLE breaches (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    person text NOT NULL,
    branch text NOT NULL,
    department text,
    kind text NOT NULL,
    items jsonb NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    occurred_on date NOT NULL,
    decided_at timestamptz NOT NULL,
    measured numeric(18, 2),
    base jsonb,
    part text,
    repeats uuid,
    tariff jsonb NOT NULL,
    state text NOT NULL CONSTRAINT breaches_state CHECK (state IN ('recorded', 'undecided', 'withdrawn')),
    ruling jsonb,
    pay_cut jsonb,
    held jsonb NOT NULL,
    booked_at timestamptz NOT NULL,
    subject_id uuid,
    sealed bytea,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN breaches.id IS 'as its service named it: a second booking changes nothing';
COMMENT ON COLUMN breaches.person IS 'the subject of the identity provider';
COMMENT ON COLUMN breaches.branch IS 'where the person was when it was booked';
COMMENT ON COLUMN breaches.items IS 'kinds and how often, where several are punished as one';
COMMENT ON COLUMN breaches.subject IS 'the case or file it was found in';
COMMENT ON COLUMN breaches.tariff IS 'what the policy of that day set; it keeps it';
COMMENT ON COLUMN breaches.ruling IS 'amounts that somebody decided, in place of the tariff''s';
COMMENT ON COLUMN breaches.pay_cut IS 'performance pay that goes besides a doubled fine';
COMMENT ON COLUMN breaches.held IS 'actions that wait for an approval';
COMMENT ON COLUMN breaches.sealed IS 'what deciders wrote';
CREATE INDEX breaches_account ON breaches (account_id, id);
CREATE INDEX breaches_branch ON breaches (branch, id);
CREATE INDEX breaches_undecided ON breaches (branch, id) WHERE state = 'undecided';

CREATE TABLE conduct_entries (
    id uuid PRIMARY KEY,
    breach_id uuid NOT NULL,
    account_id uuid NOT NULL,
    person text NOT NULL,
    branch text NOT NULL,
    department text,
    month date NOT NULL,
    decided_month date NOT NULL,
    counters uuid UNIQUE,
    currency text NOT NULL,
    fine numeric(18, 2) NOT NULL,
    share numeric(18, 2) NOT NULL,
    points integer NOT NULL,
    performance_pay integer NOT NULL,
    sanction text,
    company_notice boolean NOT NULL,
    nth integer,
    doubled boolean NOT NULL,
    because text NOT NULL,
    rules jsonb NOT NULL,
    booked_at timestamptz NOT NULL,
    booked_by text NOT NULL
);
COMMENT ON TABLE conduct_entries IS 'only ever added to: a trigger refuses the rest';
COMMENT ON COLUMN conduct_entries.id IS 'version 7: its order is the order of booking';
COMMENT ON COLUMN conduct_entries.month IS 'in whose statement it stands: open when it was booked';
COMMENT ON COLUMN conduct_entries.decided_month IS 'in which the breach was decided';
COMMENT ON COLUMN conduct_entries.counters IS 'the entry that this one takes back';
COMMENT ON COLUMN conduct_entries.performance_pay IS 'percent of the month''s';
COMMENT ON COLUMN conduct_entries.nth IS 'which of its family in the month';
CREATE INDEX conduct_entries_breach ON conduct_entries (breach_id, id);
CREATE INDEX conduct_entries_account ON conduct_entries (account_id, month, id);
CREATE INDEX conduct_entries_place ON conduct_entries (branch, month, department, id);

CREATE FUNCTION refuse_changed_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the conduct ledger are never changed: add a counter-entry';
END $$;
CREATE TRIGGER conduct_entries_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON conduct_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changed_entry();

CREATE TABLE conduct_months (
    id uuid PRIMARY KEY,
    branch text NOT NULL,
    month date NOT NULL,
    closed_at timestamptz,
    closed_by text,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT conduct_months_month UNIQUE (branch, month)
);
COMMENT ON TABLE conduct_months IS 'the months of a branch in which something was booked; closed, nothing more is';

CREATE TABLE policy_documents (
    id uuid PRIMARY KEY,
    place text NOT NULL,
    matter text NOT NULL,
    title text NOT NULL,
    owner_department text NOT NULL,
    digest text NOT NULL,
    file text,
    amends uuid,
    supersedes jsonb NOT NULL,
    wanted_on date,
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL,
    reviewed_by text,
    reviewed_at timestamptz,
    approved_by text,
    approved_at timestamptz,
    effective_on date,
    state text NOT NULL CONSTRAINT policy_documents_state
        CHECK (state IN ('draft', 'reviewed', 'approved', 'refused', 'withdrawn')),
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN policy_documents.id IS 'version 7: its order is the order of drafting';
COMMENT ON COLUMN policy_documents.place IS 'group, or the branch it holds at';
COMMENT ON COLUMN policy_documents.matter IS 'what it is about: documents of one matter may conflict';
COMMENT ON COLUMN policy_documents.owner_department IS 'drafts, interprets and amends it';
COMMENT ON COLUMN policy_documents.digest IS 'SHA-256 of its text, in hex';
COMMENT ON COLUMN policy_documents.file IS 'where its text is kept, sealed';
COMMENT ON COLUMN policy_documents.supersedes IS 'ids of those that end when it takes effect';
COMMENT ON COLUMN policy_documents.wanted_on IS 'stated by the drafter; null: from the day of approval';
COMMENT ON COLUMN policy_documents.held IS 'actions that wait for an approval';
CREATE INDEX policy_documents_place ON policy_documents (place, id);
CREATE INDEX policy_documents_matter ON policy_documents (place, matter, effective_on) WHERE state = 'approved';

CREATE TABLE document_endings (
    older_id uuid NOT NULL,
    newer_id uuid NOT NULL,
    ends_on date NOT NULL,
    CONSTRAINT document_endings_pkey PRIMARY KEY (older_id, newer_id)
);
COMMENT ON TABLE document_endings IS 'which document ended which, and when; only ever added to';
COMMENT ON COLUMN document_endings.ends_on IS 'the first day on which the older one holds no more';
CREATE INDEX document_endings_newer ON document_endings (newer_id);

CREATE TABLE cards (
    id uuid PRIMARY KEY,
    person text NOT NULL,
    branch text NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
COMMENT ON COLUMN cards.sealed IS 'name, post, and how to reach the person';
CREATE INDEX cards_branch ON cards (branch, id);
CREATE INDEX cards_person ON cards (person, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
