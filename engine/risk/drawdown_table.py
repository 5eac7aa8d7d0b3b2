"""The deepest drawdowns, one a row: peak, valley, recovery, depth and how long each took."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats, Table, cells_of, column_pieces
from engine.errors import InvalidInput
from engine.risk.falls import Episodes, clock_of, episodes_of, levels_of, valleys_of
from engine.risk.sample import Sample


class Deepest(NamedTuple):
    """Episodes of some columns that are to be shown, and the places of their valleys."""

    episodes: Episodes
    valley: NDArray[np.intp]


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
    cells, clock = cells_of(returns), clock_of(returns, lengths)
    parts = [deepest_in(Sample(np.asfortranarray(cells[:, which])), top, compounded=compounded, peak_start=peak_start)
             for which in column_pieces(*cells.shape)]
    return table_of(returns, parts, clock)


def deepest_in(at: Sample, top: int | None = 10, *, compounded: bool = True, peak_start: str = "one") -> Deepest:
    """Find the deepest episodes of some columns, by column, with their valleys."""
    found = episodes_of(at, compounded=compounded, peak_start=peak_start)
    order = np.lexsort((found.depth, found.series))
    if top is not None:
        series = found.series[order]
        order = order[np.arange(series.size) - np.searchsorted(series, series) < top]
    chosen = found.take(order)
    return Deepest(chosen, valleys_of(chosen, levels_of(at, compounded=compounded, peak_start=peak_start)))


def table_of(returns: Table, parts: list[Deepest], clock: Floats) -> pd.DataFrame:
    """Lay out the episodes of blocks of columns, in the order of the columns."""
    offsets = np.cumsum([0, *(part.episodes.width for part in parts)])
    series = _joined([part.episodes.series + offset for part, offset in zip(parts, offsets, strict=False)], np.intp)
    first, last = (_joined([getattr(part.episodes, name) for part in parts], np.intp) for name in ("first", "last"))
    depth = _joined([part.episodes.depth for part in parts], np.float64)
    recovered = _joined([part.episodes.recovered for part in parts], np.bool_)
    found = Episodes(series, first, last, depth, recovered, int(offsets[-1]))
    return _frame(returns, found, _joined([part.valley for part in parts], np.intp), clock)


def _joined(parts: list[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype=kind), *parts])


def _frame(returns: Table, found: Episodes, deepest: NDArray[np.intp], clock: Floats) -> pd.DataFrame:
    first, end, recovered = found.first, found.end, found.recovered
    columns: dict[str, Any] = {}
    if np.ndim(returns) == 2:
        names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(found.width)
        columns["series"] = names[found.series]
    labels = returns.index if isinstance(returns, pd.Series | pd.DataFrame) else pd.RangeIndex(len(returns))
    columns["peak"], columns["valley"] = labels[np.maximum(first - 1, 0)], labels[deepest]
    columns["recovery"] = labels[end].where(recovered)  # missing where there is none yet
    columns["drawdown"] = found.depth
    columns["length"] = clock[end + 1] - clock[first]
    columns["time_to_valley"] = clock[deepest + 1] - clock[first]
    columns["time_to_recover"] = np.where(recovered, clock[end + 1] - clock[deepest + 1], np.nan)
    return pd.DataFrame(columns, copy=False)
