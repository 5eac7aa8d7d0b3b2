"""Daily valuations at rest, and the notes that tell from which day on they are wrong.

Triggers note every change of a ledger, a bar, a rate or an instrument's terms with the first date it concerns. A reader keeps with
what it computed the oldest transaction that was still running then: what came later is found by it, whoever committed first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from data import calendar
from data.records import StoredDays
from data.repositories.base import Repository

KEEP_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Subjects:
    """What valuations of a portfolio depend on: its ledger, bars of some instruments, rates of the workspace."""

    workspace_id: UUID
    portfolio_ids: tuple[UUID, ...] = ()
    instrument_ids: tuple[UUID, ...] = ()
    rates: bool = True

    def names(self) -> list[str]:
        """Name each as the triggers do."""
        of_rates = [f"fx/{self.workspace_id}"] if self.rates else []
        return [*(f"ledger/{key}" for key in self.portfolio_ids), *(f"bar/{key}" for key in self.instrument_ids), *of_rates]


class Valuations(Repository):
    """Valuations by portfolio and convention."""

    def mark(self) -> int:
        """Give the mark of this moment: everything before it is seen by this transaction."""
        return int(self.fetch("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")[0][0])

    def state(self, subjects: Subjects) -> tuple[int, int]:
        """Name the state of some subjects: it is another one after every change."""
        query = "SELECT coalesce(max(id), 0), count(*) FROM recalculation WHERE subject = ANY(%(subjects)s)"
        newest, count = self.fetch(query, {"subjects": subjects.names()})[0]
        return int(newest), int(count)

    def news(self, subjects: Subjects, mark: int) -> tuple[date | None, int]:
        """Give the first date that something changed for since a mark, None where nothing did, and the mark of this moment."""
        query = ("SELECT (SELECT min(since) FROM recalculation WHERE subject = ANY(%(subjects)s) AND xid >= %(mark)s),"
                 " pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        since, now = self.fetch(query, {"subjects": subjects.names(), "mark": mark})[0]
        return since, int(now)

    def get(self, portfolio_id: UUID, convention: str) -> StoredDays | None:
        """Give what is stored, unless notes that it would need may have been tidied away, or its mark is of another database."""
        rows = self.fetch("SELECT seen, last_day, layout, content FROM daily_valuation WHERE portfolio_id = %s AND convention = %s"
                          " AND stored_at > %s AND seen <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
                          [portfolio_id, convention, calendar.now() - timedelta(days=KEEP_DAYS - 1)])
        return StoredDays(*rows[0]) if rows else None

    def put(self, portfolio_id: UUID, convention: str, stored: StoredDays) -> None:
        """Store days in place of those that are there, unless these know more."""
        self.affected("INSERT INTO daily_valuation AS old (portfolio_id, convention, seen, last_day, layout, content) VALUES (%s, %s, %s, %s, %s, %s)"
                      " ON CONFLICT (portfolio_id, convention) DO UPDATE SET seen = excluded.seen, last_day = excluded.last_day,"
                      " layout = excluded.layout, content = excluded.content, stored_at = clock_timestamp() WHERE old.seen <= excluded.seen",
                      [portfolio_id, convention, stored.seen, stored.last_day, Jsonb(stored.layout), stored.content])

    def conventions(self, portfolio_id: UUID) -> list[str]:
        """Name what is stored of a portfolio."""
        return [name for (name,) in self.fetch("SELECT convention FROM daily_valuation WHERE portfolio_id = %s ORDER BY convention", [portfolio_id])]

    def forget(self, portfolio_ids: Sequence[UUID]) -> int:
        """Drop what is stored of portfolios."""
        return self.affected("DELETE FROM daily_valuation WHERE portfolio_id = ANY(%s)", [list(portfolio_ids)])

    def tidy(self) -> int:
        """Drop old notes and the valuations that would need them; gives the number of notes."""
        limit = calendar.now() - timedelta(days=KEEP_DAYS)
        self.affected("DELETE FROM daily_valuation WHERE stored_at < %s", [limit])
        return self.affected("DELETE FROM recalculation WHERE created_at < %s", [limit])
