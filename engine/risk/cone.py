"""Volatility cone: how volatile windows of each length have been, and how volatile the last one is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.dispersion import periods_of
from engine.errors import InvalidInput
from engine.risk.rolling import rolling_volatility

WINDOWS = (10, 21, 42, 63, 126, 252)
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def volatility_cone(
    returns: Table, *, windows: Sequence[int] = WINDOWS, quantiles: Sequence[float] = QUANTILES, ddof: int = 1, periods_per_year: float = 252,
    adjusted: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Quantiles of the yearly volatility of windows of each length.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    windows
        Lengths in periods, default 10 days to a year.
    quantiles
        Default the least, the quartiles and the most.
    ddof, periods_per_year
        As in `volatility`.
    adjusted
        Whether variances are raised for windows that overlap, default False.

    Returns
    -------
    DataFrame
        A row a window (of a frame: a row a series and window): a column a quantile, then `current`, that of the last window, its `rank`
        among all, a fraction, and `count`, how many there were. Fraction a year.

    Notes
    -----
    Convention: every window in which all returns are known counts, one for each period. A window longer than the history is NaN. Adjusted
    variances are times 1 / (1 - h / n + (h^2 - 1) / (3 n^2)) with n windows of length h.

    Raises
    ------
    InvalidInput
        A cell is not a number, no window or one not above `ddof`, a quantile outside of 0 to 1, or periods a year not above zero.

    References
    ----------
    Burghardt and Lane 1990, "How to tell if options are cheap", Journal of Portfolio Management 16; Hodges and Tompkins 2002, "Volatility
    cones and their sampling properties", Journal of Derivatives 10, eq. 9, for the adjustment.

    Examples
    --------
    >>> volatility_cone([0.01, -0.01, 0.03, 0.01], windows=[2], quantiles=[0.0, 1.0], periods_per_year=1).round(4).iloc[0].to_list()
    [0.0141, 0.0283, 0.0141, 0.25, 3.0]
    """
    _check(windows, quantiles, ddof)
    cells, scale = cells_of(returns), np.sqrt(periods_of(periods_per_year))
    rolled = [_rolled(cells, window, ddof, adjusted=adjusted) * scale for window in windows]
    tables = [pd.DataFrame([_row(each[:, place], quantiles) for each in rolled], index=pd.Index(windows, name="window"))
              for place in range(cells.shape[1])]  # fmt: skip
    if np.ndim(returns) == 1:
        return tables[0]
    names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(cells.shape[1])
    return pd.concat(tables, keys=names, names=["series", "window"]) if tables else pd.DataFrame()


def _rolled(cells: Floats, window: int, ddof: int, *, adjusted: bool) -> Floats:
    """Deviation of every full window, from the first on; NaN where a return is missing."""
    if window > len(cells):
        return np.full((0, cells.shape[1]), np.nan)
    found: Floats = rolling_volatility(cells, window=window, ddof=ddof, periods_per_year=1)[window - 1 :]
    return found / np.sqrt(_overlap(window, len(found))) if adjusted else found


def _overlap(window: int, count: int) -> float:
    return 1.0 - window / count + (window * window - 1.0) / (3.0 * count * count) if count > window else np.nan


def _row(values: Floats, quantiles: Sequence[float]) -> dict[str | float, float]:
    known = values[~np.isnan(values)]
    spread = np.quantile(known, quantiles) if len(known) else np.full(len(quantiles), np.nan)
    current = float(values[-1]) if len(values) else np.nan
    below = (known < current).sum() + 0.5 * ((known == current).sum() - 1.0)
    rank = float(below / (len(known) - 1.0)) if len(known) > 1 and not np.isnan(current) else np.nan
    return dict(zip(quantiles, spread.tolist(), strict=True)) | {"current": current, "rank": rank, "count": float(len(known))}


def _check(windows: Sequence[int], quantiles: Sequence[float], ddof: int) -> None:
    if not len(windows) or min(windows) <= ddof:
        raise InvalidInput("windows", windows, f"are not all above {ddof}", hint="Use 21, 63 and 252 trading days")
    if not len(quantiles) or min(quantiles) < 0 or max(quantiles) > 1:
        raise InvalidInput("quantiles", quantiles, "are not between 0 and 1", hint="Use 0, 0.25, 0.5, 0.75 and 1")
