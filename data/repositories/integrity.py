"""What must be true between tables, asked of the tables themselves."""

from __future__ import annotations

from typing import Final, LiteralString

from data.repositories.base import Repository

VERSIONS: Final = """
    SELECT id::text || ' of portfolio ' || min(portfolio_id::text) || ' has the versions ' || array_agg(version ORDER BY version)::text
    FROM ledger_entry GROUP BY id
    HAVING count(*) <> max(version) OR min(version) <> 1 OR count(DISTINCT portfolio_id) <> 1 OR count(DISTINCT workspace_id) <> 1
           OR array_agg(recorded_at ORDER BY version) <> array_agg(recorded_at ORDER BY recorded_at, version)
    ORDER BY 1 LIMIT 100"""
LATEST: Final = """
    SELECT i.symbol || ': the latest price is of ' || l.ts || ', a tick of ' || t.ts || ' is stored'
    FROM quote_latest l JOIN instrument i ON i.id = l.instrument_id
    JOIN LATERAL (SELECT ts FROM quote_tick WHERE instrument_id = l.instrument_id AND simulated = l.simulated
                  ORDER BY ts DESC LIMIT 1) t ON true
    WHERE t.ts > l.ts ORDER BY 1 LIMIT 100"""
PACKS: Final = """
    SELECT i.symbol || ': ' || octet_length(p.days) / 4 || ' closes in one piece, ' || b.bars || ' bars'
    FROM close_pack p JOIN instrument i ON i.id = p.instrument_id
    JOIN LATERAL (SELECT count(*) AS bars FROM bar WHERE instrument_id = p.instrument_id) b ON true
    WHERE octet_length(p.days) / 4 <> b.bars OR octet_length(p.closes) / 8 <> b.bars ORDER BY 1 LIMIT 100"""


class Integrity(Repository):
    """Counts and the first that are wrong, by table."""

    def broken_versions(self) -> tuple[int, tuple[str, ...]]:
        """Tell of which transactions the versions have a hole, are out of order, or have moved to another portfolio."""
        return self._told("SELECT count(*) FROM ledger_entry", VERSIONS)

    def late_prices(self) -> tuple[int, tuple[str, ...]]:
        """Tell of which instruments a tick is newer than the latest price."""
        return self._told("SELECT count(*) FROM quote_latest", LATEST)

    def wrong_packs(self) -> tuple[int, tuple[str, ...]]:
        """Tell of which instruments the closes that lie in one piece are not as many as the bars."""
        return self._told("SELECT count(*) FROM close_pack", PACKS)

    def _told(self, count: LiteralString, wrong: LiteralString) -> tuple[int, tuple[str, ...]]:
        return int(self.fetch(count)[0][0]), tuple(str(row[0]) for row in self.fetch(wrong))
