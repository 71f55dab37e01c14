"""Lines that were set aside, by time: every screen asks how many there were within a day."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("set_aside_by_time", "set_aside", ["at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index("set_aside_by_time", "set_aside")
