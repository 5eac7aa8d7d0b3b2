"""Bonds with fixed coupons: price, yield, duration, convexity and what a basis point costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InvalidInput, MisalignedSeries
from engine.returns import one_of

Numbers = float | pd.Series | Floats
COMPOUNDINGS = ("periodic", "annual", "continuous")
KINDS = ("modified", "macaulay")
_ROUNDS = 100
_MOST_FLOWS = 2400  # monthly for 200 years


@dataclass(frozen=True, slots=True)
class _Flows:
    """Payments of some bonds: arrays of shape (n_bonds, n_payments), 0 where a bond has fewer."""

    times: Floats  # years from now
    amounts: Floats
    accrued: Floats  # of shape (n_bonds,)
    frequency: float
    like: Any

    def told(self, found: Floats) -> Any:  # noqa: ANN401 - float, Series or ndarray, as it came in
        if isinstance(self.like, pd.Series):
            return pd.Series(found, index=self.like.index)
        return found if np.ndim(self.like) else float(found[0])


def bond_price(yields: Numbers, *, coupon: Numbers, years: Numbers, face: float = 100.0, frequency: int = 2, compounding: str = "periodic",
               clean: bool = True) -> Any:  # noqa: ANN401 - float, Series or ndarray, as it came in
    """Price of a bond at a yield.

    Parameters
    ----------
    yields
        Yield to maturity a year, fraction: one, or one a bond.
    coupon
        Coupon a year, fraction of the face value.
    years
        To maturity; coupons are paid at whole periods before it.
    face
        Paid back at maturity, default 100.
    frequency
        Coupons a year, default 2.
    compounding
        Of the yield: ``periodic`` (default, as often as coupons), ``annual`` or ``continuous``.
    clean
        Without accrued interest (default), as bonds are quoted.

    Returns
    -------
    float, Series or ndarray
        Money, for `face`.

    Notes
    -----
    Convention: accrued interest is the elapsed share of the running period. NaN for what has matured.

    Raises
    ------
    InvalidInput
        An unknown compounding, a frequency below 1, or more than 2,400 payments.
    MisalignedSeries
        Inputs of different length.

    References
    ----------
    Fabozzi, Bond Markets, Analysis and Strategies, ch. 2 "Pricing of bonds".

    Examples
    --------
    >>> round(bond_price(0.09, coupon=0.06, years=25), 4)
    70.357
    """
    flows, rates = _read(yields, coupon, years, face, frequency, compounding)
    dirty = (flows.amounts * _discount(flows, rates, compounding)).sum(axis=1)
    return flows.told(_alive(flows, dirty - flows.accrued if clean else dirty))


def yield_to_maturity(price: Numbers, *, coupon: Numbers, years: Numbers, face: float = 100.0, frequency: int = 2, compounding: str = "periodic",
                      clean: bool = True) -> Any:  # noqa: ANN401
    """Yield at which a bond is worth its price.

    Parameters
    ----------
    price
        Money, for `face`: one, or one a bond.
    coupon, years, face, frequency, compounding, clean
        As in `bond_price`.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; below zero where more is paid than comes back.

    Notes
    -----
    Convention: found by Newton's method kept between bounds; NaN for a price of 0 or below, or for what has matured.

    Raises
    ------
    InvalidInput
        An unknown compounding, a frequency below 1, or more than 2,400 payments.
    MisalignedSeries
        Inputs of different length.

    References
    ----------
    Fabozzi, ch. 3 "Measuring yield".

    Examples
    --------
    >>> round(yield_to_maturity(70.357, coupon=0.06, years=25), 6)
    0.09
    """
    flows, prices = _read(price, coupon, years, face, frequency, compounding)
    dirty = prices + flows.accrued if clean else prices
    whole = flows.amounts.sum(axis=1)
    known = np.where((dirty > 0) & (whole > 0), dirty, np.nan)
    rates = _solved(flows, known, compounding)
    return flows.told(_alive(flows, rates))


def duration(yields: Numbers, *, coupon: Numbers, years: Numbers, kind: str = "modified", face: float = 100.0, frequency: int = 2,
             compounding: str = "periodic") -> Any:  # noqa: ANN401
    """Sensitivity of the price to the yield, or mean time of the payments.

    Parameters
    ----------
    yields, coupon, years, face, frequency, compounding
        As in `bond_price`.
    kind
        ``modified`` (default): the price falls by so many percent for one of yield; ``macaulay``: years.

    Returns
    -------
    float, Series or ndarray
        Years.

    Notes
    -----
    Convention: of the price with accrued interest. Continuously compounded both kinds are the same.

    Raises
    ------
    InvalidInput
        An unknown kind or compounding, a frequency below 1, or more than 2,400 payments.
    MisalignedSeries
        Inputs of different length.

    References
    ----------
    Macaulay, Some Theoretical Problems (1938); Fabozzi, ch. 4 "Bond price volatility".

    Examples
    --------
    >>> round(duration(0.09, coupon=0.06, years=25), 2), round(duration(0.09, coupon=0.06, years=25, kind="macaulay"), 2)
    (10.62, 11.1)
    """
    one_of("kind", kind, KINDS)
    flows, rates = _read(yields, coupon, years, face, frequency, compounding)
    worth = flows.amounts * _discount(flows, rates, compounding)
    mean = (worth * flows.times).sum(axis=1) / _divisor(worth.sum(axis=1))
    return flows.told(_alive(flows, mean * _step(flows, rates, compounding) if kind == "modified" else mean))


def convexity(yields: Numbers, *, coupon: Numbers, years: Numbers, face: float = 100.0, frequency: int = 2, compounding: str = "periodic") -> Any:  # noqa: ANN401
    """Curvature of the price in the yield.

    Parameters
    ----------
    yields, coupon, years, face, frequency, compounding
        As in `bond_price`.

    Returns
    -------
    float, Series or ndarray
        Years squared: half of it times the squared change of the yield is what duration misses.

    Notes
    -----
    Convention: second derivative of the price with accrued interest, over that price.

    Raises
    ------
    InvalidInput
        An unknown compounding, a frequency below 1, or more than 2,400 payments.
    MisalignedSeries
        Inputs of different length.

    References
    ----------
    Fabozzi, ch. 4 "Convexity".

    Examples
    --------
    >>> round(convexity(0.09, coupon=0.06, years=25), 2)
    182.91
    """
    flows, rates = _read(yields, coupon, years, face, frequency, compounding)
    worth = flows.amounts * _discount(flows, rates, compounding)
    later = {"periodic": 1.0 / flows.frequency, "annual": 1.0, "continuous": 0.0}[compounding]
    curve = (worth * flows.times * (flows.times + later)).sum(axis=1) * _step(flows, rates, compounding) ** 2
    return flows.told(_alive(flows, curve / _divisor(worth.sum(axis=1))))


def dv01(yields: Numbers, *, coupon: Numbers, years: Numbers, face: float = 100.0, frequency: int = 2, compounding: str = "periodic") -> Any:  # noqa: ANN401
    """Money that a basis point of yield costs.

    Parameters
    ----------
    yields, coupon, years, face, frequency, compounding
        As in `bond_price`.

    Returns
    -------
    float, Series or ndarray
        Money for `face`, positive: the price falls by it where the yield rises by 0.01 %.

    Notes
    -----
    Convention: modified duration times the price with accrued interest over 10,000.

    Raises
    ------
    InvalidInput
        An unknown compounding, a frequency below 1, or more than 2,400 payments.
    MisalignedSeries
        Inputs of different length.

    References
    ----------
    Fabozzi, ch. 4 "Price value of a basis point".

    Examples
    --------
    >>> round(dv01(0.09, coupon=0.06, years=25), 4)
    0.0747
    """
    flows, rates = _read(yields, coupon, years, face, frequency, compounding)
    worth = flows.amounts * _discount(flows, rates, compounding)
    return flows.told(_alive(flows, (worth * flows.times).sum(axis=1) * _step(flows, rates, compounding) / 10_000.0))


def _read(first: Any, coupon: Any, years: Any, face: float, frequency: int, compounding: str) -> tuple[_Flows, Floats]:  # noqa: ANN401
    """Lay the payments of bonds out beside their yields or prices."""
    one_of("compounding", compounding, COMPOUNDINGS)
    if frequency < 1:
        raise InvalidInput("frequency", frequency, "is below 1", hint="Coupons a year: 1, 2, 4 or 12; a bond without coupons has coupon 0")
    told = [np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (first, coupon, years)]
    lengths = {len(each) for each in told} - {1}
    if len(lengths) > 1:
        raise MisalignedSeries("yields", "coupon", reason=f"{', '.join(str(len(each)) for each in told)} bonds")
    rates, coupons, left = np.broadcast_arrays(*told)
    like = next((each for each in (first, coupon, years) if np.ndim(each)), first)
    return _flows(coupons, left, face, float(frequency), like), np.asarray(rates, dtype=np.float64)


def _flows(coupons: Floats, years: Floats, face: float, frequency: float, like: Any) -> _Flows:  # noqa: ANN401
    periods = np.where(np.isfinite(years) & (years > 0), years, 0.0) * frequency
    counts = np.ceil(periods - 1e-9)
    most = int(counts.max(initial=0.0))
    if most > _MOST_FLOWS:
        raise InvalidInput("years", float(np.nanmax(years)), f"makes {most} payments, {_MOST_FLOWS} are the most", hint="Give years, not days")
    back = np.arange(most, dtype=np.float64)[None, :]
    there = back < counts[:, None]
    times = np.where(there, (periods[:, None] - back) / frequency, 0.0)
    amounts = np.where(there, face * coupons[:, None] / frequency, 0.0) + np.where(there & (back == 0), face, 0.0)
    return _Flows(times, amounts, face * coupons / frequency * np.maximum(counts - periods, 0.0), frequency, like)


def _discount(flows: _Flows, rates: Floats, compounding: str) -> Floats:
    """Worth now of one at each payment; NaN where a yield takes more than all away."""
    if compounding == "continuous":
        return np.exp(-flows.times * rates[:, None])
    often = flows.frequency if compounding == "periodic" else 1.0
    base = np.where(1.0 + rates / often > 0, 1.0 + rates / often, np.nan)
    found: Floats = base[:, None] ** (-flows.times * often)
    return found


def _step(flows: _Flows, rates: Floats, compounding: str) -> Floats:
    """Change of a period's rate for one of yield, over what a period grows to."""
    often = {"periodic": flows.frequency, "annual": 1.0, "continuous": np.inf}[compounding]
    return 1.0 / (1.0 + rates / often)


def _solved(flows: _Flows, prices: Floats, compounding: str) -> Floats:
    """Newton's method, halving the bounds where it would leave them."""
    often = {"periodic": flows.frequency, "annual": 1.0, "continuous": 1.0}[compounding]
    low, high = np.full(len(prices), -0.999 * often), np.full(len(prices), 100.0)
    rates = np.full(len(prices), 0.05)
    for _ in range(_ROUNDS):
        worth = flows.amounts * _discount(flows, rates, compounding)
        value = worth.sum(axis=1)
        low, high = np.where(value > prices, rates, low), np.where(value <= prices, rates, high)
        slope = -(worth * flows.times).sum(axis=1) * _step(flows, rates, compounding)
        moved = rates - np.divide(value - prices, slope, out=np.zeros_like(value), where=slope != 0)
        inside = (moved >= low) & (moved <= high)
        newer = np.where(inside, moved, 0.5 * (low + high))
        if np.nanmax(np.abs(newer - rates), initial=0.0) < 1e-15:
            break
        rates = newer
    return np.where(np.isnan(prices), np.nan, rates)


def _divisor(worth: Floats) -> Floats:
    found: Floats = np.where(worth > 0, worth, np.nan)
    return found


def _alive(flows: _Flows, found: Floats) -> Floats:
    """Give no number for what has matured."""
    whole = flows.amounts.sum(axis=1) if flows.amounts.shape[1] else np.zeros(len(found))
    return np.where(whole > 0, found, np.nan)
