"""Small bodies of our own: what is asked, and the values that the client must give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from data.providers.base import Listing
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote
from tests.data.listings import LONG_AGO, NOW, TODAY, coin, listed, ohlcv, pair, seen, told

BODIES = Path(__file__).parent / "bodies"
FEW = (date(2026, 1, 1), date(2026, 1, 6))


class Small(NamedTuple):
    """A call of a client, and what comes of the body."""

    ask: Callable[[Any], Any]
    expected: Any


def quote(*asked: Instrument) -> Callable[[Any], Any]:
    return lambda client: client.fetch_quotes(list(asked), NOW)


def bars(asked: Instrument, start: date = LONG_AGO, end: date = TODAY) -> Callable[[Any], Any]:
    return lambda client: client.fetch_bars(asked, start, end)


def fx(*pairs: str) -> Callable[[Any], Any]:
    return lambda client: client.fetch_fx(list(pairs), *FEW)


def shown(answer: Any) -> Any:
    """An answer as plain values."""
    if isinstance(answer, Quote):
        return seen(answer)
    if isinstance(answer, Bar):
        return ohlcv(answer)
    if isinstance(answer, CorporateAction):
        return told(answer)
    if isinstance(answer, dict):
        return {name: [(rate.date.isoformat(), str(rate.rate)) for rate in rates] for name, rates in answer.items()}
    if isinstance(answer, Listing):
        return answer.symbol, answer.name, answer.asset_class.value, answer.currency, answer.exchange, answer.isin
    return [shown(each) for each in answer]


AAPL, NVR, GOOGL, BTC, BTCEUR = listed("AAPL"), listed("NVR"), listed("GOOGL"), coin("BTC"), coin("BTC-EUR", "EUR")
INDEX = listed("BUKAC", kind=AssetClass.INDEX, eodhd="BUKAC.INDX")
AT = "2026-01-02T20:00:00+00:00"
TWO = [("2026-01-02", "10", "11", "9.5", "10.5", "1000"), ("2026-01-05", "10.5", "12.25", "10", "11", "2000")]
SMALL: dict[str, Small] = {
    "finnhub/quote.json": Small(quote(AAPL), [("AAPL", 101.5, AT, "USD", None)]),
    "finnhub/candles.json": Small(lambda client: client.candles(AAPL, LONG_AGO, TODAY), TWO),
    "finnhub/splits.json": Small(lambda client: client.fetch_splits(AAPL, LONG_AGO, TODAY), [("2020-08-31", "split", "4", None, None)]),
    "finnhub/dividends.json": Small(lambda client: client.fetch_dividends(AAPL, LONG_AGO, TODAY), [("2020-11-06", "dividend", None, "0.205", "USD")]),
    "stooq/quote.csv": Small(quote(NVR), [("NVR", 5850.25, "2026-07-01T19:15:00+00:00", "USD", 1200.0)]),
    "stooq/bars.csv": Small(bars(NVR), [("2026-06-30", "5700", "5810", "5690.5", "5800", "900"),
                                        ("2026-07-01", "5800.5", "5900", "5790", "5850.25", "1200")]),
    "coingecko/quote.json": Small(quote(BTC), [("BTC", 65000.25, AT, "USD", 123456789.5)]),
    "coingecko/bars.json": Small(bars(BTC, date(2026, 1, 1)), [("2026-01-01", None, None, None, "65000.25", None)]),
    "coingecko/search.json": Small(lambda client: client.search("bit"), [("bitcoin", "Bitcoin", "crypto", None, None, None)]),
    "coinbase/quote.json": Small(quote(BTCEUR), [("BTC-EUR", 58000.12, "2026-01-02T20:00:00.123456+00:00", "EUR", 0.25)]),
    "coinbase/bars.json": Small(bars(BTCEUR, *FEW), [("2026-01-01", "56500", "58000", "56000", "57500", "10"),
                                                     ("2026-01-02", "57500", "59000", "57000", "58500.5", "12.5")]),
    "tiingo/quote.json": Small(quote(GOOGL), [("GOOGL", 181.25, "2026-01-02T20:59:59.123456+00:00", "USD", 100.0)]),
    "tiingo/quote-coin.json": Small(quote(coin("BTC-USD")), [("BTC-USD", 65000.5, AT, "USD", 0.5)]),
    "tiingo/bars.json": Small(lambda client: [*(found := client.fetch_history(GOOGL, LONG_AGO, TODAY)).bars, *found.actions], [
        ("2022-07-15", "2254", "2258.5", "2230", "2255.34", "1500"), ("2022-07-18", "112.64", "113.9", "108.37", "109.03", "33000"),
        ("2022-07-18", "split", "20", None, None), ("2022-07-18", "dividend", None, "0.25", "USD")]),
    "polygon/quote.json": Small(quote(AAPL), [("AAPL", 250.5, "2026-01-02T20:00:00.123456+00:00", "USD", 10.0)]),
    "polygon/quotes.json": Small(quote(AAPL, listed("MSFT")), [("AAPL", 250.5, "2026-01-02T20:00:00.123456+00:00", "USD", 10.0)]),
    "polygon/bars.json": Small(bars(AAPL), TWO),
    "polygon/quote-pair.json": Small(quote(pair("AUDUSD")), [("AUDUSD", 0.6931, AT, "USD", None)]),
    "polygon/splits.json": Small(lambda client: client.fetch_splits(AAPL, LONG_AGO, TODAY), [("2020-08-31", "split", "4", None, None)]),
    "polygon/dividends.json": Small(lambda client: client.fetch_dividends(AAPL, LONG_AGO, TODAY), [("2020-11-06", "dividend", None, "0.205", "USD")]),
    "eodhd/quote.json": Small(quote(INDEX), [("BUKAC", 101.5, AT, "USD", 0.0)]),
    "eodhd/bars.json": Small(bars(INDEX), [("2026-01-02", "100", "102", "99", "101.5", "10"), ("2026-01-05", "101", "103", "100.5", "102.25", "20")]),
    "eodhd/search.json": Small(lambda client: client.search("vodafone"), [("VOD.LSE", "Vodafone Group PLC", "equity", "GBP", "LSE", "GB00BH4HKS39")]),
    "ecb/quote.xml": Small(quote(pair("EURUSD"), pair("GBPEUR")), [("EURUSD", 1.175, "2026-01-02T13:15:00+00:00", "USD", None),
                                                                   ("GBPEUR", 1.14942528736, "2026-01-02T13:15:00+00:00", "EUR", None)]),
    "ecb/fx.xml": Small(fx("EURUSD"), {"EURUSD": [("2026-01-02", "1.1750"), ("2026-01-05", "1.1725")]}),
    "ecb/fx.csv": Small(fx("EURUSD"), {"EURUSD": [("2026-01-02", "1.1750"), ("2026-01-06", "1.1725")]}),
    "nbp/fx.json": Small(fx("USDPLN", "EURUSD"), {"USDPLN": [("2026-01-02", "3.6056")], "EURUSD": [("2026-01-02", "1.17328599956")]}),
    "bankofcanada/fx.json": Small(fx("USDCAD"), {"USDCAD": [("2026-01-02", "1.3617")]}),
    "bankofengland/fx.csv": Small(fx("GBPUSD", "GBPEUR"), {"GBPUSD": [("2026-01-02", "1.3343"), ("2026-01-05", "1.3323")],
                                                           "GBPEUR": [("2026-01-02", "1.1577")]}),
    "openfigi/search.json": Small(lambda client: client.search("US4592001014"),
                                  [("IBM", "INTL BUSINESS MACHINES CORP", "equity", "USD", "XNYS", "US4592001014")]),
}
