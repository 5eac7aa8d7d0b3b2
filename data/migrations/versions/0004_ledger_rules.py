"""What a portfolio allows, tags of instruments, and the thread between the two legs of a transfer."""

from __future__ import annotations

from alembic import op

revision = "0004_ledger_rules"
down_revision = "0003_daily_valuations"
branch_labels = None
depends_on = None

UP = (
    ("ALTER TABLE portfolio ADD COLUMN oversell TEXT DEFAULT 'short' NOT NULL, ADD COLUMN negative_cash TEXT DEFAULT 'allow' NOT NULL,"
    " ADD CONSTRAINT portfolio_oversell_check CHECK (oversell IN ('short', 'error')),"
    " ADD CONSTRAINT portfolio_negative_cash_check CHECK (negative_cash IN ('allow', 'refuse'))"),
    "ALTER TABLE instrument ADD COLUMN tags TEXT[] DEFAULT '{}' NOT NULL",
    "ALTER TABLE ledger_entry ADD COLUMN transfer_id UUID",
    "CREATE INDEX ledger_entry_transfer_id_idx ON ledger_entry (transfer_id) WHERE transfer_id IS NOT NULL",
)
DOWN = (
    "ALTER TABLE ledger_entry DROP COLUMN transfer_id",
    "ALTER TABLE instrument DROP COLUMN tags",
    "ALTER TABLE portfolio DROP COLUMN oversell, DROP COLUMN negative_cash",
)


def upgrade() -> None:
    """Add them."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for statement in DOWN:
        op.execute(statement)
