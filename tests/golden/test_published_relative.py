"""Figures beside a benchmark as published: Bacon's 24 months as PerformanceAnalytics prints them, its own suite, other libraries."""

from __future__ import annotations

from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest
import quantstats
import statsmodels.api as sm

import engine
from engine import (
    active_return,
    alpha,
    appraisal_ratio,
    batting_average,
    beta,
    capture_ratio,
    down_capture,
    fama_beta,
    information_ratio,
    jensen_alpha,
    market_line,
    market_timing,
    net_selectivity,
    probability_of_outperformance,
    r_squared,
    regression_epsilon,
    selectivity,
    specific_risk,
    systematic_risk,
    total_risk,
    up_capture,
)
from tests.golden.bacon import BENCHMARK, PORTFOLIO

MONTHLY: dict[str, Any] = {"periods_per_year": 12}
BACON: dict[str, Any] = {**MONTHLY, "method": "annualised"}
DAYS = pd.bdate_range("2015-01-01", periods=1500)


def daily(seed: int, beta_of: float = 0.9) -> tuple[pd.Series, pd.Series]:
    """Returns with fat tails and a memory, so that robust errors differ from classic ones."""
    random = np.random.default_rng(seed)
    market = 0.0003 + 0.01 * random.standard_t(5, len(DAYS))
    noise = 0.005 * random.standard_t(5, len(DAYS))
    noise[1:] += 0.3 * noise[:-1]
    return pd.Series(0.0001 + beta_of * market + noise, index=DAYS), pd.Series(market, index=DAYS)


def printed(value: float) -> Any:
    """As far as the manual prints it: its last digit may be cut instead of rounded."""
    digits = len(str(abs(value)).split(".")[1])
    return pytest.approx(value, abs=10.0**-digits)


@pytest.mark.parametrize(("found", "published"), [
    (jensen_alpha(PORTFOLIO, BENCHMARK, **BACON), -0.014),
    (alpha(PORTFOLIO, BENCHMARK, **BACON), -0.0141),
    (regression_epsilon(PORTFOLIO, BENCHMARK, **MONTHLY), -0.013),
    (systematic_risk(PORTFOLIO, BENCHMARK, **MONTHLY), 0.13),  # the manual prints 0.013
    (specific_risk(PORTFOLIO, BENCHMARK, ddof=0, **MONTHLY), 0.0329),
    (total_risk(PORTFOLIO, BENCHMARK, ddof=0, **MONTHLY), 0.134),  # the manual prints 0.0134
    (appraisal_ratio(PORTFOLIO, BENCHMARK, ddof=0, **BACON), -0.430),
    (fama_beta(PORTFOLIO, BENCHMARK, ddof=0), 1.03),
    (selectivity(PORTFOLIO, BENCHMARK, **BACON), -0.0141),
    (net_selectivity(PORTFOLIO, BENCHMARK, **BACON), -0.017),
])
def test_bacon_as_the_manual_of_performanceanalytics_prints_it(found: float, published: float) -> None:
    assert found == printed(published)


def test_captures_of_the_suite_of_performanceanalytics() -> None:
    # tests/testthat/test-UpDownRatios.R: chained and summed returns, up above 0, down at 0 and below
    own, theirs = [0.10, -0.05, 0.05, -0.10, 0.02], [0.05, 0.02, -0.01, -0.05, 0.05]
    assert up_capture(own, theirs, method="cumulative") == pytest.approx((1.10 * 0.95 * 1.02 - 1) / (1.05 * 1.02 * 1.05 - 1), rel=1e-12)
    assert down_capture(own, theirs, method="cumulative") == pytest.approx((1.05 * 0.90 - 1) / (0.99 * 0.95 - 1), rel=1e-12)
    assert up_capture(own, theirs, method="mean") == pytest.approx(0.07 / 0.12, rel=1e-12)
    assert down_capture(own, theirs, method="mean") == pytest.approx(-0.05 / -0.06, rel=1e-12)


def test_timing_of_the_suite_of_performanceanalytics() -> None:
    # tests/testthat/test-MarketTiming.R: a perfect timer, and a quadratic one
    market = np.random.default_rng(42).normal(0.005, 0.05, 100)
    perfect = market_timing(np.maximum(market, 0.0), market, model="henriksson_merton").iloc[0]
    assert perfect.tolist() == pytest.approx([0.0, 1.0, 1.0], abs=1e-12)
    bent = market_timing(0.01 + 0.8 * market + 2.0 * market**2, market).iloc[0]
    assert bent.tolist() == pytest.approx([0.01, 0.8, 2.0], abs=1e-10)


def test_months_ahead_of_the_manual_of_performanceanalytics() -> None:
    """The definition of table.ProbOutPerformance, window by window."""
    for horizon in (1, 3, 6, 12):
        own, theirs = ((1 + side).rolling(horizon).apply(np.prod).dropna() for side in (PORTFOLIO, BENCHMARK))
        assert probability_of_outperformance(PORTFOLIO, BENCHMARK, horizon=horizon) == pytest.approx((own > theirs).mean())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("rate", [0.0, 0.0001])
def test_empyrical_on_the_same_series(seed: int, rate: float) -> None:
    own, theirs = daily(seed)
    assert beta(own, theirs, risk_free=rate) == pytest.approx(empyrical.beta(own, theirs, rate), rel=1e-9)
    assert alpha(own, theirs, risk_free=rate) == pytest.approx(empyrical.alpha(own, theirs, rate), rel=1e-9)
    assert information_ratio(own, theirs, periods_per_year=1) == pytest.approx(empyrical.excess_sharpe(own, theirs), rel=1e-9)
    named = {"method": "annualised", "zero": "neither", "periods_per_year": 252}
    assert up_capture(own, theirs, **named) == pytest.approx(empyrical.up_capture(own, theirs), rel=1e-9)
    assert down_capture(own, theirs, **named) == pytest.approx(empyrical.down_capture(own, theirs), rel=1e-9)
    assert capture_ratio(own, theirs, **named) == pytest.approx(empyrical.up_down_capture(own, theirs), rel=1e-9)
    assert batting_average(own, theirs) == pytest.approx(empyrical.batting_average(own, theirs)["batting average"], rel=1e-12)


def test_quantstats_on_the_same_series() -> None:
    own, theirs = daily(3)
    greeks = quantstats.stats.greeks(own, theirs, prepare_returns=False)
    assert beta(own, theirs) == pytest.approx(greeks["beta"], rel=1e-9)
    assert jensen_alpha(own, theirs) == pytest.approx(greeks["alpha"], rel=1e-9)
    assert r_squared(own, theirs) == pytest.approx(quantstats.stats.r_squared(own, theirs, prepare_returns=False), rel=1e-9)
    assert information_ratio(own, theirs, periods_per_year=1) == pytest.approx(
        quantstats.stats.information_ratio(own, theirs, prepare_returns=False), rel=1e-9)


@pytest.mark.parametrize("lags", [None, 0, 12])
def test_statsmodels_on_the_same_series(lags: int | None) -> None:
    own, theirs = daily(4)
    own.iloc[[3, 700, 701, 1499]] = np.nan
    known = own.notna()
    fitted = sm.OLS(own[known].to_numpy(), sm.add_constant(theirs[known].to_numpy()))
    used = int(4 * (known.sum() / 100) ** (2 / 9)) if lags is None else lags
    for errors, their in (("newey_west", fitted.fit(cov_type="HAC", cov_kwds={"maxlags": used}, use_t=True)), ("classic", fitted.fit())):
        line = market_line(own, theirs, errors=errors, lags=lags).iloc[0]
        assert [line["alpha"], line["beta"]] == pytest.approx(their.params.tolist(), rel=1e-9)
        assert [line["alpha_error"], line["beta_error"]] == pytest.approx(their.bse.tolist(), rel=1e-9)
        assert [line["alpha_t"], line["beta_t"]] == pytest.approx(their.tvalues.tolist(), rel=1e-9)
        assert [line["alpha_p"], line["beta_p"]] == pytest.approx(their.pvalues.tolist(), rel=1e-6, abs=1e-30)
        assert [line["r_squared"], line["standard_error"]] == pytest.approx([their.rsquared, their.mse_resid**0.5], rel=1e-9)


def test_sides_and_bends_are_least_squares_of_statsmodels() -> None:
    own, theirs = daily(5)
    for name, chosen in (("bull_beta", theirs >= 0), ("bear_beta", theirs < 0)):
        line = sm.OLS(own[chosen].to_numpy(), sm.add_constant(theirs[chosen].to_numpy())).fit()
        assert getattr(engine, name)(own, theirs) == pytest.approx(line.params[1], rel=1e-9)
    for name, bent in (("treynor_mazuy", theirs**2), ("henriksson_merton", np.maximum(-theirs, 0))):
        plane = sm.OLS(own.to_numpy(), sm.add_constant(np.column_stack([theirs, bent]))).fit()
        assert market_timing(own, theirs, model=name).iloc[0].tolist() == pytest.approx(plane.params.tolist(), rel=1e-8)


def test_active_premium_of_performanceanalytics_is_the_difference_of_years() -> None:
    years = [float(np.prod(1 + side) ** (12 / 24) - 1) for side in (PORTFOLIO, BENCHMARK)]
    assert active_return(PORTFOLIO, BENCHMARK, **BACON) == pytest.approx(years[0] - years[1], rel=1e-12)
    assert active_return(PORTFOLIO, BENCHMARK, excess="geometric", **BACON) == pytest.approx((1 + years[0]) / (1 + years[1]) - 1, rel=1e-12)
    spread = (PORTFOLIO - BENCHMARK).std() * 12**0.5
    assert information_ratio(PORTFOLIO, BENCHMARK, **BACON) == pytest.approx((years[0] - years[1]) / spread, rel=1e-12)
