"""Firm-wide runs of the risk figures."""

from __future__ import annotations

from alembic import op

revision = "0014_risk_runs"
down_revision = "0013_scenarios"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE risk_run (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    status TEXT NOT NULL,
    question JSONB NOT NULL,
    progress JSONB NOT NULL,
    place TEXT,
    problem JSONB,
    finished_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT risk_run_pkey PRIMARY KEY (id),
    CONSTRAINT risk_run_status_check CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
    CONSTRAINT risk_run_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT risk_run_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX risk_run_workspace_id_id_idx ON risk_run (workspace_id, id);

CREATE TABLE risk_run_row (
    run_id UUID NOT NULL,
    number INTEGER NOT NULL,
    portfolio_id UUID NOT NULL,
    name TEXT NOT NULL,
    told JSONB NOT NULL,
    figures JSONB NOT NULL,
    findings JSONB NOT NULL,
    CONSTRAINT risk_run_row_pkey PRIMARY KEY (run_id, number),
    CONSTRAINT risk_run_row_run_id_fkey FOREIGN KEY (run_id) REFERENCES risk_run (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Take them out."""
    op.execute("DROP TABLE risk_run_row; DROP TABLE risk_run")
