"""Standard deviation of plain columns, and what a year of periods is."""

from __future__ import annotations

import numpy as np

from engine.columns import Floats
from engine.errors import InvalidInput
from engine.returns import known_counts


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
