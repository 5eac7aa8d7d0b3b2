"""Scenarios of stress tests."""

from __future__ import annotations

from alembic import op

revision = "0013_scenarios"
down_revision = "0012_watchlists"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE scenario (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    note TEXT,
    shocks JSONB NOT NULL,
    overlap TEXT DEFAULT 'specific' NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT scenario_pkey PRIMARY KEY (id),
    CONSTRAINT scenario_overlap_check CHECK (overlap IN ('specific', 'compound')),
    CONSTRAINT scenario_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT scenario_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX scenario_workspace_id_id_idx ON scenario (workspace_id, id);
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(UP)


def downgrade() -> None:
    """Take it out."""
    op.execute("DROP TABLE scenario")
