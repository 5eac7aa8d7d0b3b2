"""Alerts: rules, their states, what fired, channels, and the outbox."""

from __future__ import annotations

from alembic import op

revision = "0009_alerts"
down_revision = "0008_provider_state"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE alert_rule (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    measure TEXT NOT NULL,
    direction TEXT NOT NULL,
    portfolio_id UUID,
    instrument_id UUID,
    threshold NUMERIC NOT NULL,
    margin NUMERIC,
    cool_down_seconds INTEGER DEFAULT 0 NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    note TEXT,
    options JSONB NOT NULL,
    channels UUID[] DEFAULT '{}' NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT alert_rule_pkey PRIMARY KEY (id),
    CONSTRAINT alert_rule_measure_check CHECK (measure IN ('price', 'move', 'value', 'weight', 'drawdown', 'var', 'stale', 'finding')),
    CONSTRAINT alert_rule_direction_check CHECK (direction IN ('above', 'below', 'either')),
    CONSTRAINT alert_rule_threshold_check CHECK (abs(threshold) < 1e20 AND (margin IS NULL OR (margin >= 0 AND abs(margin) < 1e20))),
    CONSTRAINT alert_rule_cool_down_check CHECK (cool_down_seconds >= 0),
    CONSTRAINT alert_rule_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT alert_rule_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT alert_rule_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE,
    CONSTRAINT alert_rule_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);
CREATE INDEX alert_rule_workspace_id_id_idx ON alert_rule (workspace_id, id);

CREATE TABLE alert_state (
    rule_id UUID NOT NULL,
    rule_version INTEGER NOT NULL,
    side SMALLINT NOT NULL,
    last DOUBLE PRECISION,
    fired_at TIMESTAMPTZ,
    firings BIGINT DEFAULT 0 NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT alert_state_pkey PRIMARY KEY (rule_id),
    CONSTRAINT alert_state_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES alert_rule (id) ON DELETE CASCADE
);

CREATE TABLE alert_event (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    rule_id UUID NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    context JSONB NOT NULL,
    acknowledged_at TIMESTAMPTZ,
    acknowledged_by UUID,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT alert_event_pkey PRIMARY KEY (id),
    CONSTRAINT alert_event_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT alert_event_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT alert_event_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES alert_rule (id) ON DELETE CASCADE,
    CONSTRAINT alert_event_acknowledged_by_fkey FOREIGN KEY (acknowledged_by) REFERENCES app_user (id)
);
CREATE INDEX alert_event_workspace_id_id_idx ON alert_event (workspace_id, id);
CREATE INDEX alert_event_rule_id_id_idx ON alert_event (rule_id, id);
CREATE INDEX alert_event_unread_idx ON alert_event (workspace_id) WHERE acknowledged_at IS NULL;

CREATE TABLE alert_channel (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    generation INTEGER DEFAULT 1 NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT alert_channel_pkey PRIMARY KEY (id),
    CONSTRAINT alert_channel_kind_check CHECK (kind IN ('email', 'webhook')),
    CONSTRAINT alert_channel_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT alert_channel_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX alert_channel_workspace_id_id_idx ON alert_channel (workspace_id, id);

CREATE TABLE outbox (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    event_id UUID,
    channel_id UUID NOT NULL,
    body JSONB NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    next_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_event_id_channel_id_key UNIQUE (event_id, channel_id),
    CONSTRAINT outbox_status_check CHECK (status IN ('pending', 'sent', 'dead')),
    CONSTRAINT outbox_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT outbox_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT outbox_event_id_fkey FOREIGN KEY (event_id) REFERENCES alert_event (id) ON DELETE CASCADE,
    CONSTRAINT outbox_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES alert_channel (id) ON DELETE CASCADE
);
CREATE INDEX outbox_due_idx ON outbox (next_at) WHERE status = 'pending';
CREATE INDEX outbox_workspace_id_id_idx ON outbox (workspace_id, id);
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE outbox; DROP TABLE alert_channel; DROP TABLE alert_event; DROP TABLE alert_state; DROP TABLE alert_rule")
