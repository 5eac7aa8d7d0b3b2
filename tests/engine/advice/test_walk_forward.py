"""Walk-forward: by hand, against closed forms, and blind to the future: whatever comes after a day changes nothing before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from skfolio.datasets import load_sp500_dataset
from skfolio.model_selection import CombinatorialPurgedCV
from skfolio.optimization import HierarchicalRiskParity, MeanRisk

from engine.advice.purged import purged_paths
from engine.advice.strategies import NAMES, Terms, capped, fitted, strategy
from engine.advice.verdict import compared, probability_of_overfitting, sharpe
from engine.advice.walk_forward import Decide, Walk, walk_forward
from engine.errors import InsufficientHistory, InvalidInput, NotConverged

WEIGHTS = {"AAPL": 0.3, "BAC": 0.2, "GE": 0.2, "JNJ": 0.2, "XOM": 0.1}


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    prices = load_sp500_dataset()[[*WEIGHTS]].loc["2007":"2009"]  # the crisis in its middle
    return prices.pct_change().iloc[1:]


def walked(returns: pd.DataFrame, decide: Decide) -> Walk:
    return walk_forward(returns, decide, window=120, every=63, weights=pd.Series(WEIGHTS))


def of(name: str) -> Decide:
    return strategy(name).make(Terms(WEIGHTS, {"AAPL": 0.5, "JNJ": 0.5}, most_weight=0.4, band=0.05))


def test_two_days_by_hand() -> None:
    rows = pd.DataFrame({"A": [0.0] * 20 + [0.10, 0.0, 0.20], "B": [0.0] * 20 + [0.0, 0.50, 0.0]})
    walk = walk_forward(rows, lambda _past, now: pd.Series([0.5, 0.25], index=now.index), window=20, every=2, cost=0.01,
                        weights=pd.Series({"A": 1.0}), cash_rate=0.001)
    first = (1 + 0.5 * 0.1 + 0.25 * 0.001) * (1 - 0.01 * 0.75) - 1  # 0.5 sold, 0.25 bought
    assert walk.returns.iloc[0] == pytest.approx(first, rel=1e-12)
    assert walk.gross.iloc[0] == pytest.approx(0.05025, rel=1e-12)
    parts = np.array([0.5 * 1.1, 0.25, 0.25 * 1.001])
    assert walk.returns.iloc[1] == pytest.approx((parts[0] + parts[1] * 1.5 + parts[2] * 1.001) / parts.sum() - 1, rel=1e-12)
    drifted = np.array([0.55, 0.375]) / (0.55 + 0.375 + 0.25 * 1.001**2)
    assert walk.turnover.iloc[1] == pytest.approx(abs(drifted - [0.5, 0.25]).sum(), rel=1e-12)
    assert walk.weights.index.tolist() == [19, 21]


def test_doing_nothing_is_bought_and_held(real: pd.DataFrame) -> None:
    walk = walked(real, of("still"))
    held = ((1 + real.iloc[120:]).cumprod() * pd.Series(WEIGHTS)).sum(axis=1)
    np.testing.assert_allclose(walk.growth, held, rtol=1e-12)
    assert walk.cost.sum() == pytest.approx(0.0, abs=1e-15)


def blind(make: Callable[[pd.DataFrame], Decide], returns: pd.DataFrame, day: int) -> bool:
    """Whether everything up to a day, on which it decides, is the same whatever comes after it."""
    other = returns.copy()
    other.iloc[day:] = -0.7 * other.iloc[day:].to_numpy()[:, ::-1] + 0.003
    one, two = walked(returns, make(returns)), walked(other, make(other))
    known = returns.index[:day]
    decisions = one.weights.index[one.weights.index.isin(known)]
    return bool(one.returns.loc[one.returns.index.isin(known)].equals(two.returns.loc[two.returns.index.isin(known)])
                and one.weights.loc[decisions].equals(two.weights.loc[decisions]) and decisions[-1] == known[-1])


@pytest.mark.parametrize("name", NAMES)
def test_no_strategy_sees_the_future(real: pd.DataFrame, name: str) -> None:
    assert blind(lambda _rows: of(name), real.iloc[:360], day=309)


def test_the_check_above_catches_who_does(real: pd.DataFrame) -> None:
    def seer(rows: pd.DataFrame) -> Decide:
        later = rows.rolling(80).sum().shift(-80).ffill()
        return lambda past, _now: pd.Series({later.loc[past.index[-1]].idxmax(): 1.0})

    assert not blind(seer, real.iloc[:400], day=309)


def test_the_same_call_gives_the_same_walk(real: pd.DataFrame) -> None:
    assert walked(real.iloc[:260], of("hierarchical")).returns.equals(walked(real.iloc[:260], of("hierarchical")).returns)


def test_weights_are_those_of_skfolio(real: pd.DataFrame) -> None:
    past = real.iloc[:250]
    tree = HierarchicalRiskParity().fit(past).weights_
    assert abs(fitted("hierarchical", past).to_numpy() - tree).max() < 0.25  # its covariance is shrunk
    walk = walked(real.iloc[:200], of("minimum_variance"))
    direct = fitted("minimum_variance", real.iloc[:120], most_weight=0.4)
    np.testing.assert_allclose(walk.weights.iloc[0], direct, atol=1e-12)
    least, own = MeanRisk(max_weights=0.4).fit(past).weights_, fitted("minimum_variance", past, most_weight=0.4).to_numpy()
    spread = past.cov().to_numpy()
    assert least @ spread @ least <= own @ spread @ own <= 1.02 * (least @ spread @ least)


def test_an_optimiser_without_an_answer_stays_where_it_is(real: pd.DataFrame) -> None:
    falling = real.iloc[:200] - 0.05
    with pytest.raises(NotConverged, match="maximum_sharpe"):
        fitted("maximum_sharpe", falling.iloc[:120])
    walk = walked(falling, of("maximum_sharpe"))
    assert walk.turnover.sum() == pytest.approx(0.0, abs=1e-12)


def test_caps_and_bands_are_kept(real: pd.DataFrame) -> None:
    assert (walked(real, of("capped")).weights <= 0.4 + 1e-12).all(axis=None)
    banded, restored = (walked(real, strategy(name).make(Terms(WEIGHTS, band=0.05))) for name in ("banded", "restored"))
    assert banded.turnover.sum() < restored.turnover.sum()
    assert capped(np.array([1.0, 0.0, 0.0]), 0.5).tolist() == [0.5, 0.25, 0.25]


def test_a_symbol_without_a_past_is_bought_once_it_has_one() -> None:
    chance = np.random.default_rng(3)
    rows = pd.DataFrame(chance.normal(0, 0.01, (100, 2)), columns=["OLD", "NEW"])
    rows.loc[:44, "NEW"] = np.nan
    walk = walk_forward(rows, strategy("equal").make(Terms()), window=20, every=10)
    assert walk.weights["NEW"].tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5]


def test_it_ends_where_it_is_told_to(real: pd.DataFrame) -> None:
    told: list[tuple[int, int]] = []
    walk = walk_forward(real, of("equal"), window=120, every=63, tell=lambda done, total: told.append((done, total)) or done < 3)
    assert len(walk.weights) == 3
    assert told[-1][0] == 3 < told[-1][1]


def test_bad_calls_are_named(real: pd.DataFrame) -> None:
    with pytest.raises(InvalidInput, match="window"):
        walk_forward(real, of("equal"), window=5)
    with pytest.raises(InvalidInput, match="every"):
        walk_forward(real, of("equal"), every=0)
    with pytest.raises(InvalidInput, match="cost"):
        walk_forward(real, of("equal"), cost=float("nan"))
    with pytest.raises(InsufficientHistory, match="505"):
        walk_forward(real.iloc[:300], of("equal"))
    with pytest.raises(InvalidInput, match="at most one"):
        walk_forward(real, lambda past, _now: pd.Series(0.5, index=past.columns), window=120)
    with pytest.raises(InvalidInput, match="not a strategy"):
        strategy("best")
    with pytest.raises((NotConverged, InvalidInput)):
        fitted("best", real)


def test_differences_of_windows_by_hand() -> None:
    days = pd.date_range("2020-01-01", periods=40)
    own, other = pd.Series(0.01, days), pd.Series([0.0, 0.03] * 20, index=days)
    own.iloc[-10:] = 0.03
    found = compared(own, other, window=10, step=10, periods_per_year=10, draws=50)
    usual, last = 1.01**10 - 1.03**5, 1.03**10 - 1.03**5
    np.testing.assert_allclose(found.differences, [usual, usual, usual, last], rtol=1e-12)
    assert (found.share, found.worst) == (0.25, pytest.approx(usual))
    assert found.median == pytest.approx(usual)
    assert found.sentence == f"Would have helped in 25 % of windows, median {100 * usual:+.1f} % a year, worst {100 * usual:+.1f} %"
    ratios = sharpe(np.column_stack([own, other]), 10)
    assert found.sharpe_difference == pytest.approx(ratios[0] - ratios[1])
    assert found.sharpe_lower <= found.sharpe_upper
    with pytest.raises(InsufficientHistory):
        compared(own, other, window=40)


def test_overfitting_of_noise_is_a_coin_and_of_skill_is_none() -> None:
    chance = np.random.default_rng(5)
    noise = pd.DataFrame(chance.normal(0, 0.01, (1200, 12)))
    skilled = noise + np.linspace(0, 0.004, 12)
    assert 0.2 < probability_of_overfitting(noise, parts=8) < 0.9
    assert probability_of_overfitting(skilled, parts=8) == 0.0
    assert np.isnan(probability_of_overfitting(noise[[0]]))
    with pytest.raises(InvalidInput, match="even"):
        probability_of_overfitting(noise, parts=7)


def test_purged_paths_leave_out_what_is_near(real: pd.DataFrame) -> None:
    seen: list[pd.DataFrame] = []

    def fit(past: pd.DataFrame) -> pd.Series:
        seen.append(past)
        return pd.Series(1.0 / past.shape[1], index=past.columns)

    rows = real.iloc[:320]
    paths = purged_paths(rows, fit, folds=6, tested=2)
    np.testing.assert_allclose(paths, np.repeat(rows.mean(axis=1).to_numpy()[:, None], 5, axis=1), atol=1e-15)
    assert len(seen) == CombinatorialPurgedCV(n_folds=6, n_test_folds=2).n_splits == 15
    assert all(len(past) <= 320 - 2 * (320 // 6) - 5 for past in seen)
    with pytest.raises(InsufficientHistory):
        purged_paths(real.iloc[:50], fit)
