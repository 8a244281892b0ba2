"""A letter that was outdated before it went out is made anew."""

from chassis.migrate import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = """
DROP INDEX dunning_letters_once;
CREATE UNIQUE INDEX dunning_letters_once ON dunning_letters (episode_id, level) WHERE state <> 'void';
CREATE INDEX dunning_letters_episode ON dunning_letters (episode_id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
