"""What becomes of every recorded answer of Yahoo. Values are read off the bodies by hand.

Bars are `date close open high low volume`, with the noise of their 32 bits taken off and later splits of the body undone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.providers.yahoo_entrance import Ticket
from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Instrument, Source
from tests.data.replay import RECORDED, Case

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = date(1900, 1, 1)


def instrument(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY) -> Instrument:
    return Instrument(UUID(int=1), UUID(int=2), symbol, symbol, kind, currency, sources=(Source("yahoo", symbol),))


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def newest(*symbols: str) -> Callable[[Any], Any]:
    """Ask for quotes: of one symbol by its chart."""
    def call(client: Any) -> list[tuple[str, float, str, int]]:
        found = client.fetch_quotes([instrument(symbol) for symbol in symbols], NOW)
        return [(quote.symbol, quote.price, quote.currency, seconds(quote.ts)) for quote in found]
    return call


def batch(*symbols: str) -> Callable[[Any], Any]:
    """Ask for quotes of many at once, with a ticket in the hand; nobody else fills a gap."""
    def call(client: Any) -> list[tuple[str, str, str, int, float | None]]:
        told = client._batched(symbols, Ticket("A3=d", "crumb.1"))
        return [(symbol, plain(each.price), each.currency, seconds(each.ts), None if each.volume is None else float(each.volume))
                for symbol, each in told.items()]
    return call


def bars(symbol: str) -> Callable[[Any], Any]:
    def call(client: Any) -> tuple[str | None, list[str], list[str]]:
        found = client.fetch_history(instrument(symbol), LONG_AGO, NOW.date())
        return found.currency, [bar_text(bar) for bar in found.bars], [action_text(action) for action in found.actions]
    return call


def ends(symbol: str) -> Callable[[Any], Any]:
    """Ask for the history: number of bars, the first and the last one, and what happened."""
    def call(client: Any) -> tuple[str | None, int, str, str, list[str]]:
        currency, listed, actions = bars(symbol)(client)
        return currency, len(listed), listed[0], listed[-1], actions
    return call


def days(symbol: str, *wanted: str) -> Callable[[Any], Any]:
    """Ask for the history: number of bars, and the closes of some days, None where there is no bar."""
    def call(client: Any) -> tuple[int, list[str | None]]:
        found = {bar.date.isoformat(): plain(bar.close) for bar in client.fetch_bars(instrument(symbol), LONG_AGO, NOW.date())}
        return len(found), [found.get(day) for day in wanted]
    return call


def intraday(symbol: str, start: datetime, end: datetime) -> Callable[[Any], Any]:
    def call(client: Any) -> list[tuple[str, str, int]]:
        told = client._steps(symbol, start, end, (60, "1m"))
        return [(plain(each.price), each.currency, seconds(each.ts)) for each in told]
    return call


def search(text: str) -> Callable[[Any], Any]:
    return lambda client: [(hit.symbol, hit.asset_class.value, hit.exchange) for hit in client.search(text)]


def first_names(text: str) -> Callable[[Any], Any]:
    return lambda client: [(hit.symbol, hit.name) for hit in client.search(text)][:1]


def stream(client: Any) -> list[tuple[str, str | None, str, int, float | None]]:
    """Read the recorded frames as the line would, dollars being known, whatever the session."""
    from data.providers.yahoo_stream import frame  # noqa: PLC0415 - beside what it reads

    lines = (RECORDED / "yahoo" / "stream-v2-messages.jsonl").read_text(encoding="utf-8").splitlines()
    client.units.update({"AAPL": "USD", "TSLA": "USD"})
    dialect = client.stream(lambda *_args, **_named: None, list)._dialect
    found = [(frame(line), dialect.read(line)) for line in lines]
    return [(told.id, told.market_hours, plain(ticks[0].price) if ticks else "", told.time, ticks[0].volume if ticks else None)
            for told, ticks in found]


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def bar_text(bar: Any) -> str:
    told = (bar.close, bar.open, bar.high, bar.low, bar.volume)
    return " ".join([bar.date.isoformat(), *("-" if value is None else plain(value) for value in told)])


def action_text(action: Any) -> str:
    return f"{action.date} {action.kind} {plain(action.ratio if action.kind == 'split' else action.amount)} {action.currency or ''}".strip()


def decoded(client: Any) -> list[bool]:
    """Decode the frames, and compare every field with the decoding beside them."""
    del client
    from data.providers.yahoo_stream import decoded as fields  # noqa: PLC0415 - beside what it reads

    listed = json.loads((RECORDED / "yahoo" / "stream-v2-messages-decoded.json").read_text(encoding="utf-8"))
    return [fields(base64.b64decode(frame["base64"])) == {field["name"]: field["value"] for field in frame["decoded"]} for frame in listed]


IBM_BARS = [
    # 1962: times 1.25 x 1.5 x 2 x 1.25 x 4 x 2 x 2 = 75, volumes divided by it; 2021 stands as it is
    "1962-01-02 546.8451 553.0593 553.0593 546.8451 5439", "1962-01-03 551.6252 546.8451 551.6252 546.8451 4079",
    "1962-01-04 546.1281 551.6252 551.6252 545.88908 3661", "1962-01-05 535.3729 545.4111 545.4111 534.41684 5125",
    "1962-01-08 525.33456 534.8948 534.8948 521.0325 7636", "2021-01-04 118.48949 120.31549 120.38241 117.62907 5417443",
    "2021-01-05 120.592735 119.51243 121.108986 119.13002 6395872", "2021-01-06 123.60421 121.31931 126.08031 121.147224 8322708",
    "2021-01-07 123.3174 124.32122 124.722755 122.6195 4714740", "2021-01-08 122.87763 122.91587 123.63289 121.39579 4891305",
]
IBM_ACTIONS = [
    "1962-02-06 dividend 0.0717 USD", "1962-05-08 dividend 0.0717 USD", "1962-08-07 dividend 0.0717 USD", "1962-11-05 dividend 0.0717 USD",
    "1963-02-05 dividend 0.0956 USD", "1964-05-18 split 1.25", "1966-05-18 split 1.5", "1968-04-23 split 2", "1973-05-29 split 1.25",
    "1979-06-01 split 4", "1997-05-28 split 2", "1999-05-27 split 2", "2019-11-07 dividend 1.548757 USD", "2020-02-07 dividend 1.548757 USD",
    "2020-05-07 dividend 1.558317 USD", "2020-08-07 dividend 1.558317 USD", "2020-11-09 dividend 1.558317 USD",
]
APPLE = ("AAPL", "244.6", "USD", 1739566800, 40896227.0)
ALIBABA = ("BABA", "124.73", "USD", 1739566802, 52086273.0)
STATES = [
    ("BTC-USD", 1, "94745.08", 1736509140000, 59712028672.0), ("AAPL", 1, "307.2", 1785937395000, 5422202.0),
    ("AAPL", 1, "168.99", 1709757487000, 53985930.0), ("AAPL", 4, "", 1765436844000, None),
    ("AAPL", 1, "314.765", 1589820933000, 17557274.0), ("AAPL", 1, "314.79", 1589820938000, 17557426.0),
    ("AAPL", 0, "", 1779437422000, None), ("TSLA", 1, "676.08", 1617815434000, 15605331.0), ("TSLA", 2, "", 1773263664000, None),
]  # before, after and overnight tell no price: the regular session's stands
A_DAY = (datetime(2017, 11, 16, tzinfo=UTC), datetime(2017, 11, 17, tzinfo=UTC))
ANY_TIME = (datetime(2019, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC))

TABLE = {
    # charts of days
    "yahoo/chart-AAPL-1d-split-and-dividend.json": Case(ends("AAPL"), (
        "USD", 49, "2020-08-31 129.04 127.58 131 126 225702700", "2020-11-06 118.69 118.32 119.2 116.13 114457900",
        ["2020-08-31 split 4", "2020-11-06 dividend 0.205 USD"])),
    "yahoo/chart-AAPL-1d-one-bar.json": Case(bars("AAPL"), ("USD", ["2020-01-02 75.0875 74.06 75.15 73.7975 135480400"], [])),
    "yahoo/chart-AAPL-1d-2022-02-22.json": Case(bars("AAPL"), ("USD", ["2022-02-22 164.32 164.98 166.69 162.15 91162800"], [])),
    "yahoo/chart-NVDA-1d-year-split.json": Case(
        # 4 for 1 on 2021-07-20: 18.77975 of the day before was 75.119, 18.612 of the day stands
        days("NVDA", "2021-02-01", "2021-07-19", "2021-07-20", "2022-01-28"), (252, ["52.948", "75.119", "18.612", "22.84"])),
    "yahoo/chart-MSFT-1d-year-dividends.json": Case(ends("MSFT"), (
        "USD", 252, "2021-02-01 239.65 235.06 242.5 232.43 33314200", "2022-01-28 308.26 300.23 308.48 294.45 49743700",
        ["2021-02-17 dividend 0.56 USD", "2021-05-19 dividend 0.56 USD", "2021-08-18 dividend 0.56 USD", "2021-11-17 dividend 0.62 USD"])),
    "yahoo/chart-WSU.DE-1d-xetra.json": Case(bars("WSU.DE"), ("EUR", [
        "2023-08-04 34.45 34.25 34.55 34.1 1251", "2023-08-07 34 34.8 34.8 34 336", "2023-08-08 33.2 34.05 34.2 32.9 10846"], [])),
    "yahoo/chart-OCDO.L-1d-GBp-pence.json": Case(bars("OCDO.L"), ("GBP", ["2020-01-02 12.595 12.795 12.8657 12.58 728520"], [])),
    "yahoo/chart-BTC-USD-1d-crypto.json": Case(bars("BTC-USD"), ("USD", [
        "2020-01-01 7200.1743 7194.892 7254.3306 7174.9443 18565664997", "2020-01-02 6985.47 7202.5513 7212.1553 6935.27 20802083465",
        "2020-01-03 7344.8843 6984.4287 7413.7153 6914.996 28111481032"], [])),
    "yahoo/chart-EURUSD_X-1d-fx.json": Case(
        lambda client: [(str(rate.date), plain(rate.rate)) for rate in client.fetch_fx(["EURUSD"], LONG_AGO, NOW.date())["EURUSD"]],
        [("2020-01-01", "1.1220826"), ("2020-01-02", "1.1220826"), ("2020-01-03", "1.1171438")]),
    "yahoo/chart-GC_F-1d-gold-future.json": Case(bars("GC=F"), ("USD", ["2020-01-02 1524.5 1518.1 1528.7 1518 214"], [])),
    "yahoo/chart-0P000071W8.TO-1d-mutual-fund.json": Case(bars("0P000071W8.TO"), ("CAD", ["2020-01-02 73.72 73.72 73.72 73.72 0"], [])),
    "yahoo/chart-0P0000XTS7-1d-fund-two-bars.json": Case(bars("0P0000XTS7"), ("USD", [
        "2024-09-12 11887.1 11887.1 11887.1 11887.1 0", "2024-09-13 11892.19 11892.19 11892.19 11892.19 0"], [])),
    "yahoo/chart-WSKT.JK-1d-IDR.json": Case(bars("WSKT.JK"), ("IDR", ["2020-01-02 1505 1485 1515 1480 23547100"], [])),
    "yahoo/chart-QQQ-1d-etf.json": Case(bars("QQQ"), ("USD", ["2020-01-02 216.16 214.4 216.16 213.98 30969400"], [])),
    "yahoo/chart-BABA-1d-adr.json": Case(bars("BABA"), ("USD", ["2020-01-02 219.77 216.6 219.98 216.54 15873500"], [])),
    "yahoo/chart-INR_X-1d-with-null.json": Case(
        lambda client: [(str(rate.date), plain(rate.rate)) for rate in client.fetch_fx(["USDINR"], LONG_AGO, NOW.date())["USDINR"]],
        [("2017-07-10", "64.6117"), ("2017-07-12", "64.5256"), ("2017-07-13", "64.365")]),
    "yahoo/chart-IBM-1d-1962-pre-epoch.json": Case(bars("IBM"), ("USD", IBM_BARS, IBM_ACTIONS)),
    "yahoo/chart-TSLA-1d-recent.json": Case(ends("TSLA"), (
        "USD", 5, "2021-01-04 243.25667 239.82 248.16333 239.06334 145914600", "2021-01-08 293.34 285.33334 294.83 279.46332 225166500", [])),
    "yahoo/chart-MUV2.DE-1d-dst-and-null.json": Case(
        # the day without a close is no bar; 08:00Z in winter and 07:00Z in summer are the same hour of Frankfurt
        days("MUV2.DE", "2017-11-27", "2017-12-19", "2018-03-23", "2018-03-26", "2018-05-25"), (123, ["188.55", None, "184.75", "184.25", "188.3"])),
    "yahoo/chart-MUV2.DE-1d-umlaut-revised.json": Case(
        days("MUV2.DE", "2017-11-27", "2018-02-28", "2018-03-23", "2018-03-26", "2018-05-25"),
        (124, ["188.55", "184.1", "184.75", "184.25", "188.3"])),
    "yahoo/chart-ALL.AX-1d-day-boundary.json": Case(
        # 23:00Z is the morning of the next day in Sydney; the last bar is of the trading day whose last trade it is stamped with
        ends("ALL.AX"), ("AUD", 64, "2021-10-13 44.700882 44.422 45.08933 43.674995 771128", "2022-01-13 44.05 44.38 44.38 43.72 848539", [])),
    "yahoo/chart-THF-phantom-ECNQUOTE.json": Case(newest("THF"), UnknownSymbol),
    # charts of minutes
    "yahoo/chart-AAPL-1m-weekend-no-timestamp.json": Case(
        lambda client: (intraday("AAPL", *ANY_TIME)(client), newest("AAPL")(client)), ([], [("AAPL", 244.87, "USD", 1739998801)])),
    "yahoo/chart-GRND3.SA-1m-empty-arrays.json": Case(
        lambda client: (intraday("GRND3.SA", *ANY_TIME)(client), newest("GRND3.SA")(client)), ([], [("GRND3.SA", 9.27, "BRL", 1571688360)])),
    "yahoo/chart-BARC.L-1m-trailing-nulls.json": Case(
        # one minute of fourteen has a close, told when it is over; pence
        lambda client: (intraday("BARC.L", *A_DAY)(client), newest("BARC.L")(client)),
        ([("1.856502", "GBP", 1510835580)], [("BARC.L", 1.856502, "GBP", 1510835520)])),
    # quotes of many
    "yahoo/quote-AAPL.json": Case(batch("AAPL"), [APPLE]),
    "yahoo/quote-AAPL-BABA.json": Case(batch("AAPL", "BABA"), [APPLE, ALIBABA]),
    "yahoo/quote-AMZN.json": Case(batch("AMZN"), [("AMZN", "228.68", "USD", 1739566800, 27031084.0)]),
    "yahoo/quote-BABA.json": Case(batch("BABA"), [ALIBABA]),
    "yahoo/quote-QQQ.json": Case(batch("QQQ"), [("QQQ", "538.15", "USD", 1739566801, 17862572.0)]),
    "yahoo/quote-BTC-USD.json": Case(batch("BTC-USD"), [("BTC-USD", "96077.45", "USD", 1739789580, 21228961792.0)]),
    "yahoo/quote-EURUSD_X.json": Case(batch("EURUSD=X"), [("EURUSD=X", "1.0489877", "USD", 1739789683, 0.0)]),
    "yahoo/quote-GC_F.json": Case(batch("GC=F"), [("GC=F", "2910.3", "USD", 1739789091, 54706.0)]),
    "yahoo/quote-OCDO.L.json": Case(batch("OCDO.L"), [("OCDO.L", "3.088", "GBP", 1739788724, 113925.0)]),
    "yahoo/quote-ORSTED.CO.json": Case(batch("ORSTED.CO"), [("ORSTED.CO", "299.7", "DKK", 1739789655, 47779.0)]),
    "yahoo/quote-LDO.MI.json": Case(batch("LDO.MI"), [("LDO.MI", "33.38", "EUR", 1739788791, 3501283.0)]),
    "yahoo/quote-WSKT.JK.json": Case(batch("WSKT.JK"), [("WSKT.JK", "202", "IDR", 1721764800, 0.0)]),
    "yahoo/quote-ZRC-USD.json": Case(batch("ZRC-USD"), [("ZRC-USD", "0.076522574", "USD", 1644085740, None)]),
    # symbols that Yahoo answers for without a price, or does not answer for: left out, neither zero nor delisted
    "yahoo/quote-ADH.json": Case(batch("ADH"), []),
    "yahoo/quote-BRKS.json": Case(batch("BRKS"), []),
    "yahoo/quote-SIMP.json": Case(batch("SIMP"), []),
    "yahoo/quote-SIX.json": Case(batch("SIX"), []),
    "yahoo/quote-AAPL220121C00025000.json": Case(batch("AAPL220121C00025000"), []),
    # a price without a currency is none: it may be pence
    "yahoo/quote-MSFT-fields-beta.json": Case(batch("MSFT"), []),
    "yahoo/quote-TSLA-fields-symbol-shortName.json": Case(batch("TSLA"), []),
    # searches
    "yahoo/search-AAPL.json": Case(search("AAPL"), [
        ("AAPL", "equity", "NASDAQ"), ("AAPU", "fund", "NASDAQ"), ("AAPL251219C00120000", "option", "OPR"), ("AAPL250620P00210000", "option", "OPR"),
        ("AAPL260116P00170000", "option", "OPR"), ("AAPL250620P00200000", "option", "OPR")]),
    "yahoo/search-BABA.json": Case(search("BABA"), [
        ("BABA", "equity", "NYSE"), ("9988.HK", "equity", "Hong Kong"), ("BABX", "fund", "NASDAQ"), ("BABAF", "equity", "OTC Markets"),
        ("BABA251219P00095000", "option", "OPR")]),
    "yahoo/search-BTC-USD.json": Case(search("BTC-USD"), [
        ("BTC-USD", "crypto", "CCC"), ("HBTC-USD", "crypto", "CCC"), ("CBBTC32994-USD", "crypto", "CCC"), ("LBTC33652-USD", "crypto", "CCC"),
        ("PBTC-USD", "crypto", "CCC"), ("0P0001P539", "fund", "OTC Markets")]),
    "yahoo/search-EUR.json": Case(search("EUR"), [
        ("EURUSD=X", "fx", "CCY"), ("EURHUF=X", "fx", "CCY"), ("EURCHF=X", "fx", "CCY"), ("GBPEUR=X", "fx", "CCY"), ("EURRUB=X", "fx", "CCY")]),
    "yahoo/search-BJ0CDD2.json": Case(first_names("BJ0CDD2"), [("MNTN.L", "The Schiehallion Fund Limited")]),
    "yahoo/search-NO0010123060.json": Case(search("NO0010123060"), []),
    "yahoo/search-Evolution_Gaming_Group.json": Case(search("Evolution Gaming Group"), [
        ("0RQ6.IL", "equity", "International Orderbook - London"), ("E3G1.SG", "equity", "Stuttgart")]),
    "yahoo/search-Bayerische_Motoren_Werke_AG.json": Case(search("Bayerische Motoren Werke AG"), [
        ("BMW.DE", "equity", "XETRA"), ("BMW.SG", "equity", "Stuttgart"), ("BAMXF", "equity", "OTC Markets"), ("BMWM5N.MX", "equity", "Mexico"),
        ("BMW3D.XC", "equity", "CXE"), ("BMW.DU", "equity", "Dusseldorf Stock Exchange")]),
    "yahoo/search-0P000071W8.TO.json": Case(first_names("0P000071W8.TO"), [("0P000071W8.TO", "TD Indiciel américain - e (C$)")]),
    # refusals and errors
    "yahoo/consent-page-html-200.html": Case(newest("AAPL"), ProviderRefused),
    "yahoo/error-chart-404-not-found.json": Case(newest("INVALID.BO"), UnknownSymbol),
    "yahoo/error-chart-400-bad-range.json": Case(bars("TSLA"), (None, [], [])),
    "yahoo/error-chart-400-bad-interval.json": Case(bars("AAPL"), MalformedResponse),
    "yahoo/error-401-invalid-crumb.json": Case(batch("AAPL"), ProviderRefused),
    "yahoo/error-401-unable-to-access.json": Case(newest("AAPL"), ProviderRefused),
    "yahoo/error-429-edge.txt": Case(newest("AAPL"), RateLimited),
    "yahoo/error-429-getcrumb.txt": Case(
        lambda client: (client._entrance.ticket(), newest("AAPL")(client)), RateLimited),  # no ticket is made of it, and charts are refused too
    # what we do not ask for, in the place of what we do
    **{f"yahoo/{name}.json": Case(newest("AAPL"), MalformedResponse) for name in (
        "quoteSummary-price-AAPL", "quoteSummary-price-BTC-USD", "quoteSummary-price-OCDO.L", "quoteSummary-price-EURUSD_X",
        "quoteSummary-price-ADH", "quoteSummary-summaryDetail-AAPL", "quoteSummary-summaryDetail-QQQ", "quoteSummary-assetProfile-AAPL",
        "quoteSummary-quoteType-AAPL", "quoteSummary-calendarEvents-AAPL", "quoteSummary-defaultKeyStatistics-AAPL", "trending-US",
        "options-AAPL", "screener-day_gainers")},
    "yahoo/quoteSummary-assetProfile-EURUSD_X.json": Case(newest("EURUSD=X"), UnknownSymbol),
    "yahoo/quoteSummary-financialData-QQQ.json": Case(newest("QQQ"), UnknownSymbol),
    # the stream
    "yahoo/stream-v2-messages.jsonl": Case(stream, STATES),
    "yahoo/stream-v2-messages-decoded.json": Case(decoded, [True] * 9),
}
