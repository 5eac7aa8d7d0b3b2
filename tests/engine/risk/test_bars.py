"""Volatility of bars: by the published formulas written out, on prices whose volatility is known, and the cone of windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine import exposure, realised_volatility, time_in_market, volatility, volatility_cone
from engine.errors import InvalidInput, MisalignedSeries

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(4)
DAYS = pd.bdate_range("2020-01-01", periods=400)


def bars(*, over_night: float = 0.0, steps: int = 2000) -> pd.DataFrame:
    """Bars of 400 days of a price with 1 % of volatility within each."""
    gaps = np.cumsum(CHANCE.normal(0, over_night, 400)) if over_night else np.zeros(400)
    moves = CHANCE.normal(0, 0.01 / steps**0.5, (400, steps))
    paths = np.cumsum(moves, axis=1)
    starts = np.concatenate([[0.0], np.cumsum(paths[:-1, -1])]) + gaps
    paths = np.exp(np.column_stack([np.zeros(400), paths]) + starts[:, None]) * 100
    return pd.DataFrame({"open": paths[:, 0], "high": paths.max(axis=1), "low": paths.min(axis=1), "close": paths[:, -1]}, index=DAYS)


CALM, JUMPY = bars(), bars(over_night=0.01)


def of_bars(name: str, table: pd.DataFrame, **given: Any) -> Any:
    rule: Callable[..., Any] = getattr(engine, name)
    columns = ["high", "low"] if name == "parkinson_volatility" else ["open", "high", "low", "close"]
    return rule(*(table[column] for column in columns), **given)


NAMES = ["parkinson_volatility", "garman_klass_volatility", "rogers_satchell_volatility", "yang_zhang_volatility"]


@pytest.mark.parametrize("name", NAMES)
def test_bars_tell_the_volatility_they_were_made_with(name: str) -> None:
    assert of_bars(name, CALM, periods_per_year=1) == pytest.approx(0.01, rel=0.08)
    assert of_bars(name, CALM) == pytest.approx(of_bars(name, CALM, periods_per_year=1) * 252**0.5)


def test_only_yang_and_zhang_see_the_night() -> None:
    assert of_bars("yang_zhang_volatility", JUMPY, periods_per_year=1) == pytest.approx(0.01 * 2**0.5, rel=0.08)
    assert of_bars("garman_klass_volatility", JUMPY, periods_per_year=1) == pytest.approx(0.01, rel=0.08)


def test_formulas_written_out() -> None:
    # as TTR's volatility() has them in R: Parkinson, Garman and Klass, Rogers and Satchell, Yang and Zhang
    log = np.log(JUMPY)
    high, low, close = log["high"] - log["open"], log["low"] - log["open"], log["close"] - log["open"]
    within = (high * (high - close) + low * (low - close)).mean()
    gap, weight = (log["open"] - log["close"].shift()).var(), 0.34 / (1.34 + 400 / 398)
    moved = (high * (high - close) + low * (low - close)).iloc[1:].mean()
    expected = {
        "parkinson_volatility": ((log["high"] - log["low"]) ** 2).mean() / (4 * np.log(2)),
        "garman_klass_volatility": (0.5 * (log["high"] - log["low"]) ** 2 - (2 * np.log(2) - 1) * close**2).mean(),
        "rogers_satchell_volatility": within,
        "yang_zhang_volatility": gap + weight * close.iloc[1:].var() + (1 - weight) * moved,
    }
    for name, variance in expected.items():
        assert of_bars(name, JUMPY, periods_per_year=1) == pytest.approx(variance**0.5, rel=1e-12), name


@pytest.mark.parametrize("name", NAMES)
def test_many_instruments_are_each_alone_and_impossible_bars_are_left_out(name: str) -> None:
    wrong = JUMPY.copy()
    wrong.iloc[3, 1] = wrong.iloc[3, 2] / 2  # a high below the low
    wrong.iloc[9, 1] = -1.0
    columns = ["high", "low"] if name == "parkinson_volatility" else ["open", "high", "low", "close"]
    frames = [pd.DataFrame({"calm": CALM[column], "wrong": wrong[column]}) for column in columns]
    found = getattr(engine, name)(*frames)
    assert found["calm"] == pytest.approx(of_bars(name, CALM), rel=1e-12)
    kept = wrong.copy()
    kept.iloc[[3, 9], 1] = np.nan
    assert found["wrong"] == pytest.approx(of_bars(name, kept), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_too_few_bars_have_none(name: str) -> None:
    assert np.isnan(of_bars(name, JUMPY.iloc[:0]))
    assert np.isnan(of_bars(name, JUMPY * np.nan))
    assert np.isnan(of_bars("yang_zhang_volatility", JUMPY.iloc[:2]))
    flat = JUMPY * 0 + 100.0
    assert of_bars(name, flat) == 0.0


def test_bars_that_do_not_line_up_are_named() -> None:
    with pytest.raises(MisalignedSeries, match="lows and highs"):
        engine.parkinson_volatility(JUMPY["high"], JUMPY["low"].iloc[1:])
    with pytest.raises(MisalignedSeries, match="labels differ"):
        engine.parkinson_volatility(JUMPY["high"], JUMPY["low"].shift(1, freq="D"))
    with pytest.raises(InvalidInput):
        of_bars("yang_zhang_volatility", JUMPY, periods_per_year=0)


def test_days_from_returns_within_them() -> None:
    minutes = pd.date_range("2024-01-02 09:30", periods=390, freq="min").append(pd.date_range("2024-01-03 09:30", periods=390, freq="min"))
    returns = pd.Series(CHANCE.normal(0, 0.01 / 390**0.5, 780), index=minutes, name="A")
    found = realised_volatility(returns, periods_per_year=1)
    assert found.index.strftime("%d").tolist() == ["02", "03"]
    assert found.name == "A"
    assert found.tolist() == pytest.approx([np.sqrt((returns.iloc[part] ** 2).sum()) for part in (slice(390), slice(390, 780))])
    assert realised_volatility(returns.to_numpy(), periods_per_day=390, periods_per_year=1).tolist() == pytest.approx(found.tolist())
    frame = realised_volatility(pd.DataFrame({"A": returns, "B": returns * np.nan}))
    assert frame["A"].tolist() == pytest.approx((found * 252**0.5).tolist())
    assert frame["B"].isna().all()
    with pytest.raises(InvalidInput, match="periods_per_day"):
        realised_volatility([0.01, 0.02])


def test_cone_by_hand() -> None:
    returns = CALM["close"].pct_change().iloc[1:]
    cone = volatility_cone(returns, windows=[21, 63])
    for window in (21, 63):
        rolled = (returns.rolling(window).std() * 252**0.5).dropna()
        expected = np.quantile(rolled, [0, 0.25, 0.5, 0.75, 1])
        assert cone.loc[window, [0.0, 0.25, 0.5, 0.75, 1.0]].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
        assert cone.loc[window, "current"] == pytest.approx(volatility(returns.iloc[-window:]), rel=1e-9)
        assert cone.loc[window, "rank"] == pytest.approx((rolled < rolled.iloc[-1]).mean() * len(rolled) / (len(rolled) - 1), abs=1e-9)
        assert cone.loc[window, "count"] == 399 - window + 1


def test_an_adjusted_cone_is_wider_and_true_on_average() -> None:
    # Hodges and Tompkins 2002: overlapping windows of normal returns understate the mean variance
    returns = CHANCE.normal(0, 0.01, 300)
    plain, raised = (volatility_cone(returns, windows=[126], adjusted=adjusted) for adjusted in (False, True))
    count = 300 - 126 + 1
    factor = 1 - 126 / count + (126**2 - 1) / (3 * count**2)
    assert (raised.loc[126, 0.5] / plain.loc[126, 0.5]) == pytest.approx(factor**-0.5)


def test_a_cone_without_history_is_nan_and_bad_ones_are_named() -> None:
    short = volatility_cone([0.01, 0.02], windows=[5])
    assert short.drop(columns="count").isna().all(axis=None)
    assert short.loc[5, "count"] == 0
    assert volatility_cone([0.01] * 30, windows=[5]).loc[5, [0.0, 1.0, "current"]].tolist() == [0.0, 0.0, 0.0]
    assert volatility_cone([0.01] * 30, windows=[5]).loc[5, "rank"] == 0.5
    gaps = volatility_cone(np.where(np.arange(40) == 20, np.nan, CHANCE.normal(size=40)), windows=[5])
    assert gaps.loc[5, "count"] == 31
    both = volatility_cone(pd.DataFrame({"A": [0.01, 0.02, 0.0], "B": [0.0, 0.0, 0.1]}), windows=[2])
    assert both.index.names == ["series", "window"]
    for given in ({"windows": []}, {"windows": [1]}, {"quantiles": [1.5]}, {"periods_per_year": 0}):
        with pytest.raises(InvalidInput):
            volatility_cone([0.01, 0.02, 0.03], **given)  # type: ignore[arg-type]


def test_time_at_work() -> None:
    returns = [0.01, 0.0, np.nan, -0.02]
    assert time_in_market(returns) == pytest.approx(2 / 3)
    assert exposure(returns) == time_in_market(returns)
    assert exposure(returns, [1.0, 0.0, 9.0, 0.5]) == pytest.approx(0.5)
    assert np.isnan(time_in_market([]))
    assert np.isnan(exposure([np.nan], [1.0]))
