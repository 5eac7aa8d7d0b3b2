"""History of bars: what providers rewrote, how far a backfill is, marks of what was repaired, and the numbers of trades.

A bar's instrument is no longer checked row by row but once a statement: most of the time of storing a million bars went there. What is
read as a matrix again and again, the closes, lies beside the bars in one piece an instrument; any change of a bar takes its piece away,
and the lock on the instrument keeps a piece that is being made from missing the change.
"""

from __future__ import annotations

from alembic import op

revision = "0010_history"
down_revision = "0009_alerts"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE bar_revision (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    instrument_id UUID NOT NULL,
    date DATE NOT NULL,
    field TEXT NOT NULL,
    was NUMERIC,
    became NUMERIC,
    source TEXT NOT NULL,
    recorded_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT bar_revision_pkey PRIMARY KEY (id),
    CONSTRAINT bar_revision_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);
CREATE INDEX bar_revision_instrument_id_recorded_at_idx ON bar_revision (instrument_id, recorded_at);

CREATE TABLE history_run (
    instrument_id UUID NOT NULL,
    state TEXT NOT NULL,
    first DATE,
    last DATE,
    done INTEGER DEFAULT 0 NOT NULL,
    of INTEGER DEFAULT 0 NOT NULL,
    provider TEXT,
    error TEXT,
    failures INTEGER DEFAULT 0 NOT NULL,
    retry_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT history_run_pkey PRIMARY KEY (instrument_id),
    CONSTRAINT history_run_state_check CHECK (state IN ('waiting', 'running', 'done', 'failed', 'nobody')),
    CONSTRAINT history_run_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);

ALTER TABLE bar ADD COLUMN mark TEXT;
ALTER TABLE quote_tick ADD COLUMN sequence BIGINT, ADD COLUMN mark TEXT;
ALTER TABLE quote_latest ADD COLUMN sequence BIGINT, ADD COLUMN mark TEXT;

CREATE TABLE close_pack (
    instrument_id UUID NOT NULL,
    days BYTEA NOT NULL,
    closes BYTEA NOT NULL,
    packed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT close_pack_pkey PRIMARY KEY (instrument_id),
    CONSTRAINT close_pack_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE
);
ALTER TABLE close_pack ALTER COLUMN days SET STORAGE EXTERNAL, ALTER COLUMN closes SET STORAGE EXTERNAL;

ALTER TABLE bar DROP CONSTRAINT bar_instrument_id_fkey;
CREATE FUNCTION bars_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched UUID[]; found INTEGER;
BEGIN
    SELECT array_agg(DISTINCT instrument_id) INTO touched FROM fresh;
    IF touched IS NULL THEN RETURN NULL; END IF;
    PERFORM FROM instrument WHERE id = ANY(touched) ORDER BY id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found < cardinality(touched) AND TG_OP <> 'DELETE' THEN
        RAISE foreign_key_violation USING MESSAGE = 'a bar is of an instrument that is not there', TABLE = 'bar';
    END IF;
    DELETE FROM close_pack WHERE instrument_id = ANY(touched);
    RETURN NULL;
END $$;
CREATE TRIGGER bars_inserted AFTER INSERT ON bar REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION bars_changed();
CREATE TRIGGER bars_updated AFTER UPDATE ON bar REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION bars_changed();
CREATE TRIGGER bars_deleted AFTER DELETE ON bar REFERENCING OLD TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION bars_changed();
CREATE FUNCTION bars_go_with_instrument() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN DELETE FROM bar WHERE instrument_id = OLD.id; RETURN OLD; END $$;
CREATE TRIGGER bars_go_with_instrument AFTER DELETE ON instrument FOR EACH ROW EXECUTE FUNCTION bars_go_with_instrument();
"""
DOWN = """
DROP TRIGGER bars_go_with_instrument ON instrument;
DROP FUNCTION bars_go_with_instrument();
DROP TRIGGER bars_inserted ON bar;
DROP TRIGGER bars_updated ON bar;
DROP TRIGGER bars_deleted ON bar;
DROP FUNCTION bars_changed();
DROP TABLE close_pack;
ALTER TABLE bar ADD CONSTRAINT bar_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES instrument (id) ON DELETE CASCADE;
ALTER TABLE quote_latest DROP COLUMN sequence, DROP COLUMN mark;
ALTER TABLE quote_tick DROP COLUMN sequence, DROP COLUMN mark;
ALTER TABLE bar DROP COLUMN mark;
DROP TABLE history_run;
DROP TABLE bar_revision;
"""


def upgrade() -> None:
    """Add tables and columns, and check the instruments of bars once a statement."""
    op.execute(UP)


def downgrade() -> None:
    """Take them back."""
    op.execute(DOWN)
