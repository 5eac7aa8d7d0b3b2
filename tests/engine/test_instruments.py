"""Bonds and options: the tables of Fabozzi and Hull, derivatives by differences, and what has no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import (
    bond_price,
    convexity,
    delta,
    duration,
    dv01,
    gamma,
    implied_volatility,
    option_price,
    rho,
    theta,
    vega,
    yield_to_maturity,
)
from engine.errors import InvalidInput, MisalignedSeries

pytestmark = pytest.mark.filterwarnings("error")

# Fabozzi, Bond Markets, Analysis and Strategies, ch. 4: six bonds at a yield of 9 %: coupon, years, price, Macaulay, modified, convexity.
FABOZZI = [
    (0.09, 5, 100.0, 4.13, 3.96, 19.45), (0.09, 25, 100.0, 10.33, 9.88, 160.72), (0.06, 5, 88.1309, 4.35, 4.16, 20.85),
    (0.06, 25, 70.3570, 11.10, 10.62, 182.92), (0.00, 5, 64.3928, 5.00, 4.78, 25.18), (0.00, 25, 11.0710, 25.00, 23.92, 583.78),
]


@pytest.mark.parametrize(("coupon", "years", "price", "macaulay", "modified", "curve"), FABOZZI)
def test_bonds_as_published(coupon: float, years: float, price: float, macaulay: float, modified: float, curve: float) -> None:
    assert bond_price(0.09, coupon=coupon, years=years) == pytest.approx(price, abs=5e-5)
    assert duration(0.09, coupon=coupon, years=years, kind="macaulay") == pytest.approx(macaulay, abs=0.006)
    assert duration(0.09, coupon=coupon, years=years) == pytest.approx(modified, abs=0.006)
    assert convexity(0.09, coupon=coupon, years=years) == pytest.approx(curve, abs=0.02)
    assert yield_to_maturity(price, coupon=coupon, years=years) == pytest.approx(0.09, abs=1e-6)


@pytest.mark.parametrize("compounding", ["periodic", "annual", "continuous"])
@pytest.mark.parametrize("years", [0.3, 4.75, 30.0])
def test_sensitivities_are_the_slopes_of_the_price(compounding: str, years: float) -> None:
    how = {"coupon": 0.045, "years": years, "compounding": compounding}

    def dirty(rate: float) -> float:
        return float(bond_price(rate, **how, clean=False))

    step = 1e-4
    slope = (dirty(0.05 + step) - dirty(0.05 - step)) / (2 * step)
    curve = (dirty(0.05 + step) - 2 * dirty(0.05) + dirty(0.05 - step)) / step**2
    assert duration(0.05, **how) == pytest.approx(-slope / dirty(0.05), rel=1e-4)
    assert convexity(0.05, **how) == pytest.approx(curve / dirty(0.05), rel=1e-3)
    assert dv01(0.05, **how) == pytest.approx(-slope / 10_000, rel=1e-4)
    assert yield_to_maturity(bond_price(0.05, **how), **how) == pytest.approx(0.05, abs=1e-12)


def test_between_coupons_interest_accrues() -> None:
    """A third of the half-year has gone: a third of the coupon is owed to the seller."""
    how = {"coupon": 0.06, "years": 2 + 1 / 3}
    assert bond_price(0.06, **how, clean=False) - bond_price(0.06, **how) == pytest.approx(3.0 / 3)
    assert bond_price(0.0, coupon=0.06, years=2, clean=False) == pytest.approx(112.0)


@given(st.floats(-0.05, 0.9), st.floats(0, 0.15), st.floats(0.1, 40), st.sampled_from([1, 2, 4, 12]),
       st.sampled_from(["periodic", "annual", "continuous"]))
def test_a_yield_is_found_again(rate: float, coupon: float, years: float, frequency: int, compounding: str) -> None:
    how = {"coupon": coupon, "years": years, "frequency": frequency, "compounding": compounding}
    found = yield_to_maturity(bond_price(rate, **how), **how)
    assert bond_price(found, **how) == pytest.approx(bond_price(rate, **how), abs=1e-9)
    assert found == pytest.approx(rate, abs=1e-5)  # of 0.0000001 left after 40 years at 90 % the yield is not known sharper


def test_many_bonds_at_once_and_what_has_none() -> None:
    coupons, years = pd.Series({"A": 0.09, "B": 0.06, "old": 0.05}), pd.Series({"A": 5.0, "B": 25.0, "old": 0.0})
    found = bond_price(0.09, coupon=coupons, years=years)
    assert found[["A", "B"]].tolist() == pytest.approx([100.0, 70.357], abs=1e-4)
    assert np.isnan(found["old"])
    assert all(np.isnan(figure(0.09, coupon=0.05, years=-1)) for figure in (duration, convexity, dv01))
    assert np.isnan(yield_to_maturity(-5.0, coupon=0.05, years=5))
    assert np.isnan(bond_price(float("nan"), coupon=0.05, years=5))
    assert bond_price(np.array([]), coupon=0.05, years=5.0).size == 0
    with pytest.raises(MisalignedSeries):
        bond_price([0.05, 0.06], coupon=[0.05, 0.06, 0.07], years=5)
    with pytest.raises(InvalidInput, match="frequency"):
        bond_price(0.05, coupon=0.05, years=5, frequency=0)
    with pytest.raises(InvalidInput, match="2400 are the most"):
        bond_price(0.05, coupon=0.05, years=20_000)
    with pytest.raises(InvalidInput, match="compounding"):
        duration(0.05, coupon=0.05, years=5, compounding="daily")


def test_greeks_as_published() -> None:
    """Hull, Options, Futures and Other Derivatives, ch. 19: 49, strike 50, 20 weeks, 20 %, 5 %."""
    given_ = (49.0, 50.0, 20 / 52, 0.2)
    assert option_price(*given_, rate=0.05) == pytest.approx(2.40, abs=0.005)
    assert delta(*given_, rate=0.05) == pytest.approx(0.522, abs=0.0005)
    assert gamma(*given_, rate=0.05) == pytest.approx(0.066, abs=0.0005)
    assert theta(*given_, rate=0.05) == pytest.approx(-4.31, abs=0.005)
    assert theta(*given_, rate=0.05, unit="day") == pytest.approx(-0.0118, abs=0.00005)
    assert vega(*given_, rate=0.05) == pytest.approx(12.1, abs=0.05)
    assert vega(*given_, rate=0.05, unit="point") == pytest.approx(0.121, abs=0.0005)
    assert rho(*given_, rate=0.05) == pytest.approx(8.91, abs=0.005)


@pytest.mark.parametrize("kind", ["call", "put"])
def test_greeks_are_the_slopes_of_the_price(kind: str) -> None:
    at = {"spot": 102.0, "strike": 95.0, "years": 0.7, "volatility": 0.31, "rate": 0.03, "dividend_yield": 0.02}

    def slope(name: str, step: float) -> float:
        up, down = (option_price(**{**at, name: at[name] + sign * step}, kind=kind) for sign in (1, -1))
        return float(up - down) / (2 * step)

    assert delta(**at, kind=kind) == pytest.approx(slope("spot", 1e-3), rel=1e-6)
    assert vega(**at) == pytest.approx(slope("volatility", 1e-5), rel=1e-6)
    assert rho(**at, kind=kind) == pytest.approx(slope("rate", 1e-6), rel=1e-6)
    assert theta(**at, kind=kind) == pytest.approx(-slope("years", 1e-6), rel=1e-5)
    wider = {**at, "spot": at["spot"] + 1e-3}
    assert gamma(**at) == pytest.approx((delta(**wider, kind=kind) - delta(**at, kind=kind)) / 1e-3, rel=1e-4)


@given(st.floats(20, 300), st.floats(20, 300), st.floats(0.01, 5), st.floats(0.05, 1.5), st.floats(-0.02, 0.15))
def test_calls_and_puts_are_at_parity(spot: float, strike: float, years: float, volatility: float, rate: float) -> None:
    call, put = (option_price(spot, strike, years, volatility, rate=rate, kind=kind) for kind in ("call", "put"))
    assert call - put == pytest.approx(spot - strike * np.exp(-rate * years), abs=1e-9)


def test_implied_volatility_is_found_again() -> None:
    strikes = pd.Series({"low": 80.0, "at": 100.0, "high": 125.0})
    prices = option_price(100, strikes, 0.5, 0.27, rate=0.02, kind="put")
    assert implied_volatility(prices, 100, strikes, 0.5, rate=0.02, kind="put").tolist() == pytest.approx([0.27] * 3, abs=1e-8)
    assert np.isnan(implied_volatility(101.0, 100, 100, 0.5))


def test_options_at_the_edge() -> None:
    assert option_price(105, 100, 0.0, 0.2) == 5.0
    assert option_price(95, 100, 0.0, 0.2) == 0.0
    assert (delta(105, 100, 0.0, 0.2), delta(95, 100, 0.0, 0.2), gamma(105, 100, 0.0, 0.2), vega(105, 100, 0.0, 0.2)) == (1.0, 0.0, 0.0, 0.0)
    assert option_price(100, 90, 1.0, 0.0, rate=0.05) == pytest.approx(100 - 90 * np.exp(-0.05))
    assert all(np.isnan(option_price(*bad)) for bad in ((-1, 100, 1, 0.2), (100, 0, 1, 0.2), (100, 100, -1, 0.2), (100, 100, 1, -0.1)))
    assert np.isnan(theta(float("nan"), 100, 1, 0.2))
    with pytest.raises(InvalidInput, match="kind"):
        delta(100, 100, 1, 0.2, kind="straddle")
    with pytest.raises(InvalidInput, match="unit"):
        vega(100, 100, 1, 0.2, unit="tick")
