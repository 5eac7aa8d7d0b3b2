"""What-ifs under a name, and runs that collect evidence."""

from __future__ import annotations

from alembic import op

revision = "0017_evidence"
down_revision = "0016_factor_files"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE what_if (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID,
    name TEXT NOT NULL,
    note TEXT,
    draft JSONB NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT what_if_pkey PRIMARY KEY (id),
    CONSTRAINT what_if_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT what_if_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT what_if_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE
);
CREATE INDEX what_if_workspace_id_id_idx ON what_if (workspace_id, id);

CREATE TABLE evidence_run (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    question JSONB NOT NULL,
    progress JSONB NOT NULL,
    result JSONB,
    problem JSONB,
    finished_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT evidence_run_pkey PRIMARY KEY (id),
    CONSTRAINT evidence_run_status_check CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
    CONSTRAINT evidence_run_kind_check CHECK (kind IN ('strategies', 'models')),
    CONSTRAINT evidence_run_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT evidence_run_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT evidence_run_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE
);
CREATE INDEX evidence_run_workspace_id_id_idx ON evidence_run (workspace_id, id);
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Take them out."""
    op.execute("DROP TABLE evidence_run; DROP TABLE what_if")
