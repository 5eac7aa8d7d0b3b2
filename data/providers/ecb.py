"""The reference rates of the European Central Bank: one fixing a business day, against the euro.

The daily file of a weekend carries Friday's date, and so do the quotes made of it. A day that is not in a file had no fixing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from data import calendar
from data.providers import cells
from data.providers.base import HttpProvider, Limits
from data.providers.fixings import Bank, Fixings
from data.providers.wire import Answer, Wire
from data.records import Rate
from engine.errors import MalformedResponse
from engine.types import AssetClass, Instrument, Quote

if TYPE_CHECKING:
    from data.database import Database
    from data.settings import Settings

FRANKFURT: Final = ZoneInfo("Europe/Berlin")
FIXED_AT: Final = time(14, 15)
PORTAL: Final = "https://data-api.ecb.europa.eu"
BANK: Final = Bank("ecb", "EUR", foreign_per_own=True)
RECENT: Final = timedelta(days=80)  # what the short file holds for certain
LONG: Final = timedelta(days=400)  # from there on the file of all days is shorter than the portal's table
CURRENCIES: Final = frozenset({
    "EUR", "USD", "JPY", "BGN", "CZK", "DKK", "GBP", "HUF", "PLN", "RON", "SEK", "CHF", "ISK", "NOK", "TRY", "AUD", "BRL", "CAD", "CNY", "HKD", "IDR",
    "ILS", "INR", "KRW", "MXN", "MYR", "NZD", "PHP", "SGD", "THB", "ZAR",
})  # fmt: skip
CUBE: Final = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


class Ecb(HttpProvider):
    """The ECB's files of the day and of 90 days, its data portal for a year, and its file of all days for what is longer.

    Parameters
    ----------
    wire, key
        As of every provider; there is no key.
    portal : Wire, optional
        Asked for the past; the same host as the files where absent.
    """

    name: ClassVar[str] = BANK.name
    home: ClassVar[str] = "https://www.ecb.europa.eu"
    limits: ClassVar[Limits] = Limits(per_second=1.0, burst=10, batch=200)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "fx"})

    def __init__(self, wire: Wire, key: str | None = None, *, portal: Wire | None = None) -> None:
        super().__init__(wire, key)
        self.portal = portal or wire

    @classmethod
    def from_settings(cls, settings: Settings, database: Database | None, argument: str = "") -> Self:
        """Build it; a base URL of one's own stands for both hosts."""
        made = super().from_settings(settings, database, argument)
        if cls.name not in settings.provider_base_urls:
            made.portal = Wire(cls.name, PORTAL, state=made.wire.state)
        return made

    def abort(self) -> None:
        """End what is being asked now: the process stops."""
        super().abort()
        self.portal.abort()

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: pairs of currencies that it fixes."""
        symbol = instrument.symbol
        return instrument.asset_class is AssetClass.FX and len(symbol) == 6 and {symbol[:3], symbol[3:]} <= CURRENCIES

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last fixing of each pair, as of the hour it was fixed."""
        del since
        fixings = self._read(self.wire.get("/stats/eurofxref/eurofxref-daily.xml"))
        last = max(fixings.days, default=None)
        if last is None:
            return []
        ts = datetime.combine(last, FIXED_AT, FRANKFURT)
        return [Quote(each.id, each.symbol, float(rate), cells.utc(ts), now, self.name, each.currency)
                for each in instruments if (rate := fixings.rate(each.symbol, last)) is not None]

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the fixings of pairs from `start` to `end`, both included; a day without a fixing is left out."""
        return self._history(start, end).of_pairs(pairs, start, end)

    def _history(self, start: date, end: date) -> Fixings:
        if start >= calendar.today() - RECENT:
            return self._read(self.wire.get("/stats/eurofxref/eurofxref-hist-90d.xml"))
        if end - start > LONG:
            return self._read(self.wire.get("/stats/eurofxref/eurofxref-hist.xml"))
        asked = {"format": "csvdata", "startPeriod": start.isoformat(), "endPeriod": end.isoformat(), "detail": "dataonly"}
        answer = self.portal.get("/service/data/EXR/D..EUR.SP00.A", asked, expected=(200, 404))
        if answer.status == 404 and "no results" in answer.text[:500].lower():
            return Fixings(BANK)  # how the portal says that nothing was fixed in that time
        return self._read(answer)

    def _read(self, answer: Answer) -> Fixings:
        """Read a file of fixings, XML or CSV."""
        with self.reading("the fixings"):
            text = answer.text.lstrip("\ufeff \r\n\t")
            return _of_xml(text) if text.startswith("<") else _of_csv(text)


def _of_xml(text: str) -> Fixings:
    """Read days of rates; entities are refused unread."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise MalformedResponse(BANK.name, reason="it is no XML of rates") from None
    outer = root.find(CUBE)
    if outer is None:
        raise MalformedResponse(BANK.name, reason="the XML holds no rates")
    found = Fixings(BANK)
    for of_day in outer.findall(CUBE):
        for cell in of_day.findall(CUBE):
            found.add(cells.day(of_day.get("time")), cell.get("currency"), cell.get("rate"))
    return found


def _of_csv(text: str) -> Fixings:
    """Read the portal's long table: a row for each currency and day."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    found = Fixings(BANK)
    try:
        if not {"CURRENCY", "TIME_PERIOD", "OBS_VALUE"} <= set(reader.fieldnames or ()):
            raise MalformedResponse(BANK.name, reason="the table lacks columns")
        for row in reader:
            if row.get("FREQ", "D") == "D" and row.get("CURRENCY_DENOM", BANK.own) == BANK.own:
                found.add(cells.day(row["TIME_PERIOD"]), row["CURRENCY"], row["OBS_VALUE"])
    except csv.Error:
        raise MalformedResponse(BANK.name, reason="the table cannot be read") from None
    return found


PROVIDER = Ecb
