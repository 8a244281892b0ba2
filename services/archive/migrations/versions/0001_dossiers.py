"""Dossiers, items, hand-overs, and the audit log."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE SEQUENCE dossier_count;

CREATE TABLE dossiers (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    branch text NOT NULL,
    department text,
    secrecy text NOT NULL,
    custodian text,
    cabinet text,
    shelf integer,
    position integer,
    subject_id uuid NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT dossiers_kind CHECK (kind IN ('customer', 'vehicle', 'case', 'occupancy')),
    CONSTRAINT dossiers_secrecy CHECK (secrecy IN ('none', 'secret', 'top_secret')),
    CONSTRAINT dossiers_custodian CHECK ((secrecy = 'none') = (custodian IS NULL))
);
COMMENT ON COLUMN dossiers.number IS 'its entry in the index';
COMMENT ON COLUMN dossiers.about IS 'the id of what it is about';
COMMENT ON COLUMN dossiers.branch IS 'whose keepers keep it';
COMMENT ON COLUMN dossiers.department IS 'whose file it is; null: customer service';
COMMENT ON COLUMN dossiers.custodian IS 'who alone keeps a classified one';
COMMENT ON COLUMN dossiers.shelf IS 'from the top';
COMMENT ON COLUMN dossiers.position IS 'from the left';
COMMENT ON COLUMN dossiers.subject_id IS 'whose key seals what is in it';
CREATE UNIQUE INDEX dossiers_about ON dossiers (kind, about);
CREATE UNIQUE INDEX dossiers_number ON dossiers (number);
CREATE INDEX dossiers_branch ON dossiers (branch, id);
CREATE INDEX dossiers_branch_kind ON dossiers (branch, kind, id);
CREATE UNIQUE INDEX dossiers_place ON dossiers (branch, cabinet, shelf, position) WHERE cabinet IS NOT NULL;

CREATE TABLE items (
    id uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    kind text NOT NULL,
    medium text NOT NULL,
    condition text NOT NULL,
    copies integer NOT NULL,
    valid_until date,
    state text NOT NULL,
    subject_id uuid NOT NULL,
    sealed bytea NOT NULL,
    filed_at timestamptz NOT NULL,
    filed_by text NOT NULL,
    media_type text,
    size bigint,
    sha256 bytea,
    sealed_sha256 bytea,
    place text,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT items_medium CHECK (medium IN ('paper', 'disk', 'photo', 'scan', 'electronic')),
    CONSTRAINT items_condition CHECK (condition IN ('good', 'faded', 'damaged', 'lost')),
    CONSTRAINT items_state CHECK (state IN ('awaited', 'filed'))
);
COMMENT ON COLUMN items.kind IS 'kind of paper';
COMMENT ON COLUMN items.sealed IS 'its label and remarks';
COMMENT ON COLUMN items.sha256 IS 'of the file';
COMMENT ON COLUMN items.sealed_sha256 IS 'of its ciphertext';
COMMENT ON COLUMN items.place IS 'of its ciphertext in the vault';
CREATE INDEX items_dossier ON items (dossier_id, id);

CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    place text NOT NULL,
    begun_at timestamptz NOT NULL
);
COMMENT ON TABLE uploads IS 'files on their way into the vault: one that is not taken in is swept';

CREATE TABLE handovers (
    id uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    service text NOT NULL,
    source uuid NOT NULL,
    number text NOT NULL,
    branch text NOT NULL,
    customer_id uuid,
    items jsonb NOT NULL,
    state text NOT NULL,
    missing jsonb NOT NULL,
    announced_at timestamptz NOT NULL,
    filed_at timestamptz,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT handovers_state CHECK (state IN ('coming', 'stuck', 'filed'))
);
COMMENT ON COLUMN handovers.id IS 'as the deliverer names it';
COMMENT ON COLUMN handovers.service IS 'who delivers';
COMMENT ON COLUMN handovers.source IS 'what the dossier is about, at the deliverer';
COMMENT ON COLUMN handovers.customer_id IS 'whose case it was';
COMMENT ON COLUMN handovers.items IS 'the manifest, with the item that each becomes';
COMMENT ON COLUMN handovers.missing IS 'labels of what has not arrived whole, and why';
CREATE INDEX handovers_branch ON handovers (branch, id);
CREATE INDEX handovers_dossier ON handovers (dossier_id, id);
CREATE INDEX handovers_customer ON handovers (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE log_waiting (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id uuid NOT NULL,
    leaf text NOT NULL
);
COMMENT ON TABLE log_waiting IS 'access records that are not in the tree yet, in the order they came';
CREATE UNIQUE INDEX log_waiting_record ON log_waiting (record_id);

CREATE TABLE log_leaves (
    n bigint PRIMARY KEY,
    record_id uuid NOT NULL,
    leaf_hash bytea NOT NULL,
    leaf text NOT NULL,
    actor text NOT NULL,
    purpose text NOT NULL,
    ids jsonb NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE log_leaves IS 'the audit log; only ever appended to';
COMMENT ON COLUMN log_leaves.n IS 'from 0, without gaps';
COMMENT ON COLUMN log_leaves.leaf IS 'canonical JSON, as it was hashed';
CREATE UNIQUE INDEX log_leaves_record ON log_leaves (record_id);
CREATE INDEX log_leaves_hash ON log_leaves (leaf_hash);
CREATE INDEX log_leaves_actor ON log_leaves (actor, n);
CREATE INDEX log_leaves_purpose ON log_leaves (purpose, n);
CREATE INDEX log_leaves_at ON log_leaves (at, n);
CREATE INDEX log_leaves_ids ON log_leaves USING gin (ids jsonb_path_ops);

CREATE TABLE log_nodes (
    level smallint NOT NULL,
    n bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (level, n)
);
COMMENT ON TABLE log_nodes IS 'roots of the complete subtrees of 2^level leaves, the leaves themselves at level 0';

CREATE TABLE log_heads (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    note text NOT NULL
);
COMMENT ON TABLE log_heads IS 'tree heads, one a batch';
COMMENT ON COLUMN log_heads.note IS 'the signed head';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only appended to';
END $$;
CREATE TRIGGER log_leaves_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_nodes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON log_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_heads_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON log_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
