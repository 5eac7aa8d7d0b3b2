"""Clients against one server that answers what was recorded of each host and path: that what is asked is what providers answer to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from data.providers.registry import maker
from data.providers.wire import Wire
from engine.errors import ProviderRefused, UnknownSymbol
from engine.types import AssetClass
from tests.data.listings import NOW, coin, listed, pair
from tests.data.replay import RECORDED, Replay

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded bodies are not here")
AAPL, GOOGL = listed("AAPL"), listed("GOOGL")
DAY = date.fromisoformat


@pytest.fixture(scope="module")
def server() -> Iterator[Replay]:
    with Replay.of_index() as running:
        yield running


def client(provider: str, server: Replay, path: str = "") -> Any:
    made: Any = maker(provider)
    return made(Wire(provider, server.url + path), "key")


def test_quotes(server: Replay) -> None:
    told = {
        ("finnhub", ""): (AAPL, 308.82), ("finnhub", "/api/v1"): (AAPL, 308.82), ("coingecko", ""): (coin("BTC"), 7984.89),
        ("coingecko", "/api/v3"): (coin("BTC"), 7984.89), ("stooq", ""): (listed("NVR"), 5908.87), ("polygon", ""): (AAPL, 166.25),
        ("tiingo", ""): (coin("BTCUSD"), 8220.83), ("ecb", ""): (pair("EURUSD"), 1.0683),
    }
    for (provider, path), (instrument, price) in told.items():
        assert [quote.price for quote in client(provider, server, path).fetch_quotes([instrument], NOW)] == [price], provider
    assert [quote.price for quote in client("polygon", server).fetch_quotes([pair("AUDUSD")], NOW)] == [0.6931]
    with pytest.raises(UnknownSymbol):
        client("finnhub", server).fetch_quotes([listed("ZZZNOTASYMBOL")], NOW)
    with pytest.raises(UnknownSymbol):
        client("stooq", server).fetch_quotes([listed("APPL")], NOW)


def test_bars(server: Replay) -> None:
    def closes(provider: str, instrument: Any, start: str, end: str) -> list[Decimal]:
        return [bar.close for bar in client(provider, server).fetch_bars(instrument, DAY(start), DAY(end))]

    assert closes("polygon", AAPL, "2005-04-01", "2005-04-04") == [Decimal("1.4604"), Decimal("1.4675")]
    assert closes("tiingo", GOOGL, "2015-01-01", "2015-01-05") == [Decimal("529.55"), Decimal("519.46")]
    assert closes("coinbase", coin("BTC-EUR", "EUR"), "2021-01-06", "2021-01-07") == [Decimal("29838.52"), Decimal("32120.19")]
    assert closes("coingecko", coin("BTC"), "2018-08-27", "2018-08-27") == [Decimal("6706.898948451269")]
    index = listed("BUKAC", kind=AssetClass.INDEX, eodhd="BUKAC.INDX")
    assert closes("eodhd", index, "2025-04-22", "2025-04-23") == [Decimal("14404.0498"), Decimal("14549.4199")]
    with pytest.raises(ProviderRefused):
        closes("finnhub", AAPL, "2024-01-01", "2024-02-01")


def test_rates(server: Replay) -> None:
    def rates(provider: str, name: str, start: str, end: str) -> list[Decimal]:
        return [rate.rate for rate in client(provider, server).fetch_fx([name], DAY(start), DAY(end))[name]]

    assert rates("ecb", "EURUSD", "2026-02-17", "2026-02-19") == [Decimal("1.1826"), Decimal("1.1845"), Decimal("1.1753")]
    assert rates("nbp", "EURPLN", "2026-03-01", "2026-03-05") == [Decimal("4.2304"), Decimal("4.2732"), Decimal("4.2685"), Decimal("4.2739")]
    assert rates("bankofcanada", "USDCAD", "2026-03-12", "2026-03-13") == [Decimal("1.3617"), Decimal("1.3716")]
    assert rates("bankofengland", "GBPUSD", "2026-03-19", "2026-03-20") == [Decimal("1.3359"), Decimal("1.3302")]


def test_searches_and_what_else_there_is(server: Replay) -> None:
    assert client("finnhub", server).search("apple")[0].symbol == "AAPL"
    assert client("polygon", server).search("A")[1].name == "Alcoa Corporation"
    assert {hit.isin for hit in client("openfigi", server).search("US4592001014")} == {"US4592001014"}
    assert client("openfigi", server).search("IBM")
    assert [hit.symbol for hit in client("coinbase", server).search("doge")] == ["DOGE-EUR"]
    assert client("coingecko", server).symbol(coin("NXT")) == "nxt"
    splits = client("polygon", server).fetch_splits(GOOGL, DAY("2022-01-01"), DAY("2022-12-31"))
    assert [(split.date, split.ratio) for split in splits] == [(DAY("2022-07-18"), Decimal(20))]
    start, end = datetime(2018, 1, 2, tzinfo=UTC), datetime(2018, 1, 3, tzinfo=UTC)
    assert len(client("tiingo", server).fetch_intraday([GOOGL], start, end, every_seconds=1800)) == 13


def test_all_of_what_was_asked_had_an_answer(server: Replay) -> None:
    """None of the tests before was answered by chance: the server says 404 to what was not recorded."""
    unknown = [asked for asked in server.requests if server.rule(asked) is None]
    assert not unknown
