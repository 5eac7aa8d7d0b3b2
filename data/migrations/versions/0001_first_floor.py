"""The first floor: every table, the partitioned ticks, and the trigger that keeps ledger and audit trail append-only."""

from __future__ import annotations

from typing import Any

from alembic import op

revision = "0001_first_floor"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = """
CREATE SEQUENCE ledger_sequence;

CREATE TABLE workspace (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    local BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT workspace_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX workspace_local_key ON workspace (local) WHERE local;

CREATE TABLE app_user (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    name TEXT NOT NULL,
    disabled_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT app_user_pkey PRIMARY KEY (id),
    CONSTRAINT app_user_workspace_id_name_key UNIQUE (workspace_id, name),
    CONSTRAINT app_user_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id)
);

CREATE TABLE portfolio (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    base_currency TEXT NOT NULL,
    cost_method TEXT DEFAULT 'fifo' NOT NULL,
    benchmark TEXT,
    demo BOOLEAN DEFAULT false NOT NULL,
    revision BIGINT DEFAULT 0 NOT NULL,
    removed_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT portfolio_pkey PRIMARY KEY (id),
    CONSTRAINT portfolio_base_currency_check CHECK (base_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT portfolio_cost_method_check CHECK (cost_method IN ('fifo', 'lifo', 'hifo', 'lofo', 'average', 'specific')),
    CONSTRAINT portfolio_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT portfolio_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);
CREATE INDEX portfolio_workspace_id_id_idx ON portfolio (workspace_id, id);

CREATE TABLE account (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID NOT NULL,
    name TEXT NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (id),
    CONSTRAINT account_portfolio_id_name_key UNIQUE (portfolio_id, name),
    CONSTRAINT account_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id),
    CONSTRAINT account_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT account_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);

CREATE TABLE instrument (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    symbol TEXT NOT NULL,
    name TEXT NOT NULL,
    asset_class TEXT DEFAULT 'equity' NOT NULL,
    currency TEXT NOT NULL,
    sector TEXT,
    country TEXT,
    exchange TEXT,
    isin TEXT,
    multiplier NUMERIC DEFAULT 1 NOT NULL,
    demo BOOLEAN DEFAULT false NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT instrument_pkey PRIMARY KEY (id),
    CONSTRAINT instrument_workspace_id_symbol_key UNIQUE (workspace_id, symbol),
    CONSTRAINT instrument_asset_class_check CHECK (asset_class IN (
        'equity', 'fund', 'bond', 'cash', 'commodity', 'crypto', 'index', 'fx', 'option', 'other'
    )),
    CONSTRAINT instrument_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT instrument_multiplier_check CHECK (multiplier > 0 AND multiplier < 1e20),
    CONSTRAINT instrument_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT instrument_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);

CREATE TABLE import_run (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID NOT NULL,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    status TEXT NOT NULL,
    rows JSONB NOT NULL,
    taken_back_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT import_run_pkey PRIMARY KEY (id),
    CONSTRAINT import_run_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id),
    CONSTRAINT import_run_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT import_run_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);

CREATE TABLE ledger_entry (
    id UUID NOT NULL,
    version INTEGER NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    portfolio_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    recorded_by UUID,
    import_run_id UUID,
    voided BOOLEAN DEFAULT false NOT NULL,
    date DATE NOT NULL,
    kind TEXT NOT NULL,
    symbol TEXT,
    quantity NUMERIC,
    price NUMERIC,
    fee NUMERIC DEFAULT 0 NOT NULL,
    tax NUMERIC DEFAULT 0 NOT NULL,
    amount NUMERIC,
    currency TEXT,
    fx_rate NUMERIC,
    account TEXT,
    note TEXT,
    external_id TEXT,
    lots JSONB,
    ratio NUMERIC,
    to_symbol TEXT,
    to_currency TEXT,
    to_amount NUMERIC,
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (id, version),
    CONSTRAINT ledger_entry_kind_check CHECK (kind IN (
        'BUY', 'SELL', 'DIVIDEND', 'INTEREST', 'FEE', 'TAX', 'DEPOSIT', 'WITHDRAWAL', 'TRANSFER_IN', 'TRANSFER_OUT',
        'SPLIT', 'SPIN_OFF', 'MERGER', 'RETURN_OF_CAPITAL', 'STOCK_DIVIDEND', 'FX_CONVERSION', 'ADJUSTMENT'
    )),
    CONSTRAINT ledger_entry_date_check CHECK (date >= DATE '1900-01-01'),
    CONSTRAINT ledger_entry_version_check CHECK (version >= 1),
    CONSTRAINT ledger_entry_currency_check CHECK (currency ~ '^[A-Z]{3}$' AND to_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ledger_entry_price_check CHECK (price >= 0 AND abs(price) < 1e20),
    CONSTRAINT ledger_entry_costs_check CHECK (fee >= 0 AND tax >= 0 AND abs(fee) < 1e20 AND abs(tax) < 1e20),
    CONSTRAINT ledger_entry_amounts_check CHECK (abs(quantity) < 1e20 AND abs(amount) < 1e20 AND abs(to_amount) < 1e20
        AND (kind = 'ADJUSTMENT' OR (quantity >= 0 AND amount >= 0))),
    CONSTRAINT ledger_entry_rates_check CHECK (fx_rate > 0 AND fx_rate < 1e20 AND ratio > 0 AND ratio < 1e20),
    CONSTRAINT ledger_entry_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT ledger_entry_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT ledger_entry_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolio (id),
    CONSTRAINT ledger_entry_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES app_user (id),
    CONSTRAINT ledger_entry_import_run_id_fkey FOREIGN KEY (import_run_id) REFERENCES import_run (id)
);
CREATE UNIQUE INDEX ledger_entry_external_id_key ON ledger_entry (portfolio_id, external_id) WHERE version = 1;
CREATE INDEX ledger_entry_portfolio_id_date_idx ON ledger_entry (portfolio_id, date, sequence);

CREATE TABLE corporate_action (
    id UUID NOT NULL,
    instrument_id UUID NOT NULL,
    date DATE NOT NULL,
    kind TEXT NOT NULL,
    ratio NUMERIC,
    amount NUMERIC,
    currency TEXT,
    source TEXT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT corporate_action_pkey PRIMARY KEY (id),
    CONSTRAINT corporate_action_instrument_id_date_kind_key UNIQUE (instrument_id, date, kind),
    CONSTRAINT corporate_action_amounts_check CHECK (ratio > 0 AND ratio < 1e20 AND amount > 0 AND amount < 1e20),
    CONSTRAINT corporate_action_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);

CREATE TABLE bar (
    instrument_id UUID NOT NULL,
    date DATE NOT NULL,
    close NUMERIC NOT NULL,
    open NUMERIC,
    high NUMERIC,
    low NUMERIC,
    volume NUMERIC,
    adjusted_close NUMERIC,
    source TEXT NOT NULL,
    simulated BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT bar_pkey PRIMARY KEY (instrument_id, date),
    CONSTRAINT bar_prices_check CHECK (
        close > 0 AND close < 1e20 AND open > 0 AND open < 1e20 AND high > 0 AND high < 1e20
        AND low > 0 AND low < 1e20 AND adjusted_close > 0 AND adjusted_close < 1e20 AND volume >= 0 AND volume < 1e20
    ),
    CONSTRAINT bar_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);

CREATE TABLE fx_rate (
    workspace_id UUID NOT NULL,
    owner_id UUID,
    pair TEXT NOT NULL,
    date DATE NOT NULL,
    rate NUMERIC NOT NULL,
    source TEXT NOT NULL,
    simulated BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT fx_rate_pkey PRIMARY KEY (workspace_id, pair, date),
    CONSTRAINT fx_rate_pair_check CHECK (pair ~ '^[A-Z]{6}$'),
    CONSTRAINT fx_rate_rate_check CHECK (rate > 0 AND rate < 1e20),
    CONSTRAINT fx_rate_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT fx_rate_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);

CREATE TABLE quote_tick (
    instrument_id UUID NOT NULL,
    price NUMERIC NOT NULL,
    volume NUMERIC,
    ts TIMESTAMPTZ NOT NULL,
    received TIMESTAMPTZ NOT NULL,
    source TEXT NOT NULL,
    simulated BOOLEAN NOT NULL,
    CONSTRAINT quote_tick_price_check CHECK (price > 0 AND price < 1e20)
) PARTITION BY RANGE (received);
CREATE INDEX quote_tick_instrument_id_ts_idx ON quote_tick (instrument_id, ts);

CREATE TABLE quote_latest (
    instrument_id UUID NOT NULL,
    price NUMERIC NOT NULL,
    volume NUMERIC,
    ts TIMESTAMPTZ NOT NULL,
    received TIMESTAMPTZ NOT NULL,
    source TEXT NOT NULL,
    currency TEXT NOT NULL,
    simulated BOOLEAN NOT NULL,
    CONSTRAINT quote_latest_pkey PRIMARY KEY (instrument_id),
    CONSTRAINT quote_latest_price_check CHECK (price > 0 AND price < 1e20),
    CONSTRAINT quote_latest_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);

CREATE TABLE benchmark (
    id UUID NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT benchmark_pkey PRIMARY KEY (id),
    CONSTRAINT benchmark_workspace_id_name_key UNIQUE (workspace_id, name),
    CONSTRAINT benchmark_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT benchmark_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id)
);

CREATE TABLE benchmark_component (
    benchmark_id UUID NOT NULL,
    instrument_id UUID NOT NULL,
    weight NUMERIC NOT NULL,
    CONSTRAINT benchmark_component_pkey PRIMARY KEY (benchmark_id, instrument_id),
    CONSTRAINT benchmark_component_weight_check CHECK (weight > 0 AND weight <= 1),
    CONSTRAINT benchmark_component_benchmark_id_fkey FOREIGN KEY (benchmark_id) REFERENCES benchmark (id) ON DELETE CASCADE,
    CONSTRAINT benchmark_component_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id)
);

CREATE TABLE audit_entry (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    actor_id UUID NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    before JSONB,
    after JSONB,
    request_id TEXT,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT audit_entry_pkey PRIMARY KEY (id),
    CONSTRAINT audit_entry_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT audit_entry_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES app_user (id)
);
CREATE INDEX audit_entry_entity_id_idx ON audit_entry (entity_id);
CREATE INDEX audit_entry_workspace_id_created_at_idx ON audit_entry (workspace_id, created_at);

CREATE TABLE job_run (
    id UUID NOT NULL,
    job TEXT NOT NULL,
    status TEXT NOT NULL,
    finished_at TIMESTAMPTZ,
    detail JSONB NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT job_run_pkey PRIMARY KEY (id),
    CONSTRAINT job_run_status_check CHECK (status IN ('running', 'done', 'failed'))
);
CREATE INDEX job_run_job_created_at_idx ON job_run (job, created_at);

CREATE TABLE finding (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    owner_id UUID,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    severity TEXT NOT NULL,
    context JSONB NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL,
    settled_at TIMESTAMPTZ,
    settled_by UUID,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT finding_pkey PRIMARY KEY (id),
    CONSTRAINT finding_severity_check CHECK (severity IN ('info', 'warning', 'error')),
    CONSTRAINT finding_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id),
    CONSTRAINT finding_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES app_user (id),
    CONSTRAINT finding_settled_by_fkey FOREIGN KEY (settled_by) REFERENCES app_user (id)
);
CREATE INDEX finding_workspace_id_status_code_idx ON finding (workspace_id, status, code);

CREATE TABLE idempotency_key (
    workspace_id UUID NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body JSONB NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT idempotency_key_pkey PRIMARY KEY (workspace_id, key),
    CONSTRAINT idempotency_key_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace (id)
);
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('portolan.purge', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

TABLES = (
    "workspace", "app_user", "portfolio", "account", "instrument", "import_run", "ledger_entry", "corporate_action",
    "bar", "fx_rate", "quote_tick", "quote_latest", "benchmark", "benchmark_component", "audit_entry", "job_run",
    "finding", "idempotency_key",
)


def run(statements: str) -> None:
    """Run several statements at once, which only the driver itself does."""
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(statements)


def upgrade() -> None:
    """Make everything."""
    run(SCHEMA)


def downgrade() -> None:
    """Drop everything."""
    run(f"DROP TABLE {', '.join(TABLES)}; DROP FUNCTION refuse_change; DROP SEQUENCE ledger_sequence")
