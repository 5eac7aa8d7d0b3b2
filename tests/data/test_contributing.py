"""The provider that CONTRIBUTING shows is whole: it is run from the page."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest

from data import calendar
from data.providers.base import Provider
from data.providers.wire import Wire
from engine.errors import InvalidInput, MalformedResponse, RateLimited
from engine.types import AssetClass, Instrument, Source
from tests.data.replay import Asked, Replay, Told

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
SHARE = Instrument(uuid4(), uuid4(), "VOD.L", "Vodafone", AssetClass.EQUITY, "GBP", exchange="XLON", sources=())


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    module = ModuleType("shown_in_contributing")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code[1], str(PAGE), "exec"), module.__dict__)  # noqa: S102  # our own page
    return module


def told(asked: Asked) -> Told:
    assert asked.headers["X-Token"] == "marker-Key"
    rows = [{"symbol": symbol, "price": 7150, "unit": "GBp", "time": 1700000000} for symbol in asked.query["symbols"].split(",")]
    return Told(json.dumps({"rows": rows}).encode())


def test_it_answers(shown: ModuleType) -> None:
    with Replay(told) as server:
        provider = shown.PROVIDER(Wire("acme", server.url), "marker-Key")
        assert isinstance(provider, Provider)
        (quote,) = provider.fetch_quotes([SHARE], calendar.now())
        assert (quote.price, quote.currency, quote.symbol, quote.source) == (71.5, "GBP", "VOD.L", "acme")
        assert server.asked == ["/v1/last?symbols=VOD.L:XLON"]


def test_it_takes_the_symbol_that_the_instrument_names(shown: ModuleType) -> None:
    with Replay(told) as server:
        provider = shown.PROVIDER(Wire("acme", server.url), "marker-Key")
        provider.fetch_quotes([replace(SHARE, sources=(Source("yahoo", "no"), Source("acme", "VODAFONE")))], calendar.now())
        assert server.asked == ["/v1/last?symbols=VODAFONE"]
        with pytest.raises(InvalidInput):
            provider.fetch_quotes([replace(SHARE, symbol="../../etc")], calendar.now())
        assert len(server.asked) == 1


@pytest.mark.parametrize(("body", "error"), [
    (b'{"error": "slow down"}', RateLimited), (b'{"rows": [{"symbol": "VOD.L:XLON"}]}', MalformedResponse), (b"[]", MalformedResponse),
    (b'{"rows": [{"symbol": "VOD.L:XLON", "price": "N/D", "unit": "GBp", "time": 1}]}', MalformedResponse), (b"<html>", MalformedResponse),
])
def test_it_says_what_went_wrong(shown: ModuleType, body: bytes, error: type[Exception]) -> None:
    with Replay.serving(body) as server, pytest.raises(error):
        shown.PROVIDER(Wire("acme", server.url), "marker-Key").fetch_quotes([SHARE], calendar.now())
