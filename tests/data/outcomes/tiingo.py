# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from datetime import UTC, datetime

from engine.errors import MalformedResponse
from tests.data.listings import bars_of, coin, day, found_by, listed, quote_of, seen
from tests.data.replay import Case

GOOGL = listed("GOOGL")
RANGE = bars_of(GOOGL, day("2015-01-01"), day("2015-01-05"))
TWO_DAYS = [("2015-01-02", "532.6", "535.8", "527.88", "529.55", "1327870"), ("2015-01-05", "527.15", "527.9899", "517.75", "519.46", "2059119")]
CLOSES = ["1061.91", "1066.945", "1070.26", "1073.26", "1073.905", "1073.08", "1072.335", "1073.86", "1072.97", "1072.705", "1074.07", "1073.83", "1073.315"]


def _intraday(client: object) -> list[tuple[str, str]]:
    start, end = datetime(2018, 1, 2, tzinfo=UTC), datetime(2018, 1, 3, tzinfo=UTC)
    found = client.fetch_intraday([GOOGL], start, end, every_seconds=1800)  # type: ignore[attr-defined]
    return [(seen(quote)[2], str(quote.price)) for quote in found]


TABLE = {
    "tiingo/eod-price-latest.json": Case(bars_of(GOOGL), [("2018-04-12", "1031.47", "1044.65", "1026.05", "1037.29", "1644794")]),
    "tiingo/eod-price-range.json": Case(RANGE, TWO_DAYS),
    "tiingo/eod-price-range.csv": Case(RANGE, TWO_DAYS),
    "tiingo/iex-30min-GOOGL.json": Case(_intraday, [
        (f"2018-01-02T{hour:02d}:{minute:02d}:00+00:00", close)
        for (hour, minute), close in zip(((15 + half // 2, half % 2 * 30) for half in range(13)), CLOSES, strict=True)]),
    "tiingo/crypto-prices.json": Case(bars_of(coin("BTC-USD")), [
        ("2019-05-01", "5367.348827845256", "5443.811868611532", "5358.100876910302", "5420.0896708474575", "27749.729226739997"),
        ("2019-05-02", "5441.491804492167", "5590.235084334595", "5426.033480300644", "5545.697488248552", "40036.510605330004")]),
    "tiingo/crypto-top.json": Case(quote_of(coin("BTCUSD")), ("BTCUSD", 8220.83, "2019-10-13T20:20:03.712000+00:00", "USD", 0.001338)),
    # What we do not ask for, in the place of what we do: never a price.
    "tiingo/metadata.json": Case(found_by("GOOGL"), MalformedResponse),
    "tiingo/fundamentals-daily.json": Case(bars_of(GOOGL), MalformedResponse),
}
