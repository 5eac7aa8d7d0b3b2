"""Proposals that wait for a person, and runs of optimisers."""

from __future__ import annotations

from alembic import op

revision = "0018_proposals"
down_revision = "0017_evidence"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE proposal (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    note TEXT,
    lines JSONB NOT NULL,
    effect JSONB NOT NULL,
    revision INTEGER NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT proposal_pkey PRIMARY KEY (id),
    CONSTRAINT proposal_status_check CHECK (status IN ('open', 'confirmed', 'rejected')),
    CONSTRAINT proposal_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT proposal_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT proposal_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE
);
CREATE INDEX proposal_portfolio_id_id_idx ON proposal (portfolio_id, id);

CREATE TABLE optimiser_run (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID NOT NULL,
    status TEXT NOT NULL,
    question JSONB NOT NULL,
    progress JSONB NOT NULL,
    result JSONB,
    problem JSONB,
    finished_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT optimiser_run_pkey PRIMARY KEY (id),
    CONSTRAINT optimiser_run_status_check CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
    CONSTRAINT optimiser_run_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT optimiser_run_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT optimiser_run_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE
);
CREATE INDEX optimiser_run_portfolio_id_id_idx ON optimiser_run (portfolio_id, id);
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Take them out."""
    op.execute("DROP TABLE proposal; DROP TABLE optimiser_run")
