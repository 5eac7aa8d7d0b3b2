"""The same figures by independent libraries: empyrical, skfolio, quantstats, a convex solver, a simulation; and slow readings of the definitions."""

from __future__ import annotations

import warnings
from typing import Any

import cvxpy
import empyrical
import numpy as np
import pandas as pd
import pytest
from skfolio import measures

import engine

RNG = np.random.default_rng(5)
DAYS = pd.bdate_range("2015-01-01", periods=1500)
RETURNS = pd.Series(RNG.standard_t(5, 1500) * 0.008 + 0.0005, index=DAYS)
MARKET = pd.Series(0.7 * RETURNS + RNG.normal(0, 0.005, 1500), index=DAYS)


@pytest.mark.parametrize(("ours", "theirs"), [
    ("sharpe_ratio", empyrical.sharpe_ratio), ("sortino_ratio", empyrical.sortino_ratio), ("calmar_ratio", empyrical.calmar_ratio),
    ("omega_ratio", empyrical.omega_ratio), ("max_drawdown", empyrical.max_drawdown), ("stability", empyrical.stability_of_timeseries),
    ("tail_ratio", empyrical.tail_ratio),
])
def test_empyrical(ours: str, theirs: Any) -> None:
    assert getattr(engine, ours)(RETURNS) == pytest.approx(theirs(RETURNS), rel=1e-9)


def test_empyrical_under_a_rate_and_a_target() -> None:
    assert engine.sharpe_ratio(RETURNS, risk_free=0.0001) == pytest.approx(empyrical.sharpe_ratio(RETURNS, risk_free=0.0001), rel=1e-9)
    assert engine.sortino_ratio(RETURNS, minimum_acceptable_return=0.0002) == pytest.approx(empyrical.sortino_ratio(RETURNS, 0.0002), rel=1e-9)
    target = 1.05 ** (1 / 252) - 1  # empyrical's target is one of a year
    theirs = empyrical.omega_ratio(RETURNS, required_return=0.05)
    assert engine.omega_ratio(RETURNS, minimum_acceptable_return=target) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("compounded", [False, True])
def test_skfolio_on_drawdowns(compounded: bool) -> None:  # noqa: FBT001 - a case
    """Its drawdown without compounding is the difference from the peak."""
    conventions = {"compounded": compounded, "relative": compounded}
    falls = measures.get_drawdowns(RETURNS.to_numpy(), compounded=compounded)
    assert engine.drawdown_series(RETURNS, **conventions).to_numpy() == pytest.approx(falls, abs=1e-12)
    assert engine.ulcer_index(RETURNS, **conventions) == pytest.approx(measures.ulcer_index(falls), rel=1e-9)
    assert engine.pain_index(RETURNS, **conventions) == pytest.approx(measures.average_drawdown(falls), rel=1e-9)
    assert -engine.max_drawdown(RETURNS, **conventions) == pytest.approx(measures.max_drawdown(falls), rel=1e-9)
    assert engine.cdar(RETURNS, **conventions) == pytest.approx(measures.cdar(falls), rel=1e-9)
    assert engine.dar(RETURNS, interpolation="lower", **conventions) == pytest.approx(measures.drawdown_at_risk(falls), rel=1e-2)
    assert engine.edar(RETURNS, **conventions) == pytest.approx(measures.edar(falls), rel=1e-6)  # its own minimiser stops earlier
    assert engine.edar(RETURNS, **conventions) <= measures.edar(falls) * (1 + 1e-9)


def test_relativistic_drawdown_by_a_convex_solver() -> None:
    """Cajas 2023, eq. 13, on power cones."""
    losses = -engine.drawdown_series(RETURNS).to_numpy()[::5]
    weights, count, kappa = cvxpy.Variable(losses.size, nonneg=True), losses.size, 0.3
    upper, lower, one = cvxpy.Variable(count), cvxpy.Variable(count), np.ones(count)
    bound = ((0.05 * count) ** -kappa - (0.05 * count) ** kappa) / (2 * kappa)
    problem = cvxpy.Problem(cvxpy.Maximize(losses @ weights), [
        cvxpy.sum(weights) == 1, cvxpy.sum(upper - lower) / (2 * kappa) <= bound,
        cvxpy.PowCone3D(upper, one, weights, 1 / (1 + kappa)), cvxpy.PowCone3D(weights, one, lower, 1 - kappa),
    ])
    problem.solve(solver="CLARABEL")
    from engine.risk.entropic import relativistic_bound  # noqa: PLC0415 - the kernel of rldar and of the relativistic value at risk

    assert relativistic_bound(losses[:, None], 0.95, kappa)[0] == pytest.approx(problem.value, rel=1e-6)


@pytest.fixture(scope="module")
def quantstats() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("quantstats").stats


def test_quantstats_where_its_definition_is_standard(quantstats: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ours, theirs in {
            "sharpe_ratio": quantstats.sharpe, "sortino_ratio": quantstats.sortino, "adjusted_sortino_ratio": quantstats.adjusted_sortino,
            "omega_ratio": quantstats.omega, "max_drawdown": quantstats.max_drawdown, "win_rate": quantstats.win_rate,
            "average_win": quantstats.avg_win, "average_loss": quantstats.avg_loss, "payoff_ratio": quantstats.payoff_ratio,
            "profit_factor": quantstats.profit_factor, "cpc_index": quantstats.cpc_index, "common_sense_ratio": quantstats.common_sense_ratio,
            "kelly_criterion": quantstats.kelly_criterion, "outlier_win_ratio": quantstats.outlier_win_ratio,
            "outlier_loss_ratio": quantstats.outlier_loss_ratio, "gain_to_pain_ratio": quantstats.gain_to_pain_ratio,
            "profit_ratio": quantstats.profit_ratio,
        }.items():
            assert getattr(engine, ours)(RETURNS) == pytest.approx(theirs(RETURNS), rel=1e-9), ours


def test_quantstats_where_it_is_not(quantstats: Any) -> None:
    """By how much it departs from the definition: what it sums, divides by, or mixes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        size = RETURNS.size
        assert engine.ulcer_index(RETURNS) * np.sqrt(size / (size - 1)) == pytest.approx(quantstats.ulcer_index(RETURNS), rel=1e-9)
        summed = abs(RETURNS.sum()) / -engine.max_drawdown(RETURNS)
        assert summed == pytest.approx(quantstats.recovery_factor(RETURNS), rel=1e-9)
        assert engine.recovery_factor(RETURNS) == pytest.approx(engine.cumulative_return(RETURNS) / -engine.max_drawdown(RETURNS), rel=1e-12)


def test_drawdown_table_against_quantstats(quantstats: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = quantstats.drawdown_details(quantstats.to_drawdown_series(RETURNS)).sort_values("max drawdown").head(5)
    ours = engine.drawdown_table(RETURNS, top=5)
    assert ours["drawdown"].to_numpy() * 100 == pytest.approx(theirs["max drawdown"].to_numpy(), rel=1e-9)
    assert ours["valley"].dt.strftime("%Y-%m-%d").tolist() == theirs["valley"].tolist()


def test_drawdown_table_by_a_loop() -> None:
    """Day by day, as one would with paper and pencil."""
    wealth, peak, place, found = 1.0, 1.0, -1, []
    low, valley = 1.0, -1
    for row, step in enumerate(RETURNS):
        wealth *= 1.0 + step
        if wealth >= peak:
            if low < peak:
                found.append((low / peak - 1.0, row - place, valley - place))
            peak, place, low = wealth, row, wealth
        elif wealth < low or low >= peak:
            low, valley = wealth, row
    if low < peak:
        found.append((low / peak - 1.0, RETURNS.size - 1 - place, valley - place))
    ours = engine.drawdown_table(RETURNS, top=None)
    assert len(ours) == len(found)
    ordered = sorted(found)
    assert ours["drawdown"].to_numpy() == pytest.approx([row[0] for row in ordered], rel=1e-9)
    assert ours["length"].tolist() == [row[1] for row in ordered]
    assert ours["time_to_valley"].tolist() == [row[2] for row in ordered]
    assert engine.average_drawdown(RETURNS) == pytest.approx(np.mean([row[0] for row in found]))
    assert engine.longest_drawdown(RETURNS) == max(row[1] for row in found)


@pytest.mark.parametrize("drift", [-0.0008, 0.0, 0.0004, 0.0015])
def test_expected_drawdown_by_simulation(drift: float) -> None:
    """A walk of many small steps: the closes of days fall a little less deep than the motion between them."""
    days, width = 500, 0.01
    steps = np.random.default_rng(1).normal(drift, width, (days, 4000))
    logs = np.cumsum(steps, axis=0)
    falls = (np.maximum(np.maximum.accumulate(logs, axis=0), 0.0) - logs).max(axis=0)
    sample = np.expm1(drift + width * np.repeat([1.0, -1.0], 500) * np.sqrt(999 / 1000))
    expected = engine.expected_max_drawdown(sample, horizon=days)
    pause = 2 * 0.5826 * width  # Broadie, Glasserman and Kou: what an extreme watched once a day misses, at the peak and in the valley
    assert np.log1p(expected) == pytest.approx(-(falls.mean() + pause), rel=0.02)


def test_drawdown_probability_by_counting() -> None:
    """Of a coin: the chance to fall by a third at once is a half; the same seed draws the same histories."""
    coin = [0.5, -1 / 3] * 50
    found = engine.drawdown_probability(coin, -0.3, horizon=1, block=1.0, simulations=4000)
    assert found == pytest.approx(0.5, abs=0.03)
    assert found == engine.drawdown_probability(coin, -0.3, horizon=1, block=1.0, simulations=4000)
    longer = engine.drawdown_probability(coin, -0.3, horizon=3, block=1.0, simulations=4000)
    assert longer == pytest.approx(1 - 0.5**3, abs=0.03)
    ruin = engine.drawdown_probability(coin, -0.3, horizon=2, against="start", block=1.0, simulations=4000)
    assert ruin == pytest.approx(0.5, abs=0.03)  # down at once, or up and down again, which is back at the start


def test_cdar_beta_of_the_market_and_of_its_mirror() -> None:
    assert engine.cdar_beta(MARKET, MARKET) == pytest.approx(1.0)
    assert engine.cdar_alpha(MARKET, MARKET) == pytest.approx(0.0, abs=1e-12)
    plain = {"compounded": False, "relative": False}
    assert engine.cdar_beta(0.5 * MARKET, MARKET, **plain) == pytest.approx(0.5)
    assert engine.cdar_beta(-MARKET, MARKET, **plain) == pytest.approx(-1.0)
    wealth, level = np.append(1.0, np.cumprod(1 + MARKET)), 0.95
    own = np.append(1.0, np.cumprod(1 + RETURNS))
    falls = wealth / np.maximum.accumulate(wealth) - 1
    deepest = np.argsort(falls[1:], kind="stable")[:75] + 1  # 5 % of 1,500
    since = [int(np.argmax(wealth[: day + 1])) for day in deepest]
    by_hand = np.mean([1 - own[day] / own[peak] for day, peak in zip(deepest, since, strict=True)]) / -falls[deepest].mean()
    assert engine.cdar_beta(RETURNS, MARKET, level=level) == pytest.approx(by_hand, rel=1e-9)
