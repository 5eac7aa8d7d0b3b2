"""Optimisers and rebalancing as a notebook calls them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import engine
from engine import Constraints, Costs, GroupBound, Taxes
from engine.errors import InsufficientHistory, InvalidInput

pytestmark = [pytest.mark.filterwarnings("ignore")]  # the solver's remarks on accuracy
CHANCE = np.random.default_rng(3)
RETURNS = pd.DataFrame(CHANCE.normal([0.0003, 0.0005, 0.0008], [0.008, 0.012, 0.02], (250, 3)), columns=list("ABC"))
LOTS = pd.DataFrame({"symbol": ["A", "A"], "quantity": [60.0, 40.0], "cost": [600.0, 4400.0], "opened": ["2020-01-02", "2026-01-02"]})
DAY, PRICES = date(2026, 3, 2), {"A": 100.0, "B": 50.0}


def test_minimum_variance_has_its_closed_form_and_obeys_groups() -> None:
    inverse = np.linalg.inv(np.cov(RETURNS.to_numpy(), rowvar=False)) @ np.ones(3)
    found = engine.optimised_weights(RETURNS, model="minimum_variance", covariance="empirical")
    assert found.to_numpy() == pytest.approx(inverse / inverse.sum(), abs=1e-5)
    kept = engine.optimised_weights(RETURNS, groups={"bold": (0.5, 1.0)}, group_of={"B": "bold", "C": "bold"})
    assert kept["B"] + kept["C"] == pytest.approx(0.5, abs=1e-6)
    with pytest.raises(InvalidInput, match=r"no holding above 20.0% \(0.333333 would do\)"):
        engine.optimised_weights(RETURNS, max_weight=0.2)
    with pytest.raises(InsufficientHistory):
        engine.optimised_weights(RETURNS.head(20))


def test_the_frontier_is_a_frame_that_rises() -> None:
    line = engine.efficient_frontier(RETURNS, size=5, max_weight=0.8)
    assert line[["A", "B", "C"]].sum(axis=1).to_numpy() == pytest.approx(np.ones(5), abs=1e-6)
    assert line["expected_return"].is_monotonic_increasing
    assert line["risk"].is_monotonic_increasing
    assert line[["A", "B", "C"]].to_numpy().max() <= 0.8 + 1e-6


def test_trades_take_the_lots_of_the_method_and_keep_limits() -> None:
    free, rates = Costs(spread=0.0), Taxes(0.4, 0.2)
    half = {"A": 0.5, "B": 0.5}
    oldest = engine.rebalancing_trades(LOTS, PRICES, half, as_of=DAY, costs=free, taxes=rates)
    assert oldest[["side", "symbol", "quantity"]].to_numpy().tolist() == [["SELL", "A", 50.0], ["BUY", "B", 100.0]]
    assert oldest["tax"].sum() == pytest.approx(50 * 90 * 0.2)
    cheap = engine.rebalancing_trades(LOTS, PRICES, half, as_of=DAY, costs=free, taxes=rates, cost_method="specific")
    assert cheap["tax"].sum() == pytest.approx(900 * 0.2 - 400 * 0.4)  # of the lots, before losses are set off
    tight = Constraints(groups=(GroupBound("group", "new", 0.0, 0.3),))
    kept = engine.rebalancing_trades(LOTS, PRICES, {"old": 0.5, "new": 0.5}, as_of=DAY, costs=free, constraints=tight,
                                     group_of={"A": "old", "B": "new"})
    assert kept.set_index("symbol")["weight_after"]["B"] == pytest.approx(0.3, abs=1e-6)
    with pytest.raises(InvalidInput, match=r"cannot all hold: (?=.*no holding above 60.0% \(0.8)(?=.*turnover of at most 10.0% \(0.2)"):
        engine.rebalancing_trades(LOTS, PRICES, half, as_of=DAY, costs=free, constraints=Constraints(max_weight=0.6, max_turnover=0.1))
    with pytest.raises(InvalidInput, match="no price"):
        engine.rebalancing_trades(LOTS, {"B": 50.0}, half, as_of=DAY)
