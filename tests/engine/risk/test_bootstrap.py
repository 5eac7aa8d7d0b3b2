"""Intervals by drawing blocks: as wide as theory says, the same for the same seed, of one series and of many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import arithmetic_mean, bootstrap_interval, volatility
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.bootstrap import drawn_periods

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(5)
RETURNS = CHANCE.normal(0.001, 0.01, 600)


def mean(cells: Any) -> Any:
    return np.mean(cells, axis=0)


def test_the_error_of_a_mean_is_its_deviation_over_the_root_of_their_number() -> None:
    found = bootstrap_interval(RETURNS, mean, draws=4000, block=1)
    assert found["estimate"] == pytest.approx(RETURNS.mean())
    assert found["standard_error"] == pytest.approx(RETURNS.std() / 600**0.5, rel=0.05)
    assert [found["lower"], found["upper"]] == pytest.approx(RETURNS.mean() + np.array([-1.96, 1.96]) * found["standard_error"], abs=2e-4)


@pytest.mark.parametrize("method", ["stationary", "circular"])
def test_blocks_keep_what_hangs_together(method: str) -> None:
    trending = np.convolve(CHANCE.normal(size=2020), np.ones(20) / 20, mode="valid")
    alone = bootstrap_interval(trending, mean, draws=500, block=1, method=method)["standard_error"]
    together = bootstrap_interval(trending, mean, draws=500, block=60, method=method)["standard_error"]
    assert together > 2.5 * alone


def test_blocks_follow_the_history_and_begin_anew_after_its_end() -> None:
    places = drawn_periods(10, 200, 4, "circular", 1)
    steps = (places[1:] - places[:-1]) % 10
    assert (steps[[0, 1, 2, 4, 5, 6]] == 1).all()
    assert places.max() == 9
    assert len(np.unique(places[0])) == 10


def test_the_mean_length_of_a_block_is_as_asked() -> None:
    places = drawn_periods(1000, 200, 12, "stationary", 1)
    breaks = ((places[1:] - places[:-1]) % 1000 != 1).mean()
    assert 1 / breaks == pytest.approx(12, rel=0.05)


def test_the_same_call_gives_the_same_answer_and_another_seed_another() -> None:
    once, again = (bootstrap_interval(RETURNS, volatility, draws=50) for _ in range(2))
    pd.testing.assert_series_equal(once, again)
    assert bootstrap_interval(RETURNS, volatility, draws=50, seed=8)["lower"] != once["lower"]


def test_many_series_and_figures_are_each_alone() -> None:
    frame = pd.DataFrame({"A": RETURNS, "B": RETURNS[::-1] * 2})
    found = bootstrap_interval(frame, {"volatility": volatility, "mean": arithmetic_mean}, draws=60)
    assert found.index.names == ["figure", "series"]
    alone = bootstrap_interval(frame["B"], arithmetic_mean, draws=60)
    np.testing.assert_allclose(found.loc[("mean", "B")], alone, rtol=1e-12)
    assert bootstrap_interval(frame, volatility, draws=60).index.tolist() == ["A", "B"]
    assert bootstrap_interval(frame["A"], {"volatility": volatility}, draws=60).index.tolist() == ["volatility"]


def test_missing_returns_stay_missing() -> None:
    gaps = np.where(np.arange(600) % 7 == 0, np.nan, RETURNS)
    found = bootstrap_interval(gaps, volatility, draws=60)
    assert np.isfinite(found).all()
    assert bootstrap_interval([np.nan] * 30, volatility, draws=5).isna().all()


@pytest.mark.parametrize("given", [{"level": 1.0}, {"draws": 1}, {"block": 0.5}, {"method": "moving"}])
def test_a_bad_call_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        bootstrap_interval(RETURNS, volatility, **given)


def test_too_short_a_history_and_a_figure_of_another_shape_are_named() -> None:
    with pytest.raises(InsufficientHistory, match="needs 2 observations, 1 are there"):
        bootstrap_interval([0.01], volatility)
    with pytest.raises(InvalidInput, match="one number a series"):
        bootstrap_interval(RETURNS, lambda cells: cells)
