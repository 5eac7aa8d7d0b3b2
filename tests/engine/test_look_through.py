"""What is held through funds, against the fundamental matrix of an absorbing chain, which is the same question in other words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import look_through, look_through_coverage, look_through_exposure
from engine.errors import CircularHoldings, InvalidInput


@given(seed=st.integers(0, 10_000), funds=st.integers(1, 6), shares=st.integers(1, 6))
def test_funds_in_funds_are_the_powers_of_a_matrix(seed: int, funds: int, shares: int) -> None:
    chance = np.random.default_rng(seed)
    size = funds + shares
    inside = np.zeros((size, size))  # inside[part, fund]; a fund holds later ones alone, so that there is no ring
    for fund in range(funds):
        inside[fund + 1:, fund] = chance.dirichlet(np.ones(size - fund - 1)) * chance.uniform(0.4, 1.2) * (chance.random(size - fund - 1) < 0.7)
    rest = np.diag(np.where(np.arange(size) < funds, 1.0 - inside.sum(axis=0), 1.0))
    weights = chance.normal(size=size)
    expected = rest @ np.linalg.inv(np.eye(size) - inside) @ weights
    names = [f"N{place}" for place in range(size)]
    told = {names[fund]: {names[part]: inside[part, fund] for part in range(size)} for fund in range(funds)}
    held = dict(zip(names, weights, strict=True))
    found = look_through_exposure(held, told)
    assert found.reindex(names).fillna(0.0).to_numpy() == pytest.approx(expected, abs=1e-10)
    assert found.sum() == pytest.approx(weights.sum(), abs=1e-10)
    apart = look_through(held, told)
    assert apart.sum().to_numpy() == pytest.approx(weights, abs=1e-10)
    frame = pd.DataFrame(told)
    pd.testing.assert_frame_equal(look_through(pd.Series(held), frame), apart)


def test_a_ring_is_refused_by_its_names() -> None:
    ring = {"A": {"X": 0.5, "B": 0.5}, "B": {"C": 0.1}, "C": {"A": 0.2}}
    with pytest.raises(CircularHoldings, match=r"A holds B holds C holds A|B holds C holds A holds B|C holds A holds B holds C") as caught:
        look_through({"A": 1.0}, ring)
    assert caught.value.context["ring"][0] == caught.value.context["ring"][-1]
    with pytest.raises(CircularHoldings, match="A holds A"):
        look_through_coverage({"A": 1.0}, {"A": {"A": 0.5}})
    assert look_through_exposure({"X": 1.0}, ring).to_dict() == {"X": 1.0}, "a ring that nothing of is held does no harm"


def test_coverage_is_what_is_known_of_funds() -> None:
    told = {"ETF": {"AAPL": 0.9}, "MIX": {"ETF": 0.5, "OLD": 0.5}, "GEARED": {"AAPL": 1.3}}
    held = {"ETF": 0.2, "MIX": 0.4, "OLD": 0.1, "GEARED": 0.1, "AAPL": 0.2}
    assert look_through_coverage(held, told, {"OLD"}) == pytest.approx((0.2 * 0.9 + 0.4 * 0.45 + 0.1 * 0 + 0.1 * 1) / 0.8)
    assert np.isnan(look_through_coverage({"AAPL": 1.0}, told))
    assert look_through_coverage({"ETF": -0.3}, told) == pytest.approx(0.9)


def test_degenerate_weights() -> None:
    assert look_through({}, {}).empty
    assert look_through_exposure({"A": np.nan}, {"A": {"B": 1.0}}).empty
    assert look_through_exposure({"A": 1.0}, {"A": {}}).to_dict() == {"A": 1.0}
    assert look_through_exposure({"A": 1.0}, {"A": {"B": np.nan}}).to_dict() == {"A": 1.0}
    for wrong in ({"A": {"B": "x"}}, {"A": {"B": np.inf}}):
        with pytest.raises(InvalidInput):
            look_through({"A": 1.0}, wrong)
