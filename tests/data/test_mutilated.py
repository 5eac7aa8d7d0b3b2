"""Bodies that were damaged on the way, and bodies of one endpoint in the place of another: a sound answer or a `ProviderError`, nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from data.providers.base import HttpProvider
from data.providers.registry import maker
from data.providers.wire import Wire
from engine.errors import InvalidInput, ProviderError
from engine.types import AssetClass, Bar, Instrument, Quote
from tests.data.listings import LONG_AGO, NOW, TODAY, coin, listed, pair, prices_in
from tests.data.replay import RECORDED, Replay, Told
from tests.data.small import BODIES, SMALL, shown

Ask = Callable[[Any], object]
DAY = (datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 1, 4, tzinfo=UTC))
OF_EACH: dict[str, Instrument] = {
    "finnhub": listed("AAPL"), "stooq": listed("NVR"), "coingecko": coin("BTC"), "coinbase": coin("BTC-EUR", "EUR"), "tiingo": listed("GOOGL"),
    "polygon": listed("AAPL"), "eodhd": listed("BUKAC", kind=AssetClass.INDEX, eodhd="BUKAC.INDX"), "ecb": pair("EURUSD"), "nbp": pair("USDPLN"),
    "bankofcanada": pair("USDCAD"), "bankofengland": pair("GBPUSD"), "openfigi": listed("IBM"),
}
BANKS = ("ecb", "nbp", "bankofcanada", "bankofengland")
CELL = re.compile(rb"(?<![0-9A-Za-z_.])-?[0-9][0-9.]*(?![0-9A-Za-z_])")
EVIL = ["null", "0", "-1", "1e999", "1e-999", "NaN", "Infinity", "-Infinity", '"N/D"', '""', "true", "[]", "{}", "[{}]", '"9999-99-99"', "1" * 400,
        "0.0", '"1,234.5"', "253402300800", "-62135596800", "9" * 18, '"\\ud800"']


def everything_of(provider: str) -> list[Ask]:
    """Each way of asking a provider for something it offers."""
    one = OF_EACH[provider]
    others = [coin("BTCUSD")] if provider == "tiingo" else [pair("AUDUSD")] if provider == "polygon" else []
    pairs = [one.symbol] if one.asset_class is AssetClass.FX else ["EURUSD"]
    ways: list[Ask] = [lambda client, asked=asked: client.fetch_quotes([asked], NOW) for asked in [one, *others]]
    ways += [lambda client: client.fetch_quotes([one, listed("MSFT", one.currency, kind=one.asset_class)], NOW)]
    ways += [lambda client, asked=asked: client.fetch_bars(asked, LONG_AGO, TODAY) for asked in [one, *others]]
    ways += [lambda client: client.fetch_actions(one, LONG_AGO, TODAY), lambda client: client.fetch_fx(pairs, LONG_AGO, TODAY),
             lambda client: client.search("apple"), lambda client: client.search("US4592001014"),
             lambda client: client.fetch_intraday([one], *DAY, every_seconds=1800), lambda client: client.fetch_history(one, LONG_AGO, TODAY)]
    return ways


def sound(answer: object) -> None:
    """What is true of every answer, whatever body it was read from."""
    assert all(math.isfinite(price) and price > 0 for price in prices_in(answer)), answer
    bars = [each for each in answer if isinstance(each, Bar)] if isinstance(answer, list) else []
    days = [bar.date for bar in bars]
    assert days == sorted(set(days))
    assert all(LONG_AGO <= day <= TODAY for day in days)
    assert all(bar.volume is None or bar.volume >= 0 for bar in bars)
    for quote in answer if isinstance(answer, list) else []:
        if isinstance(quote, Quote):
            assert quote.ts.utcoffset() == timedelta(0)
            assert quote.currency
            assert quote.volume is None or (math.isfinite(quote.volume) and quote.volume >= 0)


def judge(client: HttpProvider, ask: Ask) -> None:
    try:
        sound(ask(client))
    except ProviderError as error:
        refused(error)


def refused(error: ProviderError) -> None:
    assert error.message
    assert len(error.message) < 400


class Bench:
    """A server whose body changes, and a client of it."""

    def __init__(self, provider: str) -> None:
        self.told = Told()
        self.server = Replay(lambda _asked: self.told)
        made: Any = maker(provider)
        self.client: HttpProvider = made(Wire(provider, self.server.url, deadline_seconds=5), "key")

    def serve(self, body: bytes, content_type: str) -> None:
        self.told = Told(body, 200, content_type)
        if hasattr(self.client, "_tickers"):
            self.client._tickers = None


@pytest.fixture(scope="module")
def benches() -> Iterator[Callable[[str], Bench]]:
    made: dict[str, Bench] = {}
    yield lambda provider: made[provider] if provider in made else made.setdefault(provider, Bench(provider))
    for bench in made.values():
        bench.server.close()


def bodies(provider: str) -> list[bytes]:
    """Small ones of our own, always; those that were recorded, where they are."""
    folder = "centralbanks" if provider in BANKS[1:] else provider
    own = sorted((BODIES / provider).glob("*"))
    recorded = sorted((RECORDED / folder).glob("*")) if RECORDED.is_dir() else []
    return [path.read_bytes() for path in [*own, *recorded] if path.suffix != ".jsonl"]


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_small_body_is_read_to_the_digit(name: str, benches: Callable[[str], Bench]) -> None:
    bench = benches(name.partition("/")[0])
    bench.serve((BODIES / name).read_bytes(), "text/plain")
    answer = SMALL[name].ask(bench.client)
    assert shown(answer) == SMALL[name].expected
    sound(answer)


@pytest.mark.parametrize("name", sorted(name for name in SMALL if "search" not in name))
def test_a_bad_value_in_the_place_of_any_cell(name: str, benches: Callable[[str], Bench]) -> None:
    bench, body = benches(name.partition("/")[0]), (BODIES / name).read_bytes()
    places = [match.span() for match in CELL.finditer(body)]
    assert places
    for start, end in places:
        for evil in EVIL:
            bench.serve(body[:start] + evil.encode() + body[end:], "application/json")
            judge(bench.client, SMALL[name].ask)


@pytest.mark.parametrize("provider", sorted(OF_EACH))
def test_every_body_in_the_place_of_every_other(provider: str, benches: Callable[[str], Bench]) -> None:
    bench = benches(provider)
    others = {name: bodies(name) for name in OF_EACH}
    for body in {body for found in others.values() for body in found}:
        bench.serve(body, "application/json")
        for ask in everything_of(provider):
            judge(bench.client, ask)


def damaged(data: st.DataObject, body: bytes) -> bytes:
    """Cut, doubled, or with a value or a run of bytes in the place of another."""
    how = data.draw(st.sampled_from(["cut", "value", "bytes", "twice", "swap"]))
    at = data.draw(st.integers(0, max(len(body) - 1, 0)))
    if how == "cut":
        return body[:at]
    if how == "twice":
        return body + body[at:]
    if how == "bytes":
        return body[:at] + data.draw(st.binary(max_size=12)) + body[at + data.draw(st.integers(0, 12)) :]
    return _revalued(data, body, at) if how == "value" else body.replace(b"1", b"-1" if at % 2 else b"0")


def _revalued(data: st.DataObject, body: bytes, at: int) -> bytes:
    """Put a bad value in the place of the cell around a byte."""
    evil = data.draw(st.sampled_from(EVIL)).encode()
    ends = b",:{}[]\n\t<>=' "
    start = at
    while start > 0 and body[start - 1] not in ends:
        start -= 1
    end = at
    while end < len(body) and body[end] not in ends:
        end += 1
    assume(end > start)
    return body[:start] + (evil if b"{" in body or b"[" in body else evil.strip(b'"')) + body[end:]


@pytest.mark.parametrize("name", sorted(SMALL))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_body_is_read_soundly_or_refused(name: str, data: st.DataObject, benches: Callable[[str], Bench]) -> None:
    bench, body = benches(name.partition("/")[0]), (BODIES / name).read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        body = damaged(data, body)
    bench.serve(body, data.draw(st.sampled_from(["application/json", "text/csv", "text/html"])))
    judge(bench.client, SMALL[name].ask)


@pytest.mark.parametrize("provider", sorted(set(OF_EACH) - {"openfigi", *BANKS}))
@pytest.mark.parametrize("symbol", ["../../etc/passwd", "A\r\nHost: evil", "A" * 2000, "A?b=c", "A#b", "A B", "A%2e%2e", "A\x00"])
def test_a_symbol_that_is_none_is_refused_before_anybody_is_asked(provider: str, symbol: str, benches: Callable[[str], Bench]) -> None:
    one = OF_EACH[provider]
    bad = listed("X", one.currency, kind=one.asset_class, **{provider: symbol})
    bench = benches(provider)
    before = len(bench.server.requests)
    for ask in (lambda client: client.fetch_quotes([bad], NOW), lambda client: client.fetch_bars(bad, LONG_AGO, TODAY)):
        with pytest.raises((InvalidInput, ProviderError)):
            ask(bench.client)
    assert bench.server.requests[before:] == []
