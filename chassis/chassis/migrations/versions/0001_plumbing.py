"""Outbox, inbox by day, parking, jobs, subject keys, idempotency, freshness."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE kehu.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    sequence bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    traceparent text,
    value bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outbox_size CHECK (octet_length(value) <= 900000)
);
COMMENT ON COLUMN kehu.outbox.value IS 'null is a tombstone';
ALTER TABLE kehu.outbox SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000
);

CREATE TABLE kehu.inbox (
    day date NOT NULL,
    handler text NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (day, handler, event_id)
) PARTITION BY RANGE (day);

CREATE FUNCTION kehu.roll_inbox(today date, keep integer, ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = kehu, pg_temp AS $$
DECLARE
    d date;
    old record;
BEGIN
    FOR d IN SELECT today + n FROM generate_series(-keep, ahead) AS n LOOP
        IF to_regclass(format('kehu.inbox_%s', to_char(d, 'YYYYMMDD'))) IS NULL THEN
            EXECUTE format('CREATE TABLE IF NOT EXISTS kehu.inbox_%s PARTITION OF kehu.inbox '
                           'FOR VALUES FROM (%L) TO (%L)', to_char(d, 'YYYYMMDD'), d, d + 1);
        END IF;
    END LOOP;
    FOR old IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'kehu.inbox'::regclass
               AND c.relname < 'inbox_' || to_char(today - keep, 'YYYYMMDD') LOOP
        EXECUTE format('DROP TABLE kehu.%I', old.relname);
    END LOOP;
END $$;

CREATE TABLE kehu.parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handler text NOT NULL,
    key text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    headers jsonb NOT NULL,
    value bytea,
    error text NOT NULL,
    attempts integer NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parked_once UNIQUE (handler, topic, partition, "offset")
);
COMMENT ON COLUMN kehu.parked.handler IS 'empty: the message could not be read at all';
COMMENT ON COLUMN kehu.parked.headers IS 'pairs of name and base64 value, as received';
CREATE INDEX parked_by_key ON kehu.parked (handler, key, id);

CREATE TABLE kehu.too_old (
    handler text PRIMARY KEY,
    count bigint NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE kehu.too_old IS 'events older than the inbox remembers: counted, not reacted to';

CREATE TABLE kehu.jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    ref text NOT NULL,
    lane text NOT NULL,
    run_at timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    lease uuid,
    state text NOT NULL DEFAULT 'waiting',
    progress jsonb NOT NULL DEFAULT '{}',
    error text,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT jobs_state CHECK (state IN ('waiting', 'done', 'failed'))
);
COMMENT ON COLUMN kehu.jobs.lease IS 'whose lease it is until run_at; a late worker finds another''s';
CREATE INDEX jobs_due ON kehu.jobs (lane, run_at) WHERE state = 'waiting';
CREATE INDEX jobs_ended ON kehu.jobs (ended_at) WHERE state <> 'waiting';
ALTER TABLE kehu.jobs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE TABLE kehu.subject_keys (
    subject_id uuid PRIMARY KEY,
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz
);
COMMENT ON COLUMN kehu.subject_keys.wrapped IS 'null once the subject has been erased';

CREATE TABLE kehu.idempotency (
    key bytea PRIMARY KEY,
    request bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN kehu.idempotency.key IS 'digest of caller, route and the key as sent';
COMMENT ON COLUMN kehu.idempotency.request IS 'digest of the request''s body';
COMMENT ON COLUMN kehu.idempotency.body IS 'the answer as it was sent, sealed under the master key';
CREATE INDEX idempotency_age ON kehu.idempotency (created_at);

CREATE TABLE kehu.freshness (
    projection text NOT NULL,
    partition integer NOT NULL,
    as_of timestamptz NOT NULL,
    PRIMARY KEY (projection, partition)
);
COMMENT ON TABLE kehu.freshness IS 'until when a local copy is known to hold all that its topic says';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
