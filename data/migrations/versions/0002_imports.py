"""Imports: what a run keeps of its file, its rows as they stood there, and mappings that a person corrected."""

from __future__ import annotations

from typing import Any

from alembic import op

revision = "0002_imports"
down_revision = "0001_first_floor"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE import_run
    ADD COLUMN sha256 TEXT DEFAULT '' NOT NULL,
    ADD COLUMN dry_run BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN mapping JSONB,
    ADD COLUMN reading JSONB,
    ADD COLUMN problem JSONB,
    ADD COLUMN progress JSONB,
    ADD COLUMN finished_at TIMESTAMPTZ;
CREATE INDEX import_run_portfolio_id_created_at_idx ON import_run (portfolio_id, created_at);

CREATE TABLE import_row (
    run_id UUID NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    cells JSONB NOT NULL,
    told JSONB NOT NULL,
    transaction_id UUID,
    CONSTRAINT import_row_pkey PRIMARY KEY (run_id, number),
    CONSTRAINT import_row_run_id_fkey FOREIGN KEY (run_id) REFERENCES import_run (id) ON DELETE CASCADE
);
CREATE INDEX import_row_transaction_id_idx ON import_row (transaction_id);

CREATE TABLE import_mapping (
    workspace_id UUID NOT NULL,
    signature TEXT NOT NULL,
    owner_id UUID NOT NULL,
    mapping JSONB NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT import_mapping_pkey PRIMARY KEY (workspace_id, signature),
    CONSTRAINT import_mapping_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT import_mapping_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX ledger_entry_import_run_id_idx ON ledger_entry (import_run_id) WHERE import_run_id IS NOT NULL;
"""
DOWN = """
DROP INDEX ledger_entry_import_run_id_idx;
DROP TABLE import_mapping;
DROP TABLE import_row;
DROP INDEX import_run_portfolio_id_created_at_idx;
ALTER TABLE import_run
    DROP COLUMN sha256, DROP COLUMN dry_run, DROP COLUMN mapping, DROP COLUMN reading, DROP COLUMN problem, DROP COLUMN progress,
    DROP COLUMN finished_at;
"""


def run(statements: str) -> None:
    """Run several statements at once, which only the driver itself does."""
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(statements)


def upgrade() -> None:
    """Extend the runs, add rows and mappings."""
    run(UP)


def downgrade() -> None:
    """Take them away."""
    run(DOWN)
