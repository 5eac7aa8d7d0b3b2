"""Tests of forecasts: each by hand or against another library, their sizes by simulation, and the backtest as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn.metrics import mean_pinball_loss

from engine import (
    acerbi_szekely_test,
    backtest,
    basel_traffic_light,
    christoffersen_test,
    diebold_mariano_test,
    duration_test,
    kupiec_test,
    quantile_loss,
    quantile_losses,
    value_at_risk,
    violations,
)
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.risk.var.methods import METHODS

CHANCE = np.random.default_rng(3)
RETURNS = pd.Series(CHANCE.standard_t(6, 420) * 0.01, index=pd.bdate_range("2022-01-03", periods=420))
FRAME = pd.DataFrame(CHANCE.standard_t(6, (420, 3)) * 0.01, index=RETURNS.index, columns=list("ABC"))
HITS = pd.DataFrame(CHANCE.random((2_000, 300)) < 0.05).astype(float)
QUICK = [name for name in METHODS if name not in {"garch", "monte_carlo_normal", "t_copula", "block_bootstrap"}]


def test_violations_are_losses_beyond_the_forecast() -> None:
    found = violations(pd.Series([-0.02, -0.03, np.nan, 0.1]), pd.Series([0.02, 0.02, 0.02, np.nan]))
    assert found.tolist() == pytest.approx([0, 1, np.nan, np.nan], nan_ok=True)
    with pytest.raises(MisalignedSeries):
        violations([0.1], [0.1, 0.2])
    with pytest.raises(MisalignedSeries):
        violations(pd.Series([0.1], index=[1]), pd.Series([0.1], index=[2]))


def test_kupiec_by_scipys_binomial() -> None:
    lengths = stats.binom.logpmf(9, 250, 9 / 250) - stats.binom.logpmf(9, 250, 0.05)
    assert kupiec_test(9, 250)["statistic"] == pytest.approx(2 * lengths, rel=1e-10)
    assert kupiec_test(9, 250)["p_value"] == pytest.approx(stats.chi2.sf(2 * lengths, 1), rel=1e-10)
    assert kupiec_test(pd.Series([1] * 9 + [0] * 241 + [np.nan] * 5))["statistic"] == pytest.approx(2 * lengths, rel=1e-10)


def test_a_chain_by_its_two_binomials() -> None:
    hits = (np.random.default_rng(8).random(600) < 0.1).astype(float)
    hits[200:230] = [1, 1, 0] * 10
    before, after = hits[:-1], hits[1:]
    tables = [(int(after[before == state].sum()), int((before == state).sum())) for state in (0, 1)]
    rate = after.mean()
    ratio = sum(stats.binom.logpmf(x, n, x / n) - stats.binom.logpmf(x, n, rate) for x, n in tables)
    found = christoffersen_test(hits, level=0.9)
    assert found["independence_statistic"] == pytest.approx(2 * ratio, rel=1e-10)
    assert found["p_value"] == pytest.approx(stats.chi2.sf(2 * ratio + kupiec_test(hits, level=0.9)["statistic"], 2), rel=1e-9)
    assert found["rate_after_one"] == pytest.approx(tables[1][0] / tables[1][1])


@pytest.mark.parametrize(("places", "open_ended"), [
    ((10, 12, 13, 80, 81, 150, 240, 241, 242, 290), (11, 9)), ((0, 12, 13, 80, 81, 150, 240, 241, 242, 298), (1,)),
    ((1, 12, 13, 80, 81, 150, 240, 241, 242, 299), (2,)),
])
def test_durations_by_another_optimiser(places: tuple[int, ...], open_ended: tuple[int, ...]) -> None:
    """The days before the first and after the last are only known to be so long; on the first or last day of all there are none."""
    hits = np.zeros(300)
    hits[list(places)] = 1
    seen = np.diff(places)

    def unlikely(parameters: np.ndarray) -> float:
        shape, scale = np.exp(parameters)
        return -(stats.weibull_min.logpdf(seen, shape, scale=scale).sum() + stats.weibull_min.logsf(open_ended, shape, scale=scale).sum())

    free = optimize.minimize(unlikely, [0.0, 3.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000})
    plain = optimize.minimize_scalar(lambda scale: unlikely(np.array([0.0, scale])), bounds=(0, 9), method="bounded", options={"xatol": 1e-10})
    found = duration_test(hits)
    assert found["shape"] == pytest.approx(np.exp(free.x[0]), rel=1e-5)
    assert found["statistic"] == pytest.approx(2 * (plain.fun - free.fun), rel=1e-6)
    assert found["durations"] == len(seen) + len(open_ended)


def test_right_forecasts_are_rejected_as_rarely_as_they_should() -> None:
    """Of 300 right models about 5 % fail each test; the chain, whose statistic is discrete, a little more."""
    assert (kupiec_test(HITS)["p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.035)
    assert (christoffersen_test(HITS)["independence_p_value"] < 0.05).mean() == pytest.approx(0.06, abs=0.04)
    assert (duration_test(HITS, simulations=999)["p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.035)
    assert 0.05 < (duration_test(HITS)["p_value"] < 0.05).mean() < 0.15
    draws = np.random.default_rng(2).standard_normal((500, 200))
    loss, shortfall = np.full_like(draws, stats.norm.ppf(0.95)), np.full_like(draws, stats.norm.pdf(stats.norm.ppf(0.95)) / 0.05)
    found = acerbi_szekely_test(draws, loss, shortfall)
    assert (found["z2_p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.035)
    assert (found["z1_p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.035)
    assert found["z1"].mean() == pytest.approx(0, abs=0.02)


def test_shallow_forecasts_are_found_out() -> None:
    draws = np.random.default_rng(2).standard_t(3, 1000)
    loss = -np.quantile(draws, 0.05)
    found = acerbi_szekely_test(draws, np.full(1000, loss), np.full(1000, loss * 1.1))
    assert found["z1"] < -0.2
    assert found["z1_p_value"] < 0.01


def test_pinball_as_sklearn_has_it() -> None:
    forecast = np.full(len(RETURNS), 0.015)
    assert quantile_loss(RETURNS, forecast) == pytest.approx(mean_pinball_loss(RETURNS, -forecast, alpha=0.05), rel=1e-10)
    best = min(np.linspace(0.005, 0.04, 200), key=lambda loss: quantile_loss(RETURNS, np.full(len(RETURNS), loss)))
    assert best == pytest.approx(value_at_risk(RETURNS), abs=5e-4)


def test_diebold_and_mariano_as_statsmodels_has_them() -> None:
    mine, theirs = CHANCE.random(200), CHANCE.random(200) + 0.05
    plain = diebold_mariano_test(mine, theirs, small_sample=False)
    assert plain["statistic"] == pytest.approx(stats.ttest_1samp(mine - theirs, 0).statistic * np.sqrt(200 / 199), rel=1e-10)
    fitted = sm.OLS(mine - theirs, np.ones(200)).fit(cov_type="HAC", cov_kwds={"maxlags": 2, "kernel": "uniform"})
    wide = diebold_mariano_test(mine, theirs, horizon=3, small_sample=False)
    assert wide["statistic"] == pytest.approx(fitted.tvalues[0], rel=1e-8)
    assert wide["p_value"] == pytest.approx(2 * stats.norm.sf(abs(wide["statistic"])), rel=1e-10)
    small = diebold_mariano_test(mine, theirs, horizon=3)
    assert small["statistic"] == pytest.approx(wide["statistic"] * np.sqrt((200 + 1 - 6 + 3 * 2 / 200) / 200), rel=1e-10)
    assert np.isnan(diebold_mariano_test(mine, mine)["statistic"])


@pytest.mark.filterwarnings("error")
def test_tests_of_nothing_say_nothing() -> None:
    for nothing in ([], [np.nan] * 5):
        assert np.isnan(kupiec_test(nothing)["p_value"])
        assert np.isnan(christoffersen_test(nothing)["p_value"])
        assert np.isnan(duration_test(nothing)["p_value"])
        assert basel_traffic_light(nothing)["zone"] is None
        assert np.isnan(acerbi_szekely_test(nothing, nothing, nothing)["z2"])
        assert np.isnan(quantile_loss(nothing, nothing))
    for few in ([0.0] * 50, [1.0] + [0.0] * 49):
        assert np.isnan(duration_test(few)["p_value"])
    assert christoffersen_test([0.0] * 50)["independence_statistic"] == 0
    every = christoffersen_test([1.0] * 50)
    assert every["p_value"] < 1e-10
    assert np.isnan(duration_test([1.0] * 50)["p_value"])
    several = duration_test(pd.DataFrame({"none": [0.0] * 9, "some": [0, 1, 1, 0, 0, 0, 1, 0, 0.0], "unknown": [np.nan] * 9}))
    assert several["p_value"].isna().tolist() == [True, False, True]
    assert several.loc["some", "p_value"] == pytest.approx(duration_test([0, 1, 1, 0, 0, 0, 1, 0, 0])["p_value"])


def test_hits_that_are_none() -> None:
    for wrong in ({"violations": [0, 2]}, {"violations": 5}, {"violations": 5, "observations": 4}, {"violations": [0, 1], "level": 1}):
        with pytest.raises(InvalidInput):
            kupiec_test(**wrong)


def test_a_forecast_is_the_figure_of_the_days_before_it() -> None:
    found = backtest(RETURNS, QUICK, window=120, days=60)
    assert found.forecasts.shape == (60, len(QUICK))
    for name in QUICK:
        for place in (0, 31, 59):
            before = RETURNS[:found.forecasts.index[place]].iloc[-121:-1]
            assert found.forecasts[name].iloc[place] == pytest.approx(value_at_risk(before, method=name), rel=1e-6, nan_ok=True)
    assert found.violations.equals(violations(found.returns, found.forecasts))


def test_one_method_alone_is_told_like_several() -> None:
    alone, among = (backtest(RETURNS, names, window=120, days=60) for names in (["normal"], ["normal", "ewma"]))
    assert alone.violations["normal"].equals(among.violations["normal"])
    assert alone.ranking.loc["normal"].drop("rank").equals(among.ranking.loc["normal"].drop("rank"))


def test_what_comes_later_changes_no_forecast() -> None:
    changed = RETURNS.copy()
    changed.iloc[-30:] = -0.5
    one, other = (backtest(series, ["historical", "ewma", "garch"], window=100).forecasts for series in (RETURNS, changed))
    pd.testing.assert_frame_equal(one.iloc[:-29], other.iloc[:-29], rtol=1e-9)
    assert (one["ewma"].iloc[-29:] != other["ewma"].iloc[-29:]).all()


def test_simulations_stand_until_they_are_made_again() -> None:
    weights = {"A": 0.2, "B": 0.3, "C": 0.5}
    found = backtest(FRAME, ["monte_carlo_normal", "block_bootstrap", "t_copula"], weights=weights, window=100, days=50, refit=20, simulations=500)
    assert found.forecasts.nunique().tolist() == [3, 3, 3]
    before = FRAME.iloc[-150:-50]
    for name in found.forecasts:
        assert found.forecasts[name].iloc[0] == pytest.approx(value_at_risk(before, method=name, weights=weights, simulations=500))
    assert found.returns.to_numpy() == pytest.approx((FRAME @ pd.Series(weights)).iloc[-50:].to_numpy())


def test_the_ranking_puts_who_passes_first_and_then_who_loses_least() -> None:
    chance, sigma = np.random.default_rng(1), 0.01
    calm = pd.Series(np.concatenate([chance.normal(0, sigma * level, 90) for level in (1, 3, 0.5, 2, 1, 4, 1, 3)]))
    ranking = backtest(calm, ["historical", "normal", "ewma"], window=120).ranking
    assert ranking["failed"].is_monotonic_increasing
    for _, same in ranking.groupby("failed"):
        assert same["loss"].is_monotonic_increasing
    assert ranking["rank"].tolist() == [1, 2, 3]
    steady = pd.Series(np.random.default_rng(4).normal(0, sigma, 750))
    found = backtest(steady, ["normal", "ewma"])
    assert found.best == found.ranking.index[0]
    assert found.ranking.loc["normal", "passed"]
    tests = [name for name in ranking if name.endswith("_p_value")]
    assert ((ranking[tests] < 0.05).sum(axis=1) + (ranking["zone"] == "red") == ranking["failed"]).all()


def test_losses_of_each_day_average_to_the_ranking() -> None:
    found = backtest(RETURNS, ["historical", "normal"], window=100)
    assert quantile_losses(found.returns, found.forecasts).mean().to_dict() == pytest.approx(found.ranking["loss"].to_dict())


def test_too_little_history_says_how_much_there_is() -> None:
    with pytest.raises(InsufficientHistory) as told:
        backtest(RETURNS, ["historical"], window=500)
    assert told.value.context == {"figure": "A backtest", "needed": 501, "found": 420}
    with pytest.raises(InsufficientHistory) as told:
        backtest(RETURNS, ["evt"], window=60)
    assert (told.value.context["needed"], told.value.context["found"]) == (100, 60)
    for wrong in ({"methods": []}, {"methods": ["oracle"]}, {"window": 0}, {"days": 0}, {"refit": 0}, {"level": 2}):
        with pytest.raises(InvalidInput):
            backtest(RETURNS, **wrong)
    with pytest.raises(InvalidInput, match="weights"):
        backtest(FRAME)
