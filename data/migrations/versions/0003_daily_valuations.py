"""Daily valuations, and triggers that note from which date on they are wrong."""

from __future__ import annotations

from alembic import op

revision = "0003_daily_valuations"
down_revision = "0002_imports"
branch_labels = None
depends_on = None

TABLES = (
    """CREATE TABLE recalculation (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        subject TEXT NOT NULL,
        since DATE NOT NULL,
        xid BIGINT DEFAULT (pg_current_xact_id()::text)::bigint NOT NULL,
        created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
        CONSTRAINT recalculation_pkey PRIMARY KEY (id)
    )""",
    "CREATE INDEX recalculation_subject_xid_idx ON recalculation (subject, xid)",
    "CREATE INDEX recalculation_created_at_idx ON recalculation (created_at)",
    """CREATE TABLE daily_valuation (
        portfolio_id UUID NOT NULL,
        convention TEXT NOT NULL,
        seen BIGINT NOT NULL,
        last_day DATE NOT NULL,
        layout JSONB NOT NULL,
        content BYTEA NOT NULL,
        stored_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
        CONSTRAINT daily_valuation_pkey PRIMARY KEY (portfolio_id, convention),
        CONSTRAINT daily_valuation_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE
    )""",
    "ALTER TABLE daily_valuation ALTER COLUMN content SET STORAGE EXTERNAL",  # float64 hardly shrinks, and reading it whole is what counts
)
# A correction concerns the dates of the versions before it as well.
OF_LEDGER = """
    SELECT 'ledger/' || fresh.portfolio_id, min(least(fresh.date, former.date))
    FROM fresh LEFT JOIN ledger_entry former ON fresh.version > 1 AND former.id = fresh.id AND former.version < fresh.version
    GROUP BY fresh.portfolio_id"""
OF_BARS = "SELECT 'bar/' || instrument_id, min(date) FROM fresh GROUP BY instrument_id"
OF_RATES = "SELECT 'fx/' || workspace_id, min(date) FROM fresh GROUP BY workspace_id"
OF_TERMS = """
    SELECT 'bar/' || fresh.id, DATE '1900-01-01' FROM fresh JOIN stale USING (id)
    WHERE (fresh.currency, fresh.multiplier) IS DISTINCT FROM (stale.currency, stale.multiplier)"""
NOTES = (
    ("ledger_entry", "INSERT", "NEW TABLE AS fresh", OF_LEDGER),
    ("bar", "INSERT", "NEW TABLE AS fresh", OF_BARS),
    ("bar", "UPDATE", "NEW TABLE AS fresh", OF_BARS),
    ("bar", "DELETE", "OLD TABLE AS fresh", OF_BARS),
    ("fx_rate", "INSERT", "NEW TABLE AS fresh", OF_RATES),
    ("fx_rate", "UPDATE", "NEW TABLE AS fresh", OF_RATES),
    ("fx_rate", "DELETE", "OLD TABLE AS fresh", OF_RATES),
    ("instrument", "UPDATE", "NEW TABLE AS fresh OLD TABLE AS stale", OF_TERMS),
)


def upgrade() -> None:
    """Make tables and triggers."""
    for statement in TABLES:
        op.execute(statement)
    for table, event, given, query in NOTES:
        name = f"note_{table}_{event.lower()}"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                   f" INSERT INTO recalculation (subject, since) {query}; RETURN NULL; END $$")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {given} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    """Drop them."""
    for table, event, _, _ in NOTES:
        name = f"note_{table}_{event.lower()}"
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP TABLE daily_valuation")
    op.execute("DROP TABLE recalculation")
