"""The Bank of England's spot rates: units of a currency for one pound, from its statistical database as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar, Final

from data.providers.base import HttpProvider, Limits
from data.providers.fixings import Bank, Fixings
from data.records import Rate
from engine.errors import MalformedResponse
from engine.types import Instrument

BANK: Final = Bank("bankofengland", "GBP", foreign_per_own=True)
SERIES: Final = {
    "XUDLUSS": "USD", "XUDLERS": "EUR", "XUDLJYS": "JPY", "XUDLCDS": "CAD", "XUDLSFS": "CHF", "XUDLADS": "AUD", "XUDLNDS": "NZD",
    "XUDLNKS": "NOK", "XUDLSKS": "SEK", "XUDLDKS": "DKK", "XUDLHDS": "HKD", "XUDLSGS": "SGD", "XUDLSRS": "SAR", "XUDLZRS": "ZAR",
    "XUDLTWS": "TWD", "XUDLBK25": "CZK", "XUDLBK33": "HUF", "XUDLBK47": "PLN", "XUDLBK78": "ILS", "XUDLBK83": "MYR", "XUDLBK87": "THB",
    "XUDLBK89": "CNY", "XUDLBK93": "KRW", "XUDLBK95": "TRY", "XUDLBK97": "INR", "XUDLZOS4": "RON",
}  # fmt: skip
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class BankOfEngland(HttpProvider):
    """One row a business day."""

    name: ClassVar[str] = BANK.name
    home: ClassVar[str] = "https://www.bankofengland.co.uk"
    limits: ClassVar[Limits] = Limits(per_second=1.0, burst=5)
    offers: ClassVar[frozenset[str]] = frozenset({"fx"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for quotes: for none, it has daily rates alone."""
        del instrument
        return False

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the rates of pairs from `start` to `end`, both included; a day without a rate is left out."""
        wanted = {code for pair in pairs for code in (pair[:3], pair[3:])}
        asked = {"csv.x": "yes", "CSVF": "TN", "UsingCodes": "Y", "Datefrom": f"{start:%d/%b/%Y}", "Dateto": f"{end:%d/%b/%Y}",
                 "SeriesCodes": ",".join(series for series, code in SERIES.items() if code in wanted)}
        if not asked["SeriesCodes"]:
            return {pair: [] for pair in pairs}
        answer = self.wire.get("/boeapps/database/_iadb-fromshowcolumns.asp", asked)
        with self.reading("the rates"):
            return _fixings(answer.text).of_pairs(pairs, start, end)


def _fixings(text: str) -> Fixings:
    """Read a table: a column for each series, a row for each day."""
    found = Fixings(BANK)
    try:
        lines = [line for line in csv.reader(io.StringIO(text.lstrip("\ufeff")), strict=True) if line]
    except csv.Error:
        raise MalformedResponse(BANK.name, reason="the table cannot be read") from None
    if not lines or lines[0][0].strip().upper() != "DATE":
        raise MalformedResponse(BANK.name, reason="it is no table of rates")
    names = [SERIES.get(name.strip().upper()) for name in lines[0][1:]]
    for line in lines[1:]:
        if len(line) != len(names) + 1:
            raise MalformedResponse(BANK.name, reason="a row is not as long as the head")
        for code, value in zip(names, line[1:], strict=True):
            if code is not None:
                found.add(_day(line[0]), code, value)
    return found


def _day(text: str) -> date | None:
    """Read a date such as 17 Mar 2026, in English whatever this machine speaks."""
    try:
        day, month, year = text.strip().split()
        return datetime(int(year), MONTHS.index(month.title()) + 1, int(day), tzinfo=UTC).date()
    except ValueError:
        return None


PROVIDER = BankOfEngland
