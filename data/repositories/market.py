"""The market as the feed took it: every tick, the newest quote of each instrument, and what waits in quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb

from data import calendar
from data.ids import uuid7
from data.records import StoredFinding
from data.repositories.base import Repository
from engine.errors import Conflict, NotFound
from engine.types import Actor, Finding, Quote, Severity

PARTITION_LOCK: Final = 0x7469636B  # "tick": held while partitions come and go
TICK_FIELDS: Final = ("instrument_id", "price", "volume", "ts", "received", "source", "simulated", "sequence", "mark")
FINDING_FIELDS: Final = "id, workspace_id, code, message, severity, context, status, created_at, settled_at, settled_by"
PUT_LATEST: Final = """
    INSERT INTO quote_latest AS old (instrument_id, price, volume, ts, received, source, currency, simulated, sequence, mark)
    SELECT * FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::bool[],
        %s::bigint[], %s::text[])
    ON CONFLICT (instrument_id) DO UPDATE SET price = excluded.price, volume = excluded.volume, ts = excluded.ts, received = excluded.received,
        source = excluded.source, currency = excluded.currency, simulated = excluded.simulated, sequence = excluded.sequence, mark = excluded.mark
    WHERE excluded.ts > old.ts AND (old.simulated OR NOT excluded.simulated)
    RETURNING instrument_id
"""
LATEST: Final = """
    SELECT instrument_id, symbol, price::float8, ts, received, source, quote_latest.currency, volume::float8, simulated,
        NULL, NULL, sequence, mark
    FROM quote_latest JOIN instrument ON instrument.id = instrument_id
    WHERE %(ids)s::uuid[] IS NULL OR instrument_id = ANY(%(ids)s)
"""
REFERENCES: Final = "SELECT instrument_id, price::float8, ts, source, simulated, sequence FROM quote_latest WHERE instrument_id = ANY(%s::uuid[])"
CANDLES: Final = """
    SELECT date_bin(%(width)s, ts, %(start)s::timestamptz) AS bucket, (array_agg(price ORDER BY ts, received))[1]::float8, max(price)::float8,
        min(price)::float8, (array_agg(price ORDER BY ts DESC, received DESC))[1]::float8, sum(volume)::float8, bool_or(simulated), count(*)
    FROM quote_tick WHERE instrument_id = %(id)s AND ts >= %(start)s AND ts < %(end)s AND received >= %(start)s - interval '1 minute'
    GROUP BY bucket ORDER BY bucket
"""
BUCKETS: Final = """
    SELECT bucket, asked.id, last.price
    FROM unnest(%(ids)s::uuid[]) asked(id)
    CROSS JOIN generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 microsecond', %(width)s) bucket
    CROSS JOIN LATERAL (
        SELECT price::float8 FROM quote_tick
        WHERE instrument_id = asked.id AND ts >= bucket AND ts < least(bucket + %(width)s, %(end)s) AND received >= %(start)s - interval '1 minute'
        ORDER BY ts DESC, received DESC LIMIT 1
    ) last
"""


class Market(Repository):
    """Ticks, latest quotes, quarantine.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    known : set of str
        Names of tick partitions that are there, shared by all transactions of a process.
    """

    def __init__(self, connection: sa.Connection, known: set[str]) -> None:
        super().__init__(connection)
        self._known = known
        self._made: set[str] = set()

    def append_ticks(self, quotes: Sequence[Quote]) -> int:
        """Append every quote to the ticks; gives their number."""
        if not quotes:
            return 0
        for day in {quote.received.astimezone(UTC).date() for quote in quotes}:
            self._ensure_partition(day)
        with self.cursor() as cursor, cursor.copy(f"COPY quote_tick ({', '.join(TICK_FIELDS)}) FROM STDIN") as copy:
            for quote in quotes:
                copy.write_row((quote.instrument_id, quote.price, quote.volume, quote.ts, quote.received, quote.source, quote.simulated,
                                quote.sequence, quote.mark))
        return len(quotes)

    def put_latest(self, quotes: Iterable[Quote]) -> set[UUID]:
        """Make quotes the latest of their instruments where they are newer.

        A quote never goes back in time, and a simulated one never replaces one that is not.

        Returns
        -------
        set of UUID
            Instruments whose latest quote is another now.
        """
        newest = _newest(quotes)
        if not newest:
            return set()
        columns = [array(column) for column in (
            (str(quote.instrument_id) for quote in newest), (_number(quote.price) for quote in newest), (_number(quote.volume) for quote in newest),
            (quote.ts.isoformat() for quote in newest), (quote.received.isoformat() for quote in newest), _quoted(quote.source for quote in newest),
            _quoted(quote.currency for quote in newest), ("t" if quote.simulated else "f" for quote in newest),
            (None if quote.sequence is None else str(quote.sequence) for quote in newest), _quoted(quote.mark for quote in newest))]
        return {id for (id,) in self.fetch(PUT_LATEST, columns)}  # noqa: A001

    def latest(self, instrument_ids: Iterable[UUID] | None = None) -> dict[UUID, Quote]:
        """Give the latest quotes of some instruments, or of all."""
        rows = self.fetch(LATEST, {"ids": None if instrument_ids is None else list(instrument_ids)})
        return {row[0]: Quote(*row) for row in rows}

    def references(self, instrument_ids: Iterable[UUID]) -> list[tuple[UUID, float, datetime, str, bool, int | None]]:
        """Give of the latest quotes of some instruments what the next one is compared with: price, instant, source, simulated, sequence."""
        return self.fetch(REFERENCES, [array(map(str, instrument_ids))])

    def ticks_by_bucket(self, instrument_ids: Sequence[UUID], start: datetime, end: datetime, bucket_seconds: float) -> pd.DataFrame:
        """Give the last price within each interval.

        Returns
        -------
        DataFrame
            Start of the interval (aware, UTC) x instrument id, float64; intervals without any tick are left out, NaN where an
            instrument has none.
        """
        rows = self.fetch(BUCKETS, {"ids": list(instrument_ids), "start": start, "end": end, "width": timedelta(seconds=bucket_seconds)})
        buckets = sorted({row[0] for row in rows})
        places = {bucket: place for place, bucket in enumerate(buckets)}
        columns = {id: place for place, id in enumerate(instrument_ids)}  # noqa: A001
        values = np.full((len(buckets), len(columns)), np.nan)
        for bucket, id, price in rows:  # noqa: A001
            values[places[bucket], columns[id]] = price
        return pd.DataFrame(values, index=pd.DatetimeIndex(buckets, dtype="datetime64[ns, UTC]"), columns=pd.Index(list(columns), dtype=object))

    def candles(self, instrument_id: UUID, start: datetime, end: datetime, width: timedelta) -> list[tuple[Any, ...]]:
        """Give what the ticks of an instrument did within each interval that has any.

        Returns
        -------
        list of tuple
            Start of the interval (aware, UTC), open, high, low, close, volume or None, whether any tick was simulated, number of ticks.
        """
        return self.fetch(CANDLES, {"id": instrument_id, "start": start, "end": end, "width": width})

    def ensure_partitions(self, today: date, *, days_ahead: int = 2) -> None:
        """Make the partitions of a day and of those that follow, so that midnight finds its place ready."""
        for ahead in range(days_ahead + 1):
            self._ensure_partition(today + timedelta(days=ahead))

    def drop_partitions(self, before: date) -> list[str]:
        """Drop the ticks of every day before one; gives the names of the partitions."""
        self.fetch("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        old = [name for name in self.partitions() if name < partition_name(before)]
        for name in old:
            self.affected(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
            self._known.discard(name)
        return old

    def partitions(self) -> list[str]:
        """List the partitions of the ticks, oldest first."""
        query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'quote_tick'::regclass ORDER BY 1"
        return [name for (name,) in self.fetch(query)]

    def add_finding(self, workspace_id: UUID, finding: Finding, *, owner_id: UUID | None = None) -> UUID:
        """Keep a finding until somebody settles it."""
        id = uuid7()  # noqa: A001
        self.affected("INSERT INTO finding (id, workspace_id, owner_id, code, message, severity, context) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                      [id, workspace_id, owner_id, finding.code, finding.message, str(finding.severity), Jsonb(finding.context)])
        return id

    def findings(self, workspace_id: UUID, code: str | None = None, status: str | None = "open", *, limit: int = 1000) -> list[StoredFinding]:
        """List findings, newest first, of a code and a status or of all."""
        query = (f"SELECT {FINDING_FIELDS} FROM finding WHERE workspace_id = %(workspace)s AND (%(code)s::text IS NULL OR code = %(code)s)"  # noqa: S608
                 " AND (%(status)s::text IS NULL OR status = %(status)s) ORDER BY created_at DESC, id DESC LIMIT %(limit)s")
        rows = self.fetch(query, {"workspace": workspace_id, "code": code, "status": status, "limit": limit})
        return [_finding(row) for row in rows]

    def finding(self, workspace_id: UUID, id: UUID) -> StoredFinding:  # noqa: A002
        """Give a finding; `NotFound` where the workspace has none under this id."""
        rows = self.fetch(f"SELECT {FINDING_FIELDS} FROM finding WHERE workspace_id = %s AND id = %s", [workspace_id, id])  # noqa: S608
        if not rows:
            raise NotFound("finding", id)
        return _finding(rows[0])

    def settle_finding(self, id: UUID, status: str, actor: Actor) -> StoredFinding:  # noqa: A002
        """Settle an open finding of the actor's workspace; `Conflict` where somebody was faster."""
        query = (f"UPDATE finding SET status = %s, settled_at = clock_timestamp(), settled_by = %s WHERE id = %s AND workspace_id = %s"  # noqa: S608
                 f" AND status = 'open' RETURNING {FINDING_FIELDS}")
        rows = self.fetch(query, [status, actor.user_id, id, actor.workspace_id])
        if rows:
            return _finding(rows[0])
        found = self.finding(actor.workspace_id, id)
        raise Conflict(f"This finding is {found.status} already.", status=found.status)

    def reopen_finding(self, id: UUID, actor: Actor, status: str) -> StoredFinding:  # noqa: A002
        """Have an answered finding asked again; `Conflict` where it is not answered so any more."""
        query = (f"UPDATE finding SET status = 'open', settled_at = NULL, settled_by = NULL WHERE id = %s AND workspace_id = %s"  # noqa: S608
                 f" AND status = %s RETURNING {FINDING_FIELDS}")
        rows = self.fetch(query, [id, actor.workspace_id, status])
        if rows:
            return _finding(rows[0])
        found = self.finding(actor.workspace_id, id)
        raise Conflict(f"This finding is {found.status}, not {status}.", status=found.status, rule="changed_since")

    def _ensure_partition(self, day: date) -> None:
        """Make the partition of a day; attaching one lets others go on reading and writing, creating one in place would not."""
        name = partition_name(day)
        if name in self._known or name in self._made:
            return
        if name in self.partitions():
            self._known.add(name)
            return
        self.fetch("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        self._made.add(name)
        if name not in self.partitions():
            names = {"name": sql.Identifier(name), "start": calendar.start_of(day), "end": calendar.start_of(day + timedelta(days=1))}
            self.affected(sql.SQL("CREATE TABLE {name} (LIKE quote_tick INCLUDING DEFAULTS INCLUDING CONSTRAINTS)").format(**names))
            self.affected(sql.SQL("ALTER TABLE quote_tick ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})").format(**names))


def array(texts: Iterable[str | None]) -> str:
    """Write an array as PostgreSQL reads it, which is quicker than to have each element adapted; what may hold anything is quoted before."""
    return "{" + ",".join(["NULL" if text is None else text for text in texts]) + "}"


def _number(value: float | None) -> str | None:
    return None if value is None else repr(float(value))


def _quoted(texts: Iterable[str | None]) -> Iterator[str | None]:
    """Quote texts, each kind once: thousands of quotes name a few sources and currencies."""
    known: dict[str, str] = {}
    for text in texts:
        if text is None:
            yield None
        else:
            if text not in known:
                known[text] = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            yield known[text]


def partition_name(day: date) -> str:
    """Name the partition of a day."""
    return f"quote_tick_{day:%Y%m%d}"


def _newest(quotes: Iterable[Quote]) -> list[Quote]:
    """Keep one quote an instrument, by the rule that also holds in the table; in the order of ids, so that two writers never deadlock."""
    best: dict[UUID, Quote] = {}
    for quote in quotes:
        old = best.get(quote.instrument_id)
        if old is None or (not quote.simulated, quote.ts) > (not old.simulated, old.ts):
            best[quote.instrument_id] = quote
    return [best[id] for id in sorted(best)]  # noqa: A001


def _finding(row: tuple[Any, ...]) -> StoredFinding:
    found = StoredFinding(*row)
    return replace(found, severity=Severity(found.severity))
