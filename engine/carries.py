"""Things that grow by themselves: cash at a rate, prices of a basket, and a spread on top."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Floats, cells_of, day_stamps
from engine.errors import InvalidInput

YEAR_DAYS = 365.0


def cash_growth(days: pd.DatetimeIndex, rate: float) -> pd.Series:
    """Wealth of cash at one rate, from 1.

    Parameters
    ----------
    days
        Ascending.
    rate
        Effective a year, fraction, above -1.

    Returns
    -------
    Series
        (1 + rate)^(days since the first / 365).

    Raises
    ------
    InvalidInput
        A rate of -1 or less.

    Examples
    --------
    >>> cash_growth(pd.to_datetime(["2023-01-01", "2024-01-01"]), 0.03).round(6).tolist()
    [1.0, 1.03]
    """
    return pd.Series(_compounded(days, rate), index=days, name="growth")


def accrued_growth(rates: pd.Series, days: pd.DatetimeIndex) -> pd.Series:
    """Wealth of cash at a rate that is set anew from time to time, from 1.

    Parameters
    ----------
    rates
        Effective a year, fraction, by the day from which each holds.
    days
        Ascending.

    Returns
    -------
    Series
        1 at the first day with a rate, NaN before; each stretch accrues at the rate known at its beginning.

    Raises
    ------
    InvalidInput
        Rates without dates, or a rate of -1 or less.

    Examples
    --------
    >>> rates = pd.Series([0.02, 0.04], index=pd.to_datetime(["2022-01-01", "2023-01-01"]))
    >>> accrued_growth(rates, pd.to_datetime(["2022-01-01", "2023-01-01", "2024-01-01"])).round(6).tolist()
    [1.0, 1.02, 1.0608]
    """
    at = _last_known(rates, days, "rates")
    if (at <= -1.0).any():
        raise InvalidInput("rates", float(np.nanmin(at)), "is -1 or less", hint="Rates are fractions: 0.03 is 3 %")
    steps = np.diff(day_stamps(days)).astype(np.float64) / YEAR_DAYS
    logs = np.concatenate([[0.0], np.log1p(at[:-1]) * steps])
    known = ~np.isnan(at)
    grown = np.exp(np.cumsum(np.where(np.isnan(logs), 0.0, logs)))
    return pd.Series(np.where(known, grown, np.nan), index=days, name="growth")


def interpolated_levels(levels: pd.Series, days: pd.DatetimeIndex) -> pd.Series:
    """Levels told now and then, such as consumer prices, on every day.

    Parameters
    ----------
    levels
        Above 0, by the day they are of.
    days
        Ascending.

    Returns
    -------
    Series
        Growing evenly from one level to the next; the last one from there on, NaN before the first.

    Notes
    -----
    Convention: geometric. A day between two levels looks ahead to the later one: for measuring, not for deciding.

    Raises
    ------
    InvalidInput
        Levels without dates, or not above 0.

    Examples
    --------
    >>> told = pd.Series([100.0, 121.0], index=pd.to_datetime(["2024-01-01", "2024-01-03"]))
    >>> interpolated_levels(told, pd.to_datetime(["2024-01-02", "2024-01-04"])).round(6).tolist()
    [110.0, 121.0]
    """
    known = _dated(levels, "levels")
    heights = cells_of(known, "levels")[:, 0]
    if (heights <= 0).any():
        raise InvalidInput("levels", float(heights.min()), "is not above 0", hint="Levels of prices, not their changes")
    if not len(heights):
        return pd.Series(np.nan, index=days, name=levels.name)
    told, wanted = (day_stamps(index).astype(np.int64).astype(np.float64) for index in (known.index, days))
    found = np.exp(np.interp(wanted, told, np.log(heights), left=np.nan))
    return pd.Series(found, index=days, name=levels.name)


def with_spread(levels: pd.Series, spread: float) -> pd.Series:
    """Levels that grow by so much more a year.

    Parameters
    ----------
    levels
        By date, ascending.
    spread
        A year, fraction, above -1: the x of "inflation + x".

    Returns
    -------
    Series
        levels x (1 + spread)^(days since the first / 365).

    Raises
    ------
    InvalidInput
        A spread of -1 or less, or levels without dates.

    Examples
    --------
    >>> with_spread(pd.Series([1.0, 1.02], index=pd.to_datetime(["2023-01-01", "2024-01-01"])), 0.05).round(6).tolist()
    [1.0, 1.071]
    """
    if not isinstance(levels.index, pd.DatetimeIndex):
        raise InvalidInput("levels", "", "not levels by date", hint="Use a Series with a DatetimeIndex")
    return levels * _compounded(levels.index, spread)


def _compounded(days: pd.DatetimeIndex, rate: float) -> Floats:
    if not rate > -1.0:
        raise InvalidInput("rate", rate, "is not above -1", hint="Rates are fractions: 0.03 is 3 %")
    stamps = day_stamps(days)
    since = (stamps - stamps[:1]).astype(np.float64) / YEAR_DAYS
    grown: Floats = (1.0 + rate) ** since
    return grown


def _last_known(history: pd.Series, days: pd.DatetimeIndex, field: str) -> Floats:
    """Give the last value on or before each day; NaN before the first."""
    known = _dated(history, field)
    places = np.searchsorted(day_stamps(known.index), day_stamps(days), side="right") - 1
    return np.append(cells_of(known, field)[:, 0], np.nan)[places]


def _dated(history: pd.Series, field: str) -> pd.Series:
    if not isinstance(history, pd.Series) or not isinstance(history.index, pd.DatetimeIndex):
        raise InvalidInput(field, "", "not values by date", hint="Use a Series with a DatetimeIndex")
    return history.dropna().sort_index()
