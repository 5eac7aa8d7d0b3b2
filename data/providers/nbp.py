"""The National Bank of Poland's table A: zlotys for one unit, each business day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import ClassVar, Final

from data.providers import cells
from data.providers.base import HttpProvider, Limits
from data.providers.fixings import Bank, Fixings
from data.records import Rate
from engine.types import Instrument

BANK: Final = Bank("nbp", "PLN", foreign_per_own=False)
LONGEST: Final = timedelta(days=92)  # one request takes 93 days
NO_TABLE: Final = 404


class Nbp(HttpProvider):
    """One table a business day, fixed before noon in Warsaw."""

    name: ClassVar[str] = BANK.name
    home: ClassVar[str] = "https://api.nbp.pl"
    limits: ClassVar[Limits] = Limits(per_second=2.0, burst=10)
    offers: ClassVar[frozenset[str]] = frozenset({"fx"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for quotes: for none, it has daily rates alone."""
        del instrument
        return False

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the rates of pairs from `start` to `end`, both included; a day without a table is left out."""
        found = Fixings(BANK)
        for first, last in _parts(start, end):
            answer = self.wire.get(f"/api/exchangerates/tables/A/{first}/{last}/", {"format": "json"}, expected=(200, NO_TABLE))
            if answer.status != NO_TABLE:
                with self.reading("the tables"):
                    _add(found, answer.json(exact=True))
        return found.of_pairs(pairs, start, end)


def _parts(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Cut a period into those that one request takes."""
    while start <= end:
        last = min(start + LONGEST, end)
        yield start, last
        start = last + timedelta(days=1)


def _add(found: Fixings, body: object) -> None:
    """Read the tables of some days."""
    for table in cells.records(BANK.name, body, "tables"):
        for row in cells.records(BANK.name, table.get("rates"), "rates"):
            found.add(cells.day(table.get("effectiveDate")), row.get("code"), row.get("mid"))


PROVIDER = Nbp
