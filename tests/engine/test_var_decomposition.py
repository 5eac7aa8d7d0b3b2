"""Parts of a portfolio's risk: they sum to it, by every method, and are what calculus says where calculus can be done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine import (
    component_expected_shortfall,
    component_value_at_risk,
    diversification_benefit,
    expected_shortfall,
    incremental_value_at_risk,
    marginal_value_at_risk,
    risk_decomposition,
    value_at_risk,
)
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.var.methods import METHODS

CHANCE = np.random.default_rng(5)
COMMON = CHANCE.standard_t(5, 500) * 0.008
HOLDINGS = pd.DataFrame({name: load * COMMON + CHANCE.standard_t(5, 500) * size for name, load, size in
                         [("A", 1.0, 0.006), ("B", 1.4, 0.01), ("C", -0.8, 0.004), ("D", 0.2, 0.002)]})
WEIGHTS = pd.Series({"A": 0.5, "B": 0.3, "C": 0.1, "D": 0.1})
FIGURES = {"value_at_risk": value_at_risk, "expected_shortfall": expected_shortfall}


@pytest.mark.parametrize("measure", list(FIGURES))
@pytest.mark.parametrize("method", list(METHODS))
def test_components_sum_to_the_figure(method: str, measure: str) -> None:
    parts = risk_decomposition(HOLDINGS, WEIGHTS, measure=measure, method=method)
    figure = FIGURES[measure](HOLDINGS, weights=WEIGHTS, method=method)
    assert parts["component"].sum() == pytest.approx(figure, rel=1e-12 if method not in {"evt", "conditional_evt", "student_t", "garch"} else 1e-6)
    assert parts["share"].sum() == pytest.approx(1.0)
    assert (WEIGHTS * parts["marginal"]).to_numpy() == pytest.approx(parts["component"].to_numpy(), rel=2e-3, abs=2e-6)


@pytest.mark.parametrize("method", ["historical", "normal", "cornish_fisher", "filtered_historical"])
def test_groups_are_sums_of_their_holdings(method: str) -> None:
    groups = {"A": "equity", "B": "equity", "C": "hedge", "D": "cash"}
    grouped = risk_decomposition(HOLDINGS, WEIGHTS, method=method, groups=groups)
    single = risk_decomposition(HOLDINGS, WEIGHTS, method=method)
    assert list(grouped.index) == ["cash", "equity", "hedge"]
    assert grouped["component"].to_numpy() == pytest.approx(single["component"].groupby(groups).sum().to_numpy(), rel=1e-6)
    assert grouped["weight"].to_dict() == pytest.approx({"cash": 0.1, "equity": 0.8, "hedge": 0.1})
    alone = value_at_risk(HOLDINGS["A"] * 0.5 + HOLDINGS["B"] * 0.3, method=method)
    assert grouped.loc["equity", "standalone"] == pytest.approx(alone, rel=1e-9)


def test_a_normal_portfolio_by_its_covariance() -> None:
    covariance, mean, z = HOLDINGS.cov().to_numpy(), HOLDINGS.mean().to_numpy(), stats.norm.ppf(0.95)
    sigma = np.sqrt(WEIGHTS @ covariance @ WEIGHTS)
    marginal = -mean + z * covariance @ WEIGHTS / sigma
    assert marginal_value_at_risk(HOLDINGS, WEIGHTS, method="normal").to_numpy() == pytest.approx(marginal, rel=1e-6)
    assert component_value_at_risk(HOLDINGS, WEIGHTS, method="normal").to_numpy() == pytest.approx(WEIGHTS * marginal, rel=1e-6)
    depth = stats.norm.pdf(z) / 0.05
    shares = WEIGHTS * (-mean + depth * covariance @ WEIGHTS / sigma)
    assert component_expected_shortfall(HOLDINGS, WEIGHTS, method="normal").to_numpy() == pytest.approx(shares, rel=1e-6)


def test_history_by_its_days() -> None:
    """The shortfall of a holding is its mean loss on the days on which the portfolio was in its tail."""
    portfolio = HOLDINGS @ WEIGHTS
    worst = portfolio <= portfolio.quantile(0.05)
    shares = -(HOLDINGS[worst] * WEIGHTS).mean()
    assert component_expected_shortfall(HOLDINGS, WEIGHTS).to_numpy() == pytest.approx(shares.to_numpy(), rel=1e-9)
    day = portfolio.sort_values().index[[24, 25]]  # the quantile lies at place 24.95
    quantile = -(0.05 * HOLDINGS.loc[day[0]] + 0.95 * HOLDINGS.loc[day[1]]) * WEIGHTS
    assert component_value_at_risk(HOLDINGS, WEIGHTS).to_numpy() == pytest.approx(quantile.to_numpy(), rel=1e-6)


def test_incremental_is_the_difference_it_makes() -> None:
    rest = value_at_risk(HOLDINGS[["B", "C", "D"]], weights=WEIGHTS[["B", "C", "D"]])
    whole = value_at_risk(HOLDINGS, weights=WEIGHTS)
    assert incremental_value_at_risk(HOLDINGS, WEIGHTS)["A"] == pytest.approx(whole - rest)
    assert incremental_value_at_risk(HOLDINGS, WEIGHTS, rest="pro_rata")["A"] == pytest.approx(whole - 2 * rest)
    assert incremental_value_at_risk(HOLDINGS, WEIGHTS)["C"] < 0  # it hedges


def test_diversification_is_what_the_parts_have_too_much() -> None:
    alone = sum(value_at_risk(HOLDINGS[name], method="normal") * weight for name, weight in WEIGHTS.items())
    benefit = diversification_benefit(HOLDINGS, WEIGHTS, method="normal")
    assert benefit == pytest.approx(alone - value_at_risk(HOLDINGS, weights=WEIGHTS, method="normal"))
    assert benefit > 0
    twins = HOLDINGS[["A"]].assign(B=HOLDINGS["A"])
    assert diversification_benefit(twins, [0.4, 0.6]) == pytest.approx(0, abs=1e-12)


@pytest.mark.filterwarnings("error")
def test_nothing_of_nothing() -> None:
    empty = risk_decomposition(HOLDINGS.iloc[:0], WEIGHTS)
    assert empty["component"].isna().all()
    still = risk_decomposition(HOLDINGS * 0.0, WEIGHTS)
    assert (still["component"] == 0).all()
    assert still["share"].isna().all()
    unheld = risk_decomposition(HOLDINGS, WEIGHTS * [1, 1, 0, 1])
    assert unheld.loc["C", ["component", "standalone", "incremental"]].tolist() == pytest.approx([0, 0, 0], abs=1e-15)
    assert unheld.loc["C", "marginal"] != 0
    assert len(risk_decomposition(HOLDINGS[[]], [])) == 0
    one = risk_decomposition(HOLDINGS[["A"]], [1.0])
    assert one.loc["A", "component"] == pytest.approx(value_at_risk(HOLDINGS["A"]))
    holed = HOLDINGS.copy()
    holed.iloc[7, 2] = np.nan
    assert risk_decomposition(holed, WEIGHTS)["component"].sum() == pytest.approx(value_at_risk(holed.dropna() @ WEIGHTS))


def test_what_does_not_belong() -> None:
    with pytest.raises(MisalignedSeries, match="no group of C, D"):
        risk_decomposition(HOLDINGS, WEIGHTS, groups={"A": 1, "B": 1})
    with pytest.raises(MisalignedSeries):
        risk_decomposition(HOLDINGS, WEIGHTS.iloc[:2])
    for wrong in ({"measure": "beta"}, {"rest": "gold"}, {"method": "oracle"}, {"level": 0}):
        with pytest.raises(InvalidInput):
            risk_decomposition(HOLDINGS, WEIGHTS, **wrong)
