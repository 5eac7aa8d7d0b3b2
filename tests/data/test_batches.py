# ruff: noqa: E501 - bodies as they come
"""Many instruments in one request: what is wrong with one does not keep the others from their price, and is no price."""

from __future__ import annotations

from typing import Any

import pytest

from data.providers.registry import maker
from data.providers.wire import Wire
from engine.errors import MalformedResponse, ProviderError, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import Instrument
from tests.data.listings import NOW, coin, listed, pair
from tests.data.replay import Replay, Told

A, B, C = listed("AAA"), listed("BBB"), listed("CCC")
HEAD = "Symbol,Date,Time,Open,High,Low,Close,Volume\n"
SALE = '"lastSaleTimestamp": "2026-01-02T20:00:00+00:00"'
BATCHES: dict[str, tuple[list[Instrument], str]] = {
    "stooq": ([A, B, C], HEAD + "AAA.US,2026-01-02,21:00:00,1,1,1,10.5,1\nBBB.US,N/D,N/D,N/D,N/D,N/D,N/D,N/D\nCCC.US,2026-01-02,21:00:00,1,1,1,-1,1\n"),
    "coingecko": ([coin("BTC"), coin("ETH"), coin("SOL"), coin("ADA")],
                  '{"bitcoin": {"usd": 10.5, "last_updated_at": 1767384000}, "ethereum": {"usd": null, "last_updated_at": 1767384000}, "solana": {}}'),
    "tiingo": ([A, B, C], f'[{{"ticker": "AAA", "last": 10.5, {SALE}}}, {{"ticker": "BBB", "last": 0, {SALE}}}, {{"ticker": "ZZZ", "last": 5, {SALE}}}]'),
    "polygon": ([A, B, C], ('{"status": "OK", "tickers": [{"ticker": "AAA", "lastTrade": {"p": 10.5, "t": 1767384000000000000}},'
                           ' {"ticker": "BBB", "lastTrade": {"p": "x", "t": 1767384000000000000}}, {"ticker": "CCC"}]}')),
    "eodhd": ([A, B, C], ('[{"code": "AAA.US", "timestamp": 1767384000, "close": 10.5}, {"code": "BBB.US", "timestamp": "NA", "close": "NA"},'
                         ' {"code": "CCC.US", "timestamp": 1767384000, "close": -1}]')),
}
SAID: list[tuple[str, int, str, type[ProviderError]]] = [
    ("finnhub", 200, '{"error": "API limit reached. Please try again later. Remaining Limit: 0"}', RateLimited),
    ("finnhub", 200, '{"error": "Invalid API key"}', ProviderRefused), ("finnhub", 200, "{}", MalformedResponse),
    ("coingecko", 200, '{"error": {"status": {"error_code": 10012, "error_message": "Your request exceeds the allowed time range."}}}', ProviderRefused),
    ("coingecko", 404, '{"error": "coin not found"}', UnknownSymbol), ("coingecko", 200, '{"error_code": 10005}', ProviderRefused),
    ("stooq", 200, "<html><script>var challenge = 1</script></html>", ProviderRefused), ("stooq", 200, "Get your apikey: ...", ProviderRefused),
    ("stooq", 200, "", MalformedResponse), ("coinbase", 404, '{"message": "NotFound"}', UnknownSymbol),
    ("tiingo", 200, '{"detail": "Error: You have run over your hourly request allocation."}', RateLimited),
    ("tiingo", 404, '{"detail": "Not found."}', UnknownSymbol), ("tiingo", 200, "[]", UnknownSymbol),
    ("polygon", 200, '{"status": "ERROR", "error": "You\'ve exceeded the maximum requests per minute."}', RateLimited),
    ("polygon", 200, '{"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}', ProviderRefused),
    ("polygon", 404, '{"status": "NOT_FOUND", "message": "Data not found."}', UnknownSymbol),
    ("eodhd", 404, "Ticker Not Found.", UnknownSymbol), ("eodhd", 200, "Unauthenticated", ProviderRefused),
    ("eodhd", 200, "You exceeded your daily API requests limit.", RateLimited), ("ecb", 200, "<!DOCTYPE html><html></html>", MalformedResponse),
    ("ecb", 200, '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', MalformedResponse),
    ("ecb", 200, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', MalformedResponse),
]


def client(provider: str, url: str) -> Any:
    made: Any = maker(provider)
    return made(Wire(provider, url), "key")


@pytest.mark.parametrize("provider", BATCHES)
def test_the_sound_ones_of_a_batch_are_told(provider: str) -> None:
    instruments, body = BATCHES[provider]
    with Replay.serving(body) as server:
        found = client(provider, server.url).fetch_quotes(instruments, NOW)
        assert len(server.asked) == 1
    assert [(quote.symbol, quote.price) for quote in found] == [(instruments[0].symbol, 10.5)]


@pytest.mark.parametrize("provider", BATCHES)
def test_a_batch_without_a_sound_one_is_an_error(provider: str) -> None:
    instruments, body = BATCHES[provider]
    with Replay.serving(body) as server, pytest.raises((UnknownSymbol, MalformedResponse)):
        client(provider, server.url).fetch_quotes(instruments[1:], NOW)


@pytest.mark.parametrize(("provider", "status", "body", "error"), SAID)
def test_what_a_provider_says_in_place_of_data(provider: str, status: int, body: str, error: type[ProviderError]) -> None:
    one = {"coingecko": coin("BTC"), "coinbase": coin("BTC"), "ecb": pair("EURUSD")}.get(provider, A)
    with Replay.serving(body, status) as server, pytest.raises(ProviderError) as raised:
        client(provider, server.url).fetch_quotes([one], NOW)
    assert type(raised.value) is error


@pytest.mark.parametrize(("provider", "other", "path"), [("polygon", pair("AUDUSD"), "/v1/conversion"), ("tiingo", coin("BTC-USD"), "/tiingo/crypto/top")])
def test_what_is_asked_for_apart_does_not_keep_the_rest_from_its_price(provider: str, other: Instrument, path: str) -> None:
    instruments, body = BATCHES[provider]
    with Replay(lambda asked: Told(b"[]" if asked.path.startswith(path) else body.encode())) as server:
        found = client(provider, server.url).fetch_quotes([other, *instruments], NOW)
        assert len(server.asked) == 2
    assert [(quote.symbol, quote.price) for quote in found] == [("AAA", 10.5)]
