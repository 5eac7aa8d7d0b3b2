"""Coinbase Exchange: last trades, daily candles and products of coins, without a key.

A candle is `[time, low, high, open, close, volume]`, newest first, at most 300 a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final

from data.providers import cells, rows
from data.providers.base import Limits, Listing
from data.providers.wire import quoted
from engine.errors import MalformedResponse, UnknownSymbol
from engine.types import AssetClass, Bar, Instrument, Quote

DAY_SECONDS: Final = 86_400
LONGEST: Final = timedelta(days=299)
SHOWN: Final = 50
READ: Final = (200, 404)


class Coinbase(rows.ToldApart):
    """The exchange's public interface. Symbols are products such as BTC-EUR."""

    name: ClassVar[str] = "coinbase"
    home: ClassVar[str] = "https://api.exchange.coinbase.com"
    limits: ClassVar[Limits] = Limits(per_second=5.0, burst=10)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "search"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: coins."""
        return instrument.asset_class is AssetClass.CRYPTO

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the product: BTC, BTCEUR and BTC-EUR in euro are all BTC-EUR."""
        coin = instrument.symbol.upper().removesuffix(instrument.currency).rstrip("-/") or instrument.symbol.upper()
        return f"{coin}-{instrument.currency}"

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last trade of each product."""
        del since
        return rows.one_by_one(instruments, lambda instrument: self._quote(instrument, now))

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars (UTC) from `start` to `end`, both included."""
        product = self.symbol(instrument)
        found: list[Bar | None] = []
        for first, last in _parts(start, end):
            body = self._get(f"/products/{quoted(product)}/candles", {"granularity": DAY_SECONDS, "start": f"{first}T00:00:00Z",
                                                                     "end": f"{last}T00:00:00Z"}, product)
            with self.reading(product):
                found += [_bar(candle) for candle in cells.shaped(self.name, body, list, "candles")]
        with self.reading(product):
            return rows.in_order(self.name, found, start, end)

    def search(self, text: str) -> list[Listing]:
        """Return the products whose id or name holds a text, those that begin with it first."""
        body = self._get("/products", {}, "products")
        with self.reading("the products"):
            found = [_listing(row) for row in cells.records(self.name, body, "products") if row.get("trading_disabled") is not True]
        wanted = text.strip().upper()
        hits = [each for each in found if wanted in each.symbol.upper() or wanted in each.name.upper()]
        return sorted(hits, key=lambda each: (not each.symbol.startswith(wanted), each.symbol))[:SHOWN]

    def _quote(self, instrument: Instrument, now: datetime) -> Quote:
        product = self.symbol(instrument)
        body = self._get(f"/products/{quoted(product)}/ticker", {}, product)
        with self.reading(product):
            told = cells.shaped(self.name, body, dict, "the ticker")
            return rows.quote(self.name, instrument, told.get("price"), cells.stamp(told.get("time")), now, volume=told.get("size"))

    def _get(self, path: str, params: Mapping[str, Any], product: str) -> Any:  # noqa: ANN401  # whatever JSON holds
        answer = self.wire.get(path, params, expected=READ)
        body = answer.json(exact=True)
        if answer.status != 200 or "notfound" in cells.told(body, "message").replace(" ", ""):
            raise UnknownSymbol(self.name, product)
        return body


def _parts(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Cut a period into those that one request takes."""
    while start <= end:
        last = min(start + LONGEST, end)
        yield start, last
        start = last + timedelta(days=1)


def _bar(candle: object) -> Bar | None:
    """Make a bar of a candle, whose low comes first."""
    if not isinstance(candle, list) or len(candle) != 6:
        raise MalformedResponse(Coinbase.name, reason="a candle is not six numbers")
    time, low, high, opened, close, volume = candle
    ts = cells.epoch(time)
    if ts is None or ts != datetime(ts.year, ts.month, ts.day, tzinfo=UTC):
        raise MalformedResponse(Coinbase.name, reason="a daily candle does not begin at midnight")
    return rows.bar(ts.date(), (opened, high, low, close, volume), source=Coinbase.name)


def _listing(row: Mapping[str, Any]) -> Listing:
    """Make a listing of a product."""
    symbol = cells.word(row.get("id"))
    if not symbol:
        raise MalformedResponse(Coinbase.name, reason="a product has no id")
    return Listing(symbol, cells.word(row.get("display_name")) or symbol, AssetClass.CRYPTO, cells.currency(row.get("quote_currency")), "Coinbase",
                   None, Coinbase.name)


PROVIDER = Coinbase
