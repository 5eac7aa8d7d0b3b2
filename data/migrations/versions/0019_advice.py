"""Policies, rules of one's own, and what was suggested."""

from __future__ import annotations

from alembic import op

revision = "0019_advice"
down_revision = "0018_proposals"
branch_labels = None
depends_on = None

EDITED = """
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
"""
KEYS = """
    CONSTRAINT {0}_pkey PRIMARY KEY (id),
    CONSTRAINT {0}_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT {0}_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT {0}_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id)
"""
UP = f"""
CREATE TABLE portfolio_policy ({EDITED}
    portfolio_id UUID NOT NULL,
    told JSONB NOT NULL,
    CONSTRAINT portfolio_policy_portfolio_id_key UNIQUE (portfolio_id),
{KEYS.format("portfolio_policy")});
CREATE TABLE custom_rule ({EDITED}
    portfolio_id UUID,
    name TEXT NOT NULL,
    expression TEXT NOT NULL,
    severity TEXT NOT NULL,
    fix TEXT,
    active BOOLEAN DEFAULT false NOT NULL,
    removed_at TIMESTAMPTZ,
    CONSTRAINT custom_rule_severity_check CHECK (severity IN ('info', 'warning', 'error')),
{KEYS.format("custom_rule")});
CREATE INDEX custom_rule_workspace_id_id_idx ON custom_rule (workspace_id, id);
CREATE TABLE suggestion ({EDITED}
    portfolio_id UUID NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    until DATE,
    told JSONB NOT NULL,
    done JSONB,
    times JSONB NOT NULL,
    decided_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT suggestion_portfolio_id_key_key UNIQUE (portfolio_id, key),
    CONSTRAINT suggestion_state_check CHECK (state IN ('open', 'dismissed', 'done', 'gone')),
{KEYS.format("suggestion")});
CREATE INDEX suggestion_workspace_id_portfolio_id_idx ON suggestion (workspace_id, portfolio_id);
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Take them out."""
    op.execute("DROP TABLE suggestion; DROP TABLE custom_rule; DROP TABLE portfolio_policy")
