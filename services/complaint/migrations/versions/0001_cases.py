"""Cases, and the local copy of the customer directory."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE SEQUENCE case_count CACHE 50;

CREATE TABLE cases (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    branch text NOT NULL,
    region text,
    channel text NOT NULL,
    state text NOT NULL,
    taken_at timestamptz NOT NULL,
    brand text NOT NULL,
    facts jsonb NOT NULL,
    text text NOT NULL,
    match text NOT NULL,
    customer_id uuid,
    matched_at timestamptz,
    directory_as_of timestamptz,
    serious_kinds jsonb NOT NULL,
    serious_at timestamptz,
    repeat_of uuid,
    phone_token bytea,
    plate_token bytea,
    vin_token bytea,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    origin text,
    origin_ref text,
    request_key bytea,
    request_digest bytea,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    serious_sequence bigint NOT NULL,
    CONSTRAINT cases_state CHECK (state IN ('taken')),
    CONSTRAINT cases_match CHECK (match IN ('matched', 'none', 'pending'))
);
COMMENT ON COLUMN cases.id IS 'version 7: its order is the order of intake';
COMMENT ON COLUMN cases.facts IS 'series, model, year, fault codes, demand, origin''s names';
COMMENT ON COLUMN cases.text IS 'as taken, names and numbers of persons replaced';
COMMENT ON COLUMN cases.match IS 'what intake answered: matched, none, pending';
COMMENT ON COLUMN cases.sealed IS 'caller, vehicle and the words as taken';
COMMENT ON COLUMN cases.request_key IS 'digest of caller and Idempotency-Key';
CREATE UNIQUE INDEX cases_number ON cases (number);
CREATE UNIQUE INDEX cases_origin ON cases (origin, origin_ref) WHERE origin IS NOT NULL;
CREATE UNIQUE INDEX cases_request ON cases (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX cases_phone ON cases (phone_token, taken_at) WHERE phone_token IS NOT NULL;
CREATE INDEX cases_plate ON cases (plate_token, taken_at) WHERE plate_token IS NOT NULL;
CREATE INDEX cases_vin ON cases (vin_token, taken_at) WHERE vin_token IS NOT NULL;
CREATE INDEX cases_branch ON cases (branch, id);

CREATE TABLE known_customers (
    customer_id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    gone boolean NOT NULL,
    customer_class text,
    redirect_to uuid
);
COMMENT ON TABLE known_customers IS 'local copy of the customer directory';

CREATE TABLE known_tokens (
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    token bytea NOT NULL
);
COMMENT ON TABLE known_tokens IS 'by which keyed tokens a customer of the directory is found';
CREATE INDEX known_tokens_token ON known_tokens (token, customer_id);
CREATE INDEX known_tokens_customer ON known_tokens (customer_id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
