"""The Bank of Canada's daily rates: Canadian dollars for one unit, from its Valet interface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Final

from data.providers import cells
from data.providers.base import HttpProvider, Limits
from data.providers.fixings import Bank, Fixings
from data.records import Rate
from engine.errors import MalformedResponse
from engine.types import Instrument

BANK: Final = Bank("bankofcanada", "CAD", foreign_per_own=False)
SERIES: Final = re.compile(r"FX([A-Z]{3})CAD")


class BankOfCanada(HttpProvider):
    """One observation a business day, published in the afternoon of Ottawa."""

    name: ClassVar[str] = BANK.name
    home: ClassVar[str] = "https://www.bankofcanada.ca"
    limits: ClassVar[Limits] = Limits(per_second=1.0, burst=5)
    offers: ClassVar[frozenset[str]] = frozenset({"fx"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for quotes: for none, it has daily rates alone."""
        del instrument
        return False

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the rates of pairs from `start` to `end`, both included; a day without a rate is left out."""
        answer = self.wire.get("/valet/observations/group/FX_RATES_DAILY/json", {"start_date": start.isoformat(), "end_date": end.isoformat()})
        with self.reading("the rates"):
            return _fixings(answer.json(exact=True)).of_pairs(pairs, start, end)


def _fixings(body: object) -> Fixings:
    """Read observations: a date, and under the name of each series an object with its value."""
    found = Fixings(BANK)
    for row in cells.records(BANK.name, cells.shaped(BANK.name, body, dict, "the answer").get("observations"), "observations"):
        for name, cell in row.items():
            if series := SERIES.fullmatch(name):
                found.add(cells.day(row.get("d")), series[1], cells.shaped(BANK.name, cell, dict, name).get("v"))
            elif name != "d":
                raise MalformedResponse(BANK.name, reason=f"a series that is no rate in CAD: {name}")
    return found


PROVIDER = BankOfCanada
