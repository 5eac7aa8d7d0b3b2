"""Watchlists."""

from __future__ import annotations

from alembic import op

revision = "0012_watchlists"
down_revision = "0011_endpoints"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE watchlist (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    instruments UUID[] DEFAULT '{}' NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT watchlist_pkey PRIMARY KEY (id),
    CONSTRAINT watchlist_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT watchlist_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX watchlist_workspace_id_id_idx ON watchlist (workspace_id, id);
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(UP)


def downgrade() -> None:
    """Take it out."""
    op.execute("DROP TABLE watchlist")
