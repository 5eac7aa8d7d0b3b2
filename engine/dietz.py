"""Returns of one window from its ends and its flows: Dietz, simple return, return on what was invested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, day_stamps, figure_like, flow_cells, labelled
from engine.errors import InvalidInput, MisalignedSeries
from engine.time_weighted import DAILY_TIMINGS, Flows, check_timing

Dates = Any  # whatever holds dates: a sequence, an index



@dataclass(frozen=True, slots=True)
class Window:
    """Ends of a window, and its flows with the share of the window that each was invested, each a matrix of columns."""

    opening: Floats
    closing: Floats
    amounts: Floats
    elapsed: Floats
    length: float


def simple_dietz(values: Table, flows: Flows = None) -> Figure:
    """Gain over the opening value and half of the flows.

    Parameters
    ----------
    values
        Values of the window, of which the first and the last count: a Series by date, a pair (opening, closing), or a frame of several.
    flows
        External flows after the opening, positive in: beside the values, by date, or any list of amounts beside a pair.

    Returns
    -------
    float, Series or ndarray
        Fraction of the window.

    Notes
    -----
    Convention: flows beside the first value are in it. NaN where the capital is not above zero.

    Raises
    ------
    MisalignedSeries
        Flows that do not lie beside the values.

    References
    ----------
    Dietz, Pension Funds: Measuring Investment Performance (1966).

    Examples
    --------
    >>> round(simple_dietz([100.0, 130.0], [20.0]), 6)
    0.090909
    """
    found = window_of(values, flows)
    total = found.amounts.sum(axis=0)
    return figure_like(values, _share(found.closing - found.opening - total, found.opening + 0.5 * total))


def modified_dietz(
    values: Table,
    flows: Flows = None,
    *,
    start: Any = None,  # noqa: ANN401 - a date
    end: Any = None,  # noqa: ANN401 - a date
    flow_dates: Dates | None = None,
    flow_timing: str = "start",
    opening: str = "close",
) -> Figure:
    """Gain over the opening value and each flow weighted by its time.

    Parameters
    ----------
    values
        Values of the window, of which the first and the last count: a Series by date, a pair (opening, closing), or a frame of several.
    flows
        External flows after the opening, positive in: beside the values, or by date.
    start, end
        Days of the ends, where `values` has no dates.
    flow_dates
        Days of the flows, where `flows` has none.
    flow_timing
        ``start`` (default), ``end`` or ``mid`` of its day, or ``in_out``: the start for what comes in, the end for what goes out.
    opening
        ``close`` (default): the first value is of the close of `start`, so flows of that day are in it; ``open``: of its beginning, so
        they come after it and the day counts.

    Returns
    -------
    float, Series or ndarray
        Fraction of the window, not annualised.

    Notes
    -----
    Convention: with D days and a flow on day d, counted from the opening, its weight is (D - d) / D at the end of its day, (D - d + 1) / D
    at the start, half-way in between. Without any dates the places of the flows are the days. NaN where the capital is not above zero,
    or the window has no day.

    Raises
    ------
    InvalidInput
        An unknown timing or opening, or a date missing.
    MisalignedSeries
        A flow outside of the window, or another number of dates than flows.

    References
    ----------
    Dietz, Pension Funds: Measuring Investment Performance (1966); Bacon, 2nd ed., ch. 2 "Modified Dietz".

    Examples
    --------
    >>> days = pd.to_datetime(["2024-12-31", "2025-01-31"])
    >>> round(modified_dietz(pd.Series([100.0, 130.0], index=days), {"2025-01-11": 20.0}, flow_timing="end"), 6)
    0.088571
    """
    check_timing(flow_timing, DAILY_TIMINGS)
    found = window_of(values, flows, start=start, end=end, flow_dates=flow_dates, opening=opening)
    if not found.length > 0:
        return figure_like(values, np.full(found.opening.shape, np.nan))
    weights = ((found.length - found.elapsed)[:, None] + day_shift(found.amounts, flow_timing)) / found.length
    average = found.opening + (found.amounts * weights).sum(axis=0)
    return figure_like(values, _share(found.closing - found.opening - found.amounts.sum(axis=0), average))


def day_shift(amounts: Floats, flow_timing: str) -> Floats:
    """Share of its own day that each flow was there.

    Parameters
    ----------
    amounts
        Flows, positive in, of any shape.
    flow_timing
        ``start``, ``end``, ``mid`` or ``in_out``.

    Returns
    -------
    ndarray
        Same shape: 1, 0 or 0.5.

    Examples
    --------
    >>> day_shift(np.array([5.0, -5.0]), "in_out").tolist()
    [1.0, 0.0]
    """
    whole = amounts > 0 if flow_timing == "in_out" else np.full(np.shape(amounts), fill_value=flow_timing == "start")
    return np.where(whole, 1.0, 0.5 if flow_timing == "mid" else 0.0)


def simple_return(values: Table, flows: Flows = None, *, income: float = 0.0) -> Figure:
    """Gain over the opening value.

    Parameters
    ----------
    values
        As in `simple_dietz`.
    flows
        External flows after the opening, positive in, taken out of the gain but not put into the capital.
    income
        What was paid out and is not in the closing value.

    Returns
    -------
    float, Series or ndarray
        (V1 - V0 - flows + income) / V0, fraction of the window; the holding-period total return.

    Notes
    -----
    Convention: NaN where the opening value is not above zero.

    Raises
    ------
    MisalignedSeries
        Flows that do not lie beside the values.

    Examples
    --------
    >>> round(simple_return([100.0, 104.0], income=3.0), 6)
    0.07
    """
    found = window_of(values, flows)
    return figure_like(values, _share(found.closing - found.opening - found.amounts.sum(axis=0) + income, found.opening))


def return_on_investment(values: Table, flows: Flows = None) -> Figure:
    """Total profit over everything that was put in.

    Parameters
    ----------
    values, flows
        As in `simple_dietz`.

    Returns
    -------
    float, Series or ndarray
        (V1 - V0 - flows) / (V0 + flows in), fraction of the window.

    Notes
    -----
    Convention: what was taken out reduces nothing. NaN where nothing was put in.

    Raises
    ------
    MisalignedSeries
        Flows that do not lie beside the values.

    Examples
    --------
    >>> round(return_on_investment([100.0, 130.0], [50.0, -30.0]), 6)
    0.066667
    """
    found = window_of(values, flows)
    put_in = found.opening + np.maximum(found.amounts, 0.0).sum(axis=0)
    return figure_like(values, _share(found.closing - found.opening - found.amounts.sum(axis=0), put_in))


def return_on_average_investment(profit: float, invested: pd.Series | Mapping[Any, float]) -> float:
    """Profit over the time-weighted average of invested capital (ROAI).

    Parameters
    ----------
    profit
        Total profit and loss of the window, net or gross as it should be.
    invested
        Capital at work from each date until the next, by date; the last date closes the window, whatever stands there. Cost of what is
        held, or net contributions.

    Returns
    -------
    float
        Fraction of the window.

    Notes
    -----
    Convention: only stretches with capital above zero count. What was bought and sold within one day has its capital for that day.

    Raises
    ------
    InvalidInput
        No dates.

    References
    ----------
    The "return on average investment" of Ghostfolio; of the family of Dietz, Pension Funds: Measuring Investment Performance (1966).

    Examples
    --------
    >>> round(return_on_average_investment(20.0, {"2024-01-01": 100.0, "2024-01-31": 200.0, "2024-03-01": 0.0}), 6)
    0.133333
    """
    levels = pd.Series(dict(invested), dtype=np.float64) if isinstance(invested, Mapping) else invested.astype(np.float64)
    days = day_stamps(levels.index, "invested")
    order = np.argsort(days, kind="stable")
    amounts, lengths = levels.to_numpy()[order][:-1], np.diff(days[order]).astype(np.float64)
    at_work = amounts > 0
    if not lengths[at_work].sum() > 0:
        lengths = np.ones_like(lengths)
    whole = (lengths * at_work).sum()
    return float(profit / ((amounts * lengths)[at_work].sum() / whole)) if whole > 0 else float("nan")


def window_of(
    values: Table,
    flows: Flows,
    *,
    start: Any = None,  # noqa: ANN401 - a date
    end: Any = None,  # noqa: ANN401 - a date
    flow_dates: Dates | None = None,
    opening: str = "close",
) -> Window:
    """Read ends and flows of a window, from any of the ways to write them.

    Parameters
    ----------
    values, flows, start, end, flow_dates, opening
        As in `modified_dietz`.

    Returns
    -------
    Window
        `elapsed` counts days from the opening to each flow.

    Raises
    ------
    InvalidInput
        An unknown opening, or a date missing.
    MisalignedSeries
        A flow outside of the window, or another number of dates than flows.
    """
    if opening not in {"close", "open"}:
        raise InvalidInput("opening", opening, f"{opening} is not a choice", hint="Use close or open")
    values, flows = labelled(values), labelled(flows, "flows")
    cells = cells_of(values, "values")
    if len(cells) < 2:
        nothing = np.full(cells.shape[1], np.nan)
        return Window(nothing, nothing, np.zeros((0, len(nothing))), np.zeros(0), 0.0)
    days = _ends(values, start, end)
    amounts, when = _flows_and_days(values, flows, flow_dates, len(cells))
    if days is None or when is None:
        return _placed_window(cells, amounts, opening)
    first = days[0] - (1 if opening == "open" else 0)
    after = when > first if opening == "close" else when >= days[0]
    moved = (amounts != 0).any(axis=1)
    wrong = moved & ((when > days[1]) | (when < days[0]))
    if wrong.any():
        raise MisalignedSeries("flows", "values", reason=f"there is a flow on {when[wrong][0]}, outside of {days[0]} to {days[1]}")
    length = float((days[1] - first).astype(np.int64))
    return Window(cells[0], cells[-1], amounts[after], (when[after] - first).astype(np.float64), length)


def _ends(values: Table, start: Any, end: Any) -> Any:  # noqa: ANN401 - dates or None
    if (start is None) != (end is None):
        raise InvalidInput("start" if start is None else "end", None, "one end of the window is missing", hint="Give start and end")
    if start is not None:
        ends = day_stamps([start, end], "start")
        if ends[1] < ends[0]:
            raise InvalidInput("end", end, "the end is before the start", hint="Swap them")
        return ends
    index = values.index if isinstance(values, pd.Series | pd.DataFrame) else None
    return day_stamps(index[[0, -1]], "values") if isinstance(index, pd.DatetimeIndex) else None


def _flows_and_days(values: Table, flows: Flows, flow_dates: Dates | None, count: int) -> tuple[Floats, Any]:
    """Flows as a matrix, and their days, None where only their place is known."""
    width = cells_of(values, "values").shape[1]
    if flows is None or (isinstance(flows, int | float) and flows == 0):
        return np.zeros((0, width)), np.zeros(0, dtype="datetime64[D]")
    given: Any = flows
    if flow_dates is not None:
        given = pd.Series(cells_of(given, "flows")[:, 0], index=pd.Index(list(flow_dates))) if _as_long(given, flow_dates) else given
    if isinstance(given, pd.Series | pd.DataFrame) and (flow_dates is not None or not isinstance(given.index, pd.RangeIndex)):
        amounts = cells_of(given, "flows", ordered=False)
        return np.broadcast_to(amounts, (len(amounts), width)), day_stamps(given.index, "flows")
    if isinstance(values, pd.Series | pd.DataFrame) and isinstance(values.index, pd.DatetimeIndex) and np.shape(given)[:1] == (count,):
        return flow_cells(values, given), day_stamps(values.index, "values")
    return np.broadcast_to(cells_of(given, "flows"), (len(given), width)), None


def _as_long(flows: Any, dates: Dates) -> bool:  # noqa: ANN401 - as the public functions
    if np.size(flows) != len(list(dates)):
        raise MisalignedSeries("flows", "flow_dates", reason=f"{np.size(flows)} against {len(list(dates))}")
    return True


def _placed_window(cells: Floats, amounts: Floats, opening: str) -> Window:
    """Window without dates: flows beside the values have the place as their day; beside a pair they are on the days 1, 2, ..."""
    beside = len(amounts) == len(cells) and len(cells) > 2
    if len(cells) > 2 and not beside:
        raise MisalignedSeries("flows", "values", reason=f"{len(amounts)} against {len(cells)}")
    elapsed = np.arange(len(amounts), dtype=np.float64) + (0.0 if beside else 1.0)
    length = float(len(cells) - 1 if beside else len(amounts) + 1)
    kept = slice(1 if beside and opening == "close" else 0, None)
    return Window(cells[0], cells[-1], amounts[kept], elapsed[kept], length)


def _share(gain: Floats, base: Floats) -> Floats:
    share: Floats = gain / np.where(base > 0, base, np.nan)
    return share
