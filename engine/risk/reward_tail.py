"""Return for the risk of the tail, for the losses on the way, or for any risk at all; how straight the way was, and what outliers made of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.calendar_returns import returns_by
from engine.columns import Figure, Table, figure_like
from engine.risk.reward_kernels import (
    es_sharpe_ratio_of,
    ex_outlier_return_of,
    gain_to_pain_ratio_of,
    outlier_loss_ratio_of,
    outlier_win_ratio_of,
    stability_of,
    var_sharpe_ratio_of,
)
from engine.risk.sample import above_rate, level_of, quotient, sample


def var_sharpe_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", level: float = 0.95, interpolation: str = "linear",
    periods_per_year: float = 252,
) -> Figure:
    """Mean return above the risk-free rate for each unit of value at risk.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free, risk_free_basis, periods_per_year
        One rate, default 0, or a series of one a period; of a ``period`` (default) or of a ``year`` of so many.
    level
        Confidence, default 0.95.
    interpolation
        Of the historical quantile: ``linear`` (default), ``lower`` (the larger loss) or ``higher``.

    Returns
    -------
    float, Series or ndarray
        Ratio of a period; NaN where the value at risk is 0.

    Notes
    -----
    Convention: historical value at risk of the returns; with one of another method: `mean_risk_ratio`. Negative where that is a gain.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`, or a level outside of 0 to 1.

    References
    ----------
    Dowd 2000, "Adjusting for risk: an improved Sharpe ratio"; PerformanceAnalytics, `SharpeRatio(FUN = "VaR")`.

    Examples
    --------
    >>> round(var_sharpe_ratio([0.02, -0.01, 0.03, -0.02], level=0.75), 6)
    0.4
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, var_sharpe_ratio_of(over, sample(returns), level_of(level), interpolation), "var_sharpe_ratio")


def es_sharpe_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", level: float = 0.95, tail: str = "strict",
    periods_per_year: float = 252,
) -> Figure:
    """Mean return above the risk-free rate over the expected shortfall.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, level, periods_per_year
        As in `var_sharpe_ratio`.
    tail
        The mean of all returns up to the quantile (``strict``, default), or with the fraction of the last one (``weighted``).

    Returns
    -------
    float, Series or ndarray
        Ratio of a period; NaN where the shortfall is 0.

    Notes
    -----
    Convention: historical expected shortfall of the returns. Also called STARR, or conditional Sharpe ratio.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`, or a level outside of 0 to 1.

    References
    ----------
    Gregoriou and Gueyie 2003, "Risk-adjusted performance of funds of hedge funds using a modified Sharpe ratio"; Martin, Rachev and
    Siboulet 2003, "Phi-alpha optimal portfolios and extreme risk management".

    Examples
    --------
    >>> round(es_sharpe_ratio([0.02, -0.01, 0.03, -0.02], level=0.75), 6)
    0.25
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, es_sharpe_ratio_of(over, sample(returns), level_of(level), tail), "es_sharpe_ratio")


def mean_risk_ratio(
    returns: Table, risk: Callable[[Table], Figure], *, risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    periods_per_year: float = 252,
) -> Figure:
    """Mean return above the risk-free rate for each unit of any risk.

    Parameters
    ----------
    returns, risk_free, risk_free_basis, periods_per_year
        As in `var_sharpe_ratio`.
    risk
        Function of the returns, such as `cdar` or `max_drawdown`.

    Returns
    -------
    float, Series or ndarray
        Ratio of a period; NaN where there is no risk.

    Notes
    -----
    Convention: the risk without its sign, so that a drawdown below zero counts as one above.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`, or what the risk raises.

    References
    ----------
    skfolio, `RatioMeasure`: the mean over a risk measure.

    Examples
    --------
    >>> from engine import max_drawdown
    >>> round(mean_risk_ratio([0.02, -0.01, 0.03, -0.02], max_drawdown), 6)
    0.25
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, quotient(over.mean, np.abs(np.atleast_1d(np.asarray(risk(returns), dtype=np.float64)))), "mean_risk_ratio")


def gain_to_pain_ratio(returns: Table, *, by: str | None = None) -> Figure:
    """Sum of the returns over the sum of the losses.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    by
        ``month``, as Schwager does, ``week``, ``quarter`` or ``year``: link the returns to those of such periods first, which takes dates;
        None (default) takes them as they are.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where nothing was lost.

    Notes
    -----
    Convention: sums, not products; of months above 1 is good.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown period, or no dates.

    References
    ----------
    Schwager 2012, Market Sense and Nonsense, p. 319.

    Examples
    --------
    >>> round(gain_to_pain_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    1.5
    """
    linked = returns if by is None else returns_by(returns, by)
    return figure_like(returns, gain_to_pain_ratio_of(sample(linked)), "gain_to_pain_ratio")


def stability(returns: Table) -> Figure:
    """Share of the variance of log wealth that a straight line explains.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        R squared, 0 to 1; NaN for fewer than two returns, without growth, or after a total loss.

    Notes
    -----
    Convention: least squares of the running sum of ln(1 + r) on the number of the period; missing returns are left out.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    empyrical, `stability_of_timeseries`.

    Examples
    --------
    >>> round(stability([0.02, -0.01, 0.03, 0.01]), 6)
    0.716369
    """
    return figure_like(returns, stability_of(sample(returns)), "stability")


def outlier_win_ratio(returns: Table, *, level: float = 0.99) -> Figure:
    """High quantile over the mean win.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Of the quantile, default 0.99.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a win.

    Notes
    -----
    Convention: linear quantile of all returns; a win is above zero.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.

    References
    ----------
    quantstats, `outlier_win_ratio`.

    Examples
    --------
    >>> round(outlier_win_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    1.188
    """
    return figure_like(returns, outlier_win_ratio_of(sample(returns), level_of(level)), "outlier_win_ratio")


def outlier_loss_ratio(returns: Table, *, level: float = 0.99) -> Figure:
    """Low quantile over the mean loss.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        1 less that of the quantile, default 0.99.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a loss.

    Notes
    -----
    Convention: linear quantile of all returns; a loss is below zero.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.

    References
    ----------
    quantstats, `outlier_loss_ratio`.

    Examples
    --------
    >>> round(outlier_loss_ratio([0.02, -0.01, 0.03, -0.02]), 6)
    1.313333
    """
    return figure_like(returns, outlier_loss_ratio_of(sample(returns), level_of(level)), "outlier_loss_ratio")


def ex_outlier_return(returns: Table, *, level: float = 0.95) -> Figure:
    """Return without the best periods.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Periods below this quantile count, default 0.95: the best twentieth is left out.

    Returns
    -------
    float, Series or ndarray
        Compounded return of what is left, fraction; NaN without any.

    Notes
    -----
    Convention: below the linear quantile, strictly.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.

    References
    ----------
    quantstats, `remove_outliers`.

    Examples
    --------
    >>> round(ex_outlier_return([0.02, -0.01, 0.03, -0.01]), 6)
    -0.000298
    """
    return figure_like(returns, ex_outlier_return_of(sample(returns), level_of(level)), "ex_outlier_return")
