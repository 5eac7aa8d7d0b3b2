"""Interest that is paid and fees that are given back have a minus."""

from __future__ import annotations

from alembic import op

revision = "0005_signed_amounts"
down_revision = "0004_ledger_rules"
branch_labels = None
depends_on = None

FINITE = "abs(quantity) < 1e20 AND abs(amount) < 1e20 AND abs(to_amount) < 1e20"
OLD = f"{FINITE} AND (kind = 'ADJUSTMENT' OR (quantity >= 0 AND amount >= 0))"
NEW = (f"{FINITE} AND (quantity >= 0 OR kind IN ('ADJUSTMENT'))"
       " AND (amount >= 0 OR kind IN ('DIVIDEND', 'INTEREST', 'FEE', 'TAX', 'ADJUSTMENT'))")


def upgrade() -> None:
    """Let the kinds that are told with a sign have one."""
    _replace(NEW)


def downgrade() -> None:
    """Let adjustments alone have one."""
    _replace(OLD)


def _replace(rule: str) -> None:
    op.execute(f"ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_amounts_check, ADD CONSTRAINT ledger_entry_amounts_check CHECK ({rule})")
