"""History of bars: how far it is fetched, and what providers told otherwise later, with both values.

A provider revises what it told itself; what a person put in stays, and another provider's bars stay. Prices that differ by less than
the noise of a 32-bit number are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from data.records import BarRevision, HistoryRun
from data.repositories.prices import Prices
from engine.types import Bar

RUN_FIELDS: Final = ("instrument_id", "state", "first", "last", "done", "of", "provider", "error", "failures", "retry_at", "started_at", "changed_at")
CHANGEABLE: Final = frozenset(RUN_FIELDS[1:10])
PRICES: Final = ("close", "open", "high", "low", "adjusted_close")
NOISE: Final = Decimal("1e-5")
MOST_MOVED: Final = Decimal("0.1")


@dataclass(slots=True)
class Compared:
    """What is to be done with bars that were told: those to write, what they revise, and those that move a close too far to be believed."""

    write: list[Bar] = field(default_factory=list)
    revisions: list[BarRevision] = field(default_factory=list)
    moved: list[tuple[Bar, Bar]] = field(default_factory=list)  # as stored, as told
    kept: int = 0


class History(Prices):
    """Runs and revisions, beside the bars themselves."""

    def run(self, instrument_id: UUID) -> HistoryRun | None:
        """Give the run of an instrument; None where its history was never asked for."""
        return self.runs([instrument_id]).get(instrument_id)

    def runs(self, instrument_ids: Sequence[UUID] | None = None) -> dict[UUID, HistoryRun]:
        """Give the runs of some instruments, or of all."""
        query = (f"SELECT {', '.join(RUN_FIELDS)} FROM history_run"  # noqa: S608
                 " WHERE %(ids)s::uuid[] IS NULL OR instrument_id = ANY(%(ids)s)")
        rows = self.fetch(query, {"ids": None if instrument_ids is None else list(instrument_ids)})
        return {row[0]: HistoryRun(*row) for row in rows}

    def put_run(self, instrument_id: UUID, **fields: object) -> None:
        """Write down how far a run is; fields that are not given stay."""
        unknown = fields.keys() - CHANGEABLE
        if unknown:
            raise TypeError(f"not fields of a run: {sorted(unknown)}")
        values = {"state": "waiting", **fields}
        statement = sql.SQL("INSERT INTO history_run (instrument_id, {names}) VALUES ({key}, {values})"
                            " ON CONFLICT (instrument_id) DO UPDATE SET {news}, changed_at = clock_timestamp()")
        comma = sql.SQL(", ")
        self.affected(statement.format(
            names=comma.join(sql.Identifier(name) for name in values), values=comma.join(sql.Literal(value) for value in values.values()),
            key=sql.Literal(instrument_id), news=comma.join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in fields)))

    def forget_run(self, instrument_id: UUID) -> None:
        """Have the history asked for as if it never was; bars stay."""
        self.affected("DELETE FROM history_run WHERE instrument_id = %s", [instrument_id])

    def compare(self, instrument_id: UUID, bars: Sequence[Bar]) -> Compared:
        """Tell what bars would change."""
        stored = self.bars_on(instrument_id, [bar.date for bar in bars])
        return compared(stored, bars, self.span(instrument_id))

    def span(self, instrument_id: UUID) -> tuple[date, date] | None:
        """Give the first and the last date of an instrument's bars."""
        first, last = self.fetch("SELECT min(date), max(date) FROM bar WHERE instrument_id = %s", [instrument_id])[0]
        return (first, last) if first else None

    def add_revisions(self, instrument_id: UUID, revisions: Iterable[BarRevision]) -> int:
        """Keep what was told otherwise; gives how many."""
        rows = [(instrument_id, each.date, each.field, each.was, each.became, each.source) for each in revisions]
        with self.cursor() as cursor, cursor.copy("COPY bar_revision (instrument_id, date, field, was, became, source) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return len(rows)

    def revisions(self, instrument_id: UUID, *, limit: int = 1000, before: int | None = None) -> list[tuple[int, BarRevision]]:
        """List what was told otherwise, newest first, each with its number; before a number."""
        rows = self.fetch("SELECT id, date, field, was, became, source, recorded_at FROM bar_revision WHERE instrument_id = %(id)s"
                          " AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
                          {"id": instrument_id, "before": before, "limit": limit})
        return [(row[0], BarRevision(*row[1:])) for row in rows]

    def counts(self, instrument_id: UUID) -> tuple[int, int, int]:
        """Count the bars, the actions and the revisions of an instrument."""
        row = self.fetch("SELECT (SELECT count(*) FROM bar WHERE instrument_id = %(id)s), (SELECT count(*) FROM corporate_action WHERE instrument_id"
                         " = %(id)s), (SELECT count(*) FROM bar_revision WHERE instrument_id = %(id)s)", {"id": instrument_id})[0]
        return row[0], row[1], row[2]

    def findings_of(self, instrument_id: UUID, code: str) -> list[tuple[str, dict[str, Any]]]:
        """List the findings of a code about an instrument, settled ones too: status and context of each, newest first."""
        return [(row[0], row[1]) for row in self.fetch("SELECT status, context FROM finding WHERE code = %s AND context->>'instrument_id' = %s"
                                                       " ORDER BY created_at DESC LIMIT 1000", [code, str(instrument_id)])]

    def drop_tick(self, instrument_id: UUID, price: float, mark: str) -> int:
        """Take the newest tick of a price and a mark out again; gives how many there were."""
        which = "instrument_id = %(id)s AND price::float8 = %(price)s AND mark = %(mark)s"
        return self.affected(f"DELETE FROM quote_tick WHERE {which} AND received = (SELECT max(received) FROM quote_tick WHERE {which})",  # noqa: S608
                             {"id": instrument_id, "price": price, "mark": mark})

    def latest_from_ticks(self, instrument_id: UUID) -> int:
        """Make the newest tick the latest quote, or nothing where there is none; gives whether there is one."""
        self.affected("DELETE FROM quote_latest WHERE instrument_id = %s", [instrument_id])
        return self.affected("INSERT INTO quote_latest (instrument_id, price, volume, ts, received, source, currency, simulated, sequence, mark)"
                             " SELECT instrument_id, price, volume, ts, received, source, (SELECT currency FROM instrument WHERE id = %(id)s),"
                             " simulated, sequence, mark FROM quote_tick WHERE instrument_id = %(id)s"
                             " ORDER BY simulated, ts DESC, received DESC LIMIT 1", {"id": instrument_id})


def compared(stored: Mapping[date, Bar], told: Iterable[Bar], span: tuple[date, date] | None = None) -> Compared:
    """Hold bars that a provider tells against those that are stored.

    Parameters
    ----------
    stored : Mapping of date to Bar
    told : iterable of Bar
        Of one provider.
    span : tuple of date, optional
        First and last date that is stored: a bar between them that was not there fills a gap, which is a revision too.
    """
    found = Compared()
    for bar in told:
        old = stored.get(bar.date)
        if old is None:
            found.write.append(bar)
            if span is not None and span[0] < bar.date < span[1]:
                found.revisions.append(BarRevision(bar.date, "close", None, bar.close, bar.source))
        elif old.simulated and not bar.simulated:
            found.write.append(bar)
        elif old.source != bar.source or old.mark is not None:
            found.kept += 1
        else:
            _same_source(old, bar, found)
    return found


def _same_source(old: Bar, bar: Bar, found: Compared) -> None:
    """Take over what a provider tells otherwise than before, field by field; a close that moved far waits for a person."""
    if abs(bar.close / old.close - 1) > MOST_MOVED:
        found.moved.append((old, bar))
        return
    changed = list(_changes(old, bar))
    if not changed:
        found.kept += 1
        return
    values: dict[str, Any] = {name: getattr(old, name) for name in PRICES} | {revision.field: revision.became for revision in changed}
    volume = old.volume if bar.volume is None else bar.volume
    found.write.append(Bar(bar.date, volume=volume, source=bar.source, simulated=bar.simulated, **values))
    found.revisions += changed


def _changes(old: Bar, bar: Bar) -> Iterator[BarRevision]:
    for name in PRICES:
        was, became = getattr(old, name), getattr(bar, name)
        if became is not None and (was is None or abs(became / was - 1) > NOISE):
            yield BarRevision(bar.date, name, was, became, bar.source)
