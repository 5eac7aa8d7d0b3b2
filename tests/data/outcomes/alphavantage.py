"""What becomes of every recorded answer of Alpha Vantage. Values are read off the bodies by hand; every one of them came with status 200."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Instrument, Source
from tests.data.replay import Case

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = date(1900, 1, 1)


def instrument(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY) -> Instrument:
    return Instrument(UUID(int=1), UUID(int=2), symbol, symbol, kind, currency, sources=(Source("alphavantage", symbol),))


def quote(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY) -> Callable[[Any], Any]:
    def call(client: Any) -> list[tuple[float, str, str, float | None]]:
        found = client.fetch_quotes([instrument(symbol, currency, kind)], NOW)
        return [(each.price, each.currency, each.ts.isoformat(), each.volume) for each in found]
    return call


def history(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY, *, premium: bool = False) -> Callable[[Any], Any]:
    """Ask for the history: currency, `date close open high low volume adjusted`, actions."""
    def call(client: Any) -> tuple[str, list[str], list[str]]:
        client.premium = premium
        found = client.fetch_history(instrument(symbol, currency, kind), LONG_AGO, NOW.date())
        return found.currency, [bar_text(bar) for bar in found.bars], [f"{action.date} {action.kind}" for action in found.actions]
    return call


def minutes(symbol: str, every_seconds: int) -> Callable[[Any], Any]:
    """Ask for steps within the day: how many, the first and the last one, each at its end."""
    def call(client: Any) -> tuple[int, tuple[float, str], tuple[float, str]]:
        found = client.fetch_intraday([instrument(symbol)], datetime(2000, 1, 1, tzinfo=UTC), NOW, every_seconds=every_seconds)
        ends = [(each.price, each.ts.isoformat()) for each in (found[0], found[-1])]
        return len(found), ends[0], ends[1]
    return call


def search(text: str) -> Callable[[Any], Any]:
    return lambda client: [(hit.symbol, hit.name, hit.asset_class.value, hit.currency, hit.exchange) for hit in client.search(text)]


def waits(until: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Tell how long a refusal lasts."""
    def tried(client: Any) -> tuple[str | None, float | None]:
        try:
            call(client)
        except RateLimited as error:
            return error.context.get("until"), error.context.get("retry_after_seconds")
        raise AssertionError(until)
    return tried


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def bar_text(bar: Any) -> str:
    told = (bar.close, bar.open, bar.high, bar.low, bar.volume, bar.adjusted_close)
    return " ".join([bar.date.isoformat(), *("-" if value is None else plain(value) for value in told)])


IBM = {  # close open high low
    "2020-12-31": "125.88 124.22 126.03 123.99", "2021-01-04": "123.94 125.85 125.9174 123.04", "2021-01-05": "126.14 125.01 126.68 124.61",
    "2021-01-06": "129.29 126.9 131.88 126.72", "2021-01-07": "128.99 130.04 130.46 128.26", "2021-01-08": "128.53 128.57 129.32 126.98",
    "2021-01-11": "128.58 127.95 129.675 127.66",
}
ADJUSTED = {  # volume, adjusted close
    "2020-12-31": "3574696 122.836743878", "2021-01-04": "5179161 120.943645029", "2021-01-05": "6114619 123.090458157",
    "2021-01-06": "7956740 126.164304226", "2021-01-07": "4507382 125.871556982", "2021-01-08": "4676487 125.422677873",
    "2021-01-11": "5602466 125.471469081",
}
EURAUD = [
    "2020-12-31 1.5873 1.59946 1.60138 1.5823 - -", "2021-01-01 1.58668 1.5873 1.5873 1.58504 - -", "2021-01-04 1.59718 1.58741 1.60296 1.5855 - -",
    "2021-01-05 1.58389 1.59698 1.59886 1.581 - -", "2021-01-06 1.57932 1.5839 1.588 1.5764 - -", "2021-01-07 1.57893 1.57901 1.5865 1.57757 - -",
    "2021-01-08 1.5735 1.57879 1.5814 1.57177 - -", "2021-01-11 1.57823 1.57496 1.58318 1.5729 - -",
]
BTCAUD = [
    "2021-01-03 44779.087847 43661.51206300 47191.80858340 43371.85965060 120957.56675000",
    "2021-01-04 43406.76014740 44779.08784700 45593.18400000 38170.72220000 140899.88569000",
    "2021-01-05 46067.47523820 43408.17136500 46624.45840000 40572.50600000 116049.99703800",
    "2021-01-06 49893.81535840 46067.47523820 50124.29161740 45169.81872000 127139.20131000",
    "2021-01-07 53507.23802320 49893.81535840 54772.88310000 49256.92200000 132825.70043700",
    "2021-01-08 55068.43820140 53507.50941120 56923.63300000 49528.31000000 139789.95749900",
    "2021-01-09 54397.30924680 55074.06950240 56150.17720000 52540.71680000 75785.97967500",
]

TABLE = {
    "alphavantage/global_quote-MSFT.json": Case(  # of the close in New York
        quote("MSFT"), [(112.13, "USD", "2018-10-05T20:00:00+00:00", 29062853.0)]),
    "alphavantage/global_quote-unknown-symbol.json": Case(quote("ZZZZ"), UnknownSymbol),
    "alphavantage/symbol_search-BA.json": Case(search("BA"), [
        ("BA", "The Boeing Company", "equity", "USD", "United States"), ("BABA", "Alibaba Group Holding Limited", "equity", "USD", "United States"),
        ("BSVN", "Bank7 Corp.", "equity", "USD", "United States"), ("6190.HKG", "Bank of Jiujiang Co. Ltd.", "equity", "HKD", "Hong Kong"),
        ("BAC", "Bank of America Corporation", "equity", "USD", "United States"), ("BIDU", "Baidu Inc.", "equity", "USD", "United States"),
        ("BHC", "Bausch Health Companies Inc.", "equity", "USD", "United States"),
        ("ABX", "Barrick Gold Corporation", "equity", "USD", "United States"), ("BKS", "Barnes & Noble Inc.", "equity", "USD", "United States"),
        ("BLDP", "Ballard Power Systems Inc.", "equity", "USD", "United States")]),
    "alphavantage/symbol_search-IBM.json": Case(search("IBM"), [
        ("IBM", "International Business Machines Corp", "equity", "USD", "United States"),
        ("IBMJ", "iShares iBonds Dec 2021 Term Muni Bond ETF", "fund", "USD", "United States"),
        ("IBMK", "iShares iBonds Dec 2022 Term Muni Bond ETF", "fund", "USD", "United States"),
        ("IBML", "iShares iBonds Dec 2023 Term Muni Bond ETF", "fund", "USD", "United States"),
        ("IBMM", "iShares iBonds Dec 2024 Term Muni Bond ETF", "fund", "USD", "United States"),
        ("IBMN", "iShares iBonds Dec 2025 Term Muni Bond ETF", "fund", "USD", "United States"),
        ("IBMO", "iShares iBonds Dec 2026 Term Muni Bond ETF", "fund", "USD", "United States"),
        ("IBM.FRK", "International Business Machines Corporation", "equity", "EUR", "Frankfurt"),
        ("IBM.LON", "International Business Machines Corporation", "equity", "USD", "United Kingdom"),
        ("IBM.DEX", "International Business Machines Corporation", "equity", "EUR", "XETRA")]),
    "alphavantage/symbol_search-none.json": Case(search("NOTASYMBOL"), []),
    "alphavantage/time_series_intraday-MSFT-1min.json": Case(  # US/Eastern in winter, five hours behind
        minutes("MSFT", 60), (100, (86.8, "2017-12-18T18:18:00+00:00"), (86.5, "2017-12-18T19:57:00+00:00"))),
    "alphavantage/time_series_intraday_extended-1min.csv": Case(
        minutes("IBM", 60), (399, (217.93, "2020-12-18T16:24:00+00:00"), (218.75, "2020-12-19T01:01:00+00:00"))),
    "alphavantage/time_series_intraday-AAPL-15min.csv": Case(
        minutes("AAPL", 900), (10, (142.465, "2023-01-31T18:45:00+00:00"), (143.32, "2023-01-31T21:00:00+00:00"))),
    "alphavantage/time_series_daily-IBM.json": Case(history("IBM"), ("USD", [f"{day} {told} - -" for day, told in IBM.items()], [])),
    "alphavantage/time_series_daily_adjusted-IBM.json": Case(
        history("IBM", premium=True), ("USD", [f"{day} {told} {ADJUSTED[day]}" for day, told in IBM.items()], [])),
    "alphavantage/fx_daily-EURAUD.json": Case(history("EURAUD", "AUD", AssetClass.FX), ("AUD", EURAUD, [])),
    "alphavantage/digital_currency_daily-BTCAUD.json": Case(
        history("BTCAUD", "AUD", AssetClass.CRYPTO),
        ("AUD", [f"{told[:10]} {' '.join(plain(Decimal(part)) for part in told[11:].split())} -" for told in BTCAUD], [])),
    "alphavantage/currency_exchange_rate-BTCCNY-2017.json": Case(
        quote("BTCCNY", "CNY", AssetClass.CRYPTO), [(109631.430607, "CNY", "2017-12-20T19:23:21+00:00", None)]),
    "alphavantage/currency_exchange_rate-EURUSD-2026.json": Case(
        quote("EURUSD", "USD", AssetClass.FX), [(1.1639, "USD", "2026-01-11T01:37:38+00:00", None)]),
    # limits: of a moment, of a minute, of the day
    "alphavantage/information-burst-limit.json": Case(waits("burst", quote("IBM")), ("burst", None)),
    "alphavantage/note-5-per-minute-legacy.json": Case(waits("burst", quote("IBM")), ("burst", 60.0)),
    "alphavantage/information-daily-limit.json": Case(waits("day", quote("IBM")), ("day", None)),
    "alphavantage/information-daily-limit-echoes-key.json": Case(waits("day", quote("IBM")), ("day", None)),
    # refusals
    "alphavantage/information-premium-endpoint.json": Case(history("IBM", premium=True), ProviderRefused),
    "alphavantage/information-demo-key.json": Case(quote("MSFT"), ProviderRefused),
    "alphavantage/error-apikey-missing.json": Case(quote("IBM"), ProviderRefused),
    "alphavantage/error-invalid-call.json": Case(history("NOTASYMBOL"), UnknownSymbol),
    # what we do not ask for
    "alphavantage/physical_currency_list.csv": Case(history("IBM"), MalformedResponse),
}
