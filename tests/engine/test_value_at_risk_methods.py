"""Every method against an independent source, and what all of them owe: scale, order, gaps, and nothing where there is nothing."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import empyrical
import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from arch.univariate import EWMAVariance
from scipy import integrate, optimize, stats
from skfolio.measures import cvar, entropic_risk_measure, evar, worst_realization

from engine import (
    beta_fragility_heuristic,
    entropic_risk,
    entropic_value_at_risk,
    expected_shortfall,
    rachev_ratio,
    relativistic_value_at_risk,
    rolling_value_at_risk,
    tail_ratio,
    value_at_risk,
    worst_realisation,
)
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.sample import Sample
from engine.risk.var.copula import kendall, root_of, t_copula_of
from engine.risk.var.extremes import fitted_peaks
from engine.risk.var.garch import garch
from engine.risk.var.garch_now import garch_now
from engine.risk.var.methods import METHODS
from engine.risk.var.parametric import degrees_of_freedom, in_domain, moments

CHANCE = np.random.default_rng(11)
FAT = CHANCE.standard_t(5, 750) * 0.01 + 0.0003
DAYS = pd.bdate_range("2021-01-04", periods=600)
FRAME = pd.DataFrame(CHANCE.standard_t(5, (600, 4)) * [0.01, 0.02, 0.005, 0.015], columns=list("ABCD"), index=DAYS)
FRAME["B"] += 0.6 * FRAME["A"]


def clustered(count: int, seed: int) -> np.ndarray:
    """Make returns of a GARCH(1,1) of known parameters."""
    chance = np.random.default_rng(seed)
    returns, variance = np.empty(count), 1e-4
    for day in range(count):
        returns[day] = 4e-4 + np.sqrt(variance) * chance.standard_normal()
        variance = 4e-6 + 0.08 * (returns[day] - 4e-4) ** 2 + 0.88 * variance
    return returns


def test_historical_and_its_shortfall_as_empyrical_and_skfolio_have_them() -> None:
    assert value_at_risk(FAT) == pytest.approx(-empyrical.value_at_risk(FAT, 0.05), rel=1e-12)
    assert expected_shortfall(FAT) == pytest.approx(-empyrical.conditional_value_at_risk(FAT, 0.05), rel=1e-12)
    assert expected_shortfall(FAT, tail="weighted") == pytest.approx(cvar(FAT, 0.95), rel=1e-9)
    odd = FAT[:333]  # 16.65 observations in the tail: the last counts by its fraction
    assert expected_shortfall(odd, tail="weighted") == pytest.approx(cvar(odd, 0.95), rel=1e-9)
    below = odd[odd < np.quantile(odd, 0.05)]
    assert expected_shortfall(odd, tail="beyond") == pytest.approx(-below.mean(), rel=1e-12)


def test_normal_and_student_as_scipy_has_them() -> None:
    mean, sigma = FAT.mean(), FAT.std(ddof=1)
    assert value_at_risk(FAT, method="gaussian") == pytest.approx(-stats.norm.ppf(0.05, mean, sigma), rel=1e-12)
    beyond = stats.norm.expect(lambda x: x, (), mean, sigma, ub=stats.norm.ppf(0.05, mean, sigma), conditional=True)
    assert expected_shortfall(FAT, method="normal") == pytest.approx(-beyond, rel=1e-9)
    unit = sigma * np.sqrt((6 - 2) / 6)
    quantile = stats.t.ppf(0.05, 6, mean, unit)
    assert value_at_risk(FAT, method="student_t", degrees_of_freedom=6) == pytest.approx(-quantile, rel=1e-12)
    depth = integrate.quad(lambda x: x * stats.t.pdf(x, 6, mean, unit), -np.inf, quantile, epsabs=1e-14)[0] / 0.05
    assert expected_shortfall(FAT, method="student_t", degrees_of_freedom=6) == pytest.approx(-depth, rel=1e-7)


def test_degrees_of_freedom_are_the_most_likely() -> None:
    scaled = (FAT - FAT.mean()) / FAT.std(ddof=1)

    def unlikely(degrees: float) -> float:
        return -stats.t.logpdf(scaled, degrees, 0, np.sqrt((degrees - 2) / degrees)).sum()

    best = optimize.minimize_scalar(unlikely, bounds=(2.1, 100), method="bounded", options={"xatol": 1e-9}).x
    assert degrees_of_freedom(Sample(FAT[:, None]))[0] == pytest.approx(best, rel=1e-5)


def test_cornish_fisher_by_its_formula_and_its_shortfall_by_integration() -> None:
    skew, excess = stats.skew(FAT), stats.kurtosis(FAT)
    assert [float(moment[0]) for moment in moments(Sample(FAT[:, None]))] == pytest.approx([skew, excess], rel=1e-10)

    def bent(z: float) -> float:
        return z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36

    mean, sigma, z = FAT.mean(), FAT.std(ddof=1), stats.norm.ppf(0.05)
    assert value_at_risk(FAT, method="cornish_fisher") == pytest.approx(-(mean + bent(z) * sigma), rel=1e-10)
    depth = integrate.quad(lambda x: bent(x) * stats.norm.pdf(x), -np.inf, z)[0] / 0.05
    assert expected_shortfall(FAT, method="modified") == pytest.approx(-(mean + depth * sigma), rel=1e-8)


def test_cornish_fisher_says_nothing_where_it_is_no_distribution() -> None:
    """The expansion has to rise: the domain found by its derivative on a fine grid is the one that is checked."""
    skews, kurtoses = np.meshgrid(np.linspace(-2, 2, 41), np.linspace(-1, 10, 45))
    grid = np.linspace(-40, 40, 8001)
    slope = (1 + grid * skews[..., None] / 3 + (grid**2 - 1) * kurtoses[..., None] / 8 - (6 * grid**2 - 5) * skews[..., None] ** 2 / 36).min(axis=-1)
    clear = np.abs(slope) > 1e-3
    assert (in_domain(skews, kurtoses) == (slope >= 0))[clear].all()
    crash = np.append(FAT[:200], -0.6)
    assert np.isnan(value_at_risk(crash, method="cornish_fisher"))
    assert np.isfinite(value_at_risk(crash, method="cornish_fisher", domain="ignore"))


def test_ewma_as_arch_has_it() -> None:
    start = float((FAT**2).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = arch_model(FAT, mean="Zero", rescale=False)
        model.volatility = EWMAVariance(0.94)
        fitted = model.fit(disp="off", backcast=start)
    ahead = fitted.forecast(horizon=1).variance.iloc[-1, 0]
    assert value_at_risk(FAT, method="ewma") == pytest.approx(-stats.norm.ppf(0.05) * np.sqrt(ahead), rel=1e-9)
    chained = pd.Series(np.append(start, FAT**2)).ewm(alpha=0.03, adjust=False).mean().iloc[-1]
    assert value_at_risk(FAT, method="ewma", decay=0.97) == pytest.approx(-stats.norm.ppf(0.05) * np.sqrt(chained), rel=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_garch_as_arch_has_it(seed: int) -> None:
    """Parameters to what arch's own stop allows; our likelihood is never below its."""
    returns = clustered(1200, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = arch_model(100 * returns, rescale=False).fit(disp="off", tol=1e-14)
    ours = garch(Sample(returns[:, None]))
    found = [100 * ours.mean[0], 1e4 * ours.omega[0], ours.alpha[0], ours.beta[0]]
    assert found == pytest.approx(theirs.params.to_numpy(), rel=2e-4)
    assert 1e2 * np.sqrt(ours.path[:, 0]) == pytest.approx(theirs.conditional_volatility, rel=1e-5)
    forecast = theirs.forecast(horizon=10).variance.iloc[-1].to_numpy()
    assert 1e4 * ours.variance[0] == pytest.approx(forecast[0], rel=1e-5)
    loss = -(10 * theirs.params["mu"] + stats.norm.ppf(0.05) * np.sqrt(forecast.sum())) / 100
    assert value_at_risk(returns, method="garch", horizon=10) == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("seed", [1, 4])
def test_the_fit_of_now_is_made_by_arch_and_is_ours_to_rounding(seed: int) -> None:
    """Told by arch, at its own closest stop; the windows of a backtest, which are ours, meet it."""
    returns = clustered(1200, seed)
    fitted = arch_model(returns / returns.std(), rescale=False).fit(disp="off", tol=1e-12)
    told, ours = garch_now(Sample(returns[:, None])), garch(Sample(returns[:, None]))
    assert told.variance[0] == pytest.approx(fitted.forecast(horizon=1).variance.iloc[-1, 0] * returns.var(), rel=1e-7)
    assert [told.alpha[0], told.beta[0]] == pytest.approx(fitted.params.to_numpy()[2:], rel=1e-6)
    assert told.variance[0] == pytest.approx(ours.variance[0], rel=1e-5)
    assert value_at_risk(returns, method="garch") == pytest.approx(value_at_risk(returns, method="garch", fitted_by="own"), rel=1e-5)


def test_a_fit_that_never_converges_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = []

    def lost(_self: object, **given: object) -> SimpleNamespace:
        starts.append(given["starting_values"])
        return SimpleNamespace(convergence_flag=9)

    monkeypatch.setattr(type(arch_model(FAT, rescale=False)), "fit", lost)
    assert np.isnan(value_at_risk(FAT, method="garch"))
    assert [start is None for start in starts] == [True, True, False]  # at last from where our own search ends
    assert starts[-1].sum() > 0


def test_filtered_history_is_the_quantile_of_shocks_at_tomorrows_volatility() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = arch_model(100 * FAT, rescale=False).fit(disp="off", tol=1e-14)
    sigma = np.sqrt(fitted.forecast(horizon=1).variance.iloc[-1, 0])
    expected = -(fitted.params["mu"] + np.quantile(fitted.std_resid, 0.05) * sigma) / 100
    assert value_at_risk(FAT, method="filtered_historical", filtered_by="garch") == pytest.approx(expected, rel=2e-4)
    path = pd.Series(np.append((FAT**2).mean(), FAT**2)).ewm(alpha=0.06, adjust=False).mean().to_numpy()
    shocks = FAT / np.sqrt(path[:-1])
    assert value_at_risk(FAT, method="filtered_historical") == pytest.approx(-np.quantile(shocks, 0.05) * np.sqrt(path[-1]), rel=1e-10)


def test_peaks_over_threshold_as_scipy_fits_them() -> None:
    losses = np.sort(-FAT)[::-1]
    begins, excesses = losses[75], losses[:75] - losses[75]
    shape, _, scale = stats.genpareto.fit(excesses, floc=0, scale=excesses.mean())
    ours = fitted_peaks(Sample(FAT[:, None]))
    assert [float(part[0]) for part in ours] == pytest.approx([begins, shape, scale, 0.1], rel=1e-3, abs=1e-3)
    height = stats.genpareto.logpdf(excesses, ours.shape[0], 0, ours.scale[0]).sum()
    assert height >= stats.genpareto.logpdf(excesses, shape, 0, scale).sum() - 1e-9
    loss = begins + stats.genpareto.ppf(1 - 0.01 / 0.1, ours.shape[0], 0, ours.scale[0])
    assert value_at_risk(FAT, method="evt", level=0.99) == pytest.approx(loss, rel=1e-9)
    beyond = loss + (ours.scale[0] + ours.shape[0] * (loss - begins)) / (1 - ours.shape[0])  # mean excess of a Pareto above any level
    assert expected_shortfall(FAT, method="evt", level=0.99) == pytest.approx(beyond, rel=1e-9)


def test_age_weights_end_as_plain_history_and_begin_as_yesterday() -> None:
    assert value_at_risk(FAT, method="age_weighted", decay=1 - 1e-12) == pytest.approx(value_at_risk(FAT), rel=1e-6)
    assert value_at_risk(FAT, method="age_weighted", decay=1e-6, interpolation="higher") == pytest.approx(-FAT[-1])
    weights = 0.98 ** np.arange(len(FAT))[::-1]
    order = np.argsort(FAT)
    places = np.cumsum(weights[order]) / weights.sum()
    value = value_at_risk(FAT, method="age_weighted", interpolation="lower")
    assert -FAT[order][np.searchsorted(places, 0.05) - 1] >= value >= -FAT[order][np.searchsorted(places, 0.05) + 1]


def test_simulations_come_near_what_they_simulate() -> None:
    many = {"simulations": 400_000, "weights": [0.4, 0.2, 0.3, 0.1]}
    portfolio = FRAME @ many["weights"]
    assert value_at_risk(FRAME, method="monte_carlo_normal", **many) == pytest.approx(value_at_risk(portfolio, method="normal"), rel=0.01)
    assert value_at_risk(FRAME, method="block_bootstrap", **many) == pytest.approx(value_at_risk(portfolio), rel=0.03)
    assert value_at_risk(FRAME, method="t_copula", **many) == pytest.approx(value_at_risk(portfolio), rel=0.08)
    month = value_at_risk(FRAME, method="monte_carlo_normal", horizon=20, **many)
    mean, sigma = portfolio.mean(), portfolio.std()
    grown = np.prod(1 + np.random.default_rng(3).normal(mean, sigma, (100_000, 20)), axis=1) - 1
    assert month == pytest.approx(-np.quantile(grown, 0.05), rel=0.03)


def test_a_seed_gives_the_same_number_and_another_another() -> None:
    for name in ("monte_carlo_normal", "t_copula", "block_bootstrap"):
        first, again, other = (expected_shortfall(FRAME, method=name, weights=[0.25] * 4, seed=seed) for seed in (1, 1, 2))
        assert first == again != other
        assert value_at_risk(FRAME["A"], method=name) == value_at_risk(FRAME, method=name)["A"]


def test_entropic_figures_as_skfolio_has_them_and_bounds_between() -> None:
    assert entropic_value_at_risk(FAT) == pytest.approx(evar(FAT, 0.95), rel=1e-7)
    assert entropic_value_at_risk(FAT, level=0.99) == pytest.approx(evar(FAT, 0.99), rel=1e-7)
    assert entropic_risk(FAT, risk_aversion=0.5) == pytest.approx(entropic_risk_measure(FAT, 2.0, 0.0), rel=1e-9)
    assert worst_realisation(FAT) == worst_realization(FAT)
    loosest = relativistic_value_at_risk(FAT, deformation=1e-4)
    assert loosest == pytest.approx(entropic_value_at_risk(FAT), rel=1e-4)
    assert expected_shortfall(FAT, tail="weighted") < loosest < relativistic_value_at_risk(FAT) < worst_realisation(FAT)


def test_relativistic_is_the_most_that_its_constraint_allows() -> None:
    """The definition itself, solved by another optimiser over forty probabilities."""
    losses, kappa = -FAT[:40], 0.3
    bound = (2.0**-kappa - 2.0**kappa) / (2 * kappa)  # ln_k of 1 / (0.05 * 40), a half

    def entropy(chances: np.ndarray) -> float:
        return float((chances ** (1 + kappa) - chances ** (1 - kappa)).sum() / (2 * kappa))

    start = np.exp(losses * 20) / np.exp(losses * 20).sum()
    held = [{"type": "eq", "fun": lambda chances: chances.sum() - 1}, {"type": "ineq", "fun": lambda chances: bound - entropy(chances)}]
    found = optimize.minimize(lambda chances: -chances @ losses * 100, start, method="SLSQP", bounds=[(1e-12, 1)] * 40, constraints=held,
                              options={"ftol": 1e-14, "maxiter": 1000})
    assert relativistic_value_at_risk(FAT[:40]) == pytest.approx(-found.fun / 100, rel=1e-5)


def test_ratios_of_the_tails_as_empyrical_has_them() -> None:
    assert tail_ratio(FAT) == pytest.approx(empyrical.tail_ratio(FAT), rel=1e-12)
    assert rachev_ratio(FAT) == pytest.approx(expected_shortfall(-FAT) / expected_shortfall(FAT), rel=1e-12)
    market = CHANCE.normal(0, 0.01, 750)
    assert beta_fragility_heuristic(FAT, market) == pytest.approx(empyrical.beta_fragility_heuristic(FAT, market), rel=1e-9)
    assert beta_fragility_heuristic(2 * market + 0.001, market) == pytest.approx(0, abs=1e-15)


# What is searched for is found to a ten-millionth, GARCH's top to where its likelihood is flat; the rest is arithmetic.
NEAR = dict.fromkeys(METHODS, 1e-9) | dict.fromkeys(["student_t", "evt", "conditional_evt"], 2e-7) | {"garch": 1e-4}
SETTLED = [name for name in METHODS if name not in {"monte_carlo_normal", "t_copula", "block_bootstrap"}]


@pytest.mark.parametrize("method", list(METHODS))
def test_scale_columns_and_kind(method: str) -> None:
    both = value_at_risk(FRAME, method=method), expected_shortfall(FRAME, method=method)
    for figure, function in zip(both, (value_at_risk, expected_shortfall), strict=True):
        assert list(figure.index) == list(FRAME.columns)
        assert function(FRAME * 3, method=method).to_numpy() == pytest.approx(3 * figure.to_numpy(), rel=NEAR[method])
        assert function(FRAME["C"], method=method) == pytest.approx(figure["C"], rel=NEAR[method])
        assert function(FRAME.to_numpy(), method=method) == pytest.approx(figure.to_numpy(), rel=1e-12)
    assert (both[1] > both[0]).all()


@pytest.mark.parametrize("method", SETTLED)
def test_a_gap_is_as_if_the_day_were_not_there(method: str) -> None:
    holed = FRAME.copy()
    holed.iloc[[0, 5, 77, 599]] = np.nan
    holed.iloc[100, 1] = np.nan
    assert value_at_risk(holed, method=method)["A"] == pytest.approx(value_at_risk(holed["A"].dropna(), method=method), rel=NEAR[method])
    assert expected_shortfall(holed, method=method)["B"] == pytest.approx(expected_shortfall(holed["B"].dropna(), method=method), rel=NEAR[method])


@pytest.mark.parametrize("method", ["historical", "normal", "student_t", "cornish_fisher", "evt"])
def test_the_order_of_days_means_nothing_and_a_shift_is_a_shift(method: str) -> None:
    mixed = np.random.default_rng(0).permutation(FAT)
    assert value_at_risk(mixed, method=method) == pytest.approx(value_at_risk(FAT, method=method), rel=NEAR[method])
    assert value_at_risk(FAT + 0.01, method=method) == pytest.approx(value_at_risk(FAT, method=method) - 0.01, rel=1e-7)


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.filterwarnings("error")
def test_nothing_comes_of_nothing(method: str) -> None:
    for function in (value_at_risk, expected_shortfall):
        assert np.isnan(function([], method=method))
        assert np.isnan(function([np.nan] * 300, method=method))
        assert function(pd.DataFrame({"A": [], "B": []}), method=method).isna().all()
        assert len(function(pd.DataFrame(index=range(5)), method=method)) == 0
        function([0.01], method=method)
        flat = function([0.002] * 300, method=method)
        assert np.isnan(flat) or flat == pytest.approx(-0.002) or method in {"ewma", "filtered_historical", "conditional_evt"}
        mixed = function(np.column_stack([FAT, np.full(750, np.nan), np.zeros(750)]), method=method)
        assert mixed[0] == pytest.approx(function(FAT, method=method), rel=NEAR[method])
        assert np.isnan(mixed[1])
        assert np.isnan(mixed[2]) or mixed[2] == 0


@pytest.mark.parametrize(("method", "needed"), [("evt", 100), ("garch", 50), ("student_t", 4), ("normal", 2), ("block_bootstrap", 10)])
def test_one_day_too_few_has_no_answer(method: str, needed: int) -> None:
    assert np.isnan(value_at_risk(FAT[:needed - 1], method=method))
    assert np.isfinite(value_at_risk(FAT[:needed], method=method))


def test_days_that_overlap_are_compounded_first() -> None:
    weeks = np.array([np.prod(1 + FAT[day:day + 5]) - 1 for day in range(len(FAT) - 4)])
    assert value_at_risk(FAT, horizon=5, scaling="overlapping") == pytest.approx(-np.quantile(weeks, 0.05), rel=1e-10)


def test_weights_are_a_portfolio() -> None:
    weights = pd.Series({"D": 0.1, "A": 0.5, "C": 0.3, "B": 0.1})
    holed = FRAME.copy()
    holed.iloc[3, 2] = np.nan
    for method in SETTLED:
        expected = value_at_risk((holed[weights.index] * weights).sum(axis=1, skipna=False), method=method)
        assert value_at_risk(holed, method=method, weights=weights) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(MisalignedSeries, match="none of"):
        value_at_risk(FRAME, weights={"A": 1.0})
    with pytest.raises(InvalidInput):
        value_at_risk(FRAME, weights=[1.0, np.nan, 0.0, 0.0])


@pytest.mark.parametrize("method", SETTLED)
def test_rolling_is_the_figure_of_its_window(method: str) -> None:
    rolled = rolling_value_at_risk(FRAME, window=120, method=method)
    for row, column in ((599, "A"), (300, "D")):
        window = FRAME[column].iloc[row - 119:row + 1]
        assert rolled[column].iloc[row] == pytest.approx(value_at_risk(window, method=method), rel=NEAR[method], nan_ok=True)


@pytest.mark.parametrize("wrong", [
    {"tail": "fat"}, {"scaling": "cube"}, {"decay": 1.0}, {"degrees_of_freedom": 2.0}, {"threshold": 0.0}, {"simulations": 0}, {"block": 1.5},
    {"filtered_by": "hand"}, {"domain": "any"}, {"window": -1}, {"horizon": 0}, {"level": 1.2},
])
def test_conventions_that_do_not_exist(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        expected_shortfall(FAT, **wrong)


def test_a_level_within_the_threshold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="tail begins"):
        value_at_risk(FAT, method="evt", level=0.8)


def test_how_simulated_holdings_move_together() -> None:
    """Kendall as scipy has it; a root of a covariance that is singular still gives it back; the degrees of freedom that made a sample are found."""
    cells = FRAME.to_numpy()
    assert kendall(cells)[0, 1] == pytest.approx(stats.kendalltau(cells[:, 0], cells[:, 1]).statistic, abs=1e-12)
    twins = np.cov(np.column_stack([cells, cells[:, 0]]).T)
    for covariance in (np.cov(cells.T), twins):
        root = root_of(covariance)
        assert root @ root.T == pytest.approx(covariance, abs=1e-12)
    chance = np.random.default_rng(6)
    shocks = chance.standard_normal((4_000, 3)) @ np.linalg.cholesky([[1, 0.5, 0.2], [0.5, 1, 0.4], [0.2, 0.4, 1]]).T
    shocks /= np.sqrt(chance.chisquare(4, (4_000, 1)) / 4)
    found = t_copula_of(Sample(shocks))
    assert found.degrees == pytest.approx(4, abs=0.6)
    assert found.correlation[0, 1] == pytest.approx(0.5, abs=0.05)
    assert value_at_risk(np.column_stack([cells, cells[:, 0]]), method="monte_carlo_normal", weights=[0.2] * 5) > 0
