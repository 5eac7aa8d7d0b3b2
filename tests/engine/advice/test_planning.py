"""Plans: closed forms of annuities, taxes by hand, and what must hold whatever is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.advice.planning import (
    Plan,
    contribution_needed,
    drawn_months,
    futures,
    monthly_returns,
    price_levels,
    shifted_to,
    sustainable_withdrawal,
    wilson,
)
from engine.errors import InsufficientHistory, InvalidInput

STEADY = np.full((120, 1), 0.004)


def test_a_steady_plan_is_an_annuity() -> None:
    grown = 1.004**120
    told = futures(STEADY, Plan(10_000.0, 120, contribution=200.0))
    assert told.final[0] == pytest.approx(10_000 * grown + 200 * (grown - 1) / 0.004, rel=1e-12)
    assert told.paid_in[0] == pytest.approx(24_000)


def test_the_withdrawal_that_lasts_is_the_annuity_of_the_value() -> None:
    payment = 10_000 * 0.004 / (1 - 1.004**-120)
    assert sustainable_withdrawal(STEADY, Plan(10_000.0, 120)) == pytest.approx(payment, rel=1e-6)
    later = sustainable_withdrawal(STEADY, Plan(10_000.0, 120, withdrawal_from=60))
    assert later == pytest.approx(10_000 * 1.004**60 * 0.004 / (1 - 1.004**-60), rel=1e-6)


def test_the_contribution_that_reaches_a_goal_is_the_annuity_of_what_is_missing() -> None:
    grown = 1.004**120
    needed = (50_000 - 10_000 * grown) * 0.004 / (grown - 1)
    assert contribution_needed(STEADY, Plan(10_000.0, 120), 50_000.0) == pytest.approx(needed, rel=1e-6)
    assert contribution_needed(STEADY, Plan(10_000.0, 120), 9_000.0) == 0.0


def test_the_withdrawal_of_drawn_futures_is_the_closed_form_of_each() -> None:
    """Without tax what a future can pay is its value over the sum of what a unit costs it; the tenth worst of a hundred lasts in 91."""
    chance = np.random.default_rng(4)
    drawn = chance.normal(0.005, 0.04, (60, 100))
    growth = np.cumprod(1.0 + drawn, axis=0)
    each = np.sort(1000.0 / (1.0 / growth).sum(axis=0))
    assert sustainable_withdrawal(drawn, Plan(1000.0, 60), confidence=0.91) == pytest.approx(each[9], rel=2e-6)


def test_inflation_is_taken_off_and_flows_keep_their_worth() -> None:
    plan = Plan(1000.0, 24, contribution=10.0, inflation=0.05)
    prices = 1.05 ** (np.arange(1, 25) / 12.0)
    np.testing.assert_allclose(price_levels(plan, 1, 0)[:, 0], prices, rtol=1e-12)
    told = futures(np.zeros((24, 1)), plan)
    assert told.final[0] == pytest.approx((1000 + (10 * prices).sum()) / prices[-1], rel=1e-12)
    nominal = futures(np.zeros((24, 1)), replace(plan, nominal=True))
    assert nominal.final[0] == pytest.approx(1240.0)


def test_tax_and_fee_by_hand() -> None:
    """100 grow to 150: a third of each unit sold is gain; to leave 30 at 30 % one sells 30 / 0.9; the rest is taxed at the end."""
    told = futures(np.array([[0.5]]), Plan(100.0, 1, withdrawal=30.0, tax=0.3))
    sold = 30.0 / 0.9
    left, basis = 150.0 - sold, 100.0 * (1 - sold / 150.0)
    assert told.final[0] == pytest.approx(left - 0.3 * (left - basis), rel=1e-12)
    assert told.taxes[0] == pytest.approx(0.3 * 50.0, rel=1e-12)
    charged = futures(np.zeros((12, 1)), Plan(100.0, 12, fee=0.02))
    assert charged.final[0] == pytest.approx(98.0, rel=1e-12)
    assert charged.fees[0] == pytest.approx(2.0, rel=1e-12)


def test_money_that_ran_out_stays_away_and_says_when() -> None:
    told = futures(np.zeros((10, 2)), Plan(100.0, 10, withdrawal=30.0))
    assert told.ruined.tolist() == [4, 4]
    assert told.final.tolist() == [0.0, 0.0]
    assert told.taken_out[0] == pytest.approx(100.0)
    assert futures(np.zeros((10, 1)), Plan(100.0, 10, lump_sums=((3, -100.0),))).ruined[0] == 0
    assert futures(np.zeros((10, 1)), Plan(100.0, 10, lump_sums=((3, -101.0), (5, 50.0)))).final[0] == 50.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), tax=st.floats(0, 0.5), fee=st.floats(0, 0.03), withdrawal=st.floats(0, 8))
def test_money_is_neither_made_nor_lost(seed: int, tax: float, fee: float, withdrawal: float) -> None:
    """Without growth what was there and came in is what is left, was taken, and was charged."""
    plan = Plan(500.0, 36, contribution=3.0, withdrawal=withdrawal, tax=tax, fee=fee)
    told = futures(np.zeros((36, 3)), plan)
    np.testing.assert_allclose(500.0 + told.paid_in, told.final + told.taken_out + told.fees + told.taxes, rtol=1e-9)
    drawn = np.random.default_rng(seed).normal(0.0, 0.05, (36, 8))
    some = futures(drawn, plan)
    assert (some.paths >= -1e-9).all()
    assert (futures(drawn, replace(plan, tax=0.0)).final >= some.final - 1e-9).all()


def test_blocks_follow_on_each_other_and_a_seed_is_a_future() -> None:
    history = np.arange(60.0)
    drawn = drawn_months(history, 240, 50, block=12, seed=3)
    follows = (drawn[1:] - drawn[:-1]) % 60 == 1
    assert follows.mean() == pytest.approx(11 / 12 + 1 / 12 / 60, abs=0.01)
    assert (drawn == drawn_months(history, 240, 50, block=12, seed=3)).all()
    assert not (drawn == drawn_months(history, 240, 50, block=12, seed=4)).all()
    assert drawn.mean() == pytest.approx(29.5, abs=1.0)


def test_too_little_history_and_bad_numbers_are_named() -> None:
    with pytest.raises(InsufficientHistory, match="24 observations, 23"):
        drawn_months(np.zeros(23), 12, 10)
    with pytest.raises(InvalidInput, match="block"):
        drawn_months(np.zeros(30), 12, 10, block=0.5)
    with pytest.raises(InvalidInput, match="draws"):
        drawn_months(np.zeros(30), 12, 0)


def test_months_are_whole_and_the_past_can_be_shifted() -> None:
    days = pd.bdate_range("2023-01-10", "2023-05-15")
    months = monthly_returns(pd.Series(0.001, index=days))
    assert [str(month) for month in months.index] == ["2023-02", "2023-03", "2023-04"]
    assert months.iloc[0] == pytest.approx(1.001**20 - 1)
    assert len(monthly_returns(pd.Series(dtype=float))) == 0
    chance = np.random.default_rng(1).normal(0.01, 0.05, 240)
    assert np.prod(1 + shifted_to(chance, 0.03)) == pytest.approx(1.03**20)
    assert np.corrcoef(chance, shifted_to(chance, 0.03))[0, 1] > 0.999


def test_the_interval_of_a_share() -> None:
    assert wilson(0.0, 50)[0] == 0.0
    low, high = wilson(0.3, 1000)
    assert (round(low, 4), round(high, 4)) == (0.2724, 0.3291)  # statsmodels' proportion_confint(300, 1000, method="wilson")
