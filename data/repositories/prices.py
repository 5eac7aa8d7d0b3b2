"""Prices at rest: bars of instruments and rates of currency pairs, in by COPY, out by arrays.

A market that is simulated never replaces a fact: a simulated bar or rate is not written over one that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from data.records import LastClose, LastRate, Rate
from data.repositories.base import Repository, aligned
from engine.types import Bar

BAR_FIELDS: Final = ("date", "close", "open", "high", "low", "volume", "adjusted_close", "source", "simulated", "mark")
LINES: Final = 5000
ESCAPED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
RATE_FIELDS: Final = ("date", "rate", "source", "simulated")
WITHIN: Final = "date BETWEEN coalesce(%(start)s, '-infinity'::date) AND coalesce(%(end)s, 'infinity'::date)"
BEFORE: Final = "date < coalesce(%(before)s, 'infinity'::date) AND date <= coalesce(%(on)s, 'infinity'::date)"
MERGE: Final = ("INSERT INTO {table} AS old ({columns}) SELECT {columns} FROM {load} ON CONFLICT ({key}) DO UPDATE SET {news}"
                " WHERE old.simulated OR NOT excluded.simulated")
EPOCH: Final = date(1970, 1, 1)
Days = NDArray[np.int32]
Closes = NDArray[np.float64]
DAYS: Final = "array_agg(date - DATE '1970-01-01' ORDER BY date)"


class Prices(Repository):
    """Bars and rates."""

    def put_bars(self, instrument_id: UUID, bars: Iterable[Bar]) -> int:
        """Store bars; one of the same date is replaced. Gives how many were written."""
        rows = {bar.date: (instrument_id, *_cells(bar)) for bar in bars}
        return self._put("bar", ("instrument_id", *BAR_FIELDS), ("instrument_id", "date"), list(rows.values()))

    def put_series(self, series: Mapping[UUID, Sequence[Bar]]) -> int:
        """Store the bars of several instruments: those that have none yet in one go. Gives how many were written."""
        there = {key for (key,) in self.fetch("SELECT id FROM unnest(%s::uuid[]) asked(id) WHERE EXISTS (SELECT FROM bar WHERE instrument_id = id)",
                                              [sorted(series)])}
        fresh = {key: {bar.date: bar for bar in bars} for key, bars in series.items() if key not in there}
        rows = ((key, *_cells(bar)) for key, bars in fresh.items() for bar in bars.values())
        columns = _list(("instrument_id", *BAR_FIELDS))
        with self.cursor() as cursor:
            _copy(cursor, sql.SQL("COPY bar ({}) FROM STDIN").format(columns), rows)
        return sum(map(len, fresh.values())) + sum(self.put_bars(key, series[key]) for key in sorted(there))

    def bars(self, instrument_id: UUID, start: date | None = None, end: date | None = None) -> list[Bar]:
        """List the bars of an instrument from `start` to `end`, both included, by date."""
        query = f"SELECT {', '.join(BAR_FIELDS)} FROM bar WHERE instrument_id = %(id)s AND {WITHIN} ORDER BY date"  # noqa: S608
        return [Bar(*row) for row in self.fetch(query, {"id": instrument_id, "start": start, "end": end})]

    def bars_on(self, instrument_id: UUID, days: Sequence[date]) -> dict[date, Bar]:
        """Give the bars of some days."""
        query = f"SELECT {', '.join(BAR_FIELDS)} FROM bar WHERE instrument_id = %s AND date = ANY(%s)"  # noqa: S608
        return {row[0]: Bar(*row) for row in self.fetch(query, [instrument_id, list(days)])}

    def remove_bars(self, instrument_id: UUID, days: Sequence[date]) -> int:
        """Delete the bars of some days; gives how many there were."""
        return self.affected("DELETE FROM bar WHERE instrument_id = %s AND date = ANY(%s)", [instrument_id, list(days)])

    def rates_on(self, workspace_id: UUID, pair: str, days: Sequence[date]) -> dict[date, Rate]:
        """Give the rates of a pair on some days."""
        query = f"SELECT {', '.join(RATE_FIELDS)} FROM fx_rate WHERE workspace_id = %s AND pair = %s AND date = ANY(%s)"  # noqa: S608
        return {row[0]: Rate(*row) for row in self.fetch(query, [workspace_id, pair, list(days)])}

    def remove_rates(self, workspace_id: UUID, pair: str, days: Sequence[date]) -> int:
        """Delete the rates of a pair on some days; gives how many there were."""
        return self.affected("DELETE FROM fx_rate WHERE workspace_id = %s AND pair = %s AND date = ANY(%s)", [workspace_id, pair, list(days)])

    def put_rates(self, workspace_id: UUID, pair: str, rows: Iterable[Rate | tuple[Any, ...]], *, owner_id: UUID | None = None) -> int:
        """Store rates of a pair, as `Rate` or as (date, rate[, source[, simulated]]). Gives how many were written."""
        rates = [Rate(*row) for row in rows]
        unique = {rate.date: (workspace_id, pair, owner_id, *rate) for rate in rates}
        return self._put("fx_rate", ("workspace_id", "pair", "owner_id", *RATE_FIELDS), ("workspace_id", "pair", "date"), list(unique.values()))

    def rates(self, workspace_id: UUID, pair: str, start: date | None = None, end: date | None = None) -> list[Rate]:
        """List the rates of a pair from `start` to `end`, both included, by date."""
        query = f"SELECT {', '.join(RATE_FIELDS)} FROM fx_rate WHERE workspace_id = %(id)s AND pair = %(pair)s AND {WITHIN} ORDER BY date"  # noqa: S608
        return [Rate(*row) for row in self.fetch(query, {"id": workspace_id, "pair": pair, "start": start, "end": end})]

    def closes(self, instrument_ids: Sequence[UUID], start: date | None = None, end: date | None = None) -> pd.DataFrame:
        """Give closes side by side.

        Returns
        -------
        DataFrame
            DatetimeIndex x instrument id, float64, local currency; NaN on dates that an instrument has no bar for.
        """
        found = self._packed(instrument_ids, start, end)
        rest = [key for key in instrument_ids if key not in found]
        query = (f"SELECT instrument_id, {DAYS}, array_agg(close::float8 ORDER BY date) FROM bar"  # noqa: S608
                 f" WHERE instrument_id = ANY(%(ids)s) AND {WITHIN} GROUP BY instrument_id")
        rows = self.fetch(query, {"ids": rest, "start": start, "end": end}) if rest else []
        return aligned({**found, **{key: (days, values) for key, days, values in rows}}, list(instrument_ids))

    def traded(self, instrument_ids: Sequence[UUID], start: date, end: date | None = None) -> pd.DataFrame:
        """Give what was traded, a row a bar: instrument_id date high low volume simulated, NaN where a bar does not tell it."""
        query = ("SELECT instrument_id, date, high::float8, low::float8, volume::float8, simulated FROM bar"  # noqa: S608
                 f" WHERE instrument_id = ANY(%(ids)s) AND {WITHIN} ORDER BY date")
        rows = self.fetch(query, {"ids": list(instrument_ids), "start": start, "end": end})
        return pd.DataFrame(rows, columns=["instrument_id", "date", "high", "low", "volume", "simulated"])

    def pack_closes(self, most: int = 100, least: int = 250) -> int:
        """Lay the closes of instruments that have many bars into one piece each, where they are not; gives how many. Asked again, the rest."""
        waiting = self.fetch("SELECT id FROM instrument WHERE NOT EXISTS (SELECT FROM close_pack WHERE instrument_id = instrument.id)"
                             " AND (SELECT count(*) FROM (SELECT FROM bar WHERE instrument_id = instrument.id LIMIT %(least)s) few) = %(least)s"
                             " ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED", {"least": least, "most": most})
        for (key,) in waiting:
            (days, closes), = self.fetch(f"SELECT {DAYS}, array_agg(close::float8 ORDER BY date) FROM bar WHERE instrument_id = %s", [key])  # noqa: S608
            self.affected("INSERT INTO close_pack (instrument_id, days, closes) VALUES (%s, %s, %s)",
                          [key, np.asarray(days, dtype="<i4").tobytes(), np.asarray(closes, dtype="<f8").tobytes()])
        return len(waiting)

    def _packed(self, instrument_ids: Sequence[UUID], start: date | None, end: date | None) -> dict[UUID, tuple[Days, Closes]]:
        """Read what lies in one piece, cut to the dates."""
        rows = self.fetch("SELECT instrument_id, days, closes FROM close_pack WHERE instrument_id = ANY(%s)", [list(instrument_ids)])
        first = 0 if start is None else (start - EPOCH).days
        found = {}
        for key, days, closes in rows:
            numbers, values = np.frombuffer(days, dtype="<i4"), np.frombuffer(closes, dtype="<f8")
            kept = slice(int(numbers.searchsorted(first)) if start else 0, None if end is None else int(numbers.searchsorted((end - EPOCH).days + 1)))
            found[key] = (numbers[kept], values[kept])
        return {key: series for key, series in found.items() if len(series[0])}

    def last_closes(self, instrument_ids: Sequence[UUID], before: date | None = None, on_or_before: date | None = None) -> pd.DataFrame:
        """Give the last bar of each instrument before a date, or on or before one.

        Returns
        -------
        DataFrame
            Index instrument id; date, close (float64), source, simulated. Instruments without a bar are not in it.
        """
        query = ("SELECT asked.id, last.* FROM unnest(%(ids)s::uuid[]) asked(id) CROSS JOIN LATERAL (SELECT date, close::float8, source, simulated"  # noqa: S608
                 f" FROM bar WHERE instrument_id = asked.id AND {BEFORE} ORDER BY date DESC LIMIT 1) last")
        rows = self.fetch(query, {"ids": list(instrument_ids), "before": before, "on": on_or_before})
        return _last(rows, "instrument_id", "close")

    def recent_closes(self, instrument_ids: Sequence[UUID], on_or_before: date, count: int = 3) -> dict[UUID, list[LastClose]]:
        """Give the last bars of each instrument on or before a date, newest first; instruments without a bar are not in it."""
        query = ("SELECT asked.id, last.* FROM unnest(%(ids)s::uuid[]) asked(id) CROSS JOIN LATERAL (SELECT date, close::float8, source, simulated"
                 " FROM bar WHERE instrument_id = asked.id AND date <= %(on)s ORDER BY date DESC LIMIT %(count)s) last")
        found: dict[UUID, list[LastClose]] = {}
        for key, *bar in self.fetch(query, {"ids": list(instrument_ids), "on": on_or_before, "count": count}):
            found.setdefault(key, []).append(LastClose(*bar))
        return found

    def rates_frame(self, workspace_id: UUID, pairs: Sequence[str] | None = None, start: date | None = None, end: date | None = None) -> pd.DataFrame:
        """Give rates side by side, of some pairs or of all.

        Returns
        -------
        DataFrame
            DatetimeIndex x pair, float64; NaN on dates that a pair has no rate for.
        """
        query = (f"SELECT pair, {DAYS}, array_agg(rate::float8 ORDER BY date) FROM fx_rate WHERE workspace_id = %(id)s"  # noqa: S608
                 f" AND (%(pairs)s::text[] IS NULL OR pair = ANY(%(pairs)s)) AND {WITHIN} GROUP BY pair ORDER BY pair")
        rows = self.fetch(query, {"id": workspace_id, "pairs": None if pairs is None else list(pairs), "start": start, "end": end})
        found = {pair: (days, values) for pair, days, values in rows}
        return aligned(found, list(found) if pairs is None else list(pairs))

    def last_rates(self, workspace_id: UUID, on_or_before: date | None = None, before: date | None = None) -> pd.DataFrame:
        """Give the last rate of each pair on or before a date, or before one.

        Returns
        -------
        DataFrame
            Index pair; date, rate (float64), source, simulated.
        """
        return _last([(pair, *rate) for pair, rate in self.newest_rates(workspace_id, on_or_before, before).items()], "pair", "rate")

    def newest_rates(self, workspace_id: UUID, on_or_before: date | None = None, before: date | None = None) -> dict[str, LastRate]:
        """Give the same by pair."""
        query = ("SELECT known.pair, last.* FROM (WITH RECURSIVE pairs AS ("  # noqa: S608
                 " (SELECT pair FROM fx_rate WHERE workspace_id = %(id)s ORDER BY pair LIMIT 1) UNION ALL"
                 " SELECT (SELECT pair FROM fx_rate WHERE workspace_id = %(id)s AND pair > pairs.pair ORDER BY pair LIMIT 1) FROM pairs"
                 " WHERE pairs.pair IS NOT NULL) SELECT pair FROM pairs WHERE pair IS NOT NULL) known CROSS JOIN LATERAL"
                 " (SELECT date, rate::float8, source, simulated FROM fx_rate WHERE workspace_id = %(id)s AND pair = known.pair"
                 f" AND {BEFORE} ORDER BY date DESC LIMIT 1) last")
        rows = self.fetch(query, {"id": workspace_id, "before": before, "on": on_or_before})
        return {pair: LastRate(*rate) for pair, *rate in rows}

    def _put(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> int:
        """COPY rows into the table where it has none of their series and dates yet, else beside it, and merge them in."""
        if not rows:
            return 0
        names = {"table": sql.Identifier(table), "load": sql.Identifier(f"{table}_load"), "columns": _list(columns), "key": _list(key),
                 "news": sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in columns if name not in key)}
        with self.cursor() as cursor:
            if self._is_new(table, columns, key, rows):
                _copy(cursor, sql.SQL("COPY {table} ({columns}) FROM STDIN").format(**names), rows)
                return len(rows)
            cursor.execute(sql.SQL("CREATE TEMP TABLE IF NOT EXISTS {load} (LIKE {table}) ON COMMIT DROP").format(**names))
            _copy(cursor, sql.SQL("COPY {load} ({columns}) FROM STDIN").format(**names), rows)
            written = cursor.execute(sql.SQL(MERGE).format(**names)).rowcount
            cursor.execute(sql.SQL("TRUNCATE {load}").format(**names))
            return written

    def _is_new(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bool:
        """Tell whether a series has nothing within the dates of its rows; from here on others wait to write to it."""
        series = [(name, rows[0][columns.index(name)]) for name in key if name != "date"]
        days = [row[columns.index("date")] for row in rows]
        self.fetch("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{table}/{series}"])
        among = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name, _ in series)
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {} AND date BETWEEN %s AND %s)").format(sql.Identifier(table), among)
        return not self.fetch(query, [*(value for _, value in series), min(days), max(days)])[0][0]


_cells = attrgetter(*BAR_FIELDS)


def _copy(cursor: psycopg.Cursor[Any], statement: sql.Composed, rows: Iterable[tuple[Any, ...]]) -> None:
    """Send rows as text, some thousand at a time: half the time of sending them one by one, and the server stores while more are written."""
    waiting = iter(rows)
    with cursor.copy(statement) as copy:
        while lines := ["\t".join([_text(cell) for cell in row]) for row in islice(waiting, LINES)]:
            copy.write("\n".join(lines) + "\n")


def _text(cell: object) -> str:
    """Write a cell as COPY reads it."""
    if cell is None:
        return "\\N"
    text = str(cell)
    return text.translate(ESCAPED) if type(cell) is str else text


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _last(rows: Sequence[tuple[Any, ...]], key: str, value: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[key, "date", value, "source", "simulated"]).set_index(key)
    return frame.astype({value: "float64", "simulated": "bool"})
