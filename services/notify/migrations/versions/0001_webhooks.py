"""Subscriptions of outside parties, what is delivered to them, every attempt."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE subscriptions (
    id uuid PRIMARY KEY,
    party text NOT NULL,
    url text NOT NULL,
    types jsonb NOT NULL,
    brands jsonb,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    failing_since timestamptz,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT subscriptions_state CHECK (state IN ('active', 'paused', 'disabled', 'ended'))
);
COMMENT ON COLUMN subscriptions.brands IS 'of these brands only; null: of all';
COMMENT ON COLUMN subscriptions.secret IS 'under the master key';
COMMENT ON COLUMN subscriptions.previous_secret IS 'signs too until previous_until';
CREATE INDEX subscriptions_live ON subscriptions (id) WHERE state <> 'ended';

CREATE TABLE deliveries (
    id uuid PRIMARY KEY,
    subscription_id uuid NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    planned_at timestamptz NOT NULL,
    ended_at timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT deliveries_state CHECK (state IN ('planned', 'held', 'delivered', 'given_up'))
);
COMMENT ON COLUMN deliveries.id IS 'the same at every attempt';
COMMENT ON COLUMN deliveries.body IS 'the bytes that are sent, the same at every attempt';
CREATE INDEX deliveries_subscription ON deliveries (subscription_id, planned_at, id);
CREATE INDEX deliveries_held ON deliveries (subscription_id) WHERE state = 'held';

CREATE TABLE attempts (
    id uuid PRIMARY KEY,
    delivery_id uuid NOT NULL,
    tried_at timestamptz NOT NULL,
    status integer,
    error text,
    milliseconds integer NOT NULL
);
COMMENT ON COLUMN attempts.status IS 'of the answer; null when there was none';
CREATE INDEX attempts_delivery ON attempts (delivery_id, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
