"""Every loan and viewing of a dossier is found: what was said about them is forgotten with the customer."""

from chassis.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX loans_dossier ON loans (dossier_id, id);
CREATE INDEX view_requests_dossier ON view_requests (dossier_id, id);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
