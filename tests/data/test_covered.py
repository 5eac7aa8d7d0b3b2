"""Who may be asked for what, and under which symbol: nobody for a price whose unit he does not tell."""

from __future__ import annotations

from typing import Any

import pytest

from data.providers.registry import create, maker, refusals
from data.providers.wire import Wire
from data.settings import Settings
from engine.errors import ProviderError
from engine.types import AssetClass, Instrument
from tests.data.listings import coin, listed, pair
from tests.data.replay import Replay

MINE = ("finnhub", "stooq", "coingecko", "coinbase", "tiingo", "polygon", "eodhd", "openfigi", "ecb", "nbp", "bankofcanada", "bankofengland")
KEYED = {"finnhub", "tiingo", "polygon", "eodhd"}
APPLE, BERKSHIRE = listed("AAPL", exchange="XNAS"), listed("BRK.B", exchange="XNYS")
SAP, VODAFONE, NASPERS = listed("SAP", "EUR", exchange="XETR"), listed("VOD", "GBP", exchange="XLON"), listed("NPN", "ZAR", exchange="XJSE")
BITCOIN, EURUSD, CASH = coin("BTC-USD"), pair("EURUSD"), listed("USD", kind=AssetClass.CASH)
ASKED: list[tuple[str, Instrument, str | None]] = [
    ("finnhub", APPLE, "AAPL"), ("finnhub", SAP, None), ("finnhub", BITCOIN, None),
    ("finnhub", coin("BTC", finnhub="BINANCE:BTCUSDT"), "BINANCE:BTCUSDT"),
    ("finnhub", listed("SAP", "EUR", finnhub="SAP.DE"), "SAP.DE"), ("finnhub", listed("VOD", "GBP", finnhub="VOD.L"), None),
    ("stooq", APPLE, "aapl.us"), ("stooq", BERKSHIRE, "brk-b.us"), ("stooq", SAP, "sap.de"), ("stooq", EURUSD, "eurusd"),
    ("stooq", listed("VOD", "GBP", stooq="vod.uk"), None), ("stooq", listed("SAP", "EUR", exchange="XPAR"), None),
    ("coingecko", BITCOIN, "bitcoin"), ("coingecko", coin("BTC"), "bitcoin"), ("coingecko", coin("ETHEUR", "EUR"), "ethereum"),
    ("coingecko", coin("X", coingecko="some-coin"), "some-coin"), ("coingecko", APPLE, None),
    ("coinbase", BITCOIN, "BTC-USD"), ("coinbase", coin("BTC", "EUR"), "BTC-EUR"), ("coinbase", APPLE, None),
    ("tiingo", BERKSHIRE, "BRK-B"), ("tiingo", BITCOIN, "btcusd"), ("tiingo", SAP, None), ("tiingo", listed("SAP", "EUR", tiingo="SAP"), None),
    ("polygon", APPLE, "AAPL"), ("polygon", EURUSD, "EURUSD"), ("polygon", SAP, None),
    ("eodhd", APPLE, "AAPL.US"), ("eodhd", BERKSHIRE, "BRK-B.US"), ("eodhd", SAP, "SAP.XETRA"), ("eodhd", BITCOIN, "BTC-USD.CC"),
    ("eodhd", EURUSD, "EURUSD.FOREX"), ("eodhd", listed("GSPC", kind=AssetClass.INDEX, eodhd="GSPC.INDX"), "GSPC.INDX"),
    ("ecb", EURUSD, "EURUSD"), ("ecb", pair("EURXXX"), None), ("ecb", APPLE, None), ("openfigi", APPLE, None), ("nbp", pair("USDPLN"), None),
    *((name, one, None) for name in MINE for one in (VODAFONE, NASPERS, CASH)),
]  # fmt: skip


def client(provider: str, url: str = "http://127.0.0.1:9") -> Any:
    made: Any = maker(provider)
    return made(Wire(provider, url), "key")


@pytest.mark.parametrize(("provider", "instrument", "symbol"), ASKED, ids=lambda value: getattr(value, "symbol", value))
def test_who_is_asked_under_which_symbol(provider: str, instrument: Instrument, symbol: str | None) -> None:
    one = client(provider)
    assert one.covers(instrument) is (symbol is not None)
    if symbol is not None:
        assert one.symbol(instrument) == symbol


def test_a_provider_without_its_key_is_skipped_and_says_so() -> None:
    settings = Settings.from_env({"MARKET_DATA": ",".join(MINE)})
    assert {refusal.name for refusal in refusals(settings)} == KEYED
    assert all(f"{refusal.name.upper()}_API_KEY" in refusal.reason for refusal in refusals(settings))
    assert [provider.name for provider in create(settings)] == [name for name in MINE if name not in KEYED]


def test_a_provider_with_its_key_runs_and_its_address_can_be_another() -> None:
    keys = {f"{name.upper()}_API_KEY": "k" for name in KEYED}
    urls = {f"{name.upper()}_BASE_URL": f"http://127.0.0.1:9/{name}" for name in MINE}
    made: list[Any] = list(create(Settings.from_env({"MARKET_DATA": ",".join(MINE), **keys, **urls})))
    assert [provider.name for provider in made] == list(MINE)
    assert all(provider.wire.base_url.endswith(provider.name) for provider in made)
    assert all(provider.offers for provider in made)


def test_the_past_of_the_ecb_is_on_another_host_unless_its_address_is_told() -> None:
    public, own = (create(Settings.from_env({"MARKET_DATA": "ecb", **more}))[0] for more in ({}, {"ECB_BASE_URL": "http://127.0.0.1:9"}))
    assert (public.wire.base_url, public.portal.base_url) == ("https://www.ecb.europa.eu", "https://data-api.ecb.europa.eu")  # type: ignore[attr-defined]
    assert own.portal.base_url == "http://127.0.0.1:9"  # type: ignore[attr-defined]


def test_a_ticker_of_many_coins_is_none() -> None:


    body = '[{"id": "one", "symbol": "abc", "name": "One"}, {"id": "two", "symbol": "ABC", "name": "Two"}, {"id": "only", "symbol": "xyz"}]'
    with Replay.serving(body) as server:
        gecko = client("coingecko", server.url)
        assert gecko.symbol(coin("XYZ-USD")) == "only"
        with pytest.raises(ProviderError):
            gecko.symbol(coin("ABC"))
        assert len(server.asked) == 1
