"""Returns of calendar periods: the matrix of months, the best and the worst, how many were up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Figure, Floats, Table, cells_of, figure_like, labelled
from engine.errors import InvalidInput

Mask = NDArray[np.bool_]

_FREQUENCIES: Mapping[str, str] = MappingProxyType({"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"})


def returns_by(returns: Table, by: str = "month") -> pd.Series | pd.DataFrame:
    """Link returns to those of longer periods.

    Parameters
    ----------
    returns
        Simple returns by date, Series or frame, fraction.
    by
        ``day``, ``week`` (to Sunday), ``month`` (default), ``quarter`` or ``year``.

    Returns
    -------
    Series or DataFrame
        Index: periods that have a return, ascending; fraction.

    Notes
    -----
    Convention: compounded; NaN days are left out.

    Raises
    ------
    InvalidInput
        An unknown period, or returns without dates.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-30", "2024-01-31", "2024-02-01"])
    >>> returns_by(pd.Series([0.1, 0.1, 0.5], index=days)).round(6).tolist()
    [0.21, 0.5]
    """
    if by not in _FREQUENCIES:
        raise InvalidInput("by", by, f"{by} is not a choice", hint=f"Use one of {', '.join(_FREQUENCIES)}")
    given = labelled(returns, "returns") if isinstance(returns, pd.DataFrame) else dated_returns(returns)
    if not isinstance(given.index, pd.DatetimeIndex):
        raise InvalidInput("returns", "", "the returns have no dates", hint="Give them a DatetimeIndex")
    cells = given.to_numpy(dtype=np.float64, na_value=np.nan)
    linked, first = linked_by(cells if cells.ndim == 2 else cells[:, None], period_codes(given.index, by))
    index = given.index[first].tz_localize(None).to_period(_FREQUENCIES[by])
    if isinstance(given, pd.DataFrame):
        return pd.DataFrame(linked, index=index, columns=given.columns).dropna(how="all")
    return pd.Series(linked[:, 0], index=index, name=given.name).dropna()


def calendar_matrix(returns: pd.Series) -> pd.DataFrame:
    """Lay out the returns of every month and year.

    Parameters
    ----------
    returns
        Simple returns by date, fraction.

    Returns
    -------
    DataFrame
        Index year, columns 1 to 12 and ``total``; NaN where there is no history.

    Notes
    -----
    Convention: compounded; a month or year that the history covers in part is what it covers.

    Raises
    ------
    InvalidInput
        Returns without dates.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-31", "2024-03-28"])
    >>> calendar_matrix(pd.Series([0.1, 0.1], index=days)).loc[2024, [1, 2, 3, "total"]].round(6).tolist()
    [0.1, nan, 0.1, 0.21]
    """
    given = dated_returns(returns)
    return matrix_of(given.to_numpy()[:, None], period_codes(pd.DatetimeIndex(given.index), "month"))


def matrix_of(values: Floats, codes: NDArray[np.int64]) -> pd.DataFrame:
    """Lay out months and years.

    Parameters
    ----------
    values
        ndarray of shape (n_days, 1), simple returns, fraction.
    codes
        Their months, as `period_codes` numbers them.

    Returns
    -------
    DataFrame
        As `calendar_matrix`.
    """
    (months, of_month), (totals, of_year) = _known_codes(values, codes), _known_codes(values, codes // 12)
    cells = np.full((len(of_year), 13), np.nan)
    cells[np.searchsorted(of_year, of_month // 12), of_month % 12] = months
    cells[:, 12] = totals
    return pd.DataFrame(cells, index=pd.Index(1970 + of_year, name="year"), columns=pd.Index([*range(1, 13), "total"], dtype=object))


def best_period(returns: Table, by: str = "month") -> Figure:
    """Highest return of a period.

    Parameters
    ----------
    returns, by
        As in `returns_by`.

    Returns
    -------
    float or Series
        Fraction; NaN without any.

    Examples
    --------
    >>> best_period(pd.Series([0.1, -0.2], index=pd.to_datetime(["2024-01-31", "2024-02-29"])))
    0.1
    """
    return _rounded_off(returns_by(returns, by).max())


def worst_period(returns: Table, by: str = "month") -> Figure:
    """Lowest return of a period.

    Parameters
    ----------
    returns, by
        As in `returns_by`.

    Returns
    -------
    float or Series
        Fraction; NaN without any.

    Examples
    --------
    >>> worst_period(pd.Series([0.1, -0.2], index=pd.to_datetime(["2024-01-31", "2024-02-29"])))
    -0.2
    """
    return _rounded_off(returns_by(returns, by).min())


def share_positive(returns: Table) -> Figure:
    """Share of periods with a return above zero.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), of days, or of months by `returns_by`.

    Returns
    -------
    float, Series or ndarray
        Fraction of the periods that have a return; NaN without any.

    Examples
    --------
    >>> share_positive([0.1, 0.0, -0.1, 0.2])
    0.5
    """
    return _conditional(returns, lambda cells: cells > 0, lambda cells, chosen: chosen.sum(axis=0) / _known(cells))


def average_up(returns: Table) -> Figure:
    """Mean of the periods with a return above zero.

    Parameters
    ----------
    returns
        As in `share_positive`.

    Returns
    -------
    float, Series or ndarray
        Fraction; NaN without any.

    Examples
    --------
    >>> round(average_up([0.1, 0.0, -0.1, 0.2]), 6)
    0.15
    """
    return _conditional(returns, lambda cells: cells > 0, _mean_of)


def average_down(returns: Table) -> Figure:
    """Mean of the periods with a return below zero.

    Parameters
    ----------
    returns
        As in `share_positive`.

    Returns
    -------
    float, Series or ndarray
        Fraction, negative; NaN without any.

    Examples
    --------
    >>> average_down([0.1, 0.0, -0.1, 0.2])
    -0.1
    """
    return _conditional(returns, lambda cells: cells < 0, _mean_of)


def longest_streak(returns: Table, *, up: bool = True) -> Figure:
    """Most periods in a row with a return above zero, or below it.

    Parameters
    ----------
    returns
        As in `share_positive`.
    up
        True (default): above zero; False: below.

    Returns
    -------
    float, Series or ndarray
        Number of periods; a missing one ends a streak.

    Examples
    --------
    >>> longest_streak([0.1, 0.2, -0.1, 0.2])
    2.0
    """
    cells = cells_of(returns)
    chosen = cells > 0 if up else cells < 0
    count = np.cumsum(chosen, axis=0)
    broken = np.maximum.accumulate(np.where(chosen, 0, count), axis=0) if len(cells) else count
    longest = (count - broken).max(axis=0) if len(cells) else np.zeros(cells.shape[1])
    return figure_like(returns, longest.astype(np.float64))


def dated_returns(returns: Table) -> pd.Series:
    """Take returns that must have dates.

    Parameters
    ----------
    returns
        Series with a DatetimeIndex, or an empty one.

    Returns
    -------
    Series
        float64, ascending.

    Raises
    ------
    InvalidInput
        No dates.
    """
    returns = labelled(returns, "returns")
    if not isinstance(returns, pd.Series) or not (isinstance(returns.index, pd.DatetimeIndex) or returns.empty):
        raise InvalidInput("returns", "", "the returns have no dates", hint="Use a Series with a DatetimeIndex")
    if returns.empty and not isinstance(returns.index, pd.DatetimeIndex):
        return pd.Series(dtype=np.float64, index=pd.DatetimeIndex([]))
    named = returns.astype(np.float64)
    return named if named.index.is_monotonic_increasing else named.sort_index()


def period_codes(index: pd.DatetimeIndex, by: str) -> NDArray[np.int64]:
    """Give the number of the period of each date; months and years count from 1970.

    Parameters
    ----------
    index
        Dates.
    by
        As in `returns_by`.

    Returns
    -------
    ndarray of shape (n_dates,)
        Equal for dates of one period, growing with time.
    """
    unit: Any = {"month": "M", "quarter": "M", "year": "Y"}.get(by, "D")
    count = index.tz_localize(None).to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)
    return count // 3 if by == "quarter" else (count + 3) // 7 if by == "week" else count


def _known_codes(cells: Floats, codes: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Give the returns of the periods that have one, and their numbers."""
    linked, first = linked_by(cells, codes)
    known = ~np.isnan(linked[:, 0])
    return linked[known, 0], codes[first][known]


def linked_by(cells: Floats, codes: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Link the returns of each period.

    Parameters
    ----------
    cells
        ndarray of shape (n_days, n_series), simple returns, fraction.
    codes
        ndarray of shape (n_days,), the period of each.

    Returns
    -------
    tuple of ndarray
        Returns of the periods, ascending, NaN where no day of one has any; and the place of a day of each.
    """
    order = np.arange(len(codes)) if (codes[1:] >= codes[:-1]).all() else np.argsort(codes, kind="stable")
    ascending = codes[order]
    starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[: len(codes)])
    if not len(starts):
        return np.zeros((0, cells.shape[1])), starts
    given = cells[order]
    missing = np.isnan(given)
    wealth = np.multiply.reduceat(np.where(missing, 1.0, 1.0 + given), starts, axis=0)
    none = np.logical_and.reduceat(missing, starts, axis=0)
    return np.where(none, np.nan, wealth - 1.0), order[starts]


def _conditional(returns: Table, condition: Callable[[Floats], Mask], result: Callable[[Floats, Mask], Floats]) -> Figure:
    cells = cells_of(returns)
    return figure_like(returns, result(cells, condition(cells)))


def _known(cells: Floats) -> Floats:
    counts = (~np.isnan(cells)).sum(axis=0).astype(np.float64)
    known: Floats = np.where(counts > 0, counts, np.nan)
    return known


def _mean_of(cells: Floats, chosen: Mask) -> Floats:
    mean: Floats = np.where(chosen, cells, 0.0).sum(axis=0) / np.where(chosen.any(axis=0), chosen.sum(axis=0), np.nan)
    return mean


def _rounded_off(value: Any) -> Figure:  # noqa: ANN401 - what pandas says
    """Leave out the last bits that compounding one period leaves."""
    return value.round(15) if isinstance(value, pd.Series) else float(np.round(value, 15))
