"""Rounding of money, and parts that add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import largest_remainder, to_cents
from engine.errors import InvalidInput
from engine.rounding import largest_remainders


@given(st.decimals("-1e9", "1e9", places=5))
def test_cents_are_those_of_decimal_half_up(amount: Decimal) -> None:
    assert to_cents(float(amount)) == float(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))


@given(st.integers(-10**9, 10**9))
def test_half_a_cent_goes_away_from_zero(cents: int) -> None:
    half = Decimal(cents) / 100 + Decimal("0.005")
    assert to_cents(float(half)) == float(half.quantize(Decimal("0.01"), ROUND_HALF_UP))


def test_other_minor_units_and_nan() -> None:
    assert to_cents([1234.5, -0.5], 0).tolist() == [1235.0, -1.0]
    assert to_cents(0.0005, 3) == 0.001
    assert np.isnan(to_cents(float("nan")))
    assert str(to_cents(-0.001)) == "0.0"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.integers(0, 4))
def test_parts_add_up_and_stay_near(values: list[float], decimals: int) -> None:
    total = float(np.sum(values))
    rounded = largest_remainder(values, total, decimals)
    unit = 10.0**-decimals
    assert round(float(rounded.sum()), decimals) == pytest.approx(float(to_cents(total, decimals)), abs=unit / 100)
    assert np.abs(rounded - values).max() <= unit * 1.0001


def test_weights_add_up_to_a_hundred() -> None:
    assert largest_remainder([100 / 3] * 3, 100.0, 1).tolist() == [33.4, 33.3, 33.3]
    assert largest_remainder([50.05, np.nan, 49.95], 100.0, 1).tolist()[::2] == [50.1, 49.9]


def test_nothing_to_share_out() -> None:
    assert largest_remainder([], 0.0).size == 0
    with pytest.raises(InvalidInput):
        largest_remainder([1.0], float("nan"))


@given(st.lists(st.lists(st.floats(-1e4, 1e4) | st.just(float("nan")), max_size=8), min_size=1, max_size=6), st.integers(0, 3))
def test_many_wholes_are_shared_out_as_each_alone(groups: list[list[float]], decimals: int) -> None:
    wholes = [float(np.nansum(parts)) for parts in groups]
    group = np.repeat(np.arange(len(groups)), [len(parts) for parts in groups])
    together = largest_remainders([part for parts in groups for part in parts], wholes, group, decimals)
    alone = [largest_remainder(parts, whole, decimals) for parts, whole in zip(groups, wholes, strict=True)]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_whole_that_is_not_known_leaves_its_parts_unknown() -> None:
    found = largest_remainders([1.04, 2.0, 3.05, 4.0], [np.nan, 7.1], [0, 0, 1, 1], 1)
    assert np.isnan(found[:2]).all()
    assert found[2:].tolist() == [3.1, 4.0]
