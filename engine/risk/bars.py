"""Volatility from more than closes: from the range of each period's prices, and from returns within a day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.dispersion import periods_of
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.sample import Sample, sample


def parkinson_volatility(highs: Table, lows: Table, *, periods_per_year: float = 252) -> Figure:
    """Yearly volatility from the highest and lowest price of periods.

    Parameters
    ----------
    highs, lows
        Prices of shape (n_periods,) or (n_periods, n_series), above 0.
    periods_per_year
        252 (default) for days; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN without a whole bar.

    Notes
    -----
    Convention: the root of mean ln(H / L)^2 / (4 ln 2); five times as efficient as closes, blind to what happens over night. A bar with a
    missing or impossible price is left out.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.
    MisalignedSeries
        The prices do not line up.

    References
    ----------
    Parkinson 1980, "The extreme value method for estimating the variance of the rate of return", Journal of Business 53, eq. 4.

    Examples
    --------
    >>> round(parkinson_volatility([102.0, 104.0], [100.0, 101.0], periods_per_year=1), 6)
    0.015007
    """
    high, low = _logs(highs=highs, lows=lows)
    spread = np.where(high >= low, high - low, np.nan)
    return _yearly(highs, _mean(spread * spread) / (4.0 * np.log(2.0)), periods_per_year, "parkinson_volatility")


def garman_klass_volatility(opens: Table, highs: Table, lows: Table, closes: Table, *, periods_per_year: float = 252) -> Figure:
    """Yearly volatility from open, high, low and close of periods.

    Parameters
    ----------
    opens, highs, lows, closes
        Prices of shape (n_periods,) or (n_periods, n_series), above 0.
    periods_per_year
        252 (default) for days; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN without a whole bar.

    Notes
    -----
    Convention: the root of mean ln(H / L)^2 / 2 - (2 ln 2 - 1) ln(C / O)^2; blind to what happens over night. A bar with a missing or
    impossible price is left out.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.
    MisalignedSeries
        The prices do not line up.

    References
    ----------
    Garman and Klass 1980, "On the estimation of security price volatilities from historical data", Journal of Business 53, eq. 20.

    Examples
    --------
    >>> round(garman_klass_volatility([100.5, 101.0], [102.0, 104.0], [100.0, 101.0], [101.0, 103.0], periods_per_year=1), 6)
    0.015271
    """
    _, up, down, through = _bars(opens, highs, lows, closes)
    found = 0.5 * (up - down) ** 2 - (2.0 * np.log(2.0) - 1.0) * through**2
    return _yearly(opens, _mean(found), periods_per_year, "garman_klass_volatility")


def rogers_satchell_volatility(opens: Table, highs: Table, lows: Table, closes: Table, *, periods_per_year: float = 252) -> Figure:
    """Yearly volatility from bars, whatever their trend.

    Parameters
    ----------
    opens, highs, lows, closes
        Prices of shape (n_periods,) or (n_periods, n_series), above 0.
    periods_per_year
        252 (default) for days; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN without a whole bar.

    Notes
    -----
    Convention: the root of mean ln(H / C) ln(H / O) + ln(L / C) ln(L / O); blind to what happens over night. A bar with a missing or
    impossible price is left out.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.
    MisalignedSeries
        The prices do not line up.

    References
    ----------
    Rogers and Satchell 1991, "Estimating variance from high, low and closing prices", Annals of Applied Probability 1, eq. 3.

    Examples
    --------
    >>> round(rogers_satchell_volatility([100.5, 101.0], [102.0, 104.0], [100.0, 101.0], [101.0, 103.0], periods_per_year=1), 6)
    0.015466
    """
    _, up, down, through = _bars(opens, highs, lows, closes)
    return _yearly(opens, _mean(up * (up - through) + down * (down - through)), periods_per_year, "rogers_satchell_volatility")


def yang_zhang_volatility(opens: Table, highs: Table, lows: Table, closes: Table, *, periods_per_year: float = 252) -> Figure:
    """Yearly volatility from bars and the gaps between them.

    Parameters
    ----------
    opens, highs, lows, closes
        Prices of shape (n_periods,) or (n_periods, n_series), above 0.
    periods_per_year
        252 (default) for days; 1 gives that of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN for fewer than three whole bars.

    Notes
    -----
    Convention: the root of the sample variance of ln(O / C before) plus k times that of ln(C / O) plus 1 - k times Rogers and Satchell's
    mean, with k = 0.34 / (1.34 + (n + 1) / (n - 1)) and n the bars that have one before them.

    Raises
    ------
    InvalidInput
        A cell is not a number, or periods a year not above zero.
    MisalignedSeries
        The prices do not line up.

    References
    ----------
    Yang and Zhang 2000, "Drift independent volatility estimation based on high, low, open, and close prices", Journal of Business 73,
    eq. 7 to 10.

    Examples
    --------
    >>> opens, highs, lows, closes = [100.0, 102.0, 101.0], [103.0, 104.0, 103.0], [99.0, 101.0, 100.0], [102.0, 101.0, 102.0]
    >>> round(yang_zhang_volatility(opens, highs, lows, closes, periods_per_year=1), 6)
    0.021356
    """
    gap, up, down, through = _bars(opens, highs, lows, closes)
    known = ~np.isnan(gap)
    gaps, moves = Sample(gap), Sample(np.where(known, through, np.nan))
    within = _mean(np.where(known, up * (up - through) + down * (down - through), np.nan))
    weight = 0.34 / (1.34 + (gaps.counts + 1.0) / gaps.atleast(2, less=1))
    return _yearly(opens, gaps.variance() + weight * moves.variance() + (1.0 - weight) * within, periods_per_year, "yang_zhang_volatility")


def realised_volatility(returns: Table, *, periods_per_year: float = 252, periods_per_day: float | None = None) -> Figure:
    """Yearly volatility of days from the returns within them.

    Parameters
    ----------
    returns
        Returns within days of shape (n_periods,) or (n_periods, n_series), fraction; with dates and times as index.
    periods_per_year
        Days of a year, default 252; 1 gives that of a day.
    periods_per_day
        How many returns make a day where the index says no dates.

    Returns
    -------
    Series or DataFrame by day, or ndarray of days
        Fraction a year; NaN for a day without returns.

    Notes
    -----
    Convention: the root of the sum of squared returns of the day, with no mean taken off.

    Raises
    ------
    InvalidInput
        A cell is not a number, no dates and no number of periods a day, or periods a year not above zero.

    References
    ----------
    Andersen and Bollerslev 1998, "Answering the skeptics", International Economic Review 39.

    Examples
    --------
    >>> realised_volatility([0.01, -0.01, 0.02, 0.0], periods_per_day=2, periods_per_year=1).round(6).tolist()
    [0.014142, 0.02]
    """
    at, scale = sample(returns), periods_of(periods_per_year)
    days = _days(returns, len(at.cells), periods_per_day)
    squares = pd.DataFrame(at.cells**2).groupby(days).sum(min_count=1)
    found = (squares * scale) ** 0.5
    if isinstance(returns, pd.DataFrame):
        return found.set_axis(returns.columns, axis=1)
    if isinstance(returns, pd.Series):
        return pd.Series(found[0].to_numpy(), index=found.index, name=returns.name)
    cells: Floats = found.to_numpy(dtype=np.float64)
    return cells if np.ndim(returns) == 2 else cells[:, 0]


def _days(returns: Table, length: int, periods_per_day: float | None) -> pd.Index:
    if isinstance(returns, pd.Series | pd.DataFrame) and isinstance(returns.index, pd.DatetimeIndex) and periods_per_day is None:
        return returns.index.normalize()
    if periods_per_day is None or not periods_per_day >= 1:
        raise InvalidInput("periods_per_day", periods_per_day, "is missing", hint="Give it, or a Series with dates and times as index")
    return pd.Index(np.arange(length) // int(periods_per_day))


def _logs(**prices: Table) -> list[Floats]:
    """Logarithms of tables of prices that line up; NaN where a price is missing or not above 0."""
    names, tables = list(prices), [cells_of(table, name) for name, table in prices.items()]
    for name, table, given in zip(names[1:], tables[1:], list(prices.values())[1:], strict=True):
        if table.shape != tables[0].shape:
            raise MisalignedSeries(name, names[0], reason=f"{table.shape} against {tables[0].shape}")
        first = prices[names[0]]
        if isinstance(given, pd.Series | pd.DataFrame) and isinstance(first, pd.Series | pd.DataFrame) and not given.index.equals(first.index):
            raise MisalignedSeries(name, names[0], reason="their labels differ")
    return [np.asarray(np.log(np.where(table > 0, table, np.nan))) for table in tables]


def _bars(opens: Table, highs: Table, lows: Table, closes: Table) -> tuple[Floats, Floats, Floats, Floats]:
    """Logarithms of the open over the close before, and of high, low and close over the open; NaN for bars that cannot be."""
    first, high, low, last = _logs(opens=opens, highs=highs, lows=lows, closes=closes)
    possible = (high >= np.maximum(first, last)) & (low <= np.minimum(first, last))
    gap = np.full_like(first, np.nan)
    gap[1:] = first[1:] - last[:-1]
    whole = [np.where(possible, part, np.nan) for part in (gap, high - first, low - first, last - first)]
    return whole[0], whole[1], whole[2], whole[3]


def _mean(cells: Floats) -> Floats:
    return Sample(cells).mean


def _yearly(like: Table, variance: Floats, periods_per_year: float, name: str) -> Figure:
    """Root of a variance of a period as a figure of a year; an estimate below 0 is none."""
    return figure_like(like, np.sqrt(np.where(variance >= 0, variance, np.nan) * periods_of(periods_per_year)), name)
