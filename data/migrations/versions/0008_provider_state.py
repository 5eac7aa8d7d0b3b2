"""What providers may still be asked, and whose prices an instrument and a portfolio prefer."""

from __future__ import annotations

from alembic import op

revision = "0008_provider_state"
down_revision = "0007_former_symbols"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE provider_state (
    provider TEXT NOT NULL,
    per_second NUMERIC,
    burst NUMERIC NOT NULL,
    per_day INTEGER,
    tokens NUMERIC NOT NULL,
    refilled_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    day DATE NOT NULL,
    used_today INTEGER DEFAULT 0 NOT NULL,
    breaker TEXT DEFAULT 'closed' NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    failures_before INTEGER DEFAULT 0 NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE,
    retry_at TIMESTAMP WITH TIME ZONE,
    last_ok_at TIMESTAMP WITH TIME ZONE,
    last_error TEXT,
    last_error_code TEXT,
    last_error_at TIMESTAMP WITH TIME ZONE,
    latency_ms NUMERIC,
    CONSTRAINT provider_state_pkey PRIMARY KEY (provider),
    CONSTRAINT provider_state_breaker_check CHECK (breaker IN ('closed', 'open', 'half_open'))
)
"""


def upgrade() -> None:
    """Add them."""
    op.execute(TABLE)
    op.execute("ALTER TABLE instrument ADD COLUMN sources JSONB DEFAULT '[]' NOT NULL")
    op.execute("ALTER TABLE portfolio ADD COLUMN providers TEXT[] DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE portfolio DROP COLUMN providers")
    op.execute("ALTER TABLE instrument DROP COLUMN sources")
    op.execute("DROP TABLE provider_state")
