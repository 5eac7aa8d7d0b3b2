"""Returns of prices and of periods: from one to the other, linked, averaged, annualised, and after inflation or currency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like, series_like
from engine.daily import When
from engine.errors import InvalidInput, MisalignedSeries
from engine.frames import instant

_TINY = 1e-300


def simple_returns(prices: Table) -> Figure:
    """Return of each period: price over the price before, less one.

    Parameters
    ----------
    prices
        Prices of shape (n_periods + 1,) or (n_periods + 1, n_series), ascending in time.

    Returns
    -------
    Series, DataFrame or ndarray
        Shape (n_periods, ...), fraction: the first price has no return and no row.

    Notes
    -----
    Convention: a missing price makes the returns beside it NaN; so does a price before of zero or less, over which nothing can be said.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> simple_returns([100.0, 110.0, 99.0]).round(6).tolist()
    [0.1, -0.1]
    """
    return series_like(prices, _ratios(prices) - 1.0, drop=1)


def log_returns(prices: Table) -> Figure:
    """Logarithm of each price over the price before.

    Parameters
    ----------
    prices
        As in `simple_returns`.

    Returns
    -------
    Series, DataFrame or ndarray
        Shape (n_periods, ...), natural logarithm.

    Notes
    -----
    Convention: NaN as in `simple_returns`, and where the price falls to zero or below, which has no logarithm.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> log_returns([100.0, 110.0]).round(6).tolist()
    [0.09531]
    """
    ratios = _ratios(prices)
    return series_like(prices, np.log(np.where(ratios > 0, ratios, np.nan)), drop=1)


def growth(returns: Table, *, start: float = 1.0, missing: str = "nan") -> Figure:
    """Wealth that a start grows to, after each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    start
        Wealth before the first period, default 1.
    missing
        A period without return is ``nan`` (default) and wealth goes on after it, or ``flat``: wealth stays.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index.

    Notes
    -----
    Convention: compounded; nothing grows again after a total loss.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown `missing`.

    Examples
    --------
    >>> growth([0.1, -0.5]).round(6).tolist()
    [1.1, 0.55]
    """
    _choice("missing", missing, ("nan", "flat"))
    cells = cells_of(returns)
    with np.errstate(over="ignore", invalid="ignore"):
        wealth = (start * np.cumprod(1.0 + np.nan_to_num(cells), axis=0)).astype(np.float64)
    wealth = np.where(np.isfinite(wealth), wealth, np.nan)
    return series_like(returns, np.where(np.isnan(cells), np.nan, wealth) if missing == "nan" else wealth)


def vami(returns: Table, *, start: float = 1000.0) -> Figure:
    """Value added monthly index: what 1,000 grew to after each period.

    Parameters
    ----------
    returns
        Simple returns, fraction.
    start
        Wealth before the first period, default 1000.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index.

    Examples
    --------
    >>> vami([0.1, -0.5]).round(6).tolist()
    [1100.0, 550.0]
    """
    return growth(returns, start=start)


def link_returns(returns: Table) -> Figure:
    """Return of several periods that follow each other.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Product of 1 + r, less one, fraction.

    Notes
    -----
    Convention: a chain with a missing link has no answer: NaN. `cumulative_return` leaves missing ones out. No period at all is NaN.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> round(link_returns([0.1, -0.5]), 6)
    -0.45
    """
    cells = cells_of(returns)
    return figure_like(returns, _linked(cells) if len(cells) else np.full(cells.shape[1], np.nan))


def cumulative_return(returns: Table) -> Figure:
    """Return over all periods that have one.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction.

    Notes
    -----
    Convention: compounded; a NaN period counts as none; NaN if there is none at all.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> round(cumulative_return([0.1, None, -0.5]), 6)
    -0.45
    """
    cells = cells_of(returns)
    return figure_like(returns, np.where(_counts(cells) > 0, _linked(np.nan_to_num(cells)), np.nan))


def annualise(total: float, days: float, *, calendar_base: float = 365.25, minimum_days: float = 365.0) -> float:
    """Return a year of the return over a number of days.

    Parameters
    ----------
    total
        Return of the whole window, fraction.
    days
        Calendar days from its opening close to its closing one.
    calendar_base
        Days of a year: 365.25 (default) or 365.
    minimum_days
        Below this a window is not annualised: NaN. 365 (default) is a year; 0 annualises anything.

    Returns
    -------
    float
        (1 + total) ** (calendar_base / days) - 1, fraction.

    Notes
    -----
    Convention: never annualised under a year; NaN also for a loss of more than everything, which has no root.

    References
    ----------
    GIPS Standards 2020, provision 4.A.2: returns for periods of less than one year must not be annualized.

    Examples
    --------
    >>> round(annualise(0.21, 730.5), 6), annualise(0.21, 90)
    (0.1, nan)
    """
    if not days > 0 or days < minimum_days or not total >= -1.0:
        return float("nan")
    return _power(1.0 + float(total), calendar_base / days) - 1.0


def annualised_return(
    returns: Table,
    *,
    periods_per_year: float = 252,
    method: str = "compounded",
    count_missing: bool = True,
    calendar_base: float | None = None,
    start: When | None = None,
    minimum_years: float = 0.0,
) -> Figure:
    """Return a year, from returns of periods.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    periods_per_year
        252 (default) for trading days, 12 for months, 52 for weeks.
    method
        ``compounded`` (default): growth to the power of periods a year over periods, less one; ``arithmetic``: mean times the periods;
        ``mean_first``: one plus the mean to the power of the periods, less one.
    count_missing
        Whether periods without a return count as time (default) or not.
    calendar_base
        365.25 or 365: years are calendar days over this instead of periods, from `start` to the last date.
    start
        The close that the first return starts from, for `calendar_base`; default the first date.
    minimum_years
        Shorter histories are NaN; 0 by default.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: NaN without any return, and for a compounded loss of more than everything.

    Raises
    ------
    InvalidInput
        An unknown method, no dates for a calendar base, or periods a year not above zero.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 "Annualised returns".

    Examples
    --------
    >>> round(annualised_return([0.01] * 12, periods_per_year=12), 6)
    0.126825
    """
    _choice("method", method, ("compounded", "arithmetic", "mean_first"))
    if not periods_per_year > 0:
        raise InvalidInput("periods_per_year", periods_per_year, "not above zero", hint="252 for trading days, 12 for months")
    cells = cells_of(returns)
    counts = _counts(cells)
    periods = np.full(cells.shape[1], float(len(cells))) if count_missing else counts
    years = periods / periods_per_year if calendar_base is None else np.full(cells.shape[1], _years(returns, start, calendar_base))
    mean = _mean(cells)
    results = {
        "compounded": lambda: _powers(1.0 + np.where(counts > 0, _linked(np.nan_to_num(cells)), np.nan), _inverse(years)) - 1.0,
        "arithmetic": lambda: mean * periods * _inverse(years),
        "mean_first": lambda: _powers(1.0 + mean, periods * _inverse(years)) - 1.0,
    }[method]()
    return figure_like(returns, np.where(years >= minimum_years, results, np.nan))


def arithmetic_mean(returns: Table, *, periods_per_year: float = 252) -> Figure:
    """Mean return times the periods of a year.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    periods_per_year
        252 (default); 1 gives the mean of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: NaN periods are left out.

    Examples
    --------
    >>> round(arithmetic_mean([0.1, 0.2], periods_per_year=1), 6)
    0.15
    """
    return figure_like(returns, _mean(cells_of(returns)) * periods_per_year)


def geometric_mean(returns: Table, *, periods_per_year: float = 252) -> Figure:
    """Constant return that would have led to the same wealth, a year.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    periods_per_year
        252 (default); 1 gives the mean of a period.

    Returns
    -------
    float, Series or ndarray
        Fraction a year.

    Notes
    -----
    Convention: NaN periods are left out and are no time.

    Examples
    --------
    >>> round(geometric_mean([0.1, -0.1], periods_per_year=1), 6)
    -0.005013
    """
    return annualised_return(returns, periods_per_year=periods_per_year, count_missing=False)


def arithmetic_excess(returns: Any, benchmark: Any) -> Any:  # noqa: ANN401 - numbers, series or frames alike
    """Return less the benchmark's.

    Parameters
    ----------
    returns, benchmark
        Numbers, Series, frames or arrays, fraction; Series are lined up by their index.

    Returns
    -------
    float, Series, DataFrame or ndarray
        r - b.

    Raises
    ------
    MisalignedSeries
        Shapes that do not go together.

    Examples
    --------
    >>> round(arithmetic_excess(0.1, 0.04), 6)
    0.06
    """
    left, right = _lined_up(returns, benchmark)
    return left - right


def geometric_excess(returns: Any, benchmark: Any) -> Any:  # noqa: ANN401 - as above
    """Wealth relative to the benchmark's, less one.

    Parameters
    ----------
    returns, benchmark
        Numbers, Series, frames or arrays, fraction; Series are lined up by their index.

    Returns
    -------
    float, Series, DataFrame or ndarray
        (1 + r) / (1 + b) - 1; NaN where the benchmark lost everything.

    Raises
    ------
    MisalignedSeries
        Shapes that do not go together.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 "Geometric excess returns".

    Examples
    --------
    >>> round(geometric_excess(0.1, 0.04), 6)
    0.057692
    """
    left, right = _lined_up(returns, benchmark)
    return _over(1.0 + left, 1.0 + right) - 1.0


def real_return(returns: Any, inflation: Any = None, *, price_index: pd.Series | None = None, start: When | None = None) -> Any:  # noqa: ANN401
    """Return after inflation.

    Parameters
    ----------
    returns
        Number, Series, frame or array, fraction.
    inflation
        Inflation of the same periods, fraction.
    price_index
        Instead of `inflation`: level of consumer prices by date. The level of a day is the last one on or before it.
    start
        The close that the first return starts from, with `price_index`; default the first date of `returns`, whose return is NaN then.

    Returns
    -------
    float, Series, DataFrame or ndarray
        (1 + r) / (1 + i) - 1.

    Notes
    -----
    Convention: an index that starts after a day gives NaN for it.

    Raises
    ------
    InvalidInput
        Neither or both of `inflation` and `price_index`, or an index beside returns without dates.
    MisalignedSeries
        Shapes that do not go together.

    References
    ----------
    Fisher, The Theory of Interest (1930), ch. 2.

    Examples
    --------
    >>> round(real_return(0.08, 0.03), 6)
    0.048544
    """
    if (inflation is None) == (price_index is None):
        raise InvalidInput("inflation", inflation, "give either inflation or a price index", hint="inflation=0.02, or price_index=levels by date")
    return geometric_excess(returns, inflation if price_index is None else _inflation(returns, price_index, start))


def hedged_return(local: Any, forward_premium: Any = 0.0) -> Any:  # noqa: ANN401 - numbers, series or frames alike
    """Return with the currency sold forward.

    Parameters
    ----------
    local
        Return in the asset's own currency, fraction.
    forward_premium
        Forward rate over spot rate, less one, of the same period; 0 (default) where it is not known.

    Returns
    -------
    float, Series, DataFrame or ndarray
        Local return plus forward premium, fraction.

    Notes
    -----
    Convention: the hedge is of the opening value, so the premium is added and not compounded.

    Raises
    ------
    MisalignedSeries
        Shapes that do not go together.

    References
    ----------
    Karnosky and Singer, Global Asset Management and Performance Attribution (1994), ch. 2.

    Examples
    --------
    >>> round(hedged_return(0.05, -0.01), 6)
    0.04
    """
    left, right = _lined_up(local, forward_premium)
    return left + right


def _ratios(prices: Table) -> Floats:
    cells = cells_of(prices, "prices")
    before = np.where(cells[:-1] > 0, cells[:-1], np.nan)
    ratios: Floats = np.where(np.abs(before) > _TINY, cells[1:], np.nan) / before
    return ratios


def _linked(cells: Floats) -> Floats:
    """Product of 1 + r less one, by logarithms where they are more exact."""
    small = (np.abs(cells) < 0.5).all(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.prod(1.0 + cells, axis=0) - 1.0
        exact = np.expm1(np.sum(np.log1p(np.where(small, cells, 0.0)), axis=0))
    linked: Floats = np.where(small, exact, whole)
    return np.where(np.isfinite(linked), linked, np.nan)


def _counts(cells: Floats) -> Floats:
    counts: Floats = (~np.isnan(cells)).sum(axis=0).astype(np.float64)
    return counts


def _mean(cells: Floats) -> Floats:
    counts = _counts(cells)
    mean: Floats = np.where(counts > 0, np.nansum(cells, axis=0), np.nan) / np.maximum(counts, 1.0)
    return mean


def _inverse(years: Floats) -> Floats:
    return 1.0 / np.where(years > 0, years, np.nan)


def _power(base: float, exponent: float) -> float:
    return float(_powers(np.array([base]), np.array([exponent]))[0])


def _powers(base: Floats, exponent: Floats) -> Floats:
    """Power of wealth; NaN for less than nothing, or beyond what a float holds."""
    with np.errstate(over="ignore", invalid="ignore"):
        grown = np.power(np.where(base >= 0, base, np.nan), exponent)
    finite: Floats = np.where(np.isfinite(grown), grown, np.nan)
    return finite


def _years(returns: Table, start: When | None, calendar_base: float) -> float:
    if not isinstance(returns, pd.Series | pd.DataFrame) or not isinstance(returns.index, pd.DatetimeIndex):
        raise InvalidInput("calendar_base", calendar_base, "the returns have no dates", hint="Give them a DatetimeIndex")
    if not len(returns):
        return float("nan")
    first = returns.index[0] if start is None else instant(start, field="start")
    return (returns.index[-1].tz_localize(None).normalize() - first.tz_localize(None).normalize()).days / calendar_base


def _lined_up(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401 - as the public functions
    """Both sides as floats or labelled; labels must agree."""
    labelled = [side for side in (left, right) if isinstance(side, pd.Series | pd.DataFrame)]
    if len(labelled) == 2 and not labelled[0].index.equals(labelled[1].index):
        raise MisalignedSeries("returns", "benchmark", reason="their dates differ")
    sides: list[Any] = [side if isinstance(side, pd.Series | pd.DataFrame) else np.asarray(side, dtype=np.float64) for side in (left, right)]
    if isinstance(sides[0], pd.DataFrame) and isinstance(sides[1], pd.Series):
        sides[1] = sides[1].to_numpy(dtype=np.float64)[:, None]
    try:
        np.broadcast_shapes(np.shape(sides[0]), np.shape(sides[1]))
    except ValueError as error:
        raise MisalignedSeries("returns", "benchmark", reason=f"{np.shape(sides[0])} against {np.shape(sides[1])}") from error
    left, right = (float(side) if np.ndim(side) == 0 else side for side in sides)
    return left, right


def _over(above: Any, below: Any) -> Any:  # noqa: ANN401 - as the public functions
    """Quotient that is NaN where there is nothing to divide by."""
    if isinstance(below, pd.Series | pd.DataFrame):
        return above / below.where(below.to_numpy() > 0)
    safe = np.where(np.asarray(below) > 0, below, np.nan)
    return above / (float(safe) if safe.ndim == 0 else safe)


def _inflation(returns: Any, price_index: pd.Series, start: When | None) -> pd.Series:  # noqa: ANN401 - as the public functions
    """Inflation of each period from the levels at its ends."""
    if not isinstance(returns, pd.Series | pd.DataFrame) or not isinstance(returns.index, pd.DatetimeIndex):
        raise InvalidInput("price_index", "", "the returns have no dates", hint="Give them a DatetimeIndex, or use inflation=")
    if not isinstance(price_index, pd.Series) or not isinstance(price_index.index, pd.DatetimeIndex):
        raise InvalidInput("price_index", "", "not levels by date", hint="Use a Series with a DatetimeIndex")
    levels = price_index.dropna().sort_index()
    at = levels.reindex(returns.index, method="ffill").to_numpy(dtype=np.float64)
    opening = np.nan if start is None else levels.asof(instant(start, field="start").normalize())
    before = np.concatenate([[opening], at[:-1]])
    return pd.Series(at / np.where(before > 0, before, np.nan) - 1.0, index=returns.index)


def _choice(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInput(field, value, f"{value} is not a choice", hint=f"Use one of {', '.join(known)}")
