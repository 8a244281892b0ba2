"""What a branch is owed is added up once a night."""

from chassis.migrate import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE branch_nights (
    branch text NOT NULL,
    day date NOT NULL,
    owed numeric(18, 2) NOT NULL,
    debtors bigint NOT NULL,
    PRIMARY KEY (branch)
);
COMMENT ON TABLE branch_nights IS
    'what a branch was owed, and by how many accounts, when its last night of warnings began';
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
