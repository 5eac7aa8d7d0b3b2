"""Return for the deepest drawdowns: Calmar, MAR, Sterling, Burke."""

from __future__ import annotations

from engine.columns import Figure, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.drawdown_ratios import burke_ratio_of, calmar_ratio_of, sterling_ratio_of
from engine.risk.sample import sample
from engine.risk.yearly import annual_rate


def calmar_ratio(returns: Table, *, years: float | None = None, periods_per_year: float = 252, method: str = "compounded") -> Figure:
    """Return a year over the deepest drawdown.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    years
        Count the last so many only, 3 as Young did; None (default) counts all, as empyrical, quantstats and PerformanceAnalytics do.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        ``compounded`` (default), ``arithmetic`` or ``mean_first``, as in `annualised_return`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where wealth never fell.

    Notes
    -----
    Convention: drawdown compounded, from wealth 1 before the first return. Without `years` it is the MAR ratio.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method, or years or periods a year not above zero.

    References
    ----------
    Young 1991, "Calmar ratio: a smoother tool", Futures 20(1).

    Examples
    --------
    >>> round(calmar_ratio([0.1, -0.2, 0.5], periods_per_year=1), 6)
    0.484807
    """
    if years is not None and not years > 0:
        raise InvalidInput("years", years, "is not above zero", hint="Use 3, or None for all")
    return figure_like(returns, calmar_ratio_of(sample(returns), periods_per_year, years=years, method=method), "calmar_ratio")


def mar_ratio(returns: Table, *, periods_per_year: float = 252, method: str = "compounded") -> Figure:
    """Return a year since inception over the deepest drawdown.

    Parameters
    ----------
    returns, periods_per_year, method
        As in `calmar_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where wealth never fell.

    Notes
    -----
    Convention: always of all periods.

    Raises
    ------
    InvalidInput
        As in `calmar_ratio`.

    References
    ----------
    Rotella, Managed Account Reports; Bacon, 2nd ed., p. 89.

    Examples
    --------
    >>> round(mar_ratio([0.1, -0.2, 0.5], periods_per_year=1), 6)
    0.484807
    """
    return figure_like(returns, calmar_ratio_of(sample(returns), periods_per_year, method=method), "mar_ratio")


def sterling_ratio(
    returns: Table, *, excess: float = 0.1, drawdown: str = "annual", periods_per_year: float = 252, method: str = "compounded"
) -> Figure:
    """Return a year over a drawdown plus a tenth.

    Parameters
    ----------
    returns, periods_per_year, method
        As in `calmar_ratio`.
    excess
        Added to the drawdown, default 0.1.
    drawdown
        The mean of the deepest of each year (``annual``, default), the deepest of all (``max``, as PerformanceAnalytics), or the mean of all
        (``average``).

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without any return.

    Notes
    -----
    Convention: years are counted back from the last period; each starts at a peak of its own; a first part of a year counts as one.

    Raises
    ------
    InvalidInput
        As in `calmar_ratio`, or an unknown choice.

    References
    ----------
    Kestner 1996, "Getting a handle on true performance", Futures 25(1); Bacon, 2nd ed., p. 90.

    Examples
    --------
    >>> round(sterling_ratio([0.1, -0.2, 0.5], drawdown="max", periods_per_year=1), 6)
    0.323204
    """
    found = sterling_ratio_of(sample(returns), periods_per_year, excess=excess, drawdown=drawdown, method=method)
    return figure_like(returns, found, "sterling_ratio")


def burke_ratio(
    returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    modified: bool = False,
    episodes: str = "losing",
    compounded: bool = False,
    periods_per_year: float = 252,
) -> Figure:
    """Return a year above the risk-free rate over the drawdowns' root.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free, risk_free_basis
        One rate, default 0, or a series of one a period; of a ``period`` (default) or of a ``year``.
    modified
        Times the root of the number of periods; default not.
    episodes
        ``losing`` (default): each run of periods with a return below zero, as Bacon counts; ``peak``: from a peak until wealth is back at it.
    compounded
        Whether the returns of a run are compounded, or summed (default), as in Bacon's example.
    periods_per_year
        252 (default) for trading days, 12 for months.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where nothing was lost.

    Notes
    -----
    Convention: the return is compounded whatever the drawdowns are; `modified_burke_ratio` is the same with `modified`.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown choice.

    References
    ----------
    Burke 1994, "A sharper Sharpe ratio", Futures 23(3); Bacon, 2nd ed., p. 90, whose example gives 0.74 and, modified, 3.65.

    Examples
    --------
    >>> round(burke_ratio([0.1, -0.2, 0.5, -0.1], periods_per_year=1), 6)
    0.196813
    """
    rate = annual_rate(risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    ratio = burke_ratio_of(sample(returns), periods_per_year, rate, modified=modified, episodes=episodes, compounded=compounded)
    return figure_like(returns, ratio, "burke_ratio")


def modified_burke_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", episodes: str = "losing", compounded: bool = False,
    periods_per_year: float = 252,
) -> Figure:
    """Burke ratio times the root of the number of periods.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, episodes, compounded, periods_per_year
        As in `burke_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where nothing was lost.

    Notes
    -----
    Convention: the periods that have a return; so the drawdowns are averaged over them.

    Raises
    ------
    InvalidInput
        As in `burke_ratio`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 91.

    Examples
    --------
    >>> round(modified_burke_ratio([0.1, -0.2, 0.5, -0.1], periods_per_year=1), 6)
    0.393626
    """
    rate = annual_rate(risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    ratio = burke_ratio_of(sample(returns), periods_per_year, rate, modified=True, episodes=episodes, compounded=compounded)
    return figure_like(returns, ratio, "modified_burke_ratio")
