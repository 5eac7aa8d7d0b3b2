"""Falls from a running peak: day by day, and the deepest."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, figure_like, series_like
from engine.returns import one_of

PEAK_STARTS = ("one", "first")


def drawdown_series(returns: Table, *, compounded: bool = True, peak_start: str = "one") -> Figure:
    """Fall of wealth from its running peak, after each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded
        Wealth is the product of 1 + r (default), or 1 + the sum of r.
    peak_start
        The first peak is ``one``, the wealth before the first return (default), or ``first``, the wealth after it.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index, fraction <= 0.

    Notes
    -----
    Convention: 0 at a peak, -0.2 a fifth below it. A missing return is NaN in its place and leaves wealth as it was.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown `peak_start`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4; Magdon-Ismail and Atiya 2004, "Maximum drawdown".

    Examples
    --------
    >>> drawdown_series([0.1, -0.2, 0.25]).round(6).tolist()
    [0.0, -0.2, 0.0]
    """
    one_of("peak_start", peak_start, PEAK_STARTS)
    return series_like(returns, _falls(cells_of(returns), compounded=compounded, from_one=peak_start == "one"))


def max_drawdown(returns: Table, *, compounded: bool = True, peak_start: str = "one") -> Figure:
    """Deepest fall of wealth from a running peak.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded, peak_start
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Fraction <= 0; NaN without any return.

    Notes
    -----
    Convention: the smallest of `drawdown_series`.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`.

    References
    ----------
    As in `drawdown_series`.

    Examples
    --------
    >>> round(max_drawdown([0.1, -0.2, 0.1, -0.1]), 6)
    -0.208
    """
    one_of("peak_start", peak_start, PEAK_STARTS)
    falls = _falls(cells_of(returns), compounded=compounded, from_one=peak_start == "one")
    known = ~np.isnan(falls).all(axis=0) if len(falls) else np.zeros(falls.shape[1], dtype=bool)
    deepest = np.where(known, np.nan_to_num(falls, nan=0.0).min(axis=0, initial=0.0), np.nan)
    return figure_like(returns, deepest, "max_drawdown")


def _falls(cells: Floats, *, compounded: bool, from_one: bool) -> Floats:
    steps = np.nan_to_num(cells)
    wealth = np.cumprod(1.0 + steps, axis=0) if compounded else 1.0 + np.cumsum(steps, axis=0)
    peak = np.maximum.accumulate(wealth, axis=0)
    peak = np.maximum(peak, 1.0) if from_one else peak
    with np.errstate(divide="ignore", invalid="ignore"):
        falls = np.where(peak > 0, wealth / peak - 1.0, np.nan)
    return np.where(np.isnan(cells), np.nan, falls).astype(np.float64)
