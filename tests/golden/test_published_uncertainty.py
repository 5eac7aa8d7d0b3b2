"""Tests of normality and memory, and what a Sharpe ratio is worth: as published, and as other libraries have it on the same series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skfolio.measures as skfolio
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox, normal_ad
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.stattools import acf

from engine import (
    anderson,
    anderson_p_value,
    autocorrelation,
    autocorrelation_adjusted_sharpe_ratio,
    deflated_sharpe_ratio,
    expected_max_sharpe_ratio,
    geltner_returns,
    hurst_exponent,
    jarque_bera,
    jarque_bera_p_value,
    ljung_box,
    ljung_box_p_value,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    shapiro,
    shapiro_p_value,
    sharpe_standard_error,
    smoothing_index,
)
from engine.risk.uncertainty import sharpe_width, track_record
from tests.golden.bacon import PORTFOLIO

pytestmark = pytest.mark.filterwarnings("error")
SAME = 1e-9
CHANCE = np.random.default_rng(11)
SERIES = {f"{count}": CHANCE.standard_t(5, count) * 0.01 + 0.001 for count in (8, 11, 12, 60, 1000)} | {"bacon": PORTFOLIO.to_numpy()}


@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_normality_of_scipy_and_statsmodels(series: Any) -> None:
    theirs = stats.jarque_bera(series)
    assert (jarque_bera(series), jarque_bera_p_value(series)) == pytest.approx((theirs.statistic, theirs.pvalue), rel=SAME)
    theirs = stats.shapiro(series)  # its tables are rounded to eight digits
    assert (shapiro(series), shapiro_p_value(series)) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-6)
    assert (anderson(series), anderson_p_value(series)) == pytest.approx(normal_ad(series), rel=SAME)


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7])
def test_shapiro_of_a_handful(count: int) -> None:
    series = CHANCE.normal(size=count)
    theirs = stats.shapiro(series)
    assert (shapiro(series), shapiro_p_value(series)) == pytest.approx((theirs.statistic, theirs.pvalue), abs=1e-7)


@pytest.mark.parametrize("name", ["60", "1000", "bacon"])
def test_memory_of_statsmodels(name: str) -> None:
    series = SERIES[name]
    assert [autocorrelation(series, lag=lag) for lag in range(4)] == pytest.approx(acf(series, nlags=3).tolist(), abs=1e-12)
    theirs = acorr_ljungbox(series, lags=[5, 10])
    assert [ljung_box(series, lags=5), ljung_box(series)] == pytest.approx(theirs["lb_stat"].tolist(), rel=SAME)
    assert [ljung_box_p_value(series, lags=5), ljung_box_p_value(series)] == pytest.approx(theirs["lb_pvalue"].tolist(), rel=SAME)


def test_hurst_of_performance_analytics() -> None:
    # tests/testthat/test-HurstIndex.R: the logarithm of range over deviation, over that of the number of returns
    path = np.cumsum(PORTFOLIO - PORTFOLIO.mean())
    expected = np.log((path.max() - path.min()) / PORTFOLIO.std()) / np.log(24)
    assert hurst_exponent(PORTFOLIO, method="rescaled_range") == pytest.approx(expected, rel=SAME)


def rescaled_range_slope(series: Any) -> float:
    """The slope as Peters tells it, one block after the other."""
    sizes, means = [8, 16, 32, 64, 128, 256], []
    for size in sizes:
        blocks = [series[start : start + size] for start in range(0, len(series) - size + 1, size)]
        paths = [(np.cumsum(block - block.mean()), block.std()) for block in blocks]
        means.append(np.mean([(path.max() - path.min()) / deviation for path, deviation in paths]))
    return float(np.polyfit(np.log(sizes), np.log(means), 1)[0])


def test_slope_of_hurst_block_by_block() -> None:
    trending = np.cumsum(CHANCE.normal(size=1000)) * 0.001 + 0.05
    for series in (trending, SERIES["1000"][:600]):
        assert hurst_exponent(series) == pytest.approx(rescaled_range_slope(series), rel=1e-9)


def test_slope_of_hurst_tells_chance_trend_and_return() -> None:
    shocks = CHANCE.normal(size=4096)
    trending = np.convolve(shocks, np.ones(200) / 200, mode="valid")
    turning = np.diff(shocks)
    assert 0.45 < hurst_exponent(shocks) < 0.65
    assert hurst_exponent(trending) > 0.8
    assert hurst_exponent(turning) < 0.3


def test_smoothing_index_of_performance_analytics() -> None:
    # tests/testthat/test-SmoothingIndex.R: 25,000 returns smoothed by 0.5, 0.3, 0.2 have 0.38
    smoothed = np.convolve(CHANCE.normal(3, 1.5, 25_002), [0.5, 0.3, 0.2], mode="valid")
    assert smoothing_index(smoothed) == pytest.approx(0.38, abs=0.01)


@pytest.mark.parametrize("weights", [(0.6, 0.4), (0.3, 0.1), (-0.3, 0.2)])
def test_weights_of_the_smoothing_are_those_of_maximum_likelihood(weights: tuple[float, float]) -> None:
    returns = np.convolve(CHANCE.normal(size=3002), [1.0, *weights], mode="valid")
    theirs = ARIMA(returns - returns.mean(), order=(0, 0, 2), trend="n").fit().params[:2]
    squares = np.square([1.0, *np.maximum(theirs, 0)]).sum() / (1.0 + np.maximum(theirs, 0).sum()) ** 2
    assert smoothing_index(returns) == pytest.approx(squares, abs=0.01)


def test_geltner_of_performance_analytics() -> None:
    # R/Return.Geltner.R: less the first autocorrelation times the return before, over 1 less it
    memory = acf(PORTFOLIO, nlags=1)[1]
    expected = (PORTFOLIO - memory * PORTFOLIO.shift()) / (1 - memory)
    np.testing.assert_allclose(geltner_returns(PORTFOLIO), expected, rtol=SAME)


def test_sharpe_of_skfolio() -> None:
    cells = np.column_stack([SERIES["1000"], SERIES["1000"][::-1] * 2 - 0.002])
    trials = np.array([0.1, 0.04, -0.02, 0.07])
    assert probabilistic_sharpe_ratio(cells, benchmark_sharpe_ratio=0.02) == pytest.approx(
        skfolio.probabilistic_sharpe_ratio(cells, benchmark_sharpe_ratio=0.02), rel=SAME)
    assert deflated_sharpe_ratio(cells, trials) == pytest.approx(skfolio.deflated_sharpe_ratio(cells, trials), rel=SAME)
    assert expected_max_sharpe_ratio(33, 0.4) == pytest.approx(skfolio.expected_max_sharpe_ratio(33, 0.4), rel=SAME)


@pytest.mark.parametrize(("periods", "skew", "excess", "years"), [(252, 0, 0, 2.73), (52, 0, 0, 2.83), (12, 0, 0, 3.24), (12, -0.72, 2.78, 4.99)])
def test_track_records_of_bailey_and_lopez_de_prado(periods: int, skew: float, excess: float, years: float) -> None:
    # 2012, section 5: a yearly ratio of 2 against 1 with daily, weekly and monthly normal returns, and with those of hedge funds
    sharpe = np.array([2 / periods**0.5])
    needed = track_record(sharpe, 1 / periods**0.5, sharpe_width(sharpe, np.array([skew]), np.array([excess])), 0.95)
    assert round(float(needed[0]) / periods, 2) == years


def test_luck_of_bailey_and_lopez_de_prado() -> None:
    # 2014, "A numerical example": 100 trials with a variance of 1/2 a year, 250 days: 0.1132 a day
    assert round(expected_max_sharpe_ratio(100, (0.5 / 250) ** 0.5), 4) == 0.1132


def test_a_record_as_long_as_needed_is_just_sure_enough() -> None:
    series = SERIES["1000"]
    level = probabilistic_sharpe_ratio(series)
    assert minimum_track_record_length(series, level=level) == pytest.approx(1000, rel=SAME)


def test_standard_error_of_lo() -> None:
    series = SERIES["1000"]
    sharpe = series.mean() / series.std(ddof=1)
    assert sharpe_standard_error(series) == pytest.approx(np.sqrt((1 + sharpe**2 / 2) / 1000 * 252), rel=SAME)
    influence = (series - series.mean()) / series.std() - series.mean() / (2 * series.std()) * (((series - series.mean()) / series.std()) ** 2 - 1)
    theirs = sm.OLS(influence, np.ones(1000)).fit(cov_type="HAC", cov_kwds={"maxlags": 6, "use_correction": False}).bse[0]
    assert sharpe_standard_error(series, method="autocorrelated", periods_per_year=1) == pytest.approx(theirs, rel=SAME)
    assert sharpe_standard_error(series, method="autocorrelated", lags=0) == pytest.approx(sharpe_standard_error(series, method="moments"), rel=0.01)


def test_adjustment_of_lo_is_the_variance_of_a_year() -> None:
    # his equation 20 with every autocorrelation but the first 0: q over root(q + 2 (q - 1) rho)
    sharpe, rho = PORTFOLIO.mean() / PORTFOLIO.std(), autocorrelation(PORTFOLIO)
    expected = sharpe * 12 / np.sqrt(12 + 22 * rho)
    assert autocorrelation_adjusted_sharpe_ratio(PORTFOLIO, periods_per_year=12, lags=1) == pytest.approx(expected, rel=SAME)
    for periods, series in ((12, SERIES["60"]), (252, SERIES["60"]), (252, SERIES["1000"])):  # a year within the history, and one beyond it
        rhos = acf(series, nlags=min(periods, len(series)) - 1)[1:]
        scale = periods + 2 * sum((periods - lag) * rho for lag, rho in enumerate(rhos, start=1))
        plain = series.mean() / series.std(ddof=1)
        expected = plain * periods / np.sqrt(scale)
        assert autocorrelation_adjusted_sharpe_ratio(series, periods_per_year=periods) == pytest.approx(expected, rel=SAME), periods
    assert autocorrelation_adjusted_sharpe_ratio(PORTFOLIO, periods_per_year=12, lags=0) == pytest.approx(sharpe * 12**0.5, rel=SAME)
