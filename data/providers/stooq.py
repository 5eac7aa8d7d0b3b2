"""Stooq: quotes and daily bars as CSV, without a key and without a promise.

It answers 200 to everything: cells of `N/D` or the text `No data` for a symbol it does not know, a sentence when the day's requests are
used up, and a page with a riddle for browsers where it does not like the caller. Times are local to Warsaw. Which unit a price is in is
not told, so markets that quote in hundredths are not asked for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from data.providers import cells, rows
from data.providers.base import Limits
from data.providers.wire import Answer, check_symbol
from data.records import Rate
from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Bar, Instrument, Quote

WARSAW: Final = ZoneInfo("Europe/Warsaw")
RAW: Final = "1111111"  # leaves out the adjustments for splits, dividends and the five other reasons
ENDINGS: Final = {"USD": ".us", "EUR": ".de", "PLN": "", "JPY": ".jp", "HUF": ".hu", "HKD": ".hk"}
EXCHANGES: Final = {"EUR": {"XETR", "XFRA"}, "PLN": {"XWAR"}, "JPY": {"XTKS"}, "HUF": {"XBUD"}, "HKD": {"XHKG"}}
MISSING: Final = frozenset({"N/D", "B/D", ""})


class Stooq(rows.ToldApart):
    """Stooq's CSV files."""

    name: ClassVar[str] = "stooq"
    home: ClassVar[str] = "https://stooq.com"
    limits: ClassVar[Limits] = Limits(per_second=1.0, burst=3, per_day=200, batch=40)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "fx"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: markets whose unit is known, exchange rates, and what names it as its source in such a currency."""
        if rows.sourced(instrument, self.name) is not None:
            return instrument.currency not in rows.IN_HUNDREDTHS or instrument.asset_class is AssetClass.FX
        if instrument.asset_class is AssetClass.FX:
            return len(instrument.symbol) == len("EURUSD")
        at_home = instrument.exchange in (rows.US | {None} if instrument.currency == "USD" else EXCHANGES.get(instrument.currency, ()))
        return instrument.asset_class in rows.LISTED and at_home

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the symbol with the ending of its market."""
        if instrument.asset_class is AssetClass.FX:
            return instrument.symbol.lower()
        return instrument.symbol.lower().replace(".", "-") + ENDINGS.get(instrument.currency, "")

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last price of each instrument, many in one request."""
        del since
        asked = {self.symbol(instrument).upper(): instrument for instrument in instruments}
        if not asked:
            return []
        answer = self.wire.get("/q/l/", {"s": " ".join(asked).lower(), "f": "sd2t2ohlcv", "h": "", "e": "csv"})
        with self.reading("the quotes"):
            lines = self._lines(answer, " ".join(asked), ("Symbol", "Date", "Time", "Close"))
            told = {line["Symbol"].strip().upper(): line for line in lines}
            if strange := told.keys() - asked.keys():
                raise MalformedResponse(self.name, reason=f"it tells {min(strange)}, which was not asked for")
            return rows.one_by_one(list(asked.values()), lambda each: self._quote(each, told.get(self.symbol(each).upper()), now))

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included, as traded."""
        return self._bars(self.symbol(instrument), start, end)

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily closes of pairs from `start` to `end`, both included."""
        return {pair: [Rate(bar.date, bar.close, self.name) for bar in self._bars(pair.lower(), start, end)] for pair in pairs}

    def _bars(self, symbol: str, start: date, end: date) -> list[Bar]:
        asked = {"s": check_symbol(symbol), "d1": f"{start:%Y%m%d}", "d2": f"{end:%Y%m%d}", "i": "d", "o": RAW}
        answer = self.wire.get("/q/d/l/", asked)
        with self.reading(symbol):
            lines = self._lines(answer, symbol, ("Date", "Close"))
            return rows.in_order(self.name, [self._bar(line) for line in lines if line["Close"] not in MISSING], start, end)

    def _bar(self, line: Mapping[str, str]) -> Bar | None:
        return rows.bar(cells.day(line["Date"]), [line.get(name) for name in ("Open", "High", "Low", "Close", "Volume")], source=self.name)

    def _quote(self, instrument: Instrument, line: Mapping[str, str] | None, now: datetime) -> Quote:
        """Make a quote of a line; an unknown symbol has none, or one without a close."""
        if line is None or line["Close"] in MISSING:
            raise UnknownSymbol(self.name, instrument.symbol)
        return rows.quote(self.name, instrument, line["Close"], cells.stamp(f"{line['Date']}T{line['Time']}", WARSAW), now, volume=line.get("Volume"))

    def _lines(self, answer: Answer, symbol: str, needed: Sequence[str]) -> list[dict[str, str]]:
        """Read a table, or raise what is said in its place."""
        text = answer.text.lstrip("\ufeff").strip()
        said = text[:400].lower()
        if said.startswith("<") or "<html" in said or "<script" in said:
            raise ProviderRefused(self.name, reason="it answers with a page for browsers: this machine is blocked")
        if "apikey" in said or "api key" in said:
            raise ProviderRefused(self.name, reason="it wants a key now, which it gives to browsers only")
        if "exceeded" in said or "hits limit" in said or "przekroczony" in said:
            raise RateLimited(self.name, until="day")
        if said in {"no data", "brak danych"}:
            raise UnknownSymbol(self.name, symbol)
        try:
            reader = csv.DictReader(io.StringIO(text), strict=True)
            found = [{str(name).strip(): (value or "").strip() for name, value in line.items() if isinstance(value, str | None)} for line in reader]
        except csv.Error:
            raise MalformedResponse(self.name, reason="its table cannot be read") from None
        if not set(needed) <= {name.strip() for name in reader.fieldnames or []}:
            raise MalformedResponse(self.name, reason="its table lacks columns")
        return found


PROVIDER = Stooq
