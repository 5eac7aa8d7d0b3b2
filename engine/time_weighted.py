"""Time-weighted returns: what each unit of money earned, whenever it came and went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, flow_cells, labelled, series_like
from engine.errors import InvalidInput, MisalignedSeries
from engine.panel import Panel
from engine.returns import link_returns

DAILY_TIMINGS = ("start", "end", "mid", "in_out")
FLOW_TIMINGS = (*DAILY_TIMINGS, "exact")
COSTS = ("net", "gross_of_fees", "gross")
Flows = Table | Mapping[Any, float] | float | None


def period_returns(values: Table, flows: Flows = None, *, flow_timing: str = "start", before_flow: Table | None = None) -> Figure:
    """Return of each period between two valuations, flows taken out.

    Parameters
    ----------
    values
        Values at the closes, of shape (n_periods + 1,) or (n_periods + 1, n_series).
    flows
        External flows, positive in: beside the values (the first is in the opening value), or by date.
    flow_timing
        When on its day a flow counts: ``start`` (default), ``end``, ``mid``, ``in_out``: at the start what comes in, at the end what goes
        out, or ``exact``: at `before_flow`.
    before_flow
        For ``exact``: value just before the flow of each period, like `values`; NaN where nothing flowed.

    Returns
    -------
    Series, DataFrame or ndarray
        Shape (n_periods, ...), fraction.

    Notes
    -----
    Convention, with V0, V1 the values and F the flow: start V1 / (V0 + F) - 1; end (V1 - F) / V0 - 1; mid (V1 - V0 - F) / (V0 + F/2);
    in_out start where F > 0, else end; exact (before / V0) * V1 / (before + F) - 1.
    Where that leaves no capital but the other end of the day does (all is taken out: at the
    end; the first money comes: at the start), the flow counts there. Nothing invested and nothing gained is a return of 0. Capital of
    zero or less beside a gain or loss is NaN: the chain is broken. A missing value is NaN.

    Raises
    ------
    InvalidInput
        An unknown timing, or ``exact`` without `before_flow`.
    MisalignedSeries
        Flows that do not lie beside the values.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 "True time-weighted".

    Examples
    --------
    >>> period_returns([100.0, 115.5, 120.0], [0.0, 10.0, 0.0]).round(6).tolist()
    [0.05, 0.038961]
    """
    check_timing(flow_timing)
    values = labelled(values)
    cells, moved = cells_of(values, "values"), flow_cells(values, flows)
    if flow_timing == "exact":
        return series_like(values, _exact(cells, moved, before_flow), drop=1)
    gain = cells[1:] - cells[:-1] - moved[1:]
    return series_like(values, over_capital(gain, capital(cells, moved, flow_timing)), drop=1)


def time_weighted_return(values: Table, flows: Flows = None, *, flow_timing: str = "start", before_flow: Table | None = None) -> Figure:
    """Linked return of all periods, flows taken out.

    Parameters
    ----------
    values, flows, flow_timing, before_flow
        As in `period_returns`.

    Returns
    -------
    float, Series or ndarray
        Fraction of the whole window, not annualised.

    Notes
    -----
    Convention: see `period_returns`. A broken chain or a missing value is NaN; so are fewer than two values. A total loss is -1.

    Raises
    ------
    InvalidInput
        An unknown timing, or ``exact`` without `before_flow`.
    MisalignedSeries
        Flows that do not lie beside the values.

    References
    ----------
    GIPS Standards 2020, provision 2.A.23; Bacon, 2nd ed., ch. 2 "True time-weighted".

    Examples
    --------
    >>> round(time_weighted_return([100.0, 115.5, 120.0], [0.0, 10.0, 0.0]), 6)
    0.090909
    """
    return link_returns(period_returns(values, flows, flow_timing=flow_timing, before_flow=before_flow))


def panel_returns(laid: Panel, *, flow_timing: str = "start", costs: str = "net") -> pd.Series:
    """Return of each day of a panel as a whole.

    Parameters
    ----------
    laid
        Panel, or a selection of its rows.
    flow_timing
        ``start`` (default), ``end``, ``mid`` or ``in_out``.
    costs
        ``net`` (default), ``gross_of_fees``, or ``gross`` of fees and taxes: what was charged is added back to the day's gain.

    Returns
    -------
    Series
        By date from the second day on, fraction.

    Notes
    -----
    Convention: see `period_returns`; rows without a price are outside (`Panel.settled`).

    Raises
    ------
    InvalidInput
        An unknown timing or costs.

    References
    ----------
    GIPS Standards 2020, glossary: gross-of-fees and net-of-fees returns.

    Examples
    --------
    >>> from engine import book, panel
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}, {"date": "2024-01-03", "kind": "FEE", "amount": 1}]
    >>> laid = panel(book(ledger, base_currency="EUR"), {}, start=days[0], end=days[1])
    >>> [panel_returns(laid, costs=costs).tolist() for costs in ("net", "gross")]
    [[-0.01], [0.0]]
    """
    check_timing(flow_timing, DAILY_TIMINGS)
    whole = laid.settled()
    base = capital(whole.value.sum(axis=1)[:, None], whole.flow.sum(axis=1)[:, None], flow_timing)
    gain = gain_before_costs(whole, costs)[1:].sum(axis=1)[:, None]
    return pd.Series(over_capital(gain, base)[:, 0], index=pd.DatetimeIndex(whole.days[1:], name="date"), name="return")


def gain_before_costs(laid: Panel, costs: str) -> Floats:
    """Gain of each row and day, with what was charged added back.

    Parameters
    ----------
    laid
        Panel.
    costs
        ``net``, ``gross_of_fees`` or ``gross`` of fees and taxes.

    Returns
    -------
    ndarray of shape (n_days, n_rows)
        Base currency, 0 on the first day.

    Raises
    ------
    InvalidInput
        Unknown costs.
    """
    names = charged_sheets(costs)
    gain = laid.gain
    for name in names:
        gain[1:] += getattr(laid, name)[1:]
    return gain


def charged_sheets(costs: str) -> tuple[str, ...]:
    """Name the sheets of a panel that are added back.

    Parameters
    ----------
    costs
        ``net``, ``gross_of_fees`` or ``gross`` of fees and taxes.

    Returns
    -------
    tuple of str
        Some of `fee tax`.

    Raises
    ------
    InvalidInput
        Unknown costs.
    """
    if costs not in COSTS:
        raise InvalidInput("costs", costs, f"{costs} is not a choice", hint=f"Use one of {', '.join(COSTS)}")
    return {"net": (), "gross_of_fees": ("fee",), "gross": ("fee", "tax")}[costs]


def capital(values: Floats, flows: Floats, flow_timing: str) -> Floats:
    """Capital that each period's gain was made on.

    Parameters
    ----------
    values, flows
        ndarray of shape (n_periods + 1, n_series), base currency.
    flow_timing
        ``start``, ``end``, ``mid`` or ``in_out``.

    Returns
    -------
    ndarray of shape (n_periods, n_series)
        Base currency: V0 + F, V0, V0 + F/2, or V0 and what came in; the other end of the day where that is not above zero but the other end is.
    """
    opening, moved = values[:-1], flows[1:]
    chosen, other = _ends(flow_timing, opening + moved, opening)
    base: Floats = np.array(chosen, order="C")
    _mend_poor(base, opening, moved, other)
    return base


def _mend_poor(base: Floats, opening: Floats, moved: Floats, other: Floats) -> None:
    """Put the other end of the day where the chosen one is not above zero, up to the dust of the sum; most cells are not looked at."""
    ceiling = 1e-12 * (np.abs(opening).max(initial=0.0) + np.abs(moved).max(initial=0.0))
    low = np.flatnonzero(~(base > ceiling))
    if not len(low):
        return
    chosen, second = base.ravel()[low], other.ravel()[low]
    dust = 1e-12 * (np.abs(opening.ravel()[low]) + np.abs(moved.ravel()[low]))
    poor = chosen <= dust
    base.ravel()[low] = np.where(poor, np.where(second > dust, second, np.where(chosen < -dust, chosen, 0.0)), chosen)


def _ends(flow_timing: str, at_start: Floats, at_end: Floats) -> tuple[Floats, Floats]:
    """Capital at the end of the day that was chosen, and what stands for it where it is not above zero."""
    if flow_timing in {"mid", "in_out"}:
        larger = np.maximum(at_start, at_end)
        return (0.5 * (at_start + at_end) if flow_timing == "mid" else larger), larger
    return (at_start, at_end) if flow_timing == "start" else (at_end, at_start)


def over_capital(gain: Floats, base: Floats) -> Floats:
    """Gain over capital: 0 for nothing on nothing, NaN for something on nothing or less.

    Parameters
    ----------
    gain, base
        ndarray of the same shape, base currency.

    Returns
    -------
    ndarray
        Same shape, fraction.
    """
    invested = base > 0
    if invested.all():
        whole: Floats = gain / base
        return whole
    returns = gain / np.where(invested, base, np.nan)
    idle: Floats = np.where((base == 0) & (np.abs(gain) <= 1e-9), 0.0, returns)
    return idle


def check_timing(flow_timing: str, known: tuple[str, ...] = FLOW_TIMINGS) -> None:
    """Refuse a flow timing that does not exist.

    Parameters
    ----------
    flow_timing
        What was asked for.
    known
        What there is.

    Raises
    ------
    InvalidInput
        Unknown.
    """
    if flow_timing not in known:
        raise InvalidInput("flow_timing", flow_timing, f"{flow_timing} is not a choice", hint=f"Use one of {', '.join(known)}")


def _exact(cells: Floats, moved: Floats, before_flow: Table | None) -> Floats:
    """Two returns a period: up to the flow, and after it."""
    if before_flow is None:
        raise InvalidInput("before_flow", None, "exact timing needs the value before each flow", hint="Give before_flow, or use start, end or mid")
    given = cells_of(before_flow, "before_flow")
    if given.shape != cells.shape:
        raise MisalignedSeries("before_flow", "values", reason=f"{given.shape} against {cells.shape}")
    before = given[1:]
    before = np.where(np.isnan(before) & (moved[1:] == 0), cells[1:], before)
    return (1.0 + over_capital(before - cells[:-1], cells[:-1])) * (1.0 + over_capital(cells[1:] - before - moved[1:], before + moved[1:])) - 1.0
