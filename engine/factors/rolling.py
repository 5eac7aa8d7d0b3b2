"""How loadings change over time: the same regression over a window that moves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Floats, Table
from engine.errors import InsufficientHistory, InvalidInput
from engine.factors.design import ALPHA, design, solved
from engine.risk.sample import quotient


def rolling_factor_loadings(returns: Table, factors: Table, *, window: int = 126, risk_free: float | Table = 0.0) -> pd.DataFrame:
    """Regress over the last periods, at each period.

    Parameters
    ----------
    returns
        Simple returns of one series, shape (n_periods,), fraction.
    factors
        Factor returns of shape (n_periods, n_factors), fraction; laid by label where both have labels.
    window
        Periods of each regression, default 126.
    risk_free
        Rate of a period taken off the returns, default 0: one, or one a period.

    Returns
    -------
    DataFrame
        Periods x `alpha`, the factors and `r_squared`, from the first full window on; alpha of a period.

    Notes
    -----
    Convention: ordinary least squares on the known periods of a window; NaN where fewer than factors + 2 are known or factors say the
    same. Sums are carried on from window to window, so that its length costs nothing.

    Raises
    ------
    InvalidInput
        More than one series, or a window below factors + 2.
    MisalignedSeries
        No common period.
    InsufficientHistory
        Fewer periods than the window.

    References
    ----------
    Zivot and Wang, Modeling Financial Time Series with S-PLUS, 2nd ed. (2006), ch. 9 "Rolling regression".

    Examples
    --------
    >>> market = np.array([0.02, -0.01, 0.03, -0.02, 0.01, 0.00])
    >>> rolling_factor_loadings(0.001 + 1.2 * market, market[:, None], window=5).round(6).to_dict("list")
    {'alpha': [0.001, 0.001], 'factor_1': [1.2, 1.2], 'r_squared': [1.0, 1.0]}
    """
    told = design(returns, factors, risk_free=risk_free, figure="rolling_factor_loadings")
    width = told.regressors.shape[1]
    if told.excess.shape[1] != 1:
        raise InvalidInput("returns", told.excess.shape[1], "has more than one series", hint="Roll one series at a time")
    if window < width + 1:
        raise InvalidInput("window", window, f"is below {width + 1}", hint=f"{width} numbers are estimated: take a window several times as long")
    if len(told.index) < window:
        raise InsufficientHistory("rolling_factor_loadings", needed=window, found=len(told.index))
    known, cells, excess = told.known[:, :1], told.regressors * told.known[:, :1], told.excess[:, 0]
    normal = _rolled(np.einsum("tk,tl->tkl", cells, cells), window)
    moments = _rolled(cells * excess[:, None], window)
    counts, sums, squares = (_rolled(each, window) for each in (known[:, 0], excess, excess**2))
    normal = np.where((counts > width)[:, None, None], normal, 0.0)
    loadings = solved(normal, moments)
    total = squares - sums**2 / np.maximum(counts, 1.0)
    left = squares - np.einsum("tk,tk->t", loadings, moments)
    explained = 1.0 - quotient(np.maximum(left, 0.0), np.where(total > 1e-12 * squares, total, 0.0))
    columns = dict(zip((ALPHA, *told.factors), loadings.T, strict=True))
    return pd.DataFrame({**columns, "r_squared": explained}, index=told.index[window - 1 :])


def _rolled(cells: Floats, window: int) -> Floats:
    """Sum over the last periods, at each period from the first full window on."""
    sums = np.concatenate([np.zeros((1, *cells.shape[1:])), np.cumsum(cells, axis=0)])
    found: Floats = sums[window:] - sums[:-window]
    return found
