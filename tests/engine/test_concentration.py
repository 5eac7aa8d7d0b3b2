"""Concentration, risk contributions and bets: closed forms, skfolio, and what cannot be answered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import skfolio

import engine
from engine import (
    absorption_ratio,
    average_pairwise_correlation,
    diversification_ratio,
    effective_number_of_assets,
    effective_number_of_bets,
    hhi,
    leverage,
    look_through_exposure,
    marginal_risk,
    minimum_torsion,
    portfolio_volatility,
    risk_contributions,
    top_n_weight,
)
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries, NotConverged

pytestmark = pytest.mark.filterwarnings("error")
RETURNS = pd.DataFrame(np.random.default_rng(3).normal(0, 0.01, (400, 5)) @ np.random.default_rng(4).normal(0.3, 1, (5, 5)), columns=list("ABCDE"))
WEIGHTS = pd.Series({"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.25, "E": -0.15})


def equal_correlation(count: int, rho: float, variance: float = 0.04) -> np.ndarray:
    return variance * (rho + (1 - rho) * np.eye(count))


def test_contributions_add_up_and_are_those_of_skfolio() -> None:
    found = risk_contributions(WEIGHTS, returns=RETURNS)
    assert found.sum() == pytest.approx(portfolio_volatility(WEIGHTS, RETURNS.cov()), rel=1e-12)
    assert portfolio_volatility(WEIGHTS, RETURNS.cov()) == pytest.approx((RETURNS @ WEIGHTS).std(), rel=1e-12)
    peer = skfolio.Portfolio(X=RETURNS, weights=WEIGHTS.to_numpy())
    assert found.to_numpy() == pytest.approx(peer.contribution(skfolio.RiskMeasure.STANDARD_DEVIATION), rel=1e-5)  # theirs is by finite differences
    assert risk_contributions(WEIGHTS, RETURNS.cov(), relative=True).sum() == pytest.approx(1.0)
    assert (WEIGHTS * marginal_risk(WEIGHTS, RETURNS.cov())).to_numpy() == pytest.approx(found.to_numpy())


def test_marginal_risk_is_the_slope() -> None:
    more = WEIGHTS.copy()
    more["C"] += 1e-6
    slope = (portfolio_volatility(more, RETURNS.cov()) - portfolio_volatility(WEIGHTS, RETURNS.cov())) / 1e-6
    assert marginal_risk(WEIGHTS, RETURNS.cov())["C"] == pytest.approx(slope, rel=1e-4)


def test_a_covariance_is_laid_by_name_and_the_order_is_of_no_matter() -> None:
    shuffled = RETURNS[list("CEADB")]
    pd.testing.assert_series_equal(risk_contributions(WEIGHTS, shuffled.cov()), risk_contributions(WEIGHTS, RETURNS.cov()))
    pd.testing.assert_series_equal(risk_contributions(WEIGHTS, returns=shuffled), risk_contributions(WEIGHTS, returns=RETURNS))
    two = pd.DataFrame({"one": WEIGHTS, "double": 2 * WEIGHTS})
    both = risk_contributions(two, RETURNS.cov())
    assert both["double"].to_numpy() == pytest.approx(2 * both["one"].to_numpy())
    assert portfolio_volatility(two, RETURNS.cov())["double"] == pytest.approx(2 * portfolio_volatility(WEIGHTS, RETURNS.cov()))


def test_weights_alone() -> None:
    held = WEIGHTS.abs() / WEIGHTS.abs().sum()
    peer = skfolio.Portfolio(X=RETURNS, weights=held.to_numpy())
    assert effective_number_of_assets(held) == pytest.approx(peer.effective_number_assets, rel=1e-12)
    assert hhi([0.5, 0.3, 0.2]) == pytest.approx(0.38)
    assert hhi([0.25] * 4, normalised=True) == pytest.approx(0.0)
    assert hhi([1.0, 0.0], normalised=True) == pytest.approx(1.0)
    assert top_n_weight({"A": 0.5, "B": -0.3, "C": 0.2}, n=2) == pytest.approx(0.8)
    assert leverage([120.0, -50.0], 100.0) == pytest.approx(1.7)
    assert np.isnan(leverage([120.0], -1.0))


def test_exposures_are_longs_and_shorts() -> None:
    two = pd.DataFrame({"long": [0.6, 0.4], "hedged": [1.2, -0.5]})
    told = {name: getattr(engine, f"{name}_exposure")(two)["hedged"] for name in ("gross", "net", "long", "short")}
    assert told == pytest.approx({"gross": 1.7, "net": 0.7, "long": 1.2, "short": 0.5})


def test_what_funds_hold_is_seen_through() -> None:
    found = look_through_exposure({"ETF": 0.5, "AAPL": 0.3, "OLD": 0.2}, {"ETF": {"AAPL": 0.2, "MSFT": 0.7}})
    assert found.to_dict() == pytest.approx({"AAPL": 0.4, "MSFT": 0.35, "OLD": 0.2, "ETF": 0.05})
    assert found.index[0] == "AAPL"


@pytest.mark.parametrize(("rho", "count"), [(0.0, 4), (0.3, 4), (0.8, 9)])
def test_equally_correlated_assets_in_closed_form(rho: float, count: int) -> None:
    covariance, alike = equal_correlation(count, rho), np.full(count, 1 / count)
    assert diversification_ratio(alike, covariance) == pytest.approx((count / (1 + (count - 1) * rho)) ** 0.5)
    assert average_pairwise_correlation(covariance=covariance) == pytest.approx(rho)
    assert absorption_ratio(covariance, components=1) == pytest.approx((1 + (count - 1) * rho) / count)
    assert effective_number_of_bets(alike, covariance) == pytest.approx(count)  # Meucci 2013, section 3.3
    if rho:  # without correlation any turn of the axes is a set of principal components
        assert effective_number_of_bets(alike, covariance, method="pca") == pytest.approx(1.0)


def test_diversification_ratio_is_that_of_skfolio() -> None:
    held = WEIGHTS.abs() / WEIGHTS.abs().sum()
    peer = skfolio.Portfolio(X=RETURNS, weights=held.to_numpy())
    assert diversification_ratio(held, returns=RETURNS) == pytest.approx(peer.diversification, rel=1e-9)


def test_weighted_average_correlation_by_hand() -> None:
    rho = RETURNS.corr().to_numpy()
    sizes = WEIGHTS.abs().to_numpy()
    pairs = [(sizes[i] * sizes[j], rho[i, j]) for i in range(5) for j in range(5) if i != j]
    expected = sum(weight * each for weight, each in pairs) / sum(weight for weight, _ in pairs)
    assert average_pairwise_correlation(WEIGHTS, returns=RETURNS) == pytest.approx(expected)


def test_minimum_torsion_is_uncorrelated_and_no_turn_of_it_is_nearer() -> None:
    covariance = RETURNS.cov().to_numpy()
    torsion = minimum_torsion(covariance)
    bets = torsion @ covariance @ torsion.T
    assert np.abs(bets - np.diag(np.diag(bets))).max() < 1e-12

    def distance(map_: np.ndarray) -> float:
        errors = (map_ - np.eye(5)) @ covariance @ (map_ - np.eye(5)).T
        return float((np.diag(errors) / np.diag(covariance)).sum())

    best, chance = distance(torsion), np.random.default_rng(5)
    spread = np.sqrt(np.diag(bets))
    for _ in range(200):
        turn, _ = np.linalg.qr(np.eye(5) + 0.02 * chance.normal(size=(5, 5)))
        turned = (turn * np.sign(np.diag(turn))) @ (torsion / spread[:, None])
        assert distance(spread[:, None] * turned) >= best - 1e-12


def test_one_bet_and_many() -> None:
    apart = np.diag([0.01, 0.04, 0.09])
    shares = np.array([0.5, 0.3, 0.2]) ** 2 * np.diag(apart)
    shares /= shares.sum()
    for method in ("pca", "minimum_torsion"):
        assert effective_number_of_bets([0.5, 0.3, 0.2], apart, method=method) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
        assert effective_number_of_bets([1.0, 0.0, 0.0], apart, method=method) == pytest.approx(1.0)


def test_what_does_not_move_gives_nan_and_no_warning() -> None:
    still = np.zeros((2, 2))
    assert portfolio_volatility([0.5, 0.5], still) == 0.0
    assert np.isnan(risk_contributions([0.5, 0.5], still, relative=True)).all()
    assert all(np.isnan(figure([0.5, 0.5], still)) for figure in (diversification_ratio, average_pairwise_correlation, effective_number_of_bets))
    assert np.isnan(absorption_ratio(still))
    assert all(np.isnan(figure([])) for figure in (hhi, effective_number_of_assets, top_n_weight))
    assert np.isnan(hhi([np.nan, np.nan]))
    assert np.isnan(average_pairwise_correlation(covariance=[[0.04]]))


def test_a_perfect_hedge_has_no_volatility() -> None:
    assert portfolio_volatility([0.3, -0.3], [[0.07, 0.07], [0.07, 0.07]]) == 0.0


def test_what_cannot_be_asked_is_named() -> None:
    with pytest.raises(NotConverged, match="2 assets move in 1 independent ways"):
        effective_number_of_bets([0.5, 0.5], [[0.04, 0.04], [0.04, 0.04]])
    with pytest.raises(MisalignedSeries, match="F has a weight"):
        risk_contributions({"A": 0.5, "F": 0.5}, RETURNS.cov())
    with pytest.raises(MisalignedSeries):
        risk_contributions([1.0], RETURNS.cov().to_numpy())
    with pytest.raises(InsufficientHistory, match="needs 2 observations, 1"):
        risk_contributions([0.5, 0.5], returns=[[0.1, 0.2], [0.1, np.nan]])
    with pytest.raises(InvalidInput, match="and not both"):
        risk_contributions(WEIGHTS, RETURNS.cov(), returns=RETURNS)
    with pytest.raises(InvalidInput, match="not symmetric"):
        portfolio_volatility([0.5, 0.5], [[0.04, 0.01], [0.02, 0.04]])
    with pytest.raises(InvalidInput, match="a cell is missing"):
        portfolio_volatility([0.5, 0.5], [[0.04, np.nan], [np.nan, 0.04]])
    with pytest.raises(InvalidInput, match="not a choice"):
        effective_number_of_bets(WEIGHTS, RETURNS.cov(), method="ica")
    with pytest.raises(InvalidInput, match="not above zero"):
        absorption_ratio(RETURNS.cov(), components=0)
