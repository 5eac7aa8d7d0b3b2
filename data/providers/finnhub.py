"""Finnhub: last prices and search on the free plan; candles, splits and dividends on the paid ones.

An unknown symbol is answered with 200 and zeros everywhere. The currency and unit of a price are not told, so listings are asked for
only where there is no doubt. Candles are adjusted for splits; the splits are fetched along and undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from data import calendar
from data.providers import cells, rows
from data.providers.base import Limits, Listing
from data.providers.finnhub_stream import FinnhubDialect, stream_url
from data.providers.streaming import Stream
from data.providers.wire import Answer
from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import Bar, CorporateAction, Instrument, Quote

NEW_YORK: Final = ZoneInfo("America/New_York")
VERSION: Final = "/api/v1"
SELDOM_SECONDS: Final = 3600.0  # Finnhub keeps the line up by pings of its own
COLUMNS: Final = ("o", "h", "l", "c", "v")


class Finnhub(rows.ToldApart):
    """Finnhub over REST; its trades come through `finnhub_stream`."""

    name: ClassVar[str] = "finnhub"
    home: ClassVar[str] = "https://finnhub.io"
    needs_key: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(per_second=1.0, burst=30)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "actions", "search"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: US listings, and what names it as its source in a currency without doubt."""
        return rows.us_symbol(instrument, self.name) is not None

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last price of each instrument."""
        del since
        return rows.one_by_one(instruments, lambda instrument: self._quote(instrument, now))

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included, with splits undone."""
        found = self.candles(instrument, start, end)
        return rows.unadjusted(found, self.fetch_splits(instrument, found[0].date, calendar.today())) if found else found

    def candles(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included, adjusted for splits as they come."""
        symbol = self.symbol(instrument)
        until = end + timedelta(days=1)
        answer = self._ask("/stock/candle", {"symbol": symbol, "resolution": "D", "from": _seconds(start), "to": _seconds(until)})
        with self.reading(symbol):
            return rows.in_order(self.name, _candles(_object(answer, symbol)), start, end)

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return splits and dividends by date."""
        return sorted(self.fetch_splits(instrument, start, end) + self.fetch_dividends(instrument, start, end), key=lambda each: each.date)

    def fetch_splits(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the splits from `start` to `end`."""
        found = self._actions("/stock/split", instrument, start, end)
        with self.reading(instrument.symbol):
            return [rows.split(self.name, row.get("date"), row.get("toFactor"), row.get("fromFactor")) for row in found]

    def fetch_dividends(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the dividends from `start` to `end`, by ex-date, as they were paid."""
        found = self._actions("/stock/dividend", instrument, start, end)
        with self.reading(instrument.symbol):
            return [rows.dividend(self.name, row.get("date"), row.get("amount"), row.get("currency") or instrument.currency) for row in found]

    def search(self, text: str) -> list[Listing]:
        """Return what a text may mean. Neither currency nor exchange is told but by the ending of the symbol."""
        answer = self._ask("/search", {"q": text})
        with self.reading("search"):
            found = cells.records(self.name, _object(answer, text).get("result"), "result")
            return [Listing(symbol, cells.word(row.get("description")), rows.asset_class(row.get("type")), None, None, None, self.name)
                    for row in found if (symbol := cells.word(row.get("symbol")))]

    def stream(self, ingest: Callable[..., object], instruments: Callable[[], Sequence[Instrument]]) -> Stream:
        """Give the line on which Finnhub tells trades as they come."""
        url = stream_url(self.wire.base_url, self.key or "")
        return Stream(FinnhubDialect(self.symbol), url, ingest, lambda: [one for one in instruments() if self.covers(one)],
                      heartbeat_seconds=SELDOM_SECONDS)

    def _quote(self, instrument: Instrument, now: datetime) -> Quote:
        symbol = self.symbol(instrument)
        answer = self._ask("/quote", {"symbol": symbol})
        with self.reading(symbol):
            body = _object(answer, symbol)
            if cells.number(body.get("c")) == 0 and cells.number(body.get("t")) in {0, None}:
                raise UnknownSymbol(self.name, symbol)
            return rows.quote(self.name, instrument, body.get("c"), cells.epoch(body.get("t")), now)

    def _actions(self, path: str, instrument: Instrument, start: date, end: date) -> list[dict[str, Any]]:
        symbol = self.symbol(instrument)
        answer = self._ask(path, {"symbol": symbol, "from": start.isoformat(), "to": end.isoformat()})
        with self.reading(symbol):
            body = answer.json(exact=True)
            _refuse_errors(body, symbol)
            found = cells.records(self.name, body, "actions")
            if any(cells.word(row.get("symbol")).upper() != symbol.upper() for row in found):
                raise MalformedResponse(self.name, reason=f"actions of another symbol than {symbol}")
            return [row for row in found if (day := cells.day(row.get("date"))) is None or start <= day <= end]

    def _ask(self, path: str, params: Mapping[str, Any]) -> Answer:
        return self.wire.get(rows.beneath(self.wire.base_url, VERSION) + path, dict(params), headers={"X-Finnhub-Token": self.key or ""})


def _object(answer: Answer, symbol: str) -> dict[str, Any]:
    """Read an answer that is an object, and no complaint."""
    body = answer.json(exact=True)
    _refuse_errors(body, symbol)
    return cells.shaped(Finnhub.name, body, dict, "the answer")


def _refuse_errors(body: object, symbol: str) -> None:
    """Raise what a body complains of, whatever status it came with."""
    said = cells.told(body, "error")
    if "limit" in said:
        raise RateLimited(Finnhub.name, until="burst")
    if "access" in said or "api key" in said or "premium" in said:
        raise ProviderRefused(Finnhub.name, reason="the plan or the key does not allow this")
    if "symbol" in said:
        raise UnknownSymbol(Finnhub.name, symbol)
    if said:
        raise MalformedResponse(Finnhub.name, reason="it answered with an error")


def _candles(body: Mapping[str, Any]) -> list[Bar | None]:
    """Make bars of the arrays of a candle; `no_data` is none."""
    if body.get("s") == "no_data":
        return []
    times = cells.shaped(Finnhub.name, body.get("t"), list, "t")
    columns = [cells.shaped(Finnhub.name, body.get(name), list, name) for name in COLUMNS]
    if body.get("s") != "ok" or any(len(column) != len(times) for column in columns):
        raise MalformedResponse(Finnhub.name, reason="the arrays of the candles are not of one length")
    return [rows.bar(_day(time), row, source=Finnhub.name) for time, *row in zip(times, *columns, strict=True)]


def _day(value: object) -> date | None:
    """Tell the trading date of a candle: stamped with midnight in UTC, or with an hour of the exchange."""
    ts = cells.epoch(value)
    if ts is None:
        return None
    return ts.date() if (ts.hour, ts.minute, ts.second) == (0, 0, 0) else ts.astimezone(NEW_YORK).date()


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


PROVIDER = Finnhub
