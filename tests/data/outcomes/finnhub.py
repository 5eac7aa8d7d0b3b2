# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from data.providers.finnhub_stream import FinnhubDialect
from engine.errors import MalformedResponse, ProviderRefused, UnknownSymbol
from tests.data.listings import actions_of, bars_of, day, found_by, listed, quote_of, told
from tests.data.replay import RECORDED, Case

AAPL = listed("AAPL")
QUOTE = quote_of(AAPL)


def _frames(_client: object) -> list[object]:
    """What the dialect makes of the recorded frames, line by line."""
    dialect, found = FinnhubDialect(lambda instrument: instrument.symbol), list[object]()
    for line in (RECORDED / "finnhub" / "ws-trade-messages.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            found.append([(tick.symbol, str(tick.price), tick.ts.isoformat(), tick.volume) for tick in dialect.read(line)])
        except MalformedResponse as error:
            found.append(error.message)
    return found


BTC = "BINANCE:BTCUSDT"
TABLE = {
    "finnhub/quote-AAPL.json": Case(QUOTE, ("AAPL", 308.82, "2026-05-22T20:00:00+00:00", "USD", None)),
    "finnhub/quote-unknown-symbol-all-zero.json": Case(QUOTE, UnknownSymbol),
    "finnhub/candle-AAPL-403.json": Case(bars_of(AAPL), ProviderRefused),
    "finnhub/search-apple.json": Case(found_by("apple"), [
        ("AAPL", "Apple Inc", "equity", None, None, None), ("APLE", "Apple Hospitality REIT Inc", "equity", None, None, None),
        ("603020.SS", "Apple Flavor & Fragrance Group Co Ltd", "equity", None, None, None),
        ("MLP", "Maui Land & Pineapple Company Inc", "equity", None, None, None), ("2788.T", "Apple International Co Ltd", "equity", None, None, None),
        ("AAPI", "Apple iSports Group Inc", "equity", None, None, None), ("PAPL", "Pineapple Financial Inc", "equity", None, None, None),
        ("164A.T", "Applepark Co Ltd", "equity", None, None, None), ("PINEAPP.KL", "Pineapple Resources Bhd", "equity", None, None, None),
        ("SUNE", "Pineapple Energy Inc", "equity", None, None, None), ("PNPL.L", "Pineapple Power Corporation PLC", "equity", None, None, None)]),
    "finnhub/candle-doc-sample.json": Case(lambda client: [(bar.date.isoformat(), str(bar.open), str(bar.high), str(bar.low), str(bar.close), str(bar.volume))
                                                           for bar in client.candles(AAPL, day("2019-09-01"), day("2019-10-01"))], [
        ("2019-09-24", "221.03", "222.49", "217.19", "217.68", "33463820"), ("2019-09-25", "218.55", "221.5", "217.1402", "221.03", "24018876"),
        ("2019-09-26", "220", "220.94", "218.83", "219.89", "20730608")]),
    "finnhub/split-doc-sample.json": Case(lambda client: [told(each) for each in client.fetch_splits(AAPL, day("2014-01-01"), day("2014-12-31"))],
                                          [("2014-06-09", "split", "7", None, None)]),
    "finnhub/dividend-doc-sample.json": Case(lambda client: [told(each) for each in client.fetch_dividends(AAPL, day("2019-02-01"), day("2019-08-31"))], [
        ("2019-08-09", "dividend", None, "0.77", "USD"), ("2019-05-10", "dividend", None, "0.77", "USD"), ("2019-02-08", "dividend", None, "0.73", "USD")]),
    "finnhub/ws-trade-messages.jsonl": Case(_frames, [
        [(BTC, "66972.77", "2024-07-21T09:58:06.208000+00:00", 0.01559)], [(BTC, "35112.76", "2023-11-06T22:50:54.111000+00:00", 0.00126)],
        [(BTC, "63229.7", "2024-07-02T04:17:16.373000+00:00", 0.00184), (BTC, "63229.7", "2024-07-02T04:17:16.887000+00:00", 0.0001),
         (BTC, "63229.7", "2024-07-02T04:17:16.887000+00:00", 0.0001), (BTC, "63229.7", "2024-07-02T04:17:16.887000+00:00", 0.0001),
         (BTC, "63229.7", "2024-07-02T04:17:16.887000+00:00", 0.00142)],
        [("MSFT", "220.89", "2019-12-05T06:18:11.134000+00:00", 100.0), ("MSFT", "220.82", "2019-12-05T06:18:11.167000+00:00", 15.0)],
        [], "finnhub answered something unreadable: the socket says: Subscribing to too many symbols."]),
    # What we do not ask for, in the place of what we do: never a price.
    "finnhub/profile2-AAPL.json": Case(QUOTE, MalformedResponse),
    "finnhub/stock-symbol-US-25.json": Case(QUOTE, MalformedResponse),
    "finnhub/peers-AAPL.json": Case(found_by("AAPL"), MalformedResponse),
    "finnhub/calendar-earnings-AAPL.json": Case(actions_of(AAPL), MalformedResponse),
    "finnhub/insider-transactions-AAPL.json": Case(actions_of(AAPL), MalformedResponse),
    "finnhub/metric-AAPL-cut.json": Case(QUOTE, MalformedResponse),
    "finnhub/forex-rates-doc-sample.json": Case(QUOTE, MalformedResponse),
    "finnhub/market-status-doc-sample.json": Case(QUOTE, MalformedResponse),
    "finnhub/market-holiday-doc-sample.json": Case(actions_of(AAPL), MalformedResponse),
    "finnhub/bidask-doc-sample.json": Case(QUOTE, MalformedResponse),
}
