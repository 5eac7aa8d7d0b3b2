# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from engine.errors import MalformedResponse
from tests.data.listings import LONG_AGO, TODAY, actions_of, day, found_by, listed, ohlcv, pair, quote_of, quotes_of, told
from tests.data.replay import Case

AAPL, GOOGL, MSFT = listed("AAPL"), listed("GOOGL"), listed("MSFT")


def _aggregates(client: object) -> tuple[list[tuple[str | None, ...]], bool]:
    """Bars as they came, and whether they are adjusted: what `fetch_bars` undoes with the splits."""
    bars, adjusted = client.aggregates("AAPL", LONG_AGO, TODAY)  # type: ignore[attr-defined]
    return [ohlcv(bar) for bar in bars], adjusted


TABLE = {
    "polygon/aggs-prev-AAPL.json": Case(_aggregates, ([("2022-04-26", "162.25", "162.34", "156.72", "156.8", "95595226")], True)),
    "polygon/aggs-range-AAPL.json": Case(_aggregates, ([("2005-04-01", "1.5032", "1.5064", "1.4489", "1.4604", "642646396"),
                                                        ("2005-04-04", "1.4639", "1.4754", "1.4343", "1.4675", "578172308")], True)),
    "polygon/last-trade-AAPL.json": Case(quote_of(AAPL), ("AAPL", 166.25, "2022-04-28T20:55:19.310617+00:00", "USD", 2.0)),
    "polygon/last-nbbo-AAPL.json": Case(quote_of(AAPL), MalformedResponse),
    "polygon/snapshot-AAPL.json": Case(quotes_of(AAPL, MSFT), [("AAPL", 159.99, "2022-04-29T17:05:48.294080+00:00", "USD", 200.0)]),
    "polygon/splits.json": Case(lambda client: [told(each) for each in client.fetch_splits(GOOGL, LONG_AGO, TODAY)],
                                [("2022-07-18", "split", "20", None, None)]),
    "polygon/dividends.json": Case(lambda client: [told(each) for each in client.fetch_dividends(listed("AIRTP"), day("2023-08-01"), day("2023-08-31"))],
                                   [("2023-08-11", "dividend", None, "0.5", "USD")]),
    "polygon/tickers-page1.json": Case(found_by("A"), [("A", "Agilent Technologies Inc.", "equity", "USD", "XNYS", None),
                                                       ("AA", "Alcoa Corporation", "equity", "USD", "XNYS", None)]),
    "polygon/conversion-AUDUSD.json": Case(quote_of(pair("AUDUSD")), ("AUDUSD", 0.6931, "2022-05-10T15:10:26+00:00", "USD", None)),
    # What we do not ask for, in the place of what we do: never a price.
    "polygon/market-holidays.json": Case(actions_of(AAPL), MalformedResponse),
    "polygon/market-status.json": Case(quote_of(AAPL), MalformedResponse),
}
