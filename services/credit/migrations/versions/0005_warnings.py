"""Fund-risk warnings, dunning letters, sales targets, where goods went."""

from chassis.migrate import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE salespeople (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    person text NOT NULL,
    from_on date NOT NULL,
    assigned_by text NOT NULL,
    assigned_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX salespeople_account ON salespeople (account_id, from_on);
COMMENT ON TABLE salespeople IS 'who looks after an account, since when';
COMMENT ON COLUMN salespeople.from_on IS 'until the next one''s day';
CREATE TABLE risk_warnings (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    raised_on date NOT NULL,
    raised_at timestamptz NOT NULL,
    evidence jsonb NOT NULL,
    latest jsonb NOT NULL,
    seen_on date NOT NULL,
    state text NOT NULL,
    acted_at timestamptz,
    ended_at timestamptz,
    over_on date,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT risk_warnings_kind CHECK (kind IN ('ageing', 'broken_promises', 'shrinking_payments', 'concentration')),
    CONSTRAINT risk_warnings_state CHECK (state IN ('open', 'acted', 'ended', 'closed'))
);
CREATE INDEX risk_warnings_account ON risk_warnings (account_id, id);
CREATE INDEX risk_warnings_branch ON risk_warnings (branch, id);
CREATE UNIQUE INDEX risk_warnings_once ON risk_warnings (account_id, kind) WHERE over_on IS NULL;
CREATE INDEX risk_warnings_open ON risk_warnings (branch, id) WHERE state IN ('open', 'acted');
COMMENT ON TABLE risk_warnings IS 'fund risks that were seen, once a rule and episode';
COMMENT ON COLUMN risk_warnings.amount IS 'what is at risk, as it was seen last';
COMMENT ON COLUMN risk_warnings.evidence IS 'as raised: figures, thresholds, documents, instalments';
COMMENT ON COLUMN risk_warnings.latest IS 'the same as it was seen last';
COMMENT ON COLUMN risk_warnings.over_on IS 'when the figures said it no more: the episode ended';
CREATE TABLE warning_steps (
    id uuid NOT NULL,
    warning_id uuid NOT NULL,
    step text NOT NULL,
    code text NOT NULL,
    "by" text NOT NULL,
    at timestamptz NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT warning_steps_step CHECK (step IN ('acted', 'closed'))
);
CREATE INDEX warning_steps_warning ON warning_steps (warning_id, id);
COMMENT ON TABLE warning_steps IS 'what people did about a warning';
COMMENT ON COLUMN warning_steps.code IS 'which measure, or why it was closed';
COMMENT ON COLUMN warning_steps.sealed IS 'note';
CREATE TABLE dunning_episodes (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    begun_on date NOT NULL,
    ended_on date,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX dunning_episodes_running ON dunning_episodes (account_id, customer_id) WHERE ended_on IS NULL;
COMMENT ON TABLE dunning_episodes IS 'from the first letter to a customer until nothing is overdue any more';
CREATE TABLE dunning_letters (
    id uuid NOT NULL,
    episode_id uuid NOT NULL,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    branch text NOT NULL,
    level integer NOT NULL,
    made_on date NOT NULL,
    made_at timestamptz NOT NULL,
    total numeric(18, 2) NOT NULL,
    days_over integer NOT NULL,
    lines jsonb NOT NULL,
    state text NOT NULL,
    papers jsonb NOT NULL,
    person text,
    sent_at timestamptz,
    handed_on date,
    handed_by text,
    way text,
    void_because text,
    held jsonb NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT dunning_letters_figures CHECK (total > 0 AND level > 0),
    CONSTRAINT dunning_letters_state CHECK (state IN ('made', 'printed', 'sent', 'handed_over', 'void'))
);
CREATE INDEX dunning_letters_account ON dunning_letters (account_id, id);
CREATE INDEX dunning_letters_branch ON dunning_letters (branch, id);
CREATE UNIQUE INDEX dunning_letters_once ON dunning_letters (episode_id, level);
CREATE INDEX dunning_letters_waiting ON dunning_letters (branch, id) WHERE state IN ('made', 'printed', 'sent');
COMMENT ON TABLE dunning_letters IS 'letters that ask for what is overdue';
COMMENT ON COLUMN dunning_letters.total IS 'what is overdue';
COMMENT ON COLUMN dunning_letters.days_over IS 'of the oldest document';
COMMENT ON COLUMN dunning_letters.lines IS 'the documents as they stood: due day, days over, open';
COMMENT ON COLUMN dunning_letters.papers IS 'of each paper: SHA-256 and size of its clear text';
COMMENT ON COLUMN dunning_letters.person IS 'whom it was given to, to hand over';
COMMENT ON COLUMN dunning_letters.way IS 'how the customer got it';
COMMENT ON COLUMN dunning_letters.held IS 'actions that wait for an approval';
CREATE TABLE dunning_papers (
    id uuid NOT NULL,
    letter_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT dunning_papers_kind CHECK (kind IN ('letter', 'statement'))
);
CREATE UNIQUE INDEX dunning_papers_letter ON dunning_papers (letter_id, kind);
COMMENT ON TABLE dunning_papers IS 'the letter as PDF and its statement as XLSX, sealed: they name the customer';
COMMENT ON COLUMN dunning_papers.sealed IS 'the paper itself';
CREATE TABLE targets (
    id uuid NOT NULL,
    place text NOT NULL,
    period text NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    measure text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    shares jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    broken_down_by text,
    broken_down_at timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT targets_amount CHECK (amount > 0),
    CONSTRAINT targets_measure CHECK (measure IN ('invoiced', 'paid'))
);
CREATE UNIQUE INDEX targets_once ON targets (place, period, measure);
CREATE INDEX targets_place ON targets (place, id);
COMMENT ON TABLE targets IS 'what an area is to sell in a period, broken down to its salespeople';
COMMENT ON COLUMN targets.place IS 'an area, or a branch of its own';
COMMENT ON COLUMN targets.shares IS 'person, branch, amount';
CREATE TABLE movements (
    id uuid NOT NULL,
    branch text NOT NULL,
    product text NOT NULL,
    batch text NOT NULL,
    quantity numeric(18, 3) NOT NULL,
    from_holder text NOT NULL,
    to_holder text NOT NULL,
    destination text,
    moved_on date NOT NULL,
    shipment_id uuid,
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    origin text NOT NULL,
    origin_ref text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT movements_sense CHECK (quantity > 0 AND from_holder <> to_holder)
);
CREATE INDEX movements_backwards ON movements (branch, product, batch, to_holder);
CREATE INDEX movements_batch ON movements (product, batch, id);
CREATE INDEX movements_branch ON movements (branch, id);
CREATE INDEX movements_forwards ON movements (branch, product, batch, from_holder);
CREATE UNIQUE INDEX movements_origin ON movements (origin, origin_ref);
COMMENT ON TABLE movements IS 'where goods went, from our warehouse down the channel; append-only';
COMMENT ON COLUMN movements.branch IS 'whose channel: holders are names within it';
COMMENT ON COLUMN movements.destination IS 'of what we shipped: a code of the place';
CREATE TABLE holdings (
    branch text NOT NULL,
    product text NOT NULL,
    batch text NOT NULL,
    holder text NOT NULL,
    received numeric(18, 3) NOT NULL,
    passed_on numeric(18, 3) NOT NULL,
    PRIMARY KEY (branch, product, batch, holder),
    CONSTRAINT holdings_never_more CHECK (passed_on >= 0 AND passed_on <= received)
);
CREATE INDEX holdings_batch ON holdings (product, batch, branch, holder);
COMMENT ON TABLE holdings IS 'what each holder has received and passed on of a batch';
CREATE TRIGGER movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
