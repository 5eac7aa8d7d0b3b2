"""The deepest drawdowns, one a row: peak, valley, recovery, depth and how long each took."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats, Table
from engine.errors import InvalidInput
from engine.risk.falls import Episodes, clock_of, episodes_of, levels_of, valleys_of
from engine.risk.sample import sample


def drawdown_table(
    returns: Table, *, top: int | None = 10, lengths: str = "periods", compounded: bool = True, peak_start: str = "one"
) -> pd.DataFrame:
    """List the deepest falls of wealth from a peak.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    top
        Rows of each series, the deepest first, default 10; None for all.
    lengths
        In ``periods`` (default) or in calendar ``days``.
    compounded, peak_start
        As in `drawdown_series`.

    Returns
    -------
    DataFrame
        `peak valley recovery drawdown length time_to_valley time_to_recover`; the first three are labels of periods (numbers of rows where
        there are none), the drawdown a fraction < 0. More than one series have a first column `series`.

    Notes
    -----
    Convention: the length runs from the peak to the recovery, or to the last return where there is none yet: then the recovery is missing
    and its time NaN. A peak before the first return bears the label of the first.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown choice, days of returns without dates, or a `top` below 1.

    References
    ----------
    pyfolio, `gen_drawdown_table`; PerformanceAnalytics, `table.Drawdowns`.

    Examples
    --------
    >>> found = drawdown_table([0.1, -0.2, -0.1, 0.5, -0.1]).round(6)
    >>> found[["peak", "valley", "recovery", "drawdown", "length"]].to_numpy().tolist()
    [[0.0, 2.0, 3.0, -0.28, 3.0], [3.0, 4.0, nan, -0.1, 1.0]]
    """
    if top is not None and top < 1:
        raise InvalidInput("top", top, "is no number of rows", hint="Use 1 or more, or None for all")
    at, clock = sample(returns), clock_of(returns, lengths)
    found = episodes_of(at, compounded=compounded, peak_start=peak_start)
    valley = valleys_of(found, levels_of(at, compounded=compounded, peak_start=peak_start))
    return _frame(returns, found, _deepest(found, top), valley, clock)


def _deepest(found: Episodes, top: int | None) -> NDArray[np.intp]:
    """Places of the episodes to show: by series, the deepest first."""
    order = np.lexsort((found.depth, found.series))
    if top is None:
        return order
    series = found.series[order]
    rank = np.arange(series.size) - np.searchsorted(series, series)
    return order[rank < top]


def _frame(returns: Table, found: Episodes, rows: NDArray[np.intp], valley: NDArray[np.intp], clock: Floats) -> pd.DataFrame:
    first, deepest, end, recovered = found.first[rows], valley[rows], found.end[rows], found.recovered[rows]
    columns: dict[str, Any] = {}
    if np.ndim(returns) == 2:
        names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(found.width)
        columns["series"] = names[found.series[rows]]
    labels = returns.index if isinstance(returns, pd.Series | pd.DataFrame) else pd.RangeIndex(len(returns))
    columns["peak"], columns["valley"] = labels[np.maximum(first - 1, 0)], labels[deepest]
    columns["recovery"] = _recovered(labels, end, recovered)
    columns["drawdown"] = found.depth[rows]
    columns["length"] = clock[end + 1] - clock[first]
    columns["time_to_valley"] = clock[deepest + 1] - clock[first]
    columns["time_to_recover"] = np.where(recovered, clock[end + 1] - clock[deepest + 1], np.nan)
    return pd.DataFrame(columns).reset_index(drop=True)


def _recovered(labels: pd.Index, end: NDArray[np.intp], recovered: NDArray[np.bool_]) -> pd.Series:
    """Labels of the recoveries, missing where there is none yet."""
    return pd.Series(labels[end]).where(pd.Series(recovered))


