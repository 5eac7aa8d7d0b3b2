"""What funds hold."""

from __future__ import annotations

from alembic import op

revision = "0020_constituents"
down_revision = "0019_advice"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE constituent_list (
    instrument_id UUID NOT NULL,
    version INTEGER NOT NULL,
    workspace_id UUID NOT NULL,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    as_of DATE,
    source TEXT,
    parts JSONB NOT NULL,
    CONSTRAINT constituent_list_pkey PRIMARY KEY (instrument_id, version),
    CONSTRAINT constituent_list_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE,
    CONSTRAINT constituent_list_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT constituent_list_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES app_user (id),
    CONSTRAINT constituent_list_version_check CHECK (version >= 1),
    CONSTRAINT constituent_list_parts_check CHECK (jsonb_typeof(parts) = 'array')
);
CREATE INDEX constituent_list_workspace_id_instrument_id_idx ON constituent_list (workspace_id, instrument_id, version DESC);
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(UP)


def downgrade() -> None:
    """Take it out."""
    op.execute("DROP TABLE constituent_list")
