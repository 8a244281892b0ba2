"""Cases are listed by state, handler, level, department and customer, and found by their words."""

from chassis.migrate import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX cases_state ON cases (state, id) WHERE state <> 'taken' AND state <> 'closed';
CREATE INDEX cases_branch_state ON cases (branch, state, id) WHERE state <> 'taken' AND state <> 'closed';
CREATE INDEX cases_serious ON cases (id) WHERE serious_at IS NOT NULL;
CREATE INDEX cases_branch_serious ON cases (branch, id) WHERE serious_at IS NOT NULL;
CREATE INDEX cases_handler ON cases (handler, id) WHERE handler IS NOT NULL;
CREATE INDEX cases_level ON cases (level, id) WHERE level IS NOT NULL;
CREATE INDEX cases_department ON cases (branch, department, id) WHERE department IS NOT NULL;
CREATE INDEX cases_customer ON cases (customer_id, id) WHERE customer_id IS NOT NULL;

CREATE TABLE case_words (
    case_id uuid PRIMARY KEY,
    words tsvector NOT NULL
) PARTITION BY RANGE (case_id);
COMMENT ON TABLE case_words IS 'by which words a case is found; one part a year of intake, in the schema words';
COMMENT ON COLUMN case_words.words IS 'pairs of characters of the redacted text, with their places';
CREATE INDEX case_words_words ON case_words USING gin (words);

CREATE SCHEMA words;
CREATE FUNCTION words.first_id(year integer) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC')) * 1000)::bigint), 12, '0')
        || '00000000000000000000')::uuid
$$;
DO $$
BEGIN
    FOR year IN 2020..2045 LOOP
        EXECUTE format('CREATE TABLE words.case_words_%s PARTITION OF case_words FOR VALUES FROM (%L) TO (%L)',
            year, words.first_id(year), words.first_id(year + 1));
    END LOOP;
END $$;
CREATE TABLE words.case_words_other PARTITION OF case_words DEFAULT;
DROP FUNCTION words.first_id(integer);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
