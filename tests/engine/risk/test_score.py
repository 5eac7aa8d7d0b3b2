"""The score of 1 to 7: published bands, the published VEV formula, and changes that really change it by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.errors import InvalidInput
from engine.risk.score import risk_class, risk_score, var_equivalent_volatility


def normal(volatility: float, size: int = 2_000) -> np.ndarray:
    """Give the quantiles of a normal: its moments without the noise of a draw."""
    drawn = stats.norm.ppf((np.arange(size) + 0.5) / size)
    return drawn / drawn.std(ddof=1) * volatility / np.sqrt(252)


@pytest.mark.parametrize(("volatility", "priips", "srri"), [
    (0.0049, 1, 1), (0.005, 2, 2), (0.019, 2, 2), (0.02, 2, 3), (0.05, 3, 4), (0.1199, 3, 5), (0.12, 4, 5), (0.15, 4, 6), (0.20, 5, 6), (0.25, 5, 7),
    (0.30, 6, 7), (0.80, 7, 7), (2.0, 7, 7), (0.0, 1, 1), (float("nan"), 0, 0),
])
def test_bands_are_those_published(volatility: float, priips: int, srri: int) -> None:
    """(EU) 2017/653, annex II (market risk classes) and CESR/10-673, box 1."""
    assert (risk_class(volatility), risk_class(volatility, scale="srri")) == (priips, srri)


def test_classes_of_many_at_once() -> None:
    assert risk_class(np.array([0.01, 0.13, np.nan])).tolist() == [2, 4, 0]


def test_the_equivalent_volatility_of_a_normal_is_nearly_its_own() -> None:
    """For normal log returns VaR = -1.96 s - s²/2, so the formula gives s back."""
    for spread in (0.05, 0.2, 0.6):
        logs = normal(spread)
        assert var_equivalent_volatility(np.expm1(logs)) == pytest.approx(spread * np.sqrt(1999 / 2000), rel=2e-3)


def test_the_equivalent_volatility_by_the_letter_with_moments_of_scipy() -> None:
    returns = np.random.default_rng(1).standard_t(4, 1300) * 0.01
    logs = np.log1p(returns)
    s, m3, m4, periods = logs.std(), stats.skew(logs), stats.kurtosis(logs), 5 * 252
    var = s * np.sqrt(periods) * (-1.96 + 0.474 * m3 / np.sqrt(periods) - 0.0687 * m4 / periods + 0.146 * m3**2 / periods) - 0.5 * s**2 * periods
    assert var_equivalent_volatility(returns, holding_years=5) == pytest.approx((np.sqrt(3.842 - 2 * var) - 1.96) / np.sqrt(5), rel=1e-12)
    frame = pd.DataFrame({"A": returns, "B": np.nan, "C": 0.01, "D": [-1.0, *returns[1:]]})
    found = var_equivalent_volatility(frame)
    assert found.isna().tolist() == [False, True, True, True]


def test_a_normal_of_many_holdings_scores_as_its_class() -> None:
    for volatility, expected in ((0.03, 2), (0.10, 3), (0.16, 4), (0.25, 5), (0.5, 6), (1.5, 7)):
        found = risk_score(normal(volatility), weights=[0.05] * 20)
        assert found.score == expected == risk_class(volatility)
        assert found.components["tail"] == pytest.approx(0.0, abs=0.01)
        assert found.components["concentration"] == 0.0


def test_tail_concentration_and_liquidity_each_raise_it() -> None:
    calm = risk_score(normal(0.16), weights=[0.05] * 20, days_to_liquidate=0.5)
    fat = risk_score(np.concatenate([normal(0.16), [-0.1] * 20]), weights=[0.05] * 20)
    alone = risk_score(normal(0.16), weights=[1.0])
    slow = risk_score(normal(0.16), weights=[0.05] * 20, days_to_liquidate=30)
    assert calm.position < min(fat.position, alone.position, slow.position)
    assert fat.components["tail"] > 0.3
    assert (alone.components["concentration"], slow.components["liquidity"]) == (1.0, 1.0)
    assert (calm.score, alone.score, slow.score) == (4, 5, 5)


def test_cash_and_funds_count_as_spread() -> None:
    assert risk_score(normal(0.1), weights=[]).measures["effective_holdings"] == np.inf
    assert risk_score(normal(0.1), weights=[]).components["concentration"] == 0.0


def rescored(component: str, needed: float) -> int:
    """Score again with one measure at its bound, moved a hair beyond."""
    given = {"volatility": 0.16, "holdings": 3.0, "days": 4.0}
    given |= {"volatility": {"volatility": needed}, "concentration": {"holdings": needed}, "liquidity": {"days": needed}}[component]
    weights = np.sqrt(np.full(1, 1 / given["holdings"]))  # one weight whose square is 1 / N
    return risk_score(normal(given["volatility"]), weights=weights, days_to_liquidate=given["days"]).score


def test_every_change_that_is_told_changes_the_score_by_one() -> None:
    found = risk_score(normal(0.16), weights=np.sqrt([1 / 3]), days_to_liquidate=4.0)
    told = {(each.component, each.by): each.needed for each in found.changes}
    assert {("volatility", -1), ("volatility", 1)} < set(told)
    assert len(told) >= 4
    for (component, by), needed in told.items():
        if component == "tail":
            continue
        hair = {"volatility": 1e-9, "concentration": -1e-9, "liquidity": 1e-9}[component] * by
        assert rescored(component, needed * (1 + hair)) == found.score + by, (component, by)
        assert rescored(component, needed * (1 - hair)) == found.score, (component, by)


def test_with_a_fat_tail_the_volatility_that_is_told_moves_the_tail_along() -> None:
    fat = np.concatenate([normal(0.16), [-0.08] * 20])
    found = risk_score(fat, weights=[0.05] * 20)
    assert found.components["tail"] > 0.2
    needed = {each.by: each.needed for each in found.changes if each.component == "volatility"}
    for by, volatility in needed.items():
        for hair, expected in ((1e-9 * by, found.score + by), (-1e-9 * by, found.score)):
            scaled = risk_score(fat * (volatility / found.measures["volatility"]) * (1 + hair), weights=[0.05] * 20)
            assert scaled.score == expected, (by, hair)


def test_too_few_or_flat_returns() -> None:
    short = risk_score([0.01, -0.01] * 29)
    assert (short.score, short.changes) == (0, ())
    assert np.isnan(short.position)
    for empty in ([], [np.nan] * 80):
        assert risk_score(empty).score == 0
    assert risk_score([0.0] * 100).score == 1


def test_a_bad_question_is_refused() -> None:
    for asked in ({"scale": "stars"}, {"days_to_liquidate": -1.0}):
        with pytest.raises(InvalidInput):
            risk_score(normal(0.1), **asked)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        risk_score(np.zeros((80, 2)))
    with pytest.raises(InvalidInput):
        var_equivalent_volatility([0.1], holding_years=0)
