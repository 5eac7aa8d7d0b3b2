"""Windows up to a day: month to date, one year, since inception, and the return of each."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np
import pandas as pd

from engine.averages import annualise
from engine.calendar_returns import dated_returns
from engine.daily import When
from engine.errors import InvalidInput
from engine.frames import instant
from engine.returns import cumulative_return

Step = Callable[[date], date]


def _back(months: int) -> Step:
    """Step back by months: from the last day of a month to the last day, else to the same day or the last there is."""

    def step(day: date) -> date:
        year, month = divmod(12 * day.year + day.month - 1 - months, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, last if day.day == monthrange(day.year, day.month)[1] else min(day.day, last))

    return step


STARTS: Mapping[str, Step] = MappingProxyType({
    "1D": lambda day: day - timedelta(days=1),
    "1W": lambda day: day - timedelta(days=7),
    "MTD": lambda day: day - timedelta(days=day.day),
    "QTD": lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1) - timedelta(days=1),
    "YTD": lambda day: day.replace(month=1, day=1) - timedelta(days=1),
    "1M": _back(1),
    "3M": _back(3),
    "6M": _back(6),
    "1Y": _back(12),
    "3Y": _back(36),
    "5Y": _back(60),
    "10Y": _back(120),
})


def window_starts(last: date, first: date | None = None) -> dict[str, date]:
    """Day of the close that each usual window opens with.

    Parameters
    ----------
    last
        Last day.
    first
        Beginning of the history; None leaves ITD out.

    Returns
    -------
    dict of str to date
        By window, as in `windows`.

    Examples
    --------
    >>> window_starts(date(2024, 2, 29))["1M"].isoformat()
    '2024-01-31'
    """
    opened = {} if first is None else {"ITD": min(first, last)}
    return {name: step(last) for name, step in STARTS.items()} | opened


def windows(as_of: When, first: When | None = None) -> pd.DataFrame:
    """Give starts and ends of the usual windows up to a day.

    Parameters
    ----------
    as_of
        Last day.
    first
        Beginning of the history: the close before the first transaction. None leaves ITD out and nothing is too short.

    Returns
    -------
    DataFrame
        Index `window`: ``1D 1W MTD QTD YTD 1M 3M 6M 1Y 3Y 5Y 10Y ITD``. `start` and `end` (closes), `days` between them, `covered`:
        whether the history reaches back to the start.

    Notes
    -----
    Convention: the opening value is that of the close of `start`. Months back from the last day of a month lead to the last day of a
    month (28 February to 31 January), else to the same day, or the last one where a month is too short. MTD starts at the close of the
    month before, QTD and YTD alike.

    Raises
    ------
    InvalidInput
        Not a date.

    References
    ----------
    GIPS Standards 2020 count periods to month ends.

    Examples
    --------
    >>> windows("2024-02-29", "2023-06-30")["start"].dt.strftime("%Y-%m-%d").loc[["MTD", "1M", "3M", "YTD", "ITD"]].tolist()
    ['2024-01-31', '2024-01-31', '2023-11-30', '2023-12-31', '2023-06-30']
    """
    last = instant(as_of).date()
    opened = None if first is None else instant(first, field="first").date()
    starts = window_starts(last, opened)
    told = {
        "start": np.array([*starts.values()], dtype="datetime64[ns]"),
        "end": np.full(len(starts), np.datetime64(last, "ns")),
        "days": [(last - start).days for start in starts.values()],
        "covered": [opened is None or start >= min(opened, last) for start in starts.values()],
    }
    return pd.DataFrame(told, index=pd.Index([*starts], name="window"))


def window_returns(returns: pd.Series, *, as_of: When | None = None, first: When | None = None, benchmark: pd.Series | None = None) -> pd.DataFrame:
    """Return of each usual window.

    Parameters
    ----------
    returns
        Simple returns by date, fraction.
    as_of
        Last day, default the last of the returns.
    first
        Beginning of the history, default the day before the first return.
    benchmark
        Returns of a benchmark by date: adds `benchmark` and `active`.

    Returns
    -------
    DataFrame
        As `windows`, with `return` (NaN where the history is too short or nothing is known) and `annualised` (from a year on).

    Notes
    -----
    Convention: returns after the close of `start` up to `end`, compounded; `active` is the difference.

    Raises
    ------
    InvalidInput
        Returns without dates.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=60)
    >>> window_returns(pd.Series(0.001, index=days)).loc[["1W", "1Y"], "return"].round(6).tolist()
    [0.007021, nan]
    """
    own = dated_returns(returns)
    if not len(own) and (as_of is None or first is None):
        raise InvalidInput("returns", "", "there are none", hint="Give as_of and first, or at least one return")
    last = own.index[-1] if as_of is None else as_of
    frame = windows(last, own.index[0] - pd.Timedelta(days=1) if first is None else first)
    frame["return"] = _each(own, frame)
    if benchmark is not None:
        frame["benchmark"] = _each(dated_returns(benchmark), frame)
        frame["active"] = frame["return"] - frame["benchmark"]
    frame["annualised"] = [annualise(total, days) if days > 0 else np.nan for total, days in zip(frame["return"], frame["days"], strict=True)]
    return frame



def _each(returns: pd.Series, frame: pd.DataFrame) -> list[float]:
    days = pd.DatetimeIndex(returns.index).tz_localize(None).normalize().to_numpy()
    low, high = (np.searchsorted(days, frame[name].to_numpy(), side="right").tolist() for name in ("start", "end"))
    covered = frame["covered"].tolist()
    return [float(cumulative_return(returns.iloc[a:b])) if whole else np.nan for a, b, whole in zip(low, high, covered, strict=True)]


