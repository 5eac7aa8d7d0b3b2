"""The days of the episodes and the market's moves on them, against the closes of the S&P 500 that the `arch` package brings."""

from __future__ import annotations

from datetime import date

import arch.data.sp500
import pandas as pd
import pytest

from engine.errors import InvalidInput
from engine.stress.episodes import EPISODES, Episode, episode

CLOSES = arch.data.sp500.load()["Adj Close"]  # an index: adjusted and plain are the same
INSIDE = [each for each in EPISODES if each.start > CLOSES.index[0].date() and each.end <= CLOSES.index[-1].date()]


@pytest.mark.parametrize("each", INSIDE, ids=lambda each: each.name)
def test_the_market_moved_as_its_closes_say(each: Episode) -> None:
    before, last = CLOSES[: pd.Timestamp(each.start) - pd.Timedelta(days=1)].iloc[-1], CLOSES[: pd.Timestamp(each.end)].iloc[-1]
    assert each.market == pytest.approx(last / before - 1, abs=5.1e-5)


@pytest.mark.parametrize("name", ["dotcom_crash", "gfc_crash", "autumn_2018"])
def test_a_crash_runs_from_a_peak_to_a_trough(name: str) -> None:
    each = episode(name)
    inside = CLOSES[pd.Timestamp(each.start) - pd.Timedelta(days=7) : pd.Timestamp(each.end)]
    assert inside.idxmin().date() == each.end
    assert inside.idxmax().date() < each.start


def test_episodes_run_to_2025_and_are_named_once() -> None:
    assert len(INSIDE) >= 20
    assert len({each.name for each in EPISODES}) == len({each.label for each in EPISODES}) == len(EPISODES)
    assert all(each.start <= each.end and each.meaning.endswith(".") for each in EPISODES)
    assert max(each.end for each in EPISODES) >= date(2025, 4, 8)


def test_an_unknown_episode_names_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="not a known episode") as told:
        episode("tulips")
    assert "covid" in told.value.context["hint"]
