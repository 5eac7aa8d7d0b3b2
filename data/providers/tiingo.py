"""Tiingo: US listings with raw bars, dividends and splits in one request, last sales of the IEX, and coins.

The date of a daily row is midnight in UTC and means the trading date itself. Of a coin only the last sale and its time count: best bid
and offer may be days old and cross each other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from data.providers import cells, rows
from data.providers.base import History, HttpProvider, Limits, Listing
from data.providers.wire import Answer, quoted
from engine.errors import ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

OHLCV: Final = ("open", "high", "low", "close", "volume")
READ: Final = (200, 404)
Sale = Callable[[Mapping[str, Any]], tuple[object, object, object]]
STEPS: Final = ((3600, "1hour"), (1800, "30min"), (900, "15min"), (300, "5min"))


class Tiingo(HttpProvider):
    """Tiingo's end-of-day, IEX and coin endpoints."""

    name: ClassVar[str] = "tiingo"
    home: ClassVar[str] = "https://api.tiingo.com"
    needs_key: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(per_second=0.5, burst=20, per_day=1000, batch=50)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "actions", "search", "intraday"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: US listings, coins, and what names it as its source in dollars."""
        return instrument.asset_class is AssetClass.CRYPTO or (rows.us_symbol(instrument, self.name) is not None and instrument.currency == "USD")

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the ticker: BRK-B for BRK.B, btcusd for a coin."""
        if instrument.asset_class is not AssetClass.CRYPTO:
            return instrument.symbol.replace(".", "-")
        coin = instrument.symbol.removesuffix(instrument.currency).rstrip("-/") or instrument.symbol
        return f"{coin}{instrument.currency}".lower()

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last sale of each instrument: one request for shares, one for coins."""
        del since
        coins = [each for each in instruments if each.asset_class is AssetClass.CRYPTO]
        shares = [each for each in instruments if each.asset_class is not AssetClass.CRYPTO]
        return rows.together([lambda: self._sales("/iex/", _sale_of_share, shares, now),
                              lambda: self._sales("/tiingo/crypto/top", _sale_of_coin, coins, now)])

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return raw bars and the splits and dividends in them, of one request."""
        symbol = self.symbol(instrument)
        asked = {"startDate": start.isoformat(), "endDate": end.isoformat()}
        if instrument.asset_class is AssetClass.CRYPTO:
            answer = self._get("/tiingo/crypto/prices", {"tickers": symbol, "resampleFreq": "1day", **asked})
            with self.reading(symbol):
                told = self._coin_rows(answer, symbol)
                return History(rows.in_order(self.name, [_bar(row) for row in told], start, end), [], instrument.currency)
        answer = self._get(f"/tiingo/daily/{quoted(symbol)}/prices", {"format": "json", **asked})
        with self.reading(symbol):
            told = self._rows(answer, symbol)
            bars = rows.in_order(self.name, [_bar(row) for row in told], start, end)
            return History(bars, [action for action in _actions(told) if start <= action.date <= end], "USD")

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return the closes of bars on the IEX from `start` to `end`, as of the end of each bar."""
        step, named = next(((seconds, name) for seconds, name in STEPS if seconds <= every_seconds), STEPS[-1])
        found: list[Quote] = []
        for instrument in (each for each in instruments if each.asset_class is not AssetClass.CRYPTO):
            symbol = self.symbol(instrument)
            asked = {"format": "json", "resampleFreq": named, "startDate": start.date().isoformat(), "endDate": end.date().isoformat()}
            answer = self._get(f"/iex/{quoted(symbol)}/prices", asked)
            with self.reading(symbol):
                found += [quote for row in self._rows(answer, symbol) if start <= (quote := _close(instrument, row, step)).ts <= end]
        return sorted(found, key=lambda quote: quote.ts)

    def search(self, text: str) -> list[Listing]:
        """Return what a text may mean."""
        answer = self._get("/tiingo/utilities/search", {"query": text})
        with self.reading("search"):
            return [Listing(symbol, cells.word(row.get("name")), rows.asset_class(row.get("assetType")), None, None, None, self.name)
                    for row in self._rows(answer, text) if (symbol := cells.word(row.get("ticker")))]

    def _sales(self, path: str, read: Sale, instruments: Sequence[Instrument], now: datetime) -> list[Quote]:
        """Ask for the last sales of shares or of coins."""
        if not instruments:
            return []
        symbols = ",".join(self.symbol(each) for each in instruments).lower()
        answer = self._get(path, {"tickers": symbols})
        with self.reading("the quotes"):
            told = {cells.word(row.get("ticker")).upper(): row for row in self._rows(answer, symbols)}
            return rows.one_by_one(instruments, lambda each: self._quote(each, told, read, now))

    def _quote(self, instrument: Instrument, told: Mapping[str, Mapping[str, Any]], read: Sale, now: datetime) -> Quote:
        """Make a quote of the row of a symbol; one in another currency is of another market."""
        row = told.get(self.symbol(instrument).upper())
        if row is None or instrument.currency != (cells.currency(row.get("quoteCurrency")) or instrument.currency):
            raise UnknownSymbol(self.name, instrument.symbol)
        price, when, size = read(row)
        return rows.quote(self.name, instrument, price, cells.stamp(when), now, volume=size)

    def _coin_rows(self, answer: Answer, symbol: str) -> list[dict[str, Any]]:
        """Give the daily rows of one coin over all exchanges."""
        of_coin = [row for row in self._rows(answer, symbol) if cells.word(row.get("ticker")).lower() == symbol.lower()]
        return cells.records(self.name, of_coin[0].get("priceData"), "priceData") if of_coin else []

    def _get(self, path: str, params: Mapping[str, object]) -> Answer:
        return self.wire.get(path, params, headers={"Authorization": f"Token {self.key}"}, expected=READ)

    def _rows(self, answer: Answer, symbol: str) -> list[dict[str, Any]]:
        """Read rows, JSON or CSV, or raise what is said in their place."""
        text = answer.text.lstrip("\ufeff").strip()
        said = text[:400].lower() if not text.startswith("[") else ""
        if "request allocation" in said or "rate limit" in said or "run over your" in said:
            raise RateLimited(self.name, until="day" if "day" in said or "daily" in said else "burst")
        if answer.status == 404 or "not found" in said:
            raise UnknownSymbol(self.name, symbol)
        if "permission" in said or "token" in said:
            raise ProviderRefused(self.name, reason="the key or the plan does not allow this")
        if text.startswith("date,"):
            return [dict(row) for row in csv.DictReader(io.StringIO(text))]
        return cells.records(self.name, answer.json(exact=True), "the answer")


def _sale_of_share(row: Mapping[str, Any]) -> tuple[object, object, object]:
    """Give price, time and size of the last sale; Tiingo's own last price where the IEX has none."""
    sold = row.get("last") is not None
    return (row.get("last"), row.get("lastSaleTimestamp"), row.get("lastSize")) if sold else (row.get("tngoLast"), row.get("timestamp"), None)


def _sale_of_coin(row: Mapping[str, Any]) -> tuple[object, object, object]:
    """Give price, time and size of the last sale over all exchanges; never the best bid or offer."""
    top = cells.records(Tiingo.name, row.get("topOfBookData"), "topOfBookData")
    return (top[0].get("lastPrice"), top[0].get("lastSaleTimestamp"), top[0].get("lastSize")) if top else (None, None, None)


def _bar(row: Mapping[str, Any]) -> Bar | None:
    return rows.bar(cells.day(row.get("date")), [row.get(name) for name in OHLCV], adjusted=row.get("adjClose"), source=Tiingo.name)


def _actions(told: Iterable[Mapping[str, Any]]) -> list[CorporateAction]:
    """Find the splits and dividends among daily rows."""
    found: list[CorporateAction] = []
    for row in told:
        if cells.number(row.get("splitFactor", 1)) != 1:
            found.append(rows.split(Tiingo.name, row.get("date"), row.get("splitFactor"), 1))
        if cells.number(row.get("divCash", 0)) != 0:
            found.append(rows.dividend(Tiingo.name, row.get("date"), row.get("divCash"), "USD"))
    return found


def _close(instrument: Instrument, row: Mapping[str, Any], step: int) -> Quote:
    begins = cells.stamp(row.get("date"))
    ends = begins and begins + timedelta(seconds=step)
    return rows.quote(Tiingo.name, instrument, row.get("close"), ends, ends or cells.ZERO, volume=row.get("volume"))


PROVIDER = Tiingo
