"""Every figure beside a benchmark: of a thousand series as of each alone, and what no history can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine import (
    active_return,
    active_share,
    alpha,
    alpha_t_statistic,
    appraisal_ratio,
    beta,
    blume_beta,
    bull_beta,
    diversification,
    information_ratio,
    jensen_alpha,
    market_line,
    market_timing,
    net_selectivity,
    probability_of_outperformance,
    r_squared,
    rolling_beta,
    selectivity,
    specific_risk,
    systematic_risk,
    total_risk,
    tracking_error,
    up_capture,
    vasicek_beta,
    volatility,
)
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.risk.pair import beside
from engine.risk.relative_figures import KERNELS, TERMS

pytestmark = pytest.mark.filterwarnings("error")

NAMES = sorted(KERNELS)
DAYS = pd.bdate_range("2020-01-01", periods=260)
ROLLED = ("beta", "alpha", "tracking_error", "active_return", "information_ratio")


def world(seed: int = 0, gaps: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(seed)
    market = pd.Series(random.normal(0.0005, 0.01, len(DAYS)), index=DAYS)
    market.iloc[::50] = 0.0
    cells = np.outer(market, [0.5, 1.0, -0.3]) + random.normal(0.0002, 0.006, (len(DAYS), 3))
    frame = pd.DataFrame(cells, index=DAYS, columns=["A", "B", "C"])
    for column, start in zip(frame, range(3), strict=True):
        frame.loc[DAYS[start * 7 : start * 7 + gaps], column] = np.nan
    return frame, market


def figure(name: str, returns: Any, benchmark: Any, **conventions: Any) -> Any:
    return getattr(engine, name)(returns, benchmark, **conventions)


def test_every_figure_has_a_term_and_a_kernel() -> None:
    assert sorted(term.name for term in TERMS) == NAMES
    assert {*NAMES} <= {*engine.__all__}
    assert all(term.relative and term.minimum >= 2 for term in TERMS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gaps", [0, 4])
def test_a_frame_is_its_columns(name: str, gaps: int) -> None:
    frame, market = world(gaps=gaps)
    market.iloc[100:103] = np.nan
    together = figure(name, frame, market)
    assert isinstance(together, pd.Series)
    assert together.name == name
    alone = {column: figure(name, frame[column], market) for column in frame}
    assert together.to_dict() == pytest.approx(alone, rel=1e-9, abs=1e-13)
    left_out = {column: figure(name, *(side[frame[column].notna() & market.notna()] for side in (frame[column], market))) for column in frame}
    assert together.to_dict() == pytest.approx(left_out, rel=1e-9, abs=1e-13)
    assert figure(name, frame.to_numpy(), market.to_numpy()).tolist() == pytest.approx(together.tolist())


@pytest.mark.parametrize("name", NAMES)
def test_a_kernel_is_the_function_under_its_defaults(name: str) -> None:
    frame, market = world(1, gaps=2)
    periods = 12.0 if "capture" in name else 252.0
    assert np.broadcast_to(KERNELS[name](beside(frame, market), periods), 3).tolist() == pytest.approx(figure(name, frame, market).tolist())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("returns", [
    [], [0.01], [np.nan, np.nan], [np.nan] * 20,
], ids=["empty", "one", "two unknown", "unknown"])
def test_too_little_is_nan(name: str, returns: list[float]) -> None:
    benchmark = [0.02, *([0.01] * 30)][: len(returns)]
    found = figure(name, returns, benchmark)
    counted = {"batting_average", "up_capture", "up_number_ratio", "up_percentage_ratio", "active_return"}
    assert np.isnan(found) or (len(returns) == 1 and name in counted), name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("returns", "benchmark"), [
    ([0.01] * 40, [0.01] * 40), ([0.0] * 40, [0.0] * 40), ([0.01] * 40, [0.02, -0.01] * 20), ([0.02, -0.01] * 20, [0.003] * 40),
    ([-1.0, 0.1] * 20, [0.02, -0.01] * 20), ([0.02, -0.01] * 20, [-1.0, 0.1] * 20), ([0.02, -0.01] * 20, [0.02, -0.01] * 20),
], ids=["both flat", "both nothing", "flat", "flat benchmark", "lost", "benchmark lost", "the benchmark itself"])
def test_what_stands_still_or_is_lost_warns_of_nothing(name: str, returns: list[float], benchmark: list[float]) -> None:
    found = figure(name, returns, benchmark)
    assert np.isnan(found) or abs(found) < 1e6, name


def test_flat_sides_have_no_line() -> None:
    moving, flat = [0.02, -0.01, 0.03, 0.0] * 10, [0.003] * 40
    for name in ("beta", "alpha", "r_squared", "fama_beta", "blume_beta", "alpha_t_statistic", "treynor_mazuy_gamma", "bull_beta", "systematic_risk"):
        assert np.isnan(figure(name, moving, flat)), name
    assert beta(flat, moving) == pytest.approx(0.0, abs=1e-15)
    assert np.isnan(r_squared(flat, moving))


def test_the_benchmark_itself_has_no_alpha_and_no_error() -> None:
    moving = np.random.default_rng(1).normal(0.001, 0.01, 500)
    assert beta(moving, moving) == pytest.approx(1.0, rel=1e-14)
    assert r_squared(moving, moving) == pytest.approx(1.0, rel=1e-14)
    assert alpha(3 * moving, moving) == pytest.approx(0.0, abs=1e-12)
    assert tracking_error(moving, moving) == 0.0
    assert specific_risk(3 * moving, moving) == 0.0
    for name in ("information_ratio", "appraisal_ratio", "alpha_t_statistic"):
        assert np.isnan(figure(name, 3 * moving if name != "information_ratio" else moving, moving)), name


def test_scaling_and_shifting_and_order() -> None:
    frame, market = world(2)
    own = frame["A"]
    assert beta(2 * own, market) == pytest.approx(2 * beta(own, market))
    assert beta(own + 0.01, market) == pytest.approx(beta(own, market))
    assert jensen_alpha(own + 0.001, market) == pytest.approx(jensen_alpha(own, market) + 0.252)
    assert jensen_alpha(own, market, risk_free=0.0001) == pytest.approx(jensen_alpha(own, market) - 0.0252 * (1 - beta(own, market)))
    order = np.random.default_rng(3).permutation(len(own))
    for name in set(NAMES) - {"alpha_t_statistic", "beta_t_statistic", "probability_of_outperformance"}:  # these look at neighbours
        assert figure(name, own.to_numpy()[order], market.to_numpy()[order]) == pytest.approx(figure(name, own, market), rel=1e-9), name


def test_risks_and_components_add_up() -> None:
    frame, market = world(4)
    parts = systematic_risk(frame, market) ** 2 + specific_risk(frame, market) ** 2
    assert (total_risk(frame, market) ** 2).tolist() == pytest.approx(parts.tolist())
    assert total_risk(frame, market).tolist() == pytest.approx(volatility(frame).tolist(), rel=1e-12)
    excess, explained = frame.mean() * 252, beta(frame, market) * market.mean() * 252
    assert (selectivity(frame, market) + explained).tolist() == pytest.approx(excess.tolist())
    assert (net_selectivity(frame, market) + diversification(frame, market)).tolist() == pytest.approx(selectivity(frame, market).tolist())
    assert (appraisal_ratio(frame, market) * specific_risk(frame, market)).tolist() == pytest.approx(jensen_alpha(frame, market).tolist())


def test_a_rate_may_be_of_a_year_and_a_series() -> None:
    frame, market = world(5)
    daily = 1.05 ** (1 / 252) - 1
    assert alpha(frame, market, risk_free=0.05, risk_free_basis="year").tolist() == pytest.approx(alpha(frame, market, risk_free=daily).tolist())
    for name in ("appraisal_ratio", "selectivity", "net_selectivity", "systematic_risk"):
        assert figure(name, frame, market, risk_free=0.05, risk_free_basis="year").tolist() == pytest.approx(
            figure(name, frame, market, risk_free=daily).tolist()), name
    rates = pd.Series(np.linspace(0.0, 0.0004, len(DAYS)), index=DAYS)
    moved = [alpha(side, market, risk_free=rates) for side in (frame, frame["A"])]
    assert moved[0]["A"] == pytest.approx(moved[1])
    assert moved[1] == pytest.approx(alpha(frame["A"] - rates, market - rates))
    years = {"method": "annualised", "risk_free": rates}
    compounded = [(1 + side).prod() ** (252 / len(DAYS)) - 1 for side in (frame["A"], rates, market)]
    by_hand = compounded[0] - compounded[1] - beta(frame["A"], market, risk_free=rates) * (compounded[2] - compounded[1])
    assert alpha(frame["A"], market, **years) == pytest.approx(by_hand)


def test_one_benchmark_a_series() -> None:
    frame, market = world(6)
    theirs = pd.DataFrame({"A": market, "B": 2 * market, "C": -market})
    assert beta(frame, theirs).tolist() == pytest.approx([beta(frame[name], theirs[name]) for name in frame])


def test_adjusted_betas() -> None:
    frame, market = world(7)
    raw = beta(frame, market)
    assert blume_beta(frame, market).tolist() == pytest.approx((2 / 3 * raw + 1 / 3).tolist())
    error = market_line(frame, market, errors="classic")["beta_error"] ** 2
    share = 0.25 / (0.25 + error)
    assert vasicek_beta(frame, market, prior_mean=1.0, prior_deviation=0.5).tolist() == pytest.approx((share * raw + (1 - share) * 1.0).tolist())
    of_all = raw.var() / (raw.var() + error)
    assert vasicek_beta(frame, market).tolist() == pytest.approx((of_all * raw + (1 - of_all) * raw.mean()).tolist())
    assert np.isnan(vasicek_beta(frame["A"], market))


def test_active_share_by_hand() -> None:
    assert active_share({"A": 0.6, "B": 0.4}, {"A": 0.6, "B": 0.4}) == 0.0
    assert active_share({"A": 1.0}, {"B": 1.0}) == 1.0
    frame = pd.DataFrame({"own": {"A": 0.5, "B": 0.5}, "other": {"A": 0.1, "B": 0.9}})
    assert active_share(frame, {"A": 0.1, "B": 0.4, "C": 0.5}).to_dict() == pytest.approx({"own": 0.5, "other": 0.5})
    assert np.isnan(active_share({"A": float("nan")}, {"A": 1.0}))
    assert np.isnan(active_share({}, {}))


@pytest.mark.parametrize("name", ROLLED)
def test_a_window_is_the_figure_of_its_periods(name: str) -> None:
    frame, market = world(8)
    frame.iloc[30, 1] = np.nan
    rolled = getattr(engine, f"rolling_{name}")(frame, market, window=40)
    assert rolled.index.equals(frame.index)
    assert rolled.iloc[:39].isna().all(axis=None)
    assert rolled["B"].iloc[30:70].isna().all()
    for end in (39, 71, 259):
        inside = slice(end - 39, end + 1)
        expected = figure(name, frame.iloc[inside], market.iloc[inside])
        assert rolled.iloc[end].dropna().to_dict() == pytest.approx(expected[rolled.iloc[end].notna()].to_dict(), rel=1e-9, abs=1e-12)
        assert rolled.iloc[end].notna().sum() == (2 if end == 39 else 3)


@pytest.mark.parametrize("level", [0.003, 0.0123, -0.0071, 1e-5])
def test_a_flat_window_is_no_risk(level: float) -> None:
    random = np.random.default_rng(1)
    market = np.r_[random.normal(0, 0.01, 20), np.full(20, level), random.normal(0, 0.01, 20)]
    own = random.normal(0, 0.01, 60)
    rolled = rolling_beta(own, market, window=10)
    assert np.isnan(rolled[29:40]).all()
    assert np.isfinite(rolled[np.r_[9:29, 40:60]]).all()


@pytest.mark.parametrize(("call", "error", "told"), [
    (lambda: beta([0.1, 0.2], [0.1]), MisalignedSeries, "2, 1"),
    (lambda: beta(pd.Series([0.1, 0.2]), pd.Series([0.1, 0.2], index=[1, 2])), MisalignedSeries, "1 of 2 are in both"),
    (lambda: alpha([0.1], [0.2], risk_free=[0.1, 0.2]), MisalignedSeries, "risk_free"),
    (lambda: alpha([0.1], [0.2], method="daily"), InvalidInput, "not a choice"),
    (lambda: alpha([0.1], [0.2], risk_free_basis="month"), InvalidInput, "not a choice"),
    (lambda: beta(["a"], [0.2]), InvalidInput, "not a number"),
    (lambda: tracking_error([0.1], [0.2], periods_per_year=0), InvalidInput, "above zero"),
    (lambda: active_return([0.1], [0.2], excess="log"), InvalidInput, "not a choice"),
    (lambda: information_ratio([0.1], [0.2], method="x"), InvalidInput, "not a choice"),
    (lambda: appraisal_ratio([0.1], [0.2], risk="all"), InvalidInput, "not a choice"),
    (lambda: up_capture([0.1], [0.2], zero="both"), InvalidInput, "not a choice"),
    (lambda: bull_beta([0.1], [0.2], zero="both"), InvalidInput, "not a choice"),
    (lambda: market_timing([0.1], [0.2], model="x"), InvalidInput, "not a choice"),
    (lambda: alpha_t_statistic([0.1], [0.2], lags=-1), InvalidInput, "below 0"),
    (lambda: alpha_t_statistic([0.1], [0.2], errors="x"), InvalidInput, "not a choice"),
    (lambda: blume_beta([0.1], [0.2], weight=2), InvalidInput, "between 0 and 1"),
    (lambda: vasicek_beta([0.1], [0.2], prior_deviation=0), InvalidInput, "above zero"),
    (lambda: probability_of_outperformance([0.1], [0.2], horizon=0), InvalidInput, "number of periods"),
    (lambda: rolling_beta([0.1], [0.2], window=1), InvalidInput, "above 1"),
    (lambda: rolling_beta([0.1], [0.2], window=5), InsufficientHistory, "needs 5 observations, 1 are there"),
    (lambda: active_share({"A": "x"}, {"A": 1.0}), InvalidInput, "not a number"),
])
def test_bad_calls_are_named(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        call()
