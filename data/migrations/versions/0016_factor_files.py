"""Files of factor returns."""

from __future__ import annotations

from alembic import op

revision = "0016_factor_files"
down_revision = "0015_blends"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE factor_file (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    unit TEXT,
    content TEXT NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT factor_file_pkey PRIMARY KEY (id),
    CONSTRAINT factor_file_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT factor_file_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT factor_file_content_check CHECK (length(content) <= 8388608)
);
CREATE UNIQUE INDEX factor_file_workspace_id_name_key ON factor_file (workspace_id, name) WHERE removed_at IS NULL;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(UP)


def downgrade() -> None:
    """Take it out."""
    op.execute("DROP TABLE factor_file")
