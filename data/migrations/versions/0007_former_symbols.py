"""An instrument that was renamed is still found by its former symbols."""

from __future__ import annotations

from alembic import op

revision = "0007_former_symbols"
down_revision = "0006_review"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.execute("ALTER TABLE instrument ADD COLUMN former_symbols TEXT[] DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE instrument DROP COLUMN former_symbols")
