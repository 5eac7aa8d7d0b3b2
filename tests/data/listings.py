"""Instruments as the tests of providers want them, and what a table of outcomes says of an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote, Source

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LONG_AGO, TODAY = date(1990, 1, 1), NOW.date()
OWNER = UUID(int=1)


def listed(symbol: str, currency: str = "USD", *, kind: AssetClass = AssetClass.EQUITY, exchange: str | None = None, **sources: str) -> Instrument:
    """An instrument; `finnhub="X"` names a source of its own."""
    named = tuple(Source(provider, name) for provider, name in sources.items())
    return Instrument(uuid5(NAMESPACE_URL, symbol), OWNER, symbol, symbol, kind, currency, exchange=exchange, sources=named)


def coin(symbol: str, currency: str = "USD", **sources: str) -> Instrument:
    return listed(symbol, currency, kind=AssetClass.CRYPTO, **sources)


def pair(symbol: str) -> Instrument:
    return listed(symbol, symbol[3:], kind=AssetClass.FX)


def quote_of(instrument: Instrument) -> Callable[[Any], Any]:
    """Ask a client for one quote, and give symbol, price, time, currency and volume."""
    return lambda client: quotes_of(instrument)(client)[0]


def quotes_of(*instruments: Instrument) -> Callable[[Any], Any]:
    return lambda client: [seen(quote) for quote in client.fetch_quotes(list(instruments), NOW)]


def bars_of(instrument: Instrument, start: date = LONG_AGO, end: date = TODAY) -> Callable[[Any], Any]:
    return lambda client: [ohlcv(bar) for bar in client.fetch_bars(instrument, start, end)]


def actions_of(instrument: Instrument, start: date = LONG_AGO, end: date = TODAY) -> Callable[[Any], Any]:
    return lambda client: [told(action) for action in client.fetch_actions(instrument, start, end)]


def found_by(text: str) -> Callable[[Any], Any]:
    return lambda client: [(hit.symbol, hit.name, hit.asset_class.value, hit.currency, hit.exchange, hit.isin) for hit in client.search(text)]


def rates_of(*pairs: str, start: date = LONG_AGO, end: date = TODAY) -> Callable[[Any], Any]:
    return lambda client: {name: [(rate.date.isoformat(), str(rate.rate)) for rate in rates]
                           for name, rates in client.fetch_fx(list(pairs), start, end).items()}


def seen(quote: Quote) -> tuple[str, float, str, str, float | None]:
    return quote.symbol, quote.price, quote.ts.isoformat(), quote.currency, quote.volume


def ohlcv(bar: Bar) -> tuple[str | None, ...]:
    return (bar.date.isoformat(), *(_text(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)))


def told(action: CorporateAction) -> tuple[str, str, str | None, str | None, str | None]:
    return action.date.isoformat(), action.kind, _text(action.ratio), _text(action.amount), action.currency


def day(text: str) -> date:
    return date.fromisoformat(text)


def prices_in(answer: object) -> list[float]:
    """Every price, rate and ratio that an answer holds, for what must be true of all of them."""
    if isinstance(answer, dict | list | tuple) and not hasattr(answer, "rate"):
        return [price for each in (answer.values() if isinstance(answer, dict) else answer) for price in prices_in(each)]
    names = ("price", "rate", "open", "high", "low", "close", "adjusted_close", "ratio", "amount")
    own = [float(value) for name in names if (value := getattr(answer, name, None)) is not None]
    return own + [price for name in ("bars", "actions") for price in prices_in(getattr(answer, name, []))]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value.normalize(), "f") if value == value.to_integral_value() else str(value)
