"""The beginning: rooms bring their tables in migrations of their own."""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
