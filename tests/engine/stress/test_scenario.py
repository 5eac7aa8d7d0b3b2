"""Shocks of one's own, of factors, and the stress the other way round."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries, NotConverged
from engine.stress.factor import factor_exposures, factor_stress, implied_shocks
from engine.stress.reverse import reverse_stress
from engine.stress.scenario import Shock, scenario_stress

FACTS = pd.DataFrame({"sector": ["Technology", "Energy", ""], "asset_class": ["equity", "equity", "bond"], "country": ["US", "DE", "US"],
                      "currency": ["USD", "EUR", "USD"], "beta": [1.4, 0.7, np.nan], "duration": [np.nan, np.nan, 8.0],
                      "convexity": [np.nan, np.nan, 80.0]}, index=["A", "B", "T"])
WEIGHTS = pd.Series({"A": 0.5, "B": 0.2, "T": 0.25})


def test_the_narrowest_shock_counts_and_currencies_compound() -> None:
    shocks = [Shock("all", "", -0.1), Shock("instrument", "A", -0.4), Shock("sector", "technology", -0.3), Shock("currency", "usd", -0.05)]
    found = scenario_stress(WEIGHTS, shocks, facts=FACTS)
    assert found.table["price"].tolist() == pytest.approx([-0.4, -0.1, -0.1])
    assert found.table["move"].tolist() == pytest.approx([0.6 * 0.95 - 1, -0.1, 0.9 * 0.95 - 1])
    assert found.table["because"].tolist() == ["instrument A", "all", "all"]
    assert found.loss == pytest.approx(0.5 * 0.43 + 0.2 * 0.1 + 0.25 * 0.145)
    assert found.findings == ()


def test_compounded_they_are_multiplied() -> None:
    shocks = [Shock("all", "", -0.1), Shock("instrument", "A", -0.4)]
    assert scenario_stress(WEIGHTS, shocks, facts=FACTS, overlap="compound").table["price"].tolist() == pytest.approx([-0.46, -0.1, -0.1])


def test_the_benchmark_reaches_by_beta_and_a_rate_by_duration() -> None:
    """Fabozzi: a bond of duration 8 and convexity 80 loses 8 % less 0.4 % for one point up."""
    found = scenario_stress(WEIGHTS, [Shock("benchmark", "", -0.2), Shock("rate", "", 0.01)], facts=FACTS)
    assert found.table["price"].tolist() == pytest.approx([-0.28, -0.14, 0.0])
    assert found.table["rate"].tolist() == pytest.approx([0.0, 0.0, -0.076])
    assert [each.code for each in found.findings] == ["no_beta"]
    assert found.findings[0].context["symbols"] == ["T"]


def test_factors_reach_by_their_betas_added_up_and_a_class_beats_them() -> None:
    facts = FACTS.assign(**{"beta:OIL": [0.2, 1.1, 0.0], "beta:GOLD": [0.0, 0.3, np.nan]})
    shocks = [Shock("benchmark", "", -0.2), Shock("factor", "OIL", -0.3), Shock("factor", "GOLD", 0.1), Shock("asset_class", "bond", 0.02)]
    found = scenario_stress(WEIGHTS, shocks, facts=facts)
    assert found.table["price"].tolist() == pytest.approx([-0.06, 1.1 * -0.3 + 0.3 * 0.1, 0.02])
    assert found.table["because"].tolist() == ["factor OIL and factor GOLD"] * 2 + ["asset_class bond"]
    assert [each.context["symbols"] for each in found.findings if each.code == "no_beta"] == [["T"], ["T"]]
    unknown = scenario_stress(WEIGHTS, [Shock("factor", "WHEAT", 0.5)], facts=facts)
    assert (unknown.loss, unknown.findings[0].code) == (0.0, "no_beta")


def test_cash_moves_with_its_currency_only() -> None:
    cash = pd.Series({"USD": 0.04, "EUR": 0.01})
    found = scenario_stress(WEIGHTS, [Shock("all", "", -0.5), Shock("currency", "USD", -0.1)], facts=FACTS, cash=cash)
    assert found.table.loc[["cash:USD", "cash:EUR"], "move"].tolist() == pytest.approx([-0.1, 0.0])
    assert found.table["contribution"].sum() == pytest.approx(-found.loss, abs=1e-15)


def test_a_shock_on_what_is_not_held_is_a_finding_with_numbers() -> None:
    found = scenario_stress(WEIGHTS, [Shock("sector", "Utilities", -0.3), Shock("currency", "JPY", 0.1), Shock("rate", "EUR", 0.01)], facts=FACTS)
    assert found.loss == 0.0
    assert [each.code for each in found.findings] == ["shock_not_held"] * 3
    assert found.findings[0].context == {"target": "sector", "name": "Utilities", "needed": 1, "found": 0}
    assert scenario_stress(pd.Series(dtype=float), [Shock("all", "", -0.3)]).loss == 0.0


def test_a_bond_without_duration_is_named() -> None:
    found = scenario_stress(WEIGHTS, [Shock("rate", "", 0.01)], facts=FACTS.assign(duration=np.nan))
    assert [(each.code, each.context["symbols"]) for each in found.findings] == [("no_duration", ["T"])]


@pytest.mark.parametrize("shock", [Shock("weather", "rain", -0.1), Shock("sector", "", -0.1), Shock("all", "", -1.01), Shock("all", "", 11.0),  # type: ignore[arg-type]
                                   Shock("all", "", float("nan")), Shock("rate", "", -0.6)])
def test_a_bad_shock_is_refused_with_its_row(shock: Shock) -> None:
    with pytest.raises(InvalidInput) as told:
        scenario_stress(WEIGHTS, [Shock("all", "", -0.1), shock], facts=FACTS)
    assert told.value.context["row"] == 2


def test_an_unknown_overlap_is_refused() -> None:
    with pytest.raises(InvalidInput, match="overlap"):
        scenario_stress(WEIGHTS, [], overlap="mean")


# ------------------------------------------------------------------------------------------------------------------------- factors


def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(11)
    factors = pd.DataFrame(random.normal(0, [0.01, 0.006, 0.004], (300, 3)), columns=["m", "s", "v"])
    loads = np.array([[1.0, 0.2, 0.0], [0.6, -0.5, 0.8], [0.0, 0.0, 1.5], [1.0, 1.0, 1.0]]).T
    returns = pd.DataFrame(factors.to_numpy() @ loads + random.normal(0, 0.005, (300, 4)), columns=list("ABCD"))
    returns.iloc[:120, 1] = np.nan
    returns.iloc[:270, 3] = np.nan
    return returns, factors


def test_exposures_are_those_of_statsmodels_over_the_days_of_each() -> None:
    returns, factors = world()
    found = factor_exposures(returns, factors)
    for symbol in "ABC":
        both = returns[symbol].notna()
        expected = sm.OLS(returns.loc[both, symbol], sm.add_constant(factors[both])).fit().params[["m", "s", "v"]]
        assert found.loc[symbol].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    assert found.loc["D"].isna().all()  # 30 days are not 60


def test_factors_that_are_the_same_have_no_slopes() -> None:
    returns, factors = world()
    assert factor_exposures(returns, factors.assign(twin=factors["m"] * 3)).isna().all().all()
    assert factor_exposures(returns, factors.assign(still=0.0)).isna().all().all()
    with pytest.raises(InvalidInput):
        factor_exposures(returns, factors[[]])
    with pytest.raises(MisalignedSeries):
        factor_exposures(returns, factors[1:])


def test_implied_shocks_are_the_regression_of_the_others_on_the_shocked() -> None:
    _, factors = world()
    covariance = factors.assign(v=factors["v"] + 0.5 * factors["m"] - factors["s"]).cov()
    found = implied_shocks(pd.Series({"m": -0.1, "s": 0.02}), covariance)
    slopes = np.linalg.lstsq(covariance.loc[["m", "s"], ["m", "s"]], covariance.loc[["m", "s"], "v"], rcond=None)[0]
    assert found["v"] == pytest.approx(slopes @ [-0.1, 0.02])
    assert found[["m", "s"]].tolist() == [-0.1, 0.02]
    for shocks in (pd.Series({"x": 1.0}), pd.Series(dtype=float), pd.Series({"m": 0.1, "s": np.nan}).drop("m")):
        with pytest.raises(InvalidInput):
            implied_shocks(shocks, covariance)
    with pytest.raises(InvalidInput, match="singular"):
        implied_shocks(pd.Series({"m": 0.1, "n": 0.1}), pd.DataFrame(1.0, index=["m", "n"], columns=["m", "n"]))


def test_the_loss_by_factor_and_by_holding_is_the_same_loss() -> None:
    returns, factors = world()
    betas = factor_exposures(returns[list("ABC")], factors)
    weights = pd.Series({"C": 0.2, "A": 0.5, "B": -0.1})
    found = factor_stress(weights, betas, pd.Series({"m": -0.2}), covariance=factors.cov())
    assert found.by_factor.sum() == pytest.approx(found.contributions.sum()) == pytest.approx(-found.loss)
    assert found.contributions.index.tolist() == ["C", "A", "B"]
    assert factor_stress(weights, betas, pd.Series({"m": -0.2})).by_factor[["s", "v"]].tolist() == [0.0, 0.0]
    with pytest.raises(InvalidInput):
        factor_stress(weights, betas, pd.Series({"oil": 0.2}))
    with pytest.raises(MisalignedSeries):
        factor_stress(pd.Series({"Z": 1.0}), betas, pd.Series({"m": 0.2}))
    with pytest.raises(InsufficientHistory):
        factor_stress(weights, betas * np.nan, pd.Series({"m": 0.2}))
    assert np.isnan(factor_stress(weights, betas.assign(m=[np.nan, 1, 1]), pd.Series({"m": 0.2})).loss)


# ------------------------------------------------------------------------------------------------------------------------- reverse


def test_the_likely_direction_is_the_smallest_mahalanobis_distance_that_an_optimiser_finds() -> None:
    returns, _ = world()
    covariance = returns[list("ABC")].cov()
    weights = pd.Series({"A": 0.5, "B": 0.4, "C": -0.2})
    found = reverse_stress(weights, covariance, 0.2, horizon=10)
    inverse = np.linalg.inv(covariance.to_numpy() * 10)
    best = optimize.minimize(lambda x: 1e-2 * x @ inverse @ x, found.table["move"].to_numpy() * 0.7, method="SLSQP", options={"ftol": 1e-14},
                             constraints={"type": "eq", "fun": lambda x: weights.to_numpy() @ x + 0.2})
    assert found.table["move"].to_numpy() == pytest.approx(best.x, abs=1e-5)
    assert found.distance == pytest.approx(np.sqrt(best.fun * 100), rel=1e-6)
    assert found.probability == pytest.approx(stats.norm.sf(found.distance), rel=1e-9)
    assert found.table["contribution"].sum() == pytest.approx(-0.2, abs=1e-15)


def test_a_singular_covariance_still_has_a_direction_and_a_still_portfolio_none() -> None:
    twins = pd.DataFrame(1e-4, index=["A", "B"], columns=["A", "B"])
    found = reverse_stress(pd.Series({"A": 0.25, "B": 0.75}), twins, 0.1)
    assert found.table["move"].tolist() == pytest.approx([-0.1, -0.1])
    assert np.isnan(found.table.loc["A", "alone"]) == (0.1 / 0.25 > 1)
    assert found.table.loc["B", "alone"] == pytest.approx(-0.1 / 0.75)
    for weights in ({"A": 1.0, "B": -1.0}, {"A": 0.0, "B": 0.0}):
        with pytest.raises(NotConverged, match="above 0 is needed"):
            reverse_stress(pd.Series(weights), twins)
    with pytest.raises(NotConverged):
        reverse_stress(pd.Series({"A": 1.0}), twins * np.nan)


@pytest.mark.parametrize("asked", [{"loss": 0.0}, {"loss": float("nan")}, {"loss": 0.2, "horizon": 0}])
def test_a_bad_question_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        reverse_stress(pd.Series({"A": 1.0}), pd.DataFrame({"A": [1e-4]}, index=["A"]), **asked)  # type: ignore[arg-type]


def test_a_holding_without_row_is_refused() -> None:
    with pytest.raises(MisalignedSeries):
        reverse_stress(pd.Series({"B": 1.0}), pd.DataFrame({"A": [1e-4]}, index=["A"]))
