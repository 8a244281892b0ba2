"""Papers and notices say what people call a branch and its departments."""

from chassis.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE kehu.known_branches ADD COLUMN title text, ADD COLUMN departments jsonb;
COMMENT ON TABLE kehu.known_branches IS 'local copy of the branches: titles, profile and working time';
COMMENT ON COLUMN kehu.known_branches.departments IS 'what people call each of them';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
