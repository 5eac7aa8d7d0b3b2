"""A benchmark with the same flows, and the multiples of private equity: what the same money would have become elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, cells_of, day_stamps
from engine.errors import InvalidInput, MisalignedSeries
from engine.money_weighted import Rate, xirr

DatedFlows = pd.Series | Mapping[Any, float]


def dpi(flows: Any) -> float:  # noqa: ANN401 - amounts alone, or by date
    """Distributions to paid-in capital.

    Parameters
    ----------
    flows
        Flows into the portfolio, positive in, negative out: a Series, mapping or sequence.

    Returns
    -------
    float
        Taken out over paid in; NaN where nothing was paid in.

    References
    ----------
    GIPS Standards 2020, glossary: DPI.

    Examples
    --------
    >>> dpi([100.0, -30.0, -20.0])
    0.5
    """
    paid_in, distributed = _sums(flows)
    return distributed / paid_in if paid_in > 0 else float("nan")


def rvpi(flows: Any, value: float) -> float:  # noqa: ANN401 - as above
    """Residual value to paid-in capital.

    Parameters
    ----------
    flows
        As in `dpi`.
    value
        What is left, at market.

    Returns
    -------
    float
        Value over paid in; NaN where nothing was paid in.

    References
    ----------
    GIPS Standards 2020, glossary: RVPI.

    Examples
    --------
    >>> rvpi([100.0, -30.0], 90.0)
    0.9
    """
    paid_in, _ = _sums(flows)
    return float(value) / paid_in if paid_in > 0 else float("nan")


def tvpi(flows: Any, value: float) -> float:  # noqa: ANN401 - as above
    """Total value to paid-in capital: what came back and what is left.

    Parameters
    ----------
    flows, value
        As in `rvpi`.

    Returns
    -------
    float
        DPI + RVPI.

    References
    ----------
    GIPS Standards 2020, glossary: TVPI.

    Examples
    --------
    >>> tvpi([100.0, -30.0], 90.0)
    1.2
    """
    return dpi(flows) + rvpi(flows, value)


def return_gap(money_weighted: float, time_weighted: float) -> float:
    """Tell what the timing of flows brought: money- less time-weighted.

    Parameters
    ----------
    money_weighted, time_weighted
        Both of the same window, both annualised or neither, fraction.

    Returns
    -------
    float
        Negative where money came before bad stretches.

    References
    ----------
    Morningstar, Mind the Gap (yearly since 2005): investor return less total return.

    Examples
    --------
    >>> round(return_gap(0.05, 0.08), 6)
    -0.03
    """
    return float(money_weighted) - float(time_weighted)


def same_flow_value(flows: DatedFlows, index: pd.Series, *, end: Any = None) -> float:  # noqa: ANN401 - a date
    """Value that the same flows would have in an index.

    Parameters
    ----------
    flows
        Flows into the portfolio by date, positive in; the opening value as the first of them.
    index
        Level of the index by date; the level of a day is the last one on or before it.
    end
        Day of the value, default the last day of the index.

    Returns
    -------
    float
        Sum of flow x level at the end / level of its day; NaN where a level is missing.

    Notes
    -----
    Convention: negative where the index would not have given what was taken out.

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
    >>> round(same_flow_value({"2024-01-01": 50.0}, levels), 6)
    55.0
    """
    _, amounts, growth, _ = _grown(flows, index, end)
    return float((amounts * growth).sum())


def same_flow_return(flows: DatedFlows, index: pd.Series, *, end: Any = None, day_count: str = "act/365") -> Rate:  # noqa: ANN401 - a date
    """Money-weighted return a year of the same flows in an index.

    Parameters
    ----------
    flows, index, end
        As in `same_flow_value`.
    day_count
        As in `xirr`.

    Returns
    -------
    Rate
        Fraction a year; the excess over the benchmark is the portfolio's own less this.

    Raises
    ------
    InvalidInput
        An index without dates, or an unknown day count.
    MisalignedSeries
        A flow after the end.

    References
    ----------
    Long and Nickels, A Private Investment Benchmark (1996).

    Examples
    --------
    >>> levels = pd.Series([100.0, 110.0], index=pd.to_datetime(["2023-01-01", "2024-01-01"]))
    >>> round(same_flow_return({"2023-01-01": 50.0}, levels), 6)
    0.1
    """
    days, amounts, growth, last = _grown(flows, index, end)
    return xirr([*days, last], [*(-amounts), float((amounts * growth).sum())], day_count=day_count)


def ks_pme(flows: DatedFlows, value: float, index: pd.Series, *, end: Any = None) -> float:  # noqa: ANN401 - a date
    """Public market equivalent of Kaplan and Schoar.

    Parameters
    ----------
    flows, index, end
        As in `same_flow_value`.
    value
        What is left at the end, at market.

    Returns
    -------
    float
        (distributions grown with the index + value) / paid in grown with the index; above 1 beats the index.

    Raises
    ------
    InvalidInput
        An index without dates.
    MisalignedSeries
        A flow after the end.

    References
    ----------
    Kaplan and Schoar, Private Equity Performance: Returns, Persistence, and Capital Flows (2005), Journal of Finance 60.

    Examples
    --------
    >>> levels = pd.Series([100.0, 110.0], index=pd.to_datetime(["2024-01-01", "2024-12-31"]))
    >>> round(ks_pme({"2024-01-01": 50.0}, 66.0, levels), 6)
    1.2
    """
    _, amounts, growth, _ = _grown(flows, index, end)
    grown = amounts * growth
    paid_in = float(np.where(amounts > 0, grown, 0.0).sum())
    return (float(value) - float(np.where(amounts < 0, grown, 0.0).sum())) / paid_in if paid_in > 0 else float("nan")


def direct_alpha(flows: DatedFlows, value: float, index: pd.Series, *, end: Any = None, day_count: str = "act/365") -> float:  # noqa: ANN401
    """Continuous rate a year by which the flows beat the index.

    Parameters
    ----------
    flows, value, index, end
        As in `ks_pme`.
    day_count
        As in `xirr`.

    Returns
    -------
    float
        Logarithm of one plus the internal rate of the flows grown with the index; NaN where that has no one rate.

    Raises
    ------
    InvalidInput
        An index without dates, or an unknown day count.
    MisalignedSeries
        A flow after the end.

    References
    ----------
    Gredil, Griffiths and Stucke, Benchmarking Private Equity: The Direct Alpha Method (2014), eq. 4.

    Examples
    --------
    >>> levels = pd.Series([100.0, 110.0], index=pd.to_datetime(["2023-01-01", "2024-01-01"]))
    >>> round(direct_alpha({"2023-01-01": 50.0}, 66.0, levels), 6)
    0.182322
    """
    days, amounts, growth, last = _grown(flows, index, end)
    return float(np.log1p(xirr([*days, last], [*(-amounts * growth), float(value)], day_count=day_count)))


def _sums(flows: Any) -> tuple[float, float]:  # noqa: ANN401 - as `dpi`
    given = list(flows.values()) if isinstance(flows, Mapping) else flows
    amounts = cells_of(given, "flows", ordered=False)[:, 0]
    return float(np.maximum(amounts, 0.0).sum()), float(np.maximum(-amounts, 0.0).sum())


def _grown(flows: DatedFlows, index: pd.Series, end: Any) -> tuple[Any, Floats, Floats, Any]:  # noqa: ANN401 - a date
    """Days and amounts of the flows, and what one unit of each day grows to in the index."""
    if not isinstance(index, pd.Series) or not isinstance(index.index, pd.DatetimeIndex):
        raise InvalidInput("index", "", "not levels by date", hint="Use a Series with a DatetimeIndex")
    given = pd.Series(dict(flows), dtype=np.float64) if isinstance(flows, Mapping) else flows
    days, amounts = day_stamps(given.index, "flows"), cells_of(given, "flows", ordered=False)[:, 0]
    levels = index.dropna().sort_index()
    known, heights = day_stamps(levels.index, "index"), np.append(cells_of(levels, "index")[:, 0], np.nan)
    if end is None and not len(known):
        raise InvalidInput("index", "", "it has no level", hint="Give at least one")
    last = known[-1] if end is None else day_stamps([end], "end")[0]
    if (days > last).any():
        raise MisalignedSeries("flows", "index", reason=f"there is a flow on {days.max()}, after the end on {last}")
    at = heights[np.searchsorted(known, days, side="right") - 1]
    growth: Floats = heights[np.searchsorted(known, last, side="right") - 1] / np.where(at > 0, at, np.nan)
    return days, amounts, growth, last
