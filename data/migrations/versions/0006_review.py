"""What was said to be no problem, and the statements a ledger was reconciled with."""

from __future__ import annotations

from alembic import op

revision = "0006_review"
down_revision = "0005_signed_amounts"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE dismissed_check (
    workspace_id UUID NOT NULL,
    id TEXT NOT NULL,
    portfolio_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT dismissed_check_pkey PRIMARY KEY (workspace_id, id),
    CONSTRAINT dismissed_check_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT dismissed_check_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE,
    CONSTRAINT dismissed_check_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX dismissed_check_portfolio_id_idx ON dismissed_check (portfolio_id);

CREATE TABLE reconciliation (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID NOT NULL,
    account TEXT,
    date DATE NOT NULL,
    statement JSONB NOT NULL,
    breaks INTEGER NOT NULL,
    settled JSONB NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT reconciliation_pkey PRIMARY KEY (id),
    CONSTRAINT reconciliation_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT reconciliation_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT reconciliation_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE
);
CREATE INDEX reconciliation_portfolio_id_date_idx ON reconciliation (portfolio_id, date);
"""


def upgrade() -> None:
    """Add both tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drop both tables."""
    op.execute("DROP TABLE reconciliation; DROP TABLE dismissed_check")
