"""Return for time under water: Martin, pain, recovery factor, serenity."""

from __future__ import annotations

from engine.columns import Figure, Table, figure_like
from engine.risk.drawdown_ratios import martin_ratio_of, pain_ratio_of, recovery_factor_of, serenity_index_of
from engine.risk.sample import level_of, sample
from engine.risk.yearly import annual_rate


def martin_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252, method: str = "compounded"
) -> Figure:
    """Return a year above the risk-free rate over the ulcer index.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, periods_per_year
        As in `burke_ratio`.
    method
        As in `calmar_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where wealth never fell.

    Notes
    -----
    Convention: also called ulcer performance index. The ulcer index is divided by all periods, the return is one of a year.

    Raises
    ------
    InvalidInput
        As in `burke_ratio`.

    References
    ----------
    Martin and McCann 1989, The Investor's Guide to Fidelity Funds; Bacon, 2nd ed., p. 91.

    Examples
    --------
    >>> round(martin_ratio([0.1, -0.2, 0.5], periods_per_year=1), 6)
    0.83971
    """
    rate = annual_rate(risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, martin_ratio_of(sample(returns), periods_per_year, rate, method=method), "martin_ratio")


def pain_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252, method: str = "compounded"
) -> Figure:
    """Return a year above the risk-free rate over the pain index.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, periods_per_year, method
        As in `martin_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where wealth never fell.

    Notes
    -----
    Convention: the pain index is divided by all periods.

    Raises
    ------
    InvalidInput
        As in `burke_ratio`.

    References
    ----------
    Becker 2006, Zephyr Associates; Bacon, 2nd ed., p. 91.

    Examples
    --------
    >>> round(pain_ratio([0.1, -0.2, 0.5], periods_per_year=1), 6)
    1.45442
    """
    rate = annual_rate(risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, pain_ratio_of(sample(returns), periods_per_year, rate, method=method), "pain_ratio")


def recovery_factor(returns: Table) -> Figure:
    """Return of the whole history over the deepest drawdown.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Ratio, negative where money was lost; NaN where wealth never fell.

    Notes
    -----
    Convention: the compounded return, not the sum of returns that quantstats takes, and with its sign.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Trading practice: net profit over maximum drawdown.

    Examples
    --------
    >>> round(recovery_factor([0.1, -0.2, 0.5]), 6)
    1.6
    """
    return figure_like(returns, recovery_factor_of(sample(returns)), "recovery_factor")


def serenity_index(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", level: float = 0.95, periods_per_year: float = 252
) -> Figure:
    """Return a year above the risk-free rate over ulcer index times pitfall.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, periods_per_year
        As in `burke_ratio`.
    level
        Of the conditional drawdown at risk, default 0.95.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where wealth never fell.

    Notes
    -----
    Convention: the pitfall is the conditional drawdown at risk over the yearly volatility; return, volatility and rate are of a year, where
    quantstats mixes the sum of all returns with the deviation of a day.

    Raises
    ------
    InvalidInput
        As in `burke_ratio`, or a level outside of 0 to 1.

    References
    ----------
    KeyQuant 2015, "Introducing the Serenity ratio".

    Examples
    --------
    >>> round(serenity_index([0.1, -0.2, 0.5], periods_per_year=1), 6)
    1.474482
    """
    rate = annual_rate(risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, serenity_index_of(sample(returns), periods_per_year, rate, level=level_of(level)), "serenity_index")
