"""Returns of prices, and what they link to: growth, cumulative return."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, figure_like, series_like
from engine.errors import InvalidInput

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
    one_of("missing", missing, ("nan", "flat"))
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
    Convention: a chain with a missing link, or with one below -100 % before its end, has no answer: NaN.
    `cumulative_return` leaves missing ones out. No period at all is NaN.

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
    return figure_like(returns, linked_growth(cells) if len(cells) else np.full(cells.shape[1], np.nan))


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
    return figure_like(returns, np.where(known_counts(cells) > 0, linked_growth(np.nan_to_num(cells)), np.nan))


def _ratios(prices: Table) -> Floats:
    cells = cells_of(prices, "prices")
    before = np.where(cells[:-1] > 0, cells[:-1], np.nan)
    ratios: Floats = np.where(np.abs(before) > _TINY, cells[1:], np.nan) / before
    return ratios


def linked_growth(cells: Floats) -> Floats:
    """Multiply 1 + r over the periods, less one; by logarithms where they are more exact.

    Parameters
    ----------
    cells
        ndarray of shape (n_periods, n_series), fraction.

    Returns
    -------
    ndarray of shape (n_series,)
        Fraction; NaN where a period is, or where more than everything was lost before the last one.
    """
    small = (np.abs(cells) < 0.5).all(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.prod(1.0 + cells, axis=0) - 1.0
        exact = np.expm1(np.sum(np.log1p(np.where(small, cells, 0.0)), axis=0))
    owed = (cells[:-1] < -1.0).any(axis=0)  # a debt has no returns that could follow
    linked: Floats = np.where(small, exact, whole)
    return np.where(np.isfinite(linked) & ~owed, linked, np.nan)


def known_counts(cells: Floats) -> Floats:
    """Count the periods that have a return.

    Parameters
    ----------
    cells
        ndarray of shape (n_periods, n_series).

    Returns
    -------
    ndarray of shape (n_series,)
        Numbers of periods.
    """
    counts: Floats = (~np.isnan(cells)).sum(axis=0).astype(np.float64)
    return counts


def one_of(field: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a choice that does not exist.

    Parameters
    ----------
    field
        Name of the convention.
    value
        What was asked for.
    known
        What there is.

    Raises
    ------
    InvalidInput
        Unknown.
    """
    if value not in known:
        raise InvalidInput(field, value, f"{value} is not a choice", hint=f"Use one of {', '.join(known)}")
