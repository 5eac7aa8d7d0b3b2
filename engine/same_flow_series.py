"""The same flows put into an index, day by day: what they would be worth, and by how much a portfolio is ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import cells_of, day_stamps
from engine.errors import InvalidInput, MisalignedSeries
from engine.same_flows import DatedFlows, same_flow_value


def same_flow_series(flows: DatedFlows, index: pd.Series) -> pd.Series:
    """Value by day that the same flows would have in an index.

    Parameters
    ----------
    flows
        Flows into the portfolio by date, positive in; the opening value as the first of them.
    index
        Level of the index by date, ascending: its dates are those of the result.

    Returns
    -------
    Series
        Money, as the flows. A flow of a day without a level buys at the last one before it, and counts from the next day on that has one.

    Notes
    -----
    Convention: negative from where more was taken out than the index would have given. NaN from a flow on before the first level.

    Raises
    ------
    InvalidInput
        An index without dates, or whose dates do not ascend.
    MisalignedSeries
        A flow after the last level.

    References
    ----------
    Long and Nickels, A Private Investment Benchmark (1996).

    Examples
    --------
    >>> levels = pd.Series([100.0, 110.0, 99.0], index=pd.to_datetime(["2024-01-01", "2024-06-28", "2024-12-31"]))
    >>> same_flow_series({"2024-01-01": 50.0, "2024-06-28": 55.0}, levels).round(6).tolist()
    [50.0, 110.0, 99.0]
    """
    if not isinstance(index, pd.Series) or not isinstance(index.index, pd.DatetimeIndex):
        raise InvalidInput("index", "", "not levels by date", hint="Use a Series with a DatetimeIndex")
    given = flows if isinstance(flows, pd.Series) else pd.Series(dict(flows), dtype=np.float64)
    levels, days = cells_of(index, "index")[:, 0], day_stamps(index.index, "index")
    own, amounts = day_stamps(given.index, "flows"), cells_of(given, "flows", ordered=False)[:, 0]
    if len(own) and (not len(days) or own.max() > days[-1]):
        raise MisalignedSeries("flows", "index", reason=f"there is a flow on {own.max()}, after the last level")
    heights = np.append(pd.Series(levels).ffill().to_numpy(), np.nan)
    bought = heights[np.searchsorted(days, own, side="right") - 1]
    units = np.zeros(len(days))
    np.add.at(units, np.searchsorted(days, own), amounts / np.where(bought > 0, bought, np.nan))
    return pd.Series(np.cumsum(units) * heights[:-1], index=index.index, name=index.name)


def same_flow_excess(flows: DatedFlows, value: float, index: pd.Series, *, end: Any = None) -> float:  # noqa: ANN401 - a date
    """Money by which a portfolio is ahead of the same flows in an index.

    Parameters
    ----------
    flows, index, end
        As in `same_flow_value`.
    value
        What the portfolio is worth at the end, at market.

    Returns
    -------
    float
        Value less what the flows would be worth in the index; NaN where a level is missing.

    Raises
    ------
    InvalidInput
        An index without dates.
    MisalignedSeries
        A flow after the end.

    References
    ----------
    Long and Nickels, A Private Investment Benchmark (1996).

    Examples
    --------
    >>> levels = pd.Series([100.0, 110.0], index=pd.to_datetime(["2024-01-01", "2024-12-31"]))
    >>> round(same_flow_excess({"2024-01-01": 50.0}, 60.0, levels), 6)
    5.0
    """
    return float(value) - same_flow_value(flows, index, end=end)
