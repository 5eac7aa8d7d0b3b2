"""European options by Black, Scholes and Merton: price, implied volatility and the Greeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from engine.columns import Floats
from engine.returns import one_of

Numbers = float | pd.Series | Floats
KINDS = ("call", "put")
VEGA_UNITS = ("one", "point")
THETA_UNITS = ("year", "day")
_ROOT = 1.0 / np.sqrt(2.0 * np.pi)
_HIGHEST = 10.0  # volatility a year, as far as an implied one is looked for
_ROUNDS = 200


def option_price(spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0,
                 kind: str = "call") -> Any:  # noqa: ANN401 - float, Series or ndarray, as it came in
    """Price of a European option.

    Parameters
    ----------
    spot, strike
        Price of the underlying and of exercise, the same currency: one, or one an option.
    years
        To expiry; at 0 the option is worth what exercise gives.
    volatility
        Of the underlying a year, fraction.
    rate, dividend_yield
        A year, continuous, fraction; default 0.
    kind
        ``call`` (default) or ``put``.

    Returns
    -------
    float, Series or ndarray
        Money for one unit of the underlying.

    Notes
    -----
    Convention: NaN for a spot or strike of 0 or below, a volatility below 0, or after expiry.

    Raises
    ------
    InvalidInput
        An unknown kind.

    References
    ----------
    Black and Scholes (1973), Journal of Political Economy 81(3); Merton (1973); Hull, Options, Futures and Other Derivatives, eq. 15.20 and 15.21.

    Examples
    --------
    >>> round(option_price(42, 40, 0.5, 0.2, rate=0.1), 2), round(option_price(42, 40, 0.5, 0.2, rate=0.1, kind="put"), 2)
    (4.76, 0.81)
    """
    told = _Option(spot, strike, years, volatility, rate, dividend_yield, kind)
    return told.shown(told.price())


def implied_volatility(price: Numbers, spot: Numbers, strike: Numbers, years: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0,
                       kind: str = "call") -> Any:  # noqa: ANN401
    """Volatility at which an option is worth its price.

    Parameters
    ----------
    price
        Money for one unit of the underlying.
    spot, strike, years, rate, dividend_yield, kind
        As in `option_price`.

    Returns
    -------
    float, Series or ndarray
        A year, fraction.

    Notes
    -----
    Convention: by halving, to 1e-12. NaN where the price is outside of what any volatility between 0 and 1,000 % gives.

    Raises
    ------
    InvalidInput
        An unknown kind.

    References
    ----------
    Hull, ch. 15 "Implied volatilities".

    Examples
    --------
    >>> round(implied_volatility(4.759422, 42, 40, 0.5, rate=0.1), 4)
    0.2
    """
    told = _Option(spot, strike, years, 0.0, rate, dividend_yield, kind, np.asarray(price, dtype=np.float64))
    low, high = np.zeros_like(told.spot), np.full_like(told.spot, _HIGHEST)
    wanted = np.broadcast_to(np.asarray(price, dtype=np.float64), told.spot.shape)
    possible = (wanted >= told.at(low).price() - 1e-12) & (wanted <= told.at(high).price())
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        above = told.at(middle).price() > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
        if float(np.max(high - low, initial=0.0)) < 1e-13:
            break
    return told.shown(np.where(possible, 0.5 * (low + high), np.nan))


def delta(spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0,
          kind: str = "call") -> Any:  # noqa: ANN401
    """Change of an option's price for one of the underlying's.

    Parameters
    ----------
    spot, strike, years, volatility, rate, dividend_yield, kind
        As in `option_price`.

    Returns
    -------
    float, Series or ndarray
        Between 0 and 1 for a call, -1 and 0 for a put.

    Notes
    -----
    Convention: as `option_price`.

    Raises
    ------
    InvalidInput
        An unknown kind.

    References
    ----------
    Hull, ch. 19, table 19.6.

    Examples
    --------
    >>> round(delta(49, 50, 0.3846, 0.2, rate=0.05), 3)
    0.522
    """
    told = _Option(spot, strike, years, volatility, rate, dividend_yield, kind)
    return told.shown(told.sign * told.carried * ndtr(told.sign * told.d1))


def gamma(spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0) -> Any:  # noqa: ANN401
    """Change of delta for one of the underlying's price.

    Parameters
    ----------
    spot, strike, years, volatility, rate, dividend_yield
        As in `option_price`.

    Returns
    -------
    float, Series or ndarray
        The same for calls and puts; 0 where nothing moves.

    Notes
    -----
    Convention: as `option_price`.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Hull, ch. 19, table 19.6.

    Examples
    --------
    >>> round(gamma(49, 50, 0.3846, 0.2, rate=0.05), 3)
    0.066
    """
    told = _Option(spot, strike, years, volatility, rate, dividend_yield, "call")
    return told.shown(np.where(told.spread > 0, told.carried * told.density / (told.spot * np.where(told.spread > 0, told.spread, 1.0)), 0.0))


def vega(spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0,
         unit: str = "one") -> Any:  # noqa: ANN401
    """Change of an option's price for a change of volatility.

    Parameters
    ----------
    spot, strike, years, volatility, rate, dividend_yield
        As in `option_price`.
    unit
        For ``one`` (default): from 0 to 100 % of volatility; for a ``point``: one percent.

    Returns
    -------
    float, Series or ndarray
        Money, the same for calls and puts.

    Notes
    -----
    Convention: as `option_price`.

    Raises
    ------
    InvalidInput
        An unknown unit.

    References
    ----------
    Hull, ch. 19, table 19.6.

    Examples
    --------
    >>> round(vega(49, 50, 0.3846, 0.2, rate=0.05), 1)
    12.1
    """
    one_of("unit", unit, VEGA_UNITS)
    told = _Option(spot, strike, years, volatility, rate, dividend_yield, "call")
    return told.shown(told.spot * told.carried * told.density * np.sqrt(told.years) * (0.01 if unit == "point" else 1.0))


def theta(spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0,
          kind: str = "call", unit: str = "year") -> Any:  # noqa: ANN401
    """Change of an option's price as time passes.

    Parameters
    ----------
    spot, strike, years, volatility, rate, dividend_yield, kind
        As in `option_price`.
    unit
        Of a ``year`` (default) or a calendar ``day``.

    Returns
    -------
    float, Series or ndarray
        Money, mostly below zero.

    Notes
    -----
    Convention: as `option_price`; a day is 1/365 of a year.

    Raises
    ------
    InvalidInput
        An unknown kind or unit.

    References
    ----------
    Hull, ch. 19, table 19.6.

    Examples
    --------
    >>> round(theta(49, 50, 0.3846, 0.2, rate=0.05), 2)
    -4.31
    """
    one_of("unit", unit, THETA_UNITS)
    told = _Option(spot, strike, years, volatility, rate, dividend_yield, kind)
    decay = -told.spot * told.carried * told.density * told.volatility / (2.0 * np.sqrt(np.where(told.years > 0, told.years, np.inf)))
    interest = -told.sign * told.rate * told.strike * told.discount * ndtr(told.sign * told.d2)
    income = told.sign * told.dividends * told.spot * told.carried * ndtr(told.sign * told.d1)
    return told.shown((decay + interest + income) / (365.0 if unit == "day" else 1.0))


def rho(spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, *, rate: Numbers = 0.0, dividend_yield: Numbers = 0.0,
        kind: str = "call") -> Any:  # noqa: ANN401
    """Change of an option's price for one of the interest rate.

    Parameters
    ----------
    spot, strike, years, volatility, rate, dividend_yield, kind
        As in `option_price`.

    Returns
    -------
    float, Series or ndarray
        Money for a rate that goes from 0 to 100 %.

    Notes
    -----
    Convention: as `option_price`.

    Raises
    ------
    InvalidInput
        An unknown kind.

    References
    ----------
    Hull, ch. 19, table 19.6.

    Examples
    --------
    >>> round(rho(49, 50, 0.3846, 0.2, rate=0.05), 2)
    8.91
    """
    told = _Option(spot, strike, years, volatility, rate, dividend_yield, kind)
    return told.shown(told.sign * told.strike * told.years * told.discount * ndtr(told.sign * told.d2))


class _Option:
    """Inputs laid beside each other, NaN where they are none, with what every formula is made of."""

    def __init__(self, spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, rate: Numbers, dividends: Numbers, kind: str,
                 beside: Floats | None = None) -> None:
        one_of("kind", kind, KINDS)
        given = (spot, strike, years, volatility, rate, dividends)
        self.like = next((each for each in (*given, beside) if isinstance(each, pd.Series)), None)
        cells = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in given), np.zeros(()) if beside is None else beside)[:6]
        valid = (cells[0] > 0) & (cells[1] > 0) & (cells[2] >= 0) & (cells[3] >= 0)
        self.spot, self.strike, self.years, self.volatility, self.rate, self.dividends = (np.where(valid, each, np.nan) for each in cells)
        self.sign = 1.0 if kind == "call" else -1.0
        self._known()

    def _known(self) -> None:
        self.discount, self.carried = np.exp(-self.rate * self.years), np.exp(-self.dividends * self.years)
        self.spread = self.volatility * np.sqrt(self.years)
        ahead = np.log(self.spot / self.strike) + (self.rate - self.dividends) * self.years
        moving = self.spread > 0
        width = np.where(moving, self.spread, 1.0)
        certain = np.where(ahead > 0, np.inf, np.where(ahead < 0, -np.inf, 0.0)) + np.where(np.isnan(ahead), np.nan, 0.0)
        self.d1 = np.where(moving, ahead / width + 0.5 * width, certain)
        self.d2 = np.where(moving, ahead / width - 0.5 * width, certain)
        self.density = _ROOT * np.exp(-0.5 * self.d1**2)

    def at(self, volatility: Floats) -> _Option:
        """Give the same at another volatility."""
        other = object.__new__(_Option)
        other.__dict__.update(self.__dict__)
        other.volatility = volatility + np.where(np.isnan(self.spot), np.nan, 0.0)
        other._known()  # of its own kind
        return other

    def price(self) -> Floats:
        """Money for one unit of the underlying."""
        held, owed = self.spot * self.carried, self.strike * self.discount
        found: Floats = self.sign * (held * ndtr(self.sign * self.d1) - owed * ndtr(self.sign * self.d2))
        return found

    def shown(self, found: Floats) -> Any:  # noqa: ANN401
        """Give what came in: a number, a Series or an array."""
        if self.like is not None:
            return pd.Series(found, index=self.like.index)
        return found if found.ndim else float(found)
