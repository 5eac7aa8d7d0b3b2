"""Money-weighted returns: the one rate at which all flows and the value at the end come out even, if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats, Table, cells_of, day_stamps, flow_cells, labelled
from engine.errors import InvalidInput, MisalignedSeries
from engine.rate_roots import even_growths, year_fractions
from engine.time_weighted import Flows
from engine.types import Finding

YEAR_DAYS = 365


class Rate(float):
    """A rate of return that knows whether it is the only one.

    It is a float: the rate, or NaN where there is none or are several to choose from.

    Attributes
    ----------
    roots
        Every rate at which the flows come out even, ascending.
    finding
        Why there is no one rate, with the roots; None where there is.
    """

    roots: tuple[float, ...]
    finding: Finding | None

    def __new__(cls, value: float, roots: tuple[float, ...] = (), finding: Finding | None = None) -> Self:  # noqa: D102 - the class says it
        rate = super().__new__(cls, value)
        rate.roots, rate.finding = roots, finding
        return rate

    def __reduce__(self) -> tuple[Any, ...]:
        return Rate, (float(self), self.roots, self.finding)


def xirr(
    dates: Any,  # noqa: ANN401 - dates, or flows by date
    amounts: Iterable[float] | None = None,
    *,
    day_count: str = "act/365",
    guess: float | None = None,
) -> Rate:
    """Find the internal rate of return a year of dated flows.

    Parameters
    ----------
    dates
        Dates; or, without `amounts`, a Series or mapping date to amount, or pairs of both. Amounts may come first, as in spreadsheets.
    amounts
        Flows seen from the investor: negative paid in, positive taken out, the value at the end as if taken out.
    day_count
        ``act/365`` (default), ``act/360``, ``30/360`` (ISDA bond basis), ``30e/360``, ``act/act`` (ISDA), or ``act/365.25``, ``act/364``,
        ``nl/365``, ``nl/360`` (no leap days), ``30u/360`` (US), ``30e/360 isda``, ``30e+/360``; in any case of letters.
    guess
        Where there are several rates, the one nearest to this.

    Returns
    -------
    Rate
        A float, fraction a year, with `.roots` (all rates) and `.finding` (why it is NaN).

    Notes
    -----
    Convention: sum of amount / (1 + r) ** years since the first flow = 0. NaN and a finding ``no_rate`` where the flows have one sign or
    never come out even; NaN and a finding ``several_rates`` where several rates do and no `guess` chooses. Rates above -100 % only.
    The order of the flows does not matter, flows of one day count as their sum.

    Raises
    ------
    InvalidInput
        An unknown day count, or what are no dates or numbers.
    MisalignedSeries
        Another number of dates than amounts.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 "Internal rate of return"; OpenDocument 1.2 part 2,
    XIRR. When there is one root only: Soper, The Marginal Efficiency of Capital: A Further Note (1959), Economic Journal 69.

    Examples
    --------
    >>> round(xirr(["2024-01-01", "2025-01-01"], [-100, 110], day_count="30/360"), 9)
    0.1
    >>> xirr({"2021-01-01": -1000, "2022-01-01": 2500, "2023-01-01": -1540}).finding.code
    'several_rates'
    """
    days, flows = _merged(*_dated(dates, amounts))
    years = year_fractions(days, day_count)
    if not len(days) or np.isnan(flows).any():
        return _none("a flow is not known" if len(days) else "there are no flows")
    if not ((flows > 0).any() and (flows < 0).any()):
        return _none("all flows go one way")
    span = float(years[-1])
    return _rate(even_growths(days, flows, years, day_count), 1.0 / span if span > 0 else 1.0, guess)


def money_weighted_return(
    values: Table,
    flows: Flows = None,
    *,
    start: Any = None,  # noqa: ANN401 - a date
    end: Any = None,  # noqa: ANN401 - a date
    day_count: str = "act/365",
    annualised: bool | None = None,
    guess: float | None = None,
) -> Any:  # noqa: ANN401 - Rate for one series, Series for a frame
    """Rate at which the opening value and the flows grew to the closing value.

    Parameters
    ----------
    values
        Values of the window, of which the first and the last count: a Series or frame by date, or a pair with `start` and `end`.
    flows
        External flows after the opening, positive in: beside the values, or by date.
    start, end
        Days of the ends, where `values` has no dates.
    day_count, guess
        As in `xirr`.
    annualised
        None (default): a year's rate where money was at work for a year or more, that of the whole time below; True or False: always or
        never a year's.

    Returns
    -------
    Rate or Series
        Fraction; see `xirr`.

    Notes
    -----
    Convention: flows of the first day are in the opening value. Time runs from the first money in the window, so that what was not there
    yet is not annualised. Everything lost is -1. A window without days, or nothing put in, is NaN.

    Raises
    ------
    InvalidInput
        An unknown day count, or no dates.
    MisalignedSeries
        Flows that do not lie beside the values, or outside of the window.

    References
    ----------
    GIPS Standards 2020, provision 2.A.28 and glossary "money-weighted return": not annualised under a year.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-12-31", "2025-12-31"])
    >>> round(money_weighted_return(pd.Series([100.0, 105.0, 121.0], index=days)), 6)
    0.1
    """
    values, flows = labelled(values), labelled(flows, "flows")
    cells = cells_of(values, "values")
    days, moved = _between(values, cells, flows, start, end)
    asked: dict[str, Any] = {"day_count": day_count, "annualised": annualised, "guess": guess}
    rates = [window_rate(days, cells[:, place], moved[:, place], **asked) for place in range(cells.shape[1])]
    if isinstance(values, pd.DataFrame):
        return pd.Series([float(rate) for rate in rates], index=values.columns, dtype=np.float64)
    return np.array(rates, dtype=np.float64) if np.ndim(values) == 2 else rates[0]


def _dated(dates: Any, amounts: Iterable[float] | None) -> tuple[NDArray[np.datetime64], Floats]:  # noqa: ANN401 - as `xirr`
    """Dates and amounts, from any of the ways to write them."""
    if amounts is None:
        if isinstance(dates, pd.Series):
            dates, amounts = dates.index, dates.to_numpy()
        elif isinstance(dates, pd.DataFrame):
            dates, amounts = dates.iloc[:, 0], dates.iloc[:, 1].to_numpy()
        else:
            pairs = list(dates.items()) if isinstance(dates, Mapping) else [tuple(pair) for pair in dates]
            if any(len(pair) != 2 for pair in pairs):
                raise InvalidInput("dates", pairs[0], "not a date and an amount", hint="Give dates and amounts, or pairs of both")
            dates, amounts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    given, others = list(dates), list(amounts)
    if given and all(isinstance(each, Number) for each in given):
        given, others = others, given
    stamps, flows = day_stamps(given), cells_of(others, "amounts")[:, 0]
    if len(stamps) != len(flows):
        raise MisalignedSeries("dates", "amounts", reason=f"{len(stamps)} against {len(flows)}")
    return stamps, flows


def _merged(days: NDArray[np.datetime64], flows: Floats) -> tuple[NDArray[np.datetime64], Floats]:
    """One flow a day, ascending, none of zero at the ends."""
    unique, place = np.unique(days, return_inverse=True)
    sums: Floats = np.bincount(place, weights=flows, minlength=len(unique)).astype(np.float64)
    kept = np.flatnonzero((sums != 0) | np.isnan(sums))
    return unique[kept], sums[kept]


def _none(reason: str) -> Rate:
    return Rate(float("nan"), (), Finding("no_rate", f"There is no money-weighted return: {reason}", context={"reason": reason, "roots": []}))


def _rate(growths: tuple[float, ...], scale: float, guess: float | None) -> Rate:
    """Rates of growths over the span: those of a year, or with a scale of 1 those of the span."""
    if not growths:
        return _none("the flows come out even at no rate")
    with np.errstate(over="ignore"):
        roots = tuple(float(rate) for rate in np.expm1(scale * np.array(growths)) if np.isfinite(rate))
    roots = tuple(rate for rate in roots if rate > -1.0) or roots  # what rounds to a total loss is a rate only where there is no other
    if not roots:
        return _none("the rate is beyond what a number holds")
    if len(roots) == 1 or guess is not None:
        return Rate(roots[0] if guess is None else min(roots, key=lambda root: abs(root - guess)), roots)
    listed = ", ".join(f"{100 * root:.4g} %" for root in roots)
    message = f"There are {len(roots)} money-weighted returns, each right by its definition: {listed}"
    return Rate(float("nan"), roots, Finding("several_rates", message, context={"roots": list(roots)}))


def _between(values: Table, cells: Floats, flows: Flows, start: Any, end: Any) -> tuple[NDArray[np.datetime64], Floats]:  # noqa: ANN401
    """Days of the window's values and flows, and the flows on each."""
    index = values.index if isinstance(values, pd.Series | pd.DataFrame) else None
    if start is not None and end is not None and len(cells) == 2:
        index = pd.DatetimeIndex(day_stamps([start, end], "start").astype("datetime64[ns]"))
    if not isinstance(index, pd.DatetimeIndex):
        raise InvalidInput("values", "", "the values have no dates", hint="Use a Series with a DatetimeIndex, or a pair with start and end")
    days = day_stamps(index, "values")
    given: Any = flows
    if isinstance(given, pd.Series | pd.DataFrame) and not isinstance(given.index, pd.RangeIndex):
        return _with_days(days, given, cells)
    beside: Any = cells_of(flows, "flows") if flows is not None and np.ndim(flows) else flows  # type: ignore[arg-type]
    return days, flow_cells(pd.DataFrame(cells), beside)


def _with_days(days: NDArray[np.datetime64], flows: pd.Series | pd.DataFrame, cells: Floats) -> tuple[NDArray[np.datetime64], Floats]:
    """Flows keep their own days: these are put in between the days of the values."""
    own, amounts = day_stamps(flows.index, "flows"), cells_of(flows, "flows", ordered=False)
    outside = (own > days[-1]) & (amounts != 0).any(axis=1) if len(days) else np.ones(len(own), dtype=np.bool_)
    if outside.any():
        raise MisalignedSeries("flows", "values", reason=f"there is a flow on {own[outside][0]}, after the last value")
    every = np.unique(np.concatenate([days, own[own >= days[0]]]))
    moved = np.zeros((len(every), cells.shape[1]))
    inside = own >= days[0]
    np.add.at(moved, np.searchsorted(every, own[inside]), np.broadcast_to(amounts, (len(own), cells.shape[1]))[inside])
    return every, moved


def is_year(days: NDArray[np.datetime64]) -> bool:
    """Tell whether days reach over a year: 365 of the calendar, by whatever count they become years.

    Parameters
    ----------
    days
        ndarray of shape (n_days,), datetime64[D], ascending.

    Returns
    -------
    bool
        False for less, which is not annualised.

    Examples
    --------
    >>> is_year(np.array(["2023-12-31", "2024-12-30"], dtype="datetime64[D]")), is_year(np.array(["2024-01-01", "2024-12-26"], dtype="datetime64[D]"))
    (True, False)
    """
    return bool(len(days) and (days[-1] - days[0]) / np.timedelta64(1, "D") >= YEAR_DAYS)


def window_rate(
    days: NDArray[np.datetime64],
    values: Floats,
    moved: Floats,
    *,
    day_count: str = "act/365",
    annualised: bool | None = None,
    guess: float | None = None,
) -> Rate:
    """Do what `money_weighted_return` does, on arrays.

    Parameters
    ----------
    days
        ndarray of shape (n_days,), datetime64[D], ascending.
    values
        ndarray of shape (n_days,), of which the first and the last count.
    moved
        ndarray of shape (n_days,), external flows, positive in; that of the first day is in its value.
    day_count, annualised, guess
        As in `money_weighted_return`.

    Returns
    -------
    Rate
        Fraction.

    Examples
    --------
    >>> days = np.array(["2024-01-01", "2024-12-31"], dtype="datetime64[D]")
    >>> round(window_rate(days, np.array([100.0, 130.0]), np.array([0.0, 20.0])), 6)
    0.1
    """
    if len(days) < 2 or days[-1] <= days[0]:
        return _none("the window has no days")
    flows = -moved.copy()
    flows[0] = -values[0]
    flows[-1] += values[-1]
    if np.isnan(flows).any() or not flows.any():
        return _none("a value or flow is not known" if np.isnan(flows).any() else "nothing was invested")
    if not (flows > 0).any() and values[-1] == 0:
        return Rate(-1.0, (-1.0,))
    at_work, moves = _merged(days, flows)
    if not (moves > 0).any() or not (moves < 0).any():
        return _none("all flows go one way")
    years = year_fractions(at_work, day_count)
    of_year = annualised if annualised is not None else is_year(at_work)
    span = float(years[-1])
    return _rate(even_growths(at_work, moves, years, day_count), 1.0 / span if of_year and span > 0 else 1.0, guess)
