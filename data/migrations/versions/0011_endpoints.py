"""Where people have their own prices read from."""

from __future__ import annotations

from alembic import op

revision = "0011_endpoints"
down_revision = "0010_history"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE endpoint (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    reading JSONB NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT endpoint_pkey PRIMARY KEY (id),
    CONSTRAINT endpoint_workspace_id_name_key UNIQUE (workspace_id, name),
    CONSTRAINT endpoint_name_check CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    CONSTRAINT endpoint_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT endpoint_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE endpoint")
