"""Histogram, fitted curves and tails: against scipy on the same returns, and distributions whose tails are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine import hill_tail_index, return_distribution, return_histogram, student_t_fit, tail_fit
from engine.errors import InsufficientHistory, InvalidInput

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(8)
RETURNS = CHANCE.standard_t(4, 3000) * 0.01 + 0.0004
TOLD = return_distribution(RETURNS)


@pytest.mark.parametrize("degrees", [2.5, 4.0, 9.0])
def test_student_of_scipy(degrees: float) -> None:
    returns = stats.t.rvs(degrees, 0.001, 0.01, size=1500, random_state=CHANCE)
    found = student_t_fit(returns)
    theirs = stats.t.fit(returns)
    assert found.tolist() == pytest.approx([theirs[1], theirs[2], theirs[0]], rel=1e-3, abs=1e-6)
    likely = stats.t.logpdf(returns, found["degrees_of_freedom"], found["location"], found["scale"]).sum()
    assert likely >= stats.t.logpdf(returns, *theirs).sum() - 1e-6


def test_student_of_many_is_that_of_each_and_of_normal_returns_a_normal() -> None:
    frame = pd.DataFrame({"A": RETURNS, "B": CHANCE.normal(size=3000), "flat": 0.01})
    frame.loc[10:900, "A"] = np.nan
    found = student_t_fit(frame)
    assert found.loc["A"].tolist() == pytest.approx(student_t_fit(frame["A"].dropna()).tolist(), rel=1e-6)
    assert found.loc["B", "degrees_of_freedom"] > 20
    assert found.loc["flat"].isna().all()
    assert student_t_fit(RETURNS * 3 + 1)["degrees_of_freedom"] == pytest.approx(student_t_fit(RETURNS)["degrees_of_freedom"], rel=1e-6)


def test_tail_index_by_hand_and_of_a_known_tail() -> None:
    losses = np.sort(-RETURNS)[::-1]
    assert hill_tail_index(RETURNS, share=0.02) == pytest.approx(1 / np.log(losses[:60] / losses[60]).mean(), rel=1e-12)
    pareto = -(CHANCE.pareto(3.0, 200_000) + 1.0)
    assert hill_tail_index(pareto) == pytest.approx(3.0, rel=0.02)
    assert hill_tail_index(-pareto, side="upper") == pytest.approx(hill_tail_index(pareto), rel=1e-12)
    assert hill_tail_index(RETURNS * 7) == pytest.approx(hill_tail_index(RETURNS), rel=1e-12)


def test_tail_of_scipy() -> None:
    found = tail_fit(RETURNS)
    beyond = -RETURNS[found["threshold"] < -RETURNS] - found["threshold"]
    shape, _, scale = stats.genpareto.fit(beyond, floc=0)
    assert found["share"] == pytest.approx(0.1)
    assert len(beyond) == 300
    assert found[["shape", "scale"]].tolist() == pytest.approx([shape, scale], rel=1e-3)
    upper = tail_fit(-RETURNS, side="upper")
    assert upper.tolist() == pytest.approx(found.tolist(), rel=1e-9)
    assert tail_fit(pd.DataFrame({"A": RETURNS, "B": np.nan})).loc["B"].isna().all()


def test_bars_hold_every_return_once() -> None:
    bars = return_histogram(RETURNS)
    assert bars["count"].sum() == 3000
    assert (bars["density"] * (bars["right"] - bars["left"])).sum() == pytest.approx(1.0)
    assert bars["left"].iloc[1:].tolist() == bars["right"].iloc[:-1].tolist()
    assert 5 <= len(bars) <= 60
    assert return_histogram(RETURNS, bins=7)["count"].tolist() == np.histogram(RETURNS, bins=7)[0].tolist()
    assert return_histogram([0.01, np.nan, 0.01])[["count"]].to_numpy().tolist() == [[2]]


def test_curves_are_the_densities_of_scipy() -> None:
    places = TOLD.curves.index.to_numpy()
    np.testing.assert_allclose(TOLD.curves["normal"], stats.norm.pdf(places, RETURNS.mean(), RETURNS.std(ddof=1)), rtol=1e-9)
    fit = TOLD.fits.loc["student_t"]
    np.testing.assert_allclose(TOLD.curves["student_t"], stats.t.pdf(places, fit["degrees_of_freedom"], fit["location"], fit["scale"]), rtol=1e-9)
    assert np.trapezoid(TOLD.curves["kernel"], places) == pytest.approx(1.0, abs=0.01)
    assert TOLD.fits.loc["student_t", "log_likelihood"] == pytest.approx(stats.t.logpdf(RETURNS, *fit.iloc[[2, 0, 1]]).sum(), rel=1e-9)
    assert TOLD.fits.loc["student_t", "log_likelihood"] > TOLD.fits.loc["normal", "log_likelihood"] + 100


def test_quantiles_are_those_of_the_returns_and_of_the_fits() -> None:
    shares = TOLD.quantiles.index.to_numpy()
    np.testing.assert_allclose(TOLD.quantiles["observed"], np.quantile(RETURNS, shares), rtol=1e-9)
    np.testing.assert_allclose(TOLD.quantiles["normal"], stats.norm.ppf(shares, RETURNS.mean(), RETURNS.std(ddof=1)), rtol=1e-9)
    fit = TOLD.fits.loc["student_t"]
    np.testing.assert_allclose(TOLD.quantiles["student_t"], stats.t.ppf(shares, fit["degrees_of_freedom"], fit["location"], fit["scale"]), rtol=1e-7)


def test_both_tails_are_told() -> None:
    assert TOLD.tails.index.tolist() == ["lower", "upper"]
    assert TOLD.tails.loc["lower", "threshold"] == tail_fit(RETURNS)["threshold"]
    assert TOLD.tails.loc["upper", "hill_tail_index"] == hill_tail_index(RETURNS, side="upper")
    assert TOLD.observations == 3000


@pytest.mark.parametrize("returns", [[0.01, 0.02], [0.01] * 30, [np.nan, 0.01, 0.01, 0.02], np.zeros(20)])
def test_little_or_flat_history_has_bars_and_no_fit(returns: Any) -> None:
    told = return_distribution(returns)
    assert told.histogram["count"].sum() == np.isfinite(returns).sum()
    assert told.fits.loc["student_t"].isna().all()
    assert told.tails.isna().all(axis=None)


@pytest.mark.parametrize("returns", [[], [0.01], [np.nan] * 9])
def test_no_history_is_named(returns: Any) -> None:
    with pytest.raises(InsufficientHistory, match="needs 2 observations"):
        return_distribution(returns)
    assert np.isnan(hill_tail_index(returns))
    assert student_t_fit(returns).isna().all()
    assert tail_fit(returns).isna().all()


@pytest.mark.parametrize(
    ("rule", "given"),
    [(return_distribution, {"bins": 0}), (return_distribution, {"points": 1}), (return_distribution, {"tail_share": 1.0}),
     (return_histogram, {"bins": 0}), (hill_tail_index, {"share": 0.0}), (hill_tail_index, {"side": "left"}), (tail_fit, {"share": 1.5}),
     (tail_fit, {"side": ""})],
)  # fmt: skip
def test_a_bad_call_is_named(rule: Any, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rule(RETURNS, **given)


def test_of_two_series_none_is_chosen() -> None:
    with pytest.raises(InvalidInput, match="are 2 series"):
        return_distribution(np.zeros((9, 2)))
