"""How far returns are spread around their mean."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.errors import InvalidInput
from engine.returns import known_counts


def volatility(returns: Table, *, ddof: int = 1, periods_per_year: float = 252) -> Figure:
    """Yearly standard deviation of returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: sample standard deviation times the root of the periods of a year. NaN periods are left out; NaN where not more than
    `ddof` are known.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4 "Annualised risk".

    Examples
    --------
    >>> round(volatility([0.01, -0.01, 0.03], periods_per_year=1), 6)
    0.02
    """
    return figure_like(returns, spread(cells_of(returns), ddof) * np.sqrt(periods_of(periods_per_year)), "volatility")


def spread(cells: Floats, ddof: int) -> Floats:
    """Spread of columns over the periods that they have.

    Parameters
    ----------
    cells
        ndarray of shape (n_periods, n_series).
    ddof
        Taken off the number of periods.

    Returns
    -------
    ndarray of shape (n_series,)
        NaN where not more than `ddof` are known.
    """
    counts = known_counts(cells)
    mean = np.nansum(cells, axis=0) / np.maximum(counts, 1.0)
    squares = np.nansum((cells - mean) ** 2, axis=0)
    found: Floats = np.sqrt(squares / np.where(counts > ddof, counts - ddof, np.nan))
    return found


def periods_of(periods_per_year: float) -> float:
    """Refuse a number of periods that no year has.

    Parameters
    ----------
    periods_per_year
        As it was asked for.

    Returns
    -------
    float
        The same.

    Raises
    ------
    InvalidInput
        Not above zero.
    """
    if not periods_per_year > 0:
        raise InvalidInput("periods_per_year", periods_per_year, "not above zero", hint="252 for trading days, 12 for months")
    return periods_per_year
