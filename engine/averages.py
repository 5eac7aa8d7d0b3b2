"""Returns a year: compounded, arithmetic or mean first, by periods or by the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.daily import When
from engine.errors import InvalidInput
from engine.frames import instant
from engine.returns import known_counts, linked_growth, one_of


def annualise(total: float, days: float, *, calendar_base: float = 365.25, minimum_days: float = 365.0) -> float:
    """Return a year of the return over a number of days.

    Parameters
    ----------
    total
        Return of the whole window, fraction.
    days
        Calendar days from its opening close to its closing one.
    calendar_base
        Days of a year: 365.25 (default) or 365.
    minimum_days
        Below this a window is not annualised: NaN. 365 (default) is a year; 0 annualises anything.

    Returns
    -------
    float
        (1 + total) ** (calendar_base / days) - 1, fraction.

    Notes
    -----
    Convention: never annualised under a year; NaN also for a loss of more than everything, which has no root.

    References
    ----------
    GIPS Standards 2020, provision 4.A.2: returns for periods of less than one year must not be annualized.

    Examples
    --------
    >>> round(annualise(0.21, 730.5), 6), annualise(0.21, 90)
    (0.1, nan)
    """
    if not days > 0 or days < minimum_days or not total >= -1.0:
        return float("nan")
    return _power(1.0 + float(total), calendar_base / days) - 1.0


def annualised_return(
    returns: Table,
    *,
    periods_per_year: float = 252,
    method: str = "compounded",
    count_missing: bool = True,
    calendar_base: float | None = None,
    start: When | None = None,
    minimum_years: float = 0.0,
) -> Figure:
    """Return a year, from returns of periods.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    periods_per_year
        252 (default) for trading days, 12 for months, 52 for weeks.
    method
        ``compounded`` (default): growth to the power of periods a year over periods, less one; ``arithmetic``: mean times the periods;
        ``mean_first``: one plus the mean to the power of the periods, less one.
    count_missing
        Whether periods without a return count as time (default) or not.
    calendar_base
        365.25 or 365: years are calendar days over this instead of periods, from `start` to the last date.
    start
        The close that the first return starts from, for `calendar_base`; default the first date.
    minimum_years
        Shorter histories are NaN; 0 by default.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: NaN without any return, and for a compounded loss of more than everything.

    Raises
    ------
    InvalidInput
        An unknown method, no dates for a calendar base, or periods a year not above zero.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 "Annualised returns".

    Examples
    --------
    >>> round(annualised_return([0.01] * 12, periods_per_year=12), 6)
    0.126825
    """
    one_of("method", method, ("compounded", "arithmetic", "mean_first"))
    if not periods_per_year > 0:
        raise InvalidInput("periods_per_year", periods_per_year, "not above zero", hint="252 for trading days, 12 for months")
    cells = cells_of(returns)
    counts = known_counts(cells)
    periods = np.full(cells.shape[1], float(len(cells))) if count_missing else counts
    years = periods / periods_per_year if calendar_base is None else np.full(cells.shape[1], _years(returns, start, calendar_base))
    mean = _mean(cells)
    results = {
        "compounded": lambda: _powers(1.0 + np.where(counts > 0, linked_growth(np.nan_to_num(cells)), np.nan), _inverse(years)) - 1.0,
        "arithmetic": lambda: mean * periods * _inverse(years),
        "mean_first": lambda: _powers(1.0 + mean, periods * _inverse(years)) - 1.0,
    }[method]()
    return figure_like(returns, np.where(years >= minimum_years, results, np.nan))


def arithmetic_mean(returns: Table, *, periods_per_year: float = 252) -> Figure:
    """Mean return times the periods of a year.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    periods_per_year
        252 (default); 1 gives the mean of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: NaN periods are left out.

    Examples
    --------
    >>> round(arithmetic_mean([0.1, 0.2], periods_per_year=1), 6)
    0.15
    """
    return figure_like(returns, _mean(cells_of(returns)) * periods_per_year)


def geometric_mean(returns: Table, *, periods_per_year: float = 252) -> Figure:
    """Constant return that would have led to the same wealth, a year.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    periods_per_year
        252 (default); 1 gives the mean of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: NaN periods are left out and are no time.

    Examples
    --------
    >>> round(geometric_mean([0.1, -0.1], periods_per_year=1), 6)
    -0.005013
    """
    return annualised_return(returns, periods_per_year=periods_per_year, count_missing=False)


def _mean(cells: Floats) -> Floats:
    counts = known_counts(cells)
    mean: Floats = np.where(counts > 0, np.nansum(cells, axis=0), np.nan) / np.maximum(counts, 1.0)
    return mean


def _inverse(years: Floats) -> Floats:
    return 1.0 / np.where(years > 0, years, np.nan)


def _power(base: float, exponent: float) -> float:
    return float(_powers(np.array([base]), np.array([exponent]))[0])


def _powers(base: Floats, exponent: Floats) -> Floats:
    """Power of wealth; NaN for less than nothing, or beyond what a float holds."""
    with np.errstate(over="ignore", invalid="ignore"):
        grown = np.power(np.where(base >= 0, base, np.nan), exponent)
    finite: Floats = np.where(np.isfinite(grown), grown, np.nan)
    return finite


def _years(returns: Table, start: When | None, calendar_base: float) -> float:
    if not isinstance(returns, pd.Series | pd.DataFrame) or not isinstance(returns.index, pd.DatetimeIndex):
        raise InvalidInput("calendar_base", calendar_base, "the returns have no dates", hint="Give them a DatetimeIndex")
    if not len(returns):
        return float("nan")
    first = returns.index[0] if start is None else instant(start, field="start")
    return (returns.index[-1].tz_localize(None).normalize() - first.tz_localize(None).normalize()).days / calendar_base
