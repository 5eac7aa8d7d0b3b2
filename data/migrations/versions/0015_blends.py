"""Benchmarks: a rule for rebalancing, parts that are no instrument, a removal that can be taken back."""

from __future__ import annotations

from alembic import op

revision = "0015_blends"
down_revision = "0014_risk_runs"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE benchmark ADD COLUMN rebalancing TEXT DEFAULT 'monthly' NOT NULL, ADD COLUMN removed_at TIMESTAMPTZ;
ALTER TABLE benchmark ADD CONSTRAINT benchmark_rebalancing_check CHECK (rebalancing IN ('monthly', 'daily', 'quarterly', 'yearly', 'never'));
ALTER TABLE benchmark DROP CONSTRAINT benchmark_workspace_id_name_key;
CREATE UNIQUE INDEX benchmark_workspace_id_name_key ON benchmark (workspace_id, lower(name)) WHERE removed_at IS NULL;

ALTER TABLE benchmark_component ADD COLUMN place INTEGER, ADD COLUMN kind TEXT DEFAULT 'instrument' NOT NULL,
    ADD COLUMN plus NUMERIC DEFAULT 0 NOT NULL, ADD COLUMN hedged BOOLEAN DEFAULT false NOT NULL;
UPDATE benchmark_component c SET place = o.place
    FROM (SELECT benchmark_id, instrument_id, row_number() OVER (PARTITION BY benchmark_id ORDER BY instrument_id) - 1 AS place
          FROM benchmark_component) o
    WHERE o.benchmark_id = c.benchmark_id AND o.instrument_id = c.instrument_id;
ALTER TABLE benchmark_component DROP CONSTRAINT benchmark_component_pkey;
ALTER TABLE benchmark_component ALTER COLUMN place SET NOT NULL, ALTER COLUMN instrument_id DROP NOT NULL;
ALTER TABLE benchmark_component ADD CONSTRAINT benchmark_component_pkey PRIMARY KEY (benchmark_id, place);
ALTER TABLE benchmark_component ADD CONSTRAINT benchmark_component_kind_check
    CHECK (kind IN ('instrument', 'inflation', 'rate', 'cash') AND (kind = 'cash') = (instrument_id IS NULL));
ALTER TABLE benchmark_component ADD CONSTRAINT benchmark_component_plus_check CHECK (plus > -1 AND plus < 10);
"""

DOWN = """
DELETE FROM benchmark_component WHERE instrument_id IS NULL;
DELETE FROM benchmark_component c USING benchmark_component o
    WHERE o.benchmark_id = c.benchmark_id AND o.instrument_id = c.instrument_id AND o.place < c.place;
ALTER TABLE benchmark_component DROP CONSTRAINT benchmark_component_pkey, DROP CONSTRAINT benchmark_component_kind_check,
    DROP CONSTRAINT benchmark_component_plus_check;
ALTER TABLE benchmark_component DROP COLUMN place, DROP COLUMN kind, DROP COLUMN plus, DROP COLUMN hedged, ALTER COLUMN instrument_id SET NOT NULL;
ALTER TABLE benchmark_component ADD CONSTRAINT benchmark_component_pkey PRIMARY KEY (benchmark_id, instrument_id);
DROP INDEX benchmark_workspace_id_name_key;
DELETE FROM benchmark_component c USING benchmark b WHERE b.id = c.benchmark_id AND b.removed_at IS NOT NULL;
DELETE FROM benchmark WHERE removed_at IS NOT NULL;
ALTER TABLE benchmark DROP CONSTRAINT benchmark_rebalancing_check, DROP COLUMN rebalancing, DROP COLUMN removed_at;
ALTER TABLE benchmark ADD CONSTRAINT benchmark_workspace_id_name_key UNIQUE (workspace_id, name);
"""


def upgrade() -> None:
    """Widen both tables."""
    op.execute(UP)


def downgrade() -> None:
    """Narrow them; what a plain blend cannot hold is left out."""
    op.execute(DOWN)
