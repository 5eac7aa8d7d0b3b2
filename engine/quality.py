"""What weakens a return, as findings, and the numbers behind why time- and money-weighted returns differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of, day_stamps, flow_cells, labelled
from engine.dietz import day_shift
from engine.errors import InvalidInput
from engine.money_weighted import window_rate
from engine.returns import link_returns
from engine.time_weighted import Flows, capital, period_returns
from engine.types import Finding, Severity


def return_quality(
    values: pd.Series, flows: Flows = None, *, missing: Table | None = None, flow_timing: str = "start", large_flow: float = 0.10
) -> tuple[Finding, ...]:
    """Tell what weakens a time-weighted return.

    Parameters
    ----------
    values
        Values at the closes by date.
    flows
        External flows, positive in: beside the values, or by date.
    missing
        Number of holdings without price on each day, beside the values.
    flow_timing
        ``start`` (default), ``end``, ``mid`` or ``in_out``.
    large_flow
        Share of the value before it above which a flow is told, default 0.10.

    Returns
    -------
    tuple of Finding
        `missing_price` (days and most holdings at once), `large_flow` (count, the largest with date and share), `chain_broken` (days on
        which capital was zero or less beside a gain or loss, or from which a total loss leaves nothing), `idle` (days without capital
        between two stretches with it), `missing_value`.

    Notes
    -----
    Convention: the first flow into nothing is no large one; the opening value is not a flow.

    Raises
    ------
    InvalidInput
        Values without dates, or an unknown timing.
    MisalignedSeries
        Flows that do not lie beside the values.

    References
    ----------
    GIPS Standards 2020, glossary "large cash flow": the firm must define the level at which a flow distorts performance.

    Examples
    --------
    >>> values = pd.Series([100.0, 125.0, 130.0], index=pd.date_range("2024-01-01", periods=3))
    >>> [finding.code for finding in return_quality(values, [0.0, 20.0, 0.0])]
    ['large_flow']
    """
    values = labelled(values)
    if not isinstance(values, pd.Series) or not isinstance(values.index, pd.DatetimeIndex):
        raise InvalidInput("values", "", "the values have no dates", hint="Use a Series with a DatetimeIndex")
    cells, moved = cells_of(values, "values"), flow_cells(values, flows)
    days = values.index.tz_localize(None).to_numpy().astype("datetime64[D]")
    returns = period_returns(cells[:, 0], moved[:, 0], flow_timing=flow_timing)
    gaps = np.zeros(len(cells)) if missing is None else np.nan_to_num(cells_of(missing, "missing")[:, 0])
    found = (
        _missing(days, gaps),
        _unknown(days, cells[:, 0]),
        _large(days, cells[:, 0], moved[:, 0], large_flow),
        _broken(days, cells[:, 0], returns),
        _idle(days, capital(cells, moved, flow_timing)[:, 0]),
    )
    return tuple(finding for finding in found if finding)


def why_they_differ(values: pd.Series, flows: Flows = None, *, flow_timing: str = "start", day_count: str = "act/365") -> dict[str, Any]:
    """Numbers behind why money-weighted and time-weighted return differ.

    Parameters
    ----------
    values
        Values at the closes by date.
    flows
        External flows, positive in: beside the values, or by date.
    flow_timing, day_count
        As in `time_weighted_return` and `xirr`.

    Returns
    -------
    dict
        `twr`, `mwr` (both of the window, not annualised) and `gap` = mwr - twr; `flows_in`, `flows_out`; of the flow that did most to
        tell them apart: `flow_date`, `flow_amount`, `flow_share` (of the value before), `return_before`, `return_after`,
        `daily_before`, `daily_after` (mean return of a day), `effect` (what it brought against a flow spread evenly, base currency) and
        `timing`: ``in_before_good in_before_bad out_before_good out_before_bad``, or None where there were no flows.

    Notes
    -----
    Convention: a flow's effect is its amount times (mean log return of a day after it less that of the whole window) times the days left.

    Raises
    ------
    InvalidInput
        Values without dates.
    MisalignedSeries
        Flows that do not lie beside the values.

    References
    ----------
    Dichev, What Are Stock Investors' Actual Historical Returns? (2007), American Economic Review 97(1).

    Examples
    --------
    >>> values = pd.Series([100.0, 110.0, 220.0, 198.0], index=pd.date_range("2024-01-01", periods=4))
    >>> found = why_they_differ(values, [0.0, 0.0, 110.0, 0.0])
    >>> found["timing"], str(found["flow_date"]), round(found["twr"], 6)
    ('in_before_bad', '2024-01-03', -0.01)
    """
    values = labelled(values)
    if not isinstance(values, pd.Series) or not isinstance(values.index, pd.DatetimeIndex):
        raise InvalidInput("values", "", "the values have no dates", hint="Use a Series with a DatetimeIndex")
    moved = flow_cells(values, flows)[:, 0]
    cells = cells_of(values, "values")[:, 0]
    returns = period_returns(cells, moved, flow_timing=flow_timing) if len(cells) else np.zeros(0)
    twr = link_returns(returns)
    mwr = window_rate(day_stamps(values.index, "values"), cells, moved, day_count=day_count, annualised=False)
    inside = moved[1:]
    sums = {"flows_in": float(np.maximum(inside, 0).sum()), "flows_out": float(np.maximum(-inside, 0).sum())}
    return {"twr": twr, "mwr": float(mwr), "gap": float(mwr) - twr, **sums, **_decisive(values, moved, returns, flow_timing)}


def _decisive(values: pd.Series, moved: Floats, returns: Floats, flow_timing: str) -> dict[str, Any]:
    """Give the flow that did most, with the stretches before and after it."""
    names = ("flow_date", "flow_amount", "flow_share", "return_before", "return_after", "daily_before", "daily_after", "effect", "timing")
    places = np.flatnonzero(moved[1:]) + 1 if len(moved) else np.zeros(0, dtype=np.int64)
    known = np.where(returns > -1, np.nan_to_num(returns), 0.0)
    if not places.size:
        return dict.fromkeys(names)
    days = (values.index - values.index[0]).days.to_numpy().astype(np.float64)
    logs = np.concatenate([[0.0], np.cumsum(np.log1p(known))])
    pivot = np.where(day_shift(moved[places], flow_timing) == 1.0, places - 1, places)
    left = days[-1] - days[pivot]
    mean = logs[-1] / days[-1] if days[-1] else 0.0
    effects = moved[places] * (logs[-1] - logs[pivot] - mean * left)
    best = int(np.argmax(np.abs(effects)))
    at, split = int(places[best]), int(pivot[best])
    before, after = float(np.expm1(logs[split])), float(np.expm1(logs[-1] - logs[split]))
    daily = [total / length if length else float("nan") for total, length in ((logs[split], days[split]), (logs[-1] - logs[split], left[best]))]
    good = logs[-1] - logs[split] > mean * left[best]
    held = float(values.iloc[at - 1])
    share = float(moved[at]) / held if held > 0 else float("nan")
    told = (values.index[at].date(), float(moved[at]), share, before, after, *daily, float(effects[best]))
    timing = f"{'in' if moved[at] > 0 else 'out'}_before_{'good' if good else 'bad'}"
    return dict(zip(names, (*told, timing), strict=True))


def _missing(days: Any, missing: Floats) -> Finding | None:  # noqa: ANN401 - texts of days
    places = np.flatnonzero(missing > 0)
    if not places.size:
        return None
    most, span = int(missing.max()), (str(days[places[0]]), str(days[places[-1]]))
    return Finding("missing_price", f"Up to {_many(most, 'holding')} had no price on {_many(places.size, 'day')} from {span[0]} to {span[1]}",
                   context={"count": int(places.size), "first": span[0], "last": span[1], "most": most})  # fmt: skip


def _unknown(days: Any, values: Floats) -> Finding | None:  # noqa: ANN401 - texts of days
    places = np.flatnonzero(np.isnan(values))
    if not places.size:
        return None
    return Finding("missing_value", f"The value is not known on {_many(places.size, 'day')}, the first {days[places[0]]}",
                   context={"count": int(places.size), "first": str(days[places[0]])})  # fmt: skip


def _large(days: Any, values: Floats, moved: Floats, limit: float) -> Finding | None:  # noqa: ANN401 - texts of days
    share = np.concatenate([[0.0], np.abs(moved[1:]) / np.where(values[:-1] > 0, values[:-1], np.inf)]) if len(values) else np.zeros(0)
    places = np.flatnonzero(share > limit)
    if not places.size:
        return None
    worst = places[np.argmax(share[places])]
    largest = places[np.argsort(-share[places])][:10]
    listed = [{"date": str(days[place]), "amount": float(moved[place]), "share": float(share[place])} for place in largest]
    message = f"{_many(places.size, 'flow')} over {100 * limit:.0f} % of the value, the largest {100 * share[worst]:.0f} % on {days[worst]}"
    return Finding("large_flow", message, Severity.INFO, context={"count": int(places.size), "limit": limit, "flows": listed})


def _broken(days: Any, values: Floats, returns: Floats) -> Finding | None:  # noqa: ANN401 - texts of days
    priced = ~np.isnan(values[1:]) & ~np.isnan(values[:-1])
    places = np.flatnonzero((np.isnan(returns) & priced) | (returns <= -1)) + 1
    if not places.size:
        return None
    message = f"The chain of returns is broken on {_many(places.size, 'day')}, the first {days[places[0]]}: the capital was zero or negative"
    return Finding("chain_broken", message, Severity.ERROR, context={"count": int(places.size), "dates": [str(days[place]) for place in places[:10]]})


def _idle(days: Any, base: Floats) -> Finding | None:  # noqa: ANN401 - texts of days
    invested = np.flatnonzero(base > 0)
    if not invested.size:
        return None
    idle = np.flatnonzero(base[invested[0] : invested[-1]] == 0) + invested[0] + 1
    if not idle.size:
        return None
    first, last = str(days[idle[0]]), str(days[idle[-1]])
    message = f"Nothing was invested on {_many(idle.size, 'day')} from {first} to {last}: their return is 0"
    return Finding("idle", message, Severity.INFO, context={"count": int(idle.size), "first": first, "last": last})


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
