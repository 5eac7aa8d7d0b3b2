"""Runs of evidence that try the fixes of suggestions."""

from __future__ import annotations

from alembic import op

revision = "0021_replays"
down_revision = "0020_constituents"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE evidence_run DROP CONSTRAINT evidence_run_kind_check;
ALTER TABLE evidence_run ADD CONSTRAINT evidence_run_kind_check CHECK (kind IN ('strategies', 'models', 'suggestions'));
"""


def upgrade() -> None:
    """Let runs be of suggestions."""
    op.execute(UP)


def downgrade() -> None:
    """Let them be of strategies and models alone."""
    op.execute("DELETE FROM evidence_run WHERE kind = 'suggestions'; ALTER TABLE evidence_run DROP CONSTRAINT evidence_run_kind_check;"
               " ALTER TABLE evidence_run ADD CONSTRAINT evidence_run_kind_check CHECK (kind IN ('strategies', 'models'))")
