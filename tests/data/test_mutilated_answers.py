"""Answers with something broken in them: what comes of one is consistent, or an error of a provider; never another error, never an odd number."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.providers.alphavantage import AlphaVantage
from data.providers.base import HttpProvider
from data.providers.wire import Wire
from data.providers.yahoo import Yahoo
from data.providers.yahoo_entrance import Ticket
from engine.errors import ProviderError
from engine.types import AssetClass, Instrument, Source
from tests.data.replay import RECORDED, Replay, Told

BODIES = Path(__file__).parent / "bodies"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVER = (date(1900, 1, 1), date(2030, 1, 1))
SPAN = (datetime(2000, 1, 1, tzinfo=UTC), NOW)
NUMBERS = st.sampled_from([0, -1, -0.01, 1e308, -1e308, 5e-324, float("nan"), float("inf"), 10**400, 2**63, 253402300800, -1e13, "0", "-1", "1e999"])
OTHERS = st.sampled_from([
    None, "", "N/D", "NaN", "-", "12.5", "None", True, False, 1.5, [], {}, [None], [[1]], {"raw": 1.0}, "2024-13-45", "GBp", "USD", "../..",
    "America/New_York", "US", "9" * 5000, "１２", "Infinity",
])
STRANGE = NUMBERS | OTHERS
Asked = Callable[[Any, Instrument], list[Any]]


class Sample(NamedTuple):
    """A body, and what is asked so that it is the answer."""

    provider: type[HttpProvider]
    place: Path
    asked: Asked
    symbol: str
    kind: AssetClass = AssetClass.EQUITY


def instrument(sample: Sample) -> Instrument:
    currency = sample.symbol[-3:] if sample.kind in {AssetClass.FX, AssetClass.CRYPTO} else "USD"
    return Instrument(UUID(int=1), UUID(int=2), sample.symbol, "x", sample.kind, currency, sources=(Source(sample.provider.name, sample.symbol),))


def quotes(client: Any, one: Instrument) -> list[Any]:
    return list(client.fetch_quotes([one], NOW))


def batch(client: Any, one: Instrument) -> list[Any]:
    return list(client._batched([one.symbol], Ticket("A3=d", "crumb.1")).values())


def bars(client: Any, one: Instrument) -> list[Any]:
    found = client.fetch_history(one, *EVER)
    dates = [bar.date for bar in found.bars]
    assert dates == sorted(set(dates)), "a day comes once, in order"
    assert found.currency is None or isinstance(found.currency, str)
    return [*found.bars, *found.actions]


def paid(client: Any, one: Instrument) -> list[Any]:
    client.premium = True
    return bars(client, one)


def free(client: Any, one: Instrument) -> list[Any]:
    client.premium = False
    return bars(client, one)


def lists(client: Any, one: Instrument) -> list[Any]:
    return list(client.fetch_actions(one, *EVER))


def rates(client: Any, _one: Instrument) -> list[Any]:
    return [rate for found in client.fetch_fx(["EURUSD"], *EVER).values() for rate in found]


def minutes(client: Any, one: Instrument) -> list[Any]:
    if isinstance(client, Yahoo):
        return list(client._steps(one.symbol, *SPAN, (60, "1m")))
    return list(client.fetch_intraday([one], *SPAN, every_seconds=60))


def search(client: Any, _one: Instrument) -> list[Any]:
    hits = client.search("ABC")
    assert all(hit.symbol and isinstance(hit.symbol, str) and isinstance(hit.name, str) for hit in hits)
    return []


Y, A = BODIES / "yahoo", BODIES / "alphavantage"
SAMPLES = [
    Sample(Yahoo, Y / "chart-days.json", bars, "ABC.L"), Sample(Yahoo, Y / "chart-days.json", quotes, "ABC.L"),
    Sample(Yahoo, Y / "chart-minutes.json", minutes, "ABC.L"), Sample(Yahoo, Y / "quotes.json", batch, "ABC.L"),
    Sample(Yahoo, Y / "search.json", search, "ABC.L"), Sample(AlphaVantage, A / "quote.json", quotes, "ABC"),
    Sample(AlphaVantage, A / "daily.json", free, "ABC"), Sample(AlphaVantage, A / "adjusted.json", paid, "ABC"),
    Sample(AlphaVantage, A / "coin.json", bars, "BTCCNY", AssetClass.CRYPTO), Sample(AlphaVantage, A / "rate.json", quotes, "EURUSD", AssetClass.FX),
    Sample(AlphaVantage, A / "lists.json", lists, "ABC"), Sample(AlphaVantage, A / "pair.json", rates, "EURUSD"),
    Sample(AlphaVantage, A / "search.json", search, "ABC"),
]
RECORDINGS = [
    Sample(Yahoo, RECORDED / "yahoo" / "chart-IBM-1d-1962-pre-epoch.json", bars, "IBM"),
    Sample(Yahoo, RECORDED / "yahoo" / "chart-EURUSD_X-1d-fx.json", rates, "EURUSD"),
    Sample(Yahoo, RECORDED / "yahoo" / "chart-BARC.L-1m-trailing-nulls.json", minutes, "BARC.L"),
    Sample(Yahoo, RECORDED / "yahoo" / "chart-THF-phantom-ECNQUOTE.json", quotes, "THF"),
    Sample(Yahoo, RECORDED / "yahoo" / "quote-OCDO.L.json", batch, "OCDO.L"),
    Sample(AlphaVantage, RECORDED / "alphavantage" / "time_series_daily_adjusted-IBM.json", paid, "IBM"),
    Sample(AlphaVantage, RECORDED / "alphavantage" / "global_quote-MSFT.json", quotes, "MSFT"),
]


def places(told: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [place for key, value in inner for place in ((*here, key), *places(value, (*here, key)))]


def is_number(told: Any, place: tuple[Any, ...]) -> bool:
    """Whether a place holds a number, or a text that is one: there the harm is done."""
    for key in place:
        told = told[key]
    return isinstance(told, int | float) or (isinstance(told, str) and told.replace(".", "").isdigit())


def changed(told: Any, place: tuple[Any, ...], how: str, value: Any) -> None:
    """Break one value: take it away, put something strange in its place, or say it twice."""
    for key in place[:-1]:
        told = told[key]
    if how == "drop":
        del told[place[-1]]
    elif how == "twice" and isinstance(told, list):
        told.insert(place[-1], copy.deepcopy(told[place[-1]]))
    else:
        told[place[-1]] = copy.deepcopy(value)


@st.composite
def broken(draw: st.DrawFn, text: str) -> bytes:
    """Break a body in one to three places; sometimes cut it off as well."""
    told = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        known = places(told)
        sought = [place for place in known if is_number(told, place)] if draw(st.booleans()) else known
        if sought or known:
            changed(told, draw(st.sampled_from(sought or known)), draw(st.sampled_from(["drop", "put", "put", "twice"])), draw(STRANGE))
    written = json.dumps(told).encode()
    return written[: draw(st.integers(0, len(written)))] if draw(st.integers(0, 9)) == 0 else written


def holds(found: Any) -> bool:
    """Whether every number of a result can be what it says it is."""
    for name in ("price", "close", "open", "high", "low", "adjusted_close", "rate", "ratio", "amount"):
        value = getattr(found, name, None)
        assert value is None or (math.isfinite(value) and 0 < value < 1e16), f"{name} {value}"
    assert getattr(found, "volume", None) is None or 0 <= found.volume < 1e20
    low, high = getattr(found, "low", None), getattr(found, "high", None)
    assert low is None or low <= found.close
    assert high is None or high >= found.close
    ts = getattr(found, "ts", None)
    assert ts is None or ts.utcoffset() is not None
    return True


def asked_of(sample: Sample, server: Replay, text: bytes) -> list[Any]:
    """Ask over HTTP; an error of a provider is an answer as good as any."""
    server.rule = lambda _asked: Told(text)
    client = sample.provider(Wire(sample.provider.name, server.url, deadline_seconds=10), "key")
    try:
        return sample.asked(client, instrument(sample))
    except ProviderError:
        return []
    finally:
        client.wire.close()


@pytest.mark.parametrize("sample", [*SAMPLES, *RECORDINGS], ids=lambda sample: f"{sample.place.stem}-{sample.asked.__name__}")
def test_a_broken_answer_gives_nothing_wrong(sample: Sample) -> None:
    if not sample.place.exists():
        pytest.skip("the recorded bodies are not here")
    text = sample.place.read_text(encoding="utf-8")
    with Replay() as server:
        sane = asked_of(sample, server, text.encode())
        assert sample.asked is search or "phantom" in sample.place.stem or sane, "the body itself is an answer"

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(broken(text))
        def tried(body: bytes) -> None:
            assert all(holds(each) for each in asked_of(sample, server, body))

        tried()


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=80, deadline=None)
def test_csv_of_anything_gives_nothing_wrong(text: bytes) -> None:
    sample = Sample(AlphaVantage, A / "minutes.csv", minutes, "ABC")
    with Replay() as server:
        assert all(holds(each) for each in asked_of(sample, server, b"timestamp,open,high,low,close,volume\r\n" + text))


@given(st.integers(0, 170), STRANGE)
@settings(max_examples=80, deadline=None)
def test_csv_with_something_strange_in_it_gives_nothing_wrong(place: int, value: Any) -> None:
    text = (A / "minutes.csv").read_text(encoding="utf-8")
    with Replay() as server:
        found = asked_of(Sample(AlphaVantage, A / "minutes.csv", minutes, "ABC"), server, f"{text[:place]}{value}{text[place:]}".encode())
        assert all(holds(each) for each in found)
