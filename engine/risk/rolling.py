"""Figures over a window that moves along the returns: what was true at each date, from the first full window on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from engine.columns import Figure, Floats, Table, cells_of
from engine.dispersion import periods_of
from engine.errors import InvalidInput

BLOCK_CELLS = 4_000_000  # windows x periods that are laid out at once: 32 MB


def rolling_volatility(returns: Table, *, window: int = 63, ddof: int = 1, periods_per_year: float = 252) -> Figure:
    """Volatility of a year over a moving window.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    window
        Periods that each value looks back over, its own included.
    ddof
        What the number of returns is lessened by in the divisor.
    periods_per_year
        Of the returns.

    Returns
    -------
    Series, DataFrame or ndarray
        As `returns`; NaN until the window is full, and where a return within it is missing.

    Raises
    ------
    InvalidInput
        A window of fewer than two periods, or a cell that is not a number.

    Notes
    -----
    Convention: standard deviation of the window times the square root of the periods of a year.

    References
    ----------
    Bacon, *Practical Portfolio Performance Measurement and Attribution*, 2nd ed., ch. 4 (variability).

    Examples
    --------
    >>> rolling_volatility([0.01, -0.01, 0.01], window=2, periods_per_year=1).round(6).tolist()
    [nan, 0.014142, 0.014142]
    """
    cells = _checked(returns, window)
    return _like(returns, _deviation(cells, window, ddof) * np.sqrt(periods_of(periods_per_year)))


def rolling_sharpe_ratio(returns: Table, *, window: int = 63, risk_free: float = 0.0, ddof: int = 1, periods_per_year: float = 252) -> Figure:
    """Sharpe ratio of a year over a moving window.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    window
        Periods that each value looks back over, its own included.
    risk_free
        Rate of a period, fraction.
    ddof
        What the number of returns is lessened by in the divisor.
    periods_per_year
        Of the returns.

    Returns
    -------
    Series, DataFrame or ndarray
        As `returns`; NaN until the window is full, and where nothing moved within it.

    Raises
    ------
    InvalidInput
        A window of fewer than two periods, or a cell that is not a number.

    Notes
    -----
    Convention: mean excess over its standard deviation, times the square root of the periods of a year.

    References
    ----------
    Sharpe, W. F. (1994). The Sharpe ratio. *Journal of Portfolio Management* 21(1), eq. 3 to 5.

    Examples
    --------
    >>> rolling_sharpe_ratio([0.02, 0.0, 0.02], window=2, periods_per_year=1).round(4).tolist()
    [nan, 0.7071, 0.7071]
    """
    cells = _checked(returns, window) - risk_free
    spread = _deviation(cells, window, ddof)
    mean = pd.DataFrame(cells).rolling(window).mean().to_numpy()
    ratio = np.where(spread > 0, mean, np.nan) / np.where(spread > 0, spread, 1.0)
    return _like(returns, ratio * np.sqrt(periods_of(periods_per_year)))


def rolling_max_drawdown(returns: Table, *, window: int = 252) -> Figure:
    """Deepest fall from a peak within a moving window.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    window
        Periods that each value looks back over, its own included.

    Returns
    -------
    Series, DataFrame or ndarray
        As `returns`, fractions of 0 or less; NaN until the window is full, and where a return within it is missing.

    Raises
    ------
    InvalidInput
        A window of fewer than two periods, or a cell that is not a number.

    Notes
    -----
    Convention: returns compounded within the window, whose wealth begins at 1: the first peak.

    References
    ----------
    Magdon-Ismail, M. and Atiya, A. (2004). Maximum drawdown. *Risk Magazine* 17(10).

    Examples
    --------
    >>> rolling_max_drawdown([-0.5, 0.5, 0.5], window=2).tolist()
    [nan, -0.5, 0.0]
    """
    cells = _checked(returns, window)
    found = np.full(cells.shape, np.nan)
    if len(cells) >= window:
        windows = sliding_window_view(cells, window, axis=0)
        step = max(1, BLOCK_CELLS // (window * max(cells.shape[1], 1)))
        for first in range(0, len(windows), step):
            found[window - 1 + first:window - 1 + first + step] = _deepest(windows[first:first + step])
    return _like(returns, found)


def _deepest(windows: Floats) -> Floats:
    """Deepest fall of windows of shape (n_windows, n_series, window)."""
    wealth = np.cumprod(1.0 + windows, axis=2)
    peaks = np.maximum(np.maximum.accumulate(wealth, axis=2), 1.0)
    deepest: Floats = np.minimum((wealth / peaks - 1.0).min(axis=2), 0.0)
    return deepest


def _deviation(cells: Floats, window: int, ddof: int) -> Floats:
    if window <= ddof:
        raise InvalidInput("window", window, f"is not more than ddof = {ddof}", hint=f"Use {ddof + 1} periods or more", rule="too_short")
    found: Floats = pd.DataFrame(cells).rolling(window).std(ddof=ddof).to_numpy()
    return found


def _checked(returns: Table, window: int) -> Floats:
    if window < 2:
        raise InvalidInput("window", window, "has fewer than two periods", hint="Use 21 for a month of daily returns, 63 for a quarter",
                           rule="too_short")
    return cells_of(returns)


def _like(returns: Table, found: Floats) -> Any:  # noqa: ANN401 - the kind that came in
    if isinstance(returns, pd.DataFrame):
        return pd.DataFrame(found, index=returns.index, columns=returns.columns)
    if isinstance(returns, pd.Series):
        return pd.Series(found[:, 0], index=returns.index, name=returns.name)
    return found[:, 0] if np.ndim(returns) == 1 else found
