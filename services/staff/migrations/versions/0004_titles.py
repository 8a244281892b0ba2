"""Every branch is told anew, with what people call it and its departments."""

from chassis.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = """
WITH told AS (
    UPDATE branches SET sequence = sequence + 1, version = version + 1 RETURNING *
)
INSERT INTO kehu.outbox (topic, key, event_id, type, sequence, occurred_at, value)
SELECT 'staff.state', id::text, gen_random_uuid(), 'staff.branch.v1', sequence, now(),
    convert_to(jsonb_build_object('branch_id', id, 'branch', branch, 'kind', kind, 'profile', profile,
        'region', region, 'week', week, 'closed', closed, 'opened', opened, 'title', title,
        'departments', departments)::text, 'UTF8')
FROM told;
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
