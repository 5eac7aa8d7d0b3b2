"""What a backfill gets: bars and actions together, from whoever tells them apart too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data.providers.registry import maker
from data.providers.wire import Wire
from engine.errors import ProviderRefused
from engine.types import Instrument
from tests.data.listings import LONG_AGO, TODAY, coin, listed, ohlcv, told
from tests.data.replay import Asked, Replay, Told
from tests.data.small import BODIES, TWO

AAPL = listed("AAPL")
SPLIT, PAID = ("2020-08-31", "split", "4", None, None), ("2020-11-06", "dividend", None, "0.205", "USD")


def serving(folder: str, **by_path: str) -> Callable[[Asked], Told]:
    """Answer each path that holds a word with a small body of ours."""
    def rule(asked: Asked) -> Told:
        name = next(name for word, name in by_path.items() if word in asked.path)
        return Told((BODIES / folder / name).read_bytes()) if name else Told(b'{"error": "You don\'t have access to this resource."}', 403)

    return rule


def history(provider: str, instrument: Instrument, rule: Callable[[Asked], Told]) -> tuple[list[Any], list[Any]]:
    made: Any = maker(provider)
    with Replay(rule) as server:
        found = made(Wire(provider, server.url), "key").fetch_history(instrument, LONG_AGO, TODAY)
    return [ohlcv(bar) for bar in found.bars], [told(action) for action in found.actions]


def test_polygon() -> None:
    rule = serving("polygon", aggs="bars.json", splits="splits.json", dividends="dividends.json")
    assert history("polygon", AAPL, rule) == (TWO, [SPLIT, PAID])


def test_finnhub_undoes_splits_that_came_later() -> None:
    later = b'[{"symbol": "AAPL", "date": "2026-01-03", "fromFactor": 1, "toFactor": 4}]'

    def rule(asked: Asked) -> Told:
        return Told(later) if "split" in asked.path else serving("finnhub", candle="candles.json", dividend="dividends.json")(asked)

    bars, actions = history("finnhub", AAPL, rule)
    assert bars == [("2026-01-02", "40", "44", "38", "42", "250"), TWO[1]]
    assert actions == [PAID, ("2026-01-03", "split", "4", None, None)]


def test_where_the_plan_refuses_actions_there_are_bars() -> None:
    rule = serving("polygon", aggs="bars.json", splits="", dividends="")
    assert history("polygon", AAPL, rule) == (TWO, [])


def test_where_bars_are_adjusted_and_splits_are_refused_there_is_nothing() -> None:
    rule = serving("finnhub", candle="candles.json", split="", dividend="")
    with pytest.raises(ProviderRefused):
        history("finnhub", AAPL, rule)


@pytest.mark.parametrize(("provider", "instrument"), [("stooq", listed("NVR")), ("coinbase", coin("BTC-EUR", "EUR")), ("coingecko", coin("BTC"))])
def test_who_has_no_actions_has_bars(provider: str, instrument: Instrument) -> None:
    name = "bars.csv" if provider == "stooq" else "bars.json"
    bars, actions = history(provider, instrument, lambda _asked: Told((BODIES / provider / name).read_bytes()))
    assert (len(bars), actions) == (2, [])
