"""Dispersion and shape as published: Bacon's 24 months as PerformanceAnalytics prints them, and other libraries on the same series."""

from __future__ import annotations

from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest
import skfolio.measures as skfolio
from scipy import stats
from skfolio.datasets import load_sp500_dataset

import engine
from engine import (
    beta_co_kurtosis,
    beta_co_skewness,
    beta_co_variance,
    co_kurtosis,
    co_skewness,
    downside_deviation,
    downside_frequency,
    downside_potential,
    even_moment,
    gini_mean_difference,
    higher_partial_moment,
    kurtosis,
    kurtosis_root,
    l_kurtosis,
    l_moment,
    l_skewness,
    lower_partial_moment,
    mean_absolute_deviation,
    semideviation,
    semivariance,
    skewness,
    skewness_kurtosis_ratio,
    tail_gini,
    upside_deviation,
    upside_frequency,
    upside_potential,
    variability_skewness,
    variance,
    volatility,
    volatility_skewness,
)
from tests.golden.bacon import BENCHMARK, PORTFOLIO

pytestmark = pytest.mark.filterwarnings("error")
MAR = {"minimum_acceptable_return": 0.005}
SAME = 1e-9
CHANCE = np.random.default_rng(20)
SHOCKS = pd.DataFrame(CHANCE.standard_t(4, (750, 6)) * 0.01 + 0.0004, columns=list("ABCDEF"))


# PerformanceAnalytics 2.0.8, the examples in R/*.R: each prints what Bacon's book has, to the digits given there.
@pytest.mark.parametrize(
    ("figure", "given", "expected", "digits"),
    [
        ("downside_deviation", MAR | {"periods_per_year": 1}, 0.0255, 4),
        ("downside_potential", MAR, 0.0137, 4),
        ("downside_frequency", MAR, 0.458, 3),
        ("upside_frequency", MAR, 0.542, 3),
        ("upside_deviation", MAR | {"periods_per_year": 1}, 0.02937, 5),
        ("upside_potential", MAR, 0.01771, 5),
        ("mean_absolute_deviation", {}, 0.031, 3),
        ("volatility_skewness", MAR, 1.32, 2),
        ("variability_skewness", MAR, 1.15, 2),
        ("kurtosis", {"excess": False}, 3.03, 2),
        ("kurtosis", {}, -0.41, 2),
        ("skewness_kurtosis_ratio", {}, -0.034, 3),
    ],
)
def test_bacon(figure: str, given: dict[str, Any], expected: float, digits: int) -> None:
    assert round(getattr(engine, figure)(PORTFOLIO, **given), digits) == expected


def test_upside_variance_of_bacon() -> None:
    # its documentation says 0.08628, which is percent: 0.0008628 as a fraction
    assert higher_partial_moment(PORTFOLIO, target=0.005) == pytest.approx(0.0008628, abs=5e-8)


@pytest.mark.parametrize("series", [PORTFOLIO.to_numpy(), *SHOCKS.to_numpy().T], ids=["bacon", *SHOCKS])
def test_scipy(series: Any) -> None:
    assert skewness(series) == pytest.approx(stats.skew(series, bias=False), rel=SAME)
    assert skewness(series, method="population") == pytest.approx(stats.skew(series), rel=SAME)
    assert kurtosis(series) == pytest.approx(stats.kurtosis(series, bias=False), rel=SAME)
    assert kurtosis(series, method="population", excess=False) == pytest.approx(stats.kurtosis(series, fisher=False), rel=SAME)
    assert even_moment(series, order=6) == pytest.approx(stats.moment(series, 6), rel=SAME)
    assert [l_moment(series, order=order) for order in (1, 2, 3, 4)] == pytest.approx(stats.lmoment(series, standardize=False).tolist(), rel=SAME)
    assert [l_skewness(series), l_kurtosis(series)] == pytest.approx(stats.lmoment(series)[2:].tolist(), rel=SAME)


def test_logarithms_of_growth() -> None:
    logs = np.log1p(SHOCKS)
    assert volatility(SHOCKS, kind="log").tolist() == pytest.approx((logs.std() * 252**0.5).tolist(), rel=SAME)
    assert variance(SHOCKS, kind="log").tolist() == pytest.approx(logs.var().tolist(), rel=SAME)
    assert skewness(SHOCKS, kind="log").tolist() == pytest.approx(logs.skew().tolist(), rel=SAME)
    assert kurtosis(SHOCKS, kind="log").tolist() == pytest.approx(logs.kurt().tolist(), rel=SAME)
    lost = np.array([[0.01, 0.02], [-1.0, 0.01], [0.02, -0.03], [0.01, 0.0], [0.0, 0.01]])
    for rule in (volatility, variance, skewness, kurtosis):
        assert np.isnan(rule(lost, kind="log")).tolist() == [True, False]


def test_pandas() -> None:
    pd.testing.assert_series_equal(skewness(SHOCKS), SHOCKS.skew(), check_names=False, rtol=SAME)
    pd.testing.assert_series_equal(kurtosis(SHOCKS), SHOCKS.kurt(), check_names=False, rtol=SAME)
    pd.testing.assert_series_equal(variance(SHOCKS), SHOCKS.var(), check_names=False, rtol=SAME)


def test_skfolio() -> None:
    cells = SHOCKS.to_numpy()
    same = {
        "variance": (variance(cells), skfolio.variance(cells)),
        "deviation": (volatility(cells, periods_per_year=1), skfolio.standard_deviation(cells)),
        "mad": (mean_absolute_deviation(cells), skfolio.mean_absolute_deviation(cells)),
        "semivariance": (semivariance(cells, denominator="all_less_one"), skfolio.semi_variance(cells)),
        "semideviation": (semideviation(cells, periods_per_year=1), skfolio.semi_deviation(cells, biased=True)),
        "first lower": (lower_partial_moment(cells, order=1), skfolio.first_lower_partial_moment(cells, min_acceptable_return=0.0)),
        "fourth lower": (lower_partial_moment(cells, order=4, target=0.001), skfolio.fourth_lower_partial_moment(cells, min_acceptable_return=0.001)),
        "fourth": (kurtosis_root(cells) ** 2, skfolio.fourth_central_moment(cells)),
        "skew": (skewness(cells, method="population"), skfolio.skew(cells)),
        "kurtosis": (kurtosis(cells, method="population", excess=False), skfolio.kurtosis(cells)),
        "gini": (gini_mean_difference(cells), skfolio.gini_mean_difference(cells)),
    }
    for name, (ours, theirs) in same.items():
        assert ours == pytest.approx(theirs, rel=SAME), name


def test_empyrical() -> None:
    # tests/test_stats.py of empyrical: "mixed" returns, volatility and downside risk of a year of days
    mixed = pd.Series(np.array([np.nan, 1, 10, -4, 2, 3, 2, 1, -10]) / 100, index=pd.date_range("2000-1-30", periods=9))
    assert volatility(mixed) == pytest.approx(0.9136465399704637, rel=SAME)
    assert downside_deviation(mixed) == pytest.approx(0.6044832503882, rel=SAME)
    assert downside_deviation(mixed, minimum_acceptable_return=0.1) == pytest.approx(1.7161730681956295, rel=SAME)
    for name in SHOCKS:
        assert volatility(SHOCKS[name]) == pytest.approx(empyrical.annual_volatility(SHOCKS[name]), rel=SAME)
        assert downside_deviation(SHOCKS[name]) == pytest.approx(empyrical.downside_risk(SHOCKS[name]), rel=SAME)


def test_a_tail_of_gini_is_the_integral_of_the_mean_losses_of_its_tails() -> None:
    # Ogryczak and Ruszczynski 2002: 2 / share^2 times the integral of alpha times the mean loss of the worst alpha, here as one sum
    losses = -np.sort(SHOCKS["A"].to_numpy())
    alphas = np.linspace(0, 0.05, 200_001)[1:]
    whole = alphas * len(losses)
    within = np.interp(whole, np.arange(len(losses) + 1), np.concatenate([[0.0], np.cumsum(losses)])) / len(losses)
    assert tail_gini(SHOCKS["A"], points=5_000) == pytest.approx(2 * within.mean() * 0.05 / 0.05**2, rel=1e-3)


# Riskfolio-Lib 7.4.0, RiskFunctions with alpha 0.05: of Bacon's months, and of a year of Apple's days (prices of skfolio).
RISKFOLIO = {
    ("mean_absolute_deviation", ()): (0.031083333333333334, 0.020113417844091843),
    ("kurtosis_root", ()): (0.002337759272608424, 0.001590387039409961),
    ("semikurtosis_root", ()): (0.0017236989658870256, 0.0011123597461749726),
    ("gini_mean_difference", ()): (0.04571739130434782, 0.029746206625756746),
    ("tail_gini", ()): (0.06488878771064172, 0.0680022806839028),
    ("tail_gini", (("level", 0.75),)): (0.0519993378829752, 0.040251087737779745),
    ("l_moment", (("order", 3),)): (-0.0004071146245059274, 0.00041989365601051215),
    ("l_moment", (("order", 4),)): (0.003161255411255411, 0.0029994730804392615),
    ("return_range", ()): (0.146, 0.19854172824908878),
    ("value_at_risk_range", (("interpolation", "lower"),)): (0.131, 0.09070175438596506),  # its quantile is an order statistic
    ("expected_shortfall_range", (("tail", "weighted"),)): (0.1435, 0.12146745757774689),
    ("tail_gini_range", ()): (0.14558295391490653, 0.1384301680016191),
    ("entropic_value_at_risk_range", ()): (0.14537873476279284, 0.1546012712424858),
    ("entropic_value_at_risk_range", (("level", 0.75),)): (0.11846784612895231, 0.10076385052659513),
    ("relativistic_value_at_risk_range", ()): (0.14554240295966475, 0.17245762505136253),  # by a solver of cones, to seven digits
    ("relativistic_value_at_risk_range", (("level", 0.75),)): (0.12362752036972503, 0.12397426164309906),
}


@pytest.mark.parametrize(("figure", "given"), RISKFOLIO)
def test_riskfolio(figure: str, given: tuple[tuple[str, Any], ...]) -> None:
    apple = load_sp500_dataset()["AAPL"].pct_change().iloc[1:253]
    digits = 1e-6 if "relativistic" in figure else 1e-8 if "entropic" in figure else SAME
    found = [getattr(engine, figure)(series, **dict(given)) for series in (PORTFOLIO, apple)]
    assert found == pytest.approx(RISKFOLIO[figure, given], rel=digits)


def co_moment(own: Any, other: Any, power: int) -> float:
    return float(np.mean((own - own.mean()) * (other - other.mean()) ** power))


def test_co_moments_by_their_definition() -> None:
    # PerformanceAnalytics, R/CoMoments.R: `centeredcomoment` with and without `normalize`, on Bacon's two series
    own, other = PORTFOLIO.to_numpy(), BENCHMARK.to_numpy()
    assert co_skewness(PORTFOLIO, BENCHMARK, standardised=False) == pytest.approx(co_moment(own, other, 2), rel=SAME)
    assert co_kurtosis(PORTFOLIO, BENCHMARK, standardised=False) == pytest.approx(co_moment(own, other, 3), rel=SAME)
    assert beta_co_variance(PORTFOLIO, BENCHMARK) == pytest.approx(co_moment(own, other, 1) / other.var(), rel=SAME)
    assert beta_co_skewness(PORTFOLIO, BENCHMARK) == pytest.approx(co_moment(own, other, 2) / stats.moment(other, 3), rel=SAME)
    assert beta_co_kurtosis(PORTFOLIO, BENCHMARK) == pytest.approx(co_moment(own, other, 3) / stats.moment(other, 4), rel=SAME)
    assert co_skewness(PORTFOLIO, PORTFOLIO) == pytest.approx(stats.skew(own), rel=SAME)
    assert co_kurtosis(PORTFOLIO, PORTFOLIO) == pytest.approx(stats.kurtosis(own, fisher=False), rel=SAME)


def test_series_of_what_is_acceptable() -> None:
    moving = pd.Series(np.linspace(-0.01, 0.02, 24), index=PORTFOLIO.index)
    short = np.minimum(PORTFOLIO - moving, 0.0)
    assert downside_deviation(PORTFOLIO, minimum_acceptable_return=moving, periods_per_year=1) == pytest.approx((short**2).mean() ** 0.5, rel=SAME)
    assert downside_deviation(PORTFOLIO, minimum_acceptable_return=0.0, denominator="below", periods_per_year=12) == pytest.approx(
        (PORTFOLIO[PORTFOLIO < 0] ** 2).mean() ** 0.5 * 12**0.5, rel=SAME)
    assert upside_deviation(-PORTFOLIO) == pytest.approx(downside_deviation(PORTFOLIO), rel=SAME)
    assert downside_potential(PORTFOLIO) == pytest.approx(lower_partial_moment(PORTFOLIO, order=1), rel=SAME)
    assert downside_frequency(PORTFOLIO) == pytest.approx(lower_partial_moment(PORTFOLIO, order=0), rel=SAME)
    assert upside_frequency(PORTFOLIO) == pytest.approx(higher_partial_moment(PORTFOLIO, order=0), rel=SAME)
    assert upside_potential(PORTFOLIO) == pytest.approx(np.maximum(PORTFOLIO, 0).mean(), rel=SAME)
    assert variability_skewness(PORTFOLIO) ** 2 == pytest.approx(volatility_skewness(PORTFOLIO), rel=SAME)
    assert skewness_kurtosis_ratio(PORTFOLIO) == pytest.approx(stats.skew(PORTFOLIO) / stats.kurtosis(PORTFOLIO, fisher=False), rel=SAME)
