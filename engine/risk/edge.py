"""What an edge is worth: Kelly, ruin, expectancy, quality of a system, common sense, outliers."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, above_rate, level_of, quotient, sample
from engine.risk.wins import average_loss_of, average_win_of, loss_rate_of, payoff_ratio_of, profit_factor_of, win_rate_of


def kelly_criterion(returns: Table) -> Figure:
    """Share of wealth to stake, from win rate and payoff.

    Parameters
    ----------
    returns
        Simple returns of periods, or results of trades, of shape (n_periods,) or (n_periods, n_series).

    Returns
    -------
    float, Series or ndarray
        Fraction, below zero where the edge is the other side's; NaN without a win or without a loss.

    Notes
    -----
    Convention: p - (1 - p) / b with the win rate p among wins and losses and the payoff b. `continuous_kelly` is that of returns.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Kelly 1956, "A new interpretation of information rate"; Thorp 2006, "The Kelly criterion", eq. 2.2.

    Examples
    --------
    >>> round(kelly_criterion([0.02, -0.01, 0.03, -0.01]), 6)
    0.3
    """
    return figure_like(returns, kelly_criterion_of(sample(returns)), "kelly_criterion")


def continuous_kelly(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", ddof: int = 1, periods_per_year: float = 252
) -> Figure:
    """Leverage at which wealth grows fastest, from mean and variance.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year`` of `periods_per_year`.
    ddof
        1 (default) for a sample, 0 for a population.
    periods_per_year
        For a rate of a year.

    Returns
    -------
    float, Series or ndarray
        Multiple of wealth; NaN where no return differs.

    Notes
    -----
    Convention: mean over variance of the returns above the rate, of a period: that of a year is the same. Half of it is the usual stake.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `sharpe_ratio`.

    References
    ----------
    Thorp 2006, "The Kelly criterion in blackjack, sports betting and the stock market", eq. 7.3; PerformanceAnalytics, `KellyRatio`.

    Examples
    --------
    >>> round(continuous_kelly([0.02, -0.01, 0.03]), 6)
    30.769231
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, continuous_kelly_of(over, ddof), "continuous_kelly")


def risk_of_ruin(returns: Table, *, units: float = 10.0) -> Figure:
    """Chance to lose everything in equal stakes, by the rule of thumb.

    Parameters
    ----------
    returns
        As in `kelly_criterion`.
    units
        Stakes that the wealth is divided into, default 10.

    Returns
    -------
    float, Series or ndarray
        Fraction; 1 without an edge, NaN without win or loss.

    Notes
    -----
    Convention: ((1 - edge) / (1 + edge)) ^ units, edge = win rate less loss rate. A heuristic of even bets; `drawdown_probability` simulates
    the returns themselves. quantstats takes the win rate for the edge and the number of returns for the units.

    Raises
    ------
    InvalidInput
        A cell is not a number, or units not above zero.

    References
    ----------
    Vince 1990, Portfolio Management Formulas; Feller 1968, An Introduction to Probability Theory, ch. XIV.2.

    Examples
    --------
    >>> round(risk_of_ruin([0.02, 0.03, -0.01, 0.01, -0.01], units=5), 6)
    0.131687
    """
    if not units > 0:
        raise InvalidInput("units", units, "is not above zero", hint="Use 10")
    return figure_like(returns, risk_of_ruin_of(sample(returns), units), "risk_of_ruin")


def expectancy(returns: Table) -> Figure:
    """Mean result in units of the mean loss.

    Parameters
    ----------
    returns
        As in `kelly_criterion`.

    Returns
    -------
    float, Series or ndarray
        Multiples of the risk of a trade; NaN without a loss.

    Notes
    -----
    Convention: the mean loss stands for the risk of a trade, which Tharp calls R; periods without gain or loss are left out.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Tharp 2007, Trade Your Way to Financial Freedom, 2nd ed., ch. 7.

    Examples
    --------
    >>> round(expectancy([0.02, -0.01, 0.03, -0.01]), 6)
    0.75
    """
    return figure_like(returns, expectancy_of(sample(returns)), "expectancy")


def system_quality_number(returns: Table, *, ddof: int = 1) -> Figure:
    """Root of the number of results times mean over deviation.

    Parameters
    ----------
    returns
        As in `kelly_criterion`.
    ddof
        1 (default) for a sample, 0 for a population.

    Returns
    -------
    float, Series or ndarray
        A t-statistic of the mean: 2 is average, 3 good, 5 superb; NaN where no result differs.

    Notes
    -----
    Convention: all results count; Tharp stops at 100, so that many small trades do not flatter.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Tharp 2008, The Definitive Guide to Position Sizing.

    Examples
    --------
    >>> round(system_quality_number([0.02, -0.01, 0.03]), 6)
    1.1094
    """
    return figure_like(returns, system_quality_number_of(sample(returns), ddof), "system_quality_number")


def common_sense_ratio(returns: Table, *, level: float = 0.95) -> Figure:
    """Profit factor times tail ratio.

    Parameters
    ----------
    returns
        As in `kelly_criterion`.
    level
        Of the quantiles of the tail ratio, default 0.95.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a loss.

    Notes
    -----
    Convention: above 1 it makes money.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.

    References
    ----------
    Bandy 2014, "Common sense ratio"; quantstats, `common_sense_ratio`.

    Examples
    --------
    >>> round(common_sense_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    7.125
    """
    return figure_like(returns, common_sense_ratio_of(sample(returns), level_of(level)), "common_sense_ratio")


def kelly_criterion_of(at: Sample) -> Floats:
    """Kernel of `kelly_criterion`."""
    wins = win_rate_of(at)
    return wins - quotient(1.0 - wins, payoff_ratio_of(at))


def continuous_kelly_of(over: Sample, ddof: int = 1) -> Floats:
    """Kernel of `continuous_kelly`, on returns above the risk-free rate."""
    return quotient(over.mean, over.variance(ddof))


def risk_of_ruin_of(at: Sample, units: float = 10.0) -> Floats:
    """Kernel of `risk_of_ruin`."""
    edge = win_rate_of(at) - loss_rate_of(at)
    ruin: Floats = ((1.0 - np.maximum(edge, 0.0)) / (1.0 + np.maximum(edge, 0.0))) ** units
    return ruin


def expectancy_of(at: Sample) -> Floats:
    """Kernel of `expectancy`."""
    losses = loss_rate_of(at) * average_loss_of(at)
    wins = np.where(at.above(0.0, 0) > 0, win_rate_of(at) * average_win_of(at), 0.0)
    return quotient(wins + losses, -average_loss_of(at))


def system_quality_number_of(at: Sample, ddof: int = 1) -> Floats:
    """Kernel of `system_quality_number`."""
    return quotient(at.mean, at.deviation(ddof)) * np.sqrt(at.counts)


def common_sense_ratio_of(at: Sample, level: float = 0.95) -> Floats:
    """Kernel of `common_sense_ratio`."""
    return profit_factor_of(at) * np.abs(quotient(at.quantile(level), at.quantile(1.0 - level)))


_ROOM = "Wins and losses"

TERMS: tuple[Term, ...] = (
    Term("kelly_criterion", "Kelly criterion", _ROOM, "fraction", "Share of wealth to stake, from win rate and payoff.", "Kelly 1956", 60),
    Term("continuous_kelly", "Kelly leverage", _ROOM, "ratio", "Leverage at which wealth grows fastest, from mean and variance.", "Thorp 2006", 252),
    Term("risk_of_ruin", "Risk of ruin, rule of thumb", _ROOM, "fraction", "Chance to lose ten equal stakes in even bets: a heuristic.",
         "Vince 1990", 60, "low"),
    Term("expectancy", "Expectancy", _ROOM, "ratio", "Mean result in units of the mean loss.", "Tharp 2007", 30, "high"),
    Term("system_quality_number", "System quality number", _ROOM, "number", "How sure the mean result is: root of the number, mean by deviation.",
         "Tharp 2008", 30, "high"),
    Term("common_sense_ratio", "Common sense ratio", _ROOM, "ratio", "Profit factor times tail ratio.", "Bandy 2014", 60, "high"),
)
