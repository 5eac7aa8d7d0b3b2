"""What alerts look at, day by day: moves, falls from a peak, ages; from the same closes and values that the stream goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InvalidInput

MINUTES_A_DAY = 1440.0


def split_adjusted(closes: pd.Series, splits: Mapping[Any, float]) -> pd.Series:
    """Give closes in shares of the last day: those before a split divided by its ratio.

    Parameters
    ----------
    closes
        Closes as traded, by date, ascending.
    splits
        Date to ratio, new shares for one old, effective before the trading of that date.

    Returns
    -------
    Series
        Same index.

    Notes
    -----
    Convention: ratios that are not positive are passed over.

    Examples
    --------
    >>> days = pd.to_datetime(["2020-08-28", "2020-08-31"])
    >>> split_adjusted(pd.Series([400.0, 101.0], index=days), {"2020-08-31": 4.0}).tolist()
    [100.0, 101.0]
    """
    adjusted = closes.to_numpy(dtype=np.float64, copy=True)
    for day, ratio in splits.items():
        if ratio > 0:
            adjusted[closes.index < pd.Timestamp(day)] /= ratio
    return pd.Series(adjusted, index=closes.index, name=closes.name)


def moves(levels: pd.Series, days: int = 1) -> pd.Series:
    """Change against the level some trading days before.

    Parameters
    ----------
    levels
        Closes or growth by date, ascending.
    days
        Rows back, default 1.

    Returns
    -------
    Series
        Same index, fraction; NaN for the first `days` rows and where either level is missing or not positive.

    Raises
    ------
    InvalidInput
        Fewer than 1 day.

    Examples
    --------
    >>> moves(pd.Series([100.0, 110.0, 99.0])).round(6).tolist()
    [nan, 0.1, -0.1]
    """
    _positive("days", days)
    before = levels.shift(days)
    return (levels / before.where(before > 0)) - 1.0


def falls_from_peak(levels: pd.Series, window: int | None = None) -> pd.Series:
    """Fall of a level from the highest of the last trading days.

    Parameters
    ----------
    levels
        Closes or growth by date, ascending.
    window
        Rows in which the peak is looked for, the row itself included; default all before it.

    Returns
    -------
    Series
        Same index, fraction <= 0; NaN where the level is.

    Notes
    -----
    Convention: without a window it is `drawdown_series` of the levels' returns with the first level as the first peak.

    Raises
    ------
    InvalidInput
        A window below 1.

    Examples
    --------
    >>> falls_from_peak(pd.Series([100.0, 80.0, 90.0, 120.0, 90.0]), window=3).round(6).tolist()
    [0.0, -0.2, -0.1, 0.0, -0.25]
    """
    return levels / peaks(levels, window) - 1.0


def peaks(levels: pd.Series, window: int | None = None) -> pd.Series:
    """Highest level of the last trading days.

    Parameters
    ----------
    levels
        By date, ascending.
    window
        As in `falls_from_peak`.

    Returns
    -------
    Series
        Same index.

    Raises
    ------
    InvalidInput
        A window below 1.

    Examples
    --------
    >>> peaks(pd.Series([3.0, 1.0, 2.0]), window=2).tolist()
    [3.0, 3.0, 2.0]
    """
    if window is None:
        return levels.cummax()
    _positive("window", window)
    return levels.rolling(window, min_periods=1).max()


def ages(closes: pd.Series, last: Any) -> pd.Series:  # noqa: ANN401 - whatever stands for a date
    """Minutes since the last close, on every working day.

    Parameters
    ----------
    closes
        By date, ascending; NaN counts as no close.
    last
        The day up to which it is told.

    Returns
    -------
    Series
        By working day from the first close on: whole working days since the last close, in minutes; 0 on a day with a close.

    Notes
    -----
    Convention: holidays count as days without a close; a close of a Saturday counts for the Monday.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-05"])
    >>> ages(pd.Series([1.0, 1.0], index=days), "2024-01-08").tolist()
    [0.0, 1440.0, 2880.0, 0.0, 1440.0]
    """
    known = closes.dropna()
    if known.empty:
        return pd.Series(dtype=np.float64, index=pd.DatetimeIndex([]))
    days = pd.bdate_range(known.index[0], pd.Timestamp(last))
    newest = pd.DatetimeIndex(known.index).searchsorted(days, side="right") - 1
    since = pd.DatetimeIndex(known.index)[np.maximum(newest, 0)]
    count = np.busday_count(since.to_numpy().astype("datetime64[D]"), days.to_numpy().astype("datetime64[D]"))
    return pd.Series(np.maximum(count, 0) * MINUTES_A_DAY, index=days)


def _positive(field: str, number: int) -> None:
    if number < 1:
        raise InvalidInput(field, number, "is below 1", hint="Use a whole number of trading days")
