"""Wins and losses of periods or of trades: how often, how large, and what both say together."""

from __future__ import annotations

from engine.columns import Figure, Floats, Table, figure_like
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, quotient, sample

ZEROS = ("left_out", "counted")


def win_rate(returns: Table, *, zero: str = "left_out") -> Figure:
    """Share of the periods that won something.

    Parameters
    ----------
    returns
        Simple returns of periods, or results of trades, of shape (n_periods,) or (n_periods, n_series).
    zero
        A period without gain or loss is ``left_out`` (default, as quantstats), or ``counted`` as one that did not win.

    Returns
    -------
    float, Series or ndarray
        Fraction; NaN without any that counts.

    Notes
    -----
    Convention: missing returns are left out. Of weeks or months: `returns_by` first.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown choice.

    References
    ----------
    Trading practice: winners over winners and losers.

    Examples
    --------
    >>> win_rate([0.02, -0.01, 0.0, 0.03, -0.01])
    0.5
    """
    one_of("zero", zero, ZEROS)
    return figure_like(returns, win_rate_of(sample(returns), zero), "win_rate")


def loss_rate(returns: Table, *, zero: str = "left_out") -> Figure:
    """Share of the periods that lost something.

    Parameters
    ----------
    returns, zero
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        Fraction; NaN without any that counts.

    Notes
    -----
    Convention: as in `win_rate`.

    Raises
    ------
    InvalidInput
        As in `win_rate`.

    References
    ----------
    Trading practice: losers over winners and losers.

    Examples
    --------
    >>> loss_rate([0.02, -0.01, 0.0, 0.03, -0.01], zero="counted")
    0.4
    """
    one_of("zero", zero, ZEROS)
    return figure_like(returns, loss_rate_of(sample(returns), zero), "loss_rate")


def average_win(returns: Table) -> Figure:
    """Mean of the periods that won something.

    Parameters
    ----------
    returns
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        In the unit of what came in; NaN without a win.

    Notes
    -----
    Convention: above zero.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Trading practice.

    Examples
    --------
    >>> average_win([0.02, -0.01, 0.0, 0.03, -0.01])
    0.025
    """
    return figure_like(returns, average_win_of(sample(returns)), "average_win")


def average_loss(returns: Table) -> Figure:
    """Mean of the periods that lost something.

    Parameters
    ----------
    returns
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        Below zero, in the unit of what came in; NaN without a loss.

    Notes
    -----
    Convention: with its sign.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Trading practice.

    Examples
    --------
    >>> average_loss([0.02, -0.01, 0.0, 0.03, -0.01])
    -0.01
    """
    return figure_like(returns, average_loss_of(sample(returns)), "average_loss")


def payoff_ratio(returns: Table) -> Figure:
    """Mean win over mean loss.

    Parameters
    ----------
    returns
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a win or without a loss.

    Notes
    -----
    Convention: the loss without its sign; also called win-loss ratio.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Trading practice.

    Examples
    --------
    >>> payoff_ratio([0.02, -0.01, 0.03, -0.01])
    2.5
    """
    return figure_like(returns, payoff_ratio_of(sample(returns)), "payoff_ratio")


def profit_factor(returns: Table) -> Figure:
    """Sum of the wins over the sum of the losses.

    Parameters
    ----------
    returns
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a loss.

    Notes
    -----
    Convention: of returns it is `bernardo_ledoit_ratio`, of the results of trades what traders call by this name.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Trading practice: gross profit over gross loss.

    Examples
    --------
    >>> profit_factor([0.02, -0.01, 0.03, -0.01])
    2.5
    """
    return figure_like(returns, profit_factor_of(sample(returns)), "profit_factor")


def profit_ratio(returns: Table) -> Figure:
    """Mean win over the win rate, against mean loss over the loss rate.

    Parameters
    ----------
    returns
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a win or without a loss.

    Notes
    -----
    Convention: periods without gain or loss count on neither side.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    quantstats, `profit_ratio`, which counts periods without gain as wins.

    Examples
    --------
    >>> round(profit_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    2.5
    """
    return figure_like(returns, profit_ratio_of(sample(returns)), "profit_ratio")


def cpc_index(returns: Table) -> Figure:
    """Profit factor times win rate times payoff.

    Parameters
    ----------
    returns
        As in `win_rate`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN without a win or without a loss.

    Notes
    -----
    Convention: above 1.2 is called worth trading.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Pardo 2008, The Evaluation and Optimization of Trading Strategies; quantstats, `cpc_index`.

    Examples
    --------
    >>> round(cpc_index([0.02, -0.01, 0.03, -0.01]), 6)
    3.125
    """
    return figure_like(returns, cpc_index_of(sample(returns)), "cpc_index")


def win_rate_of(at: Sample, zero: str = "left_out") -> Floats:
    """Kernel of `win_rate`."""
    return _share(at, at.above(0.0, 0), zero)


def loss_rate_of(at: Sample, zero: str = "left_out") -> Floats:
    """Kernel of `loss_rate`."""
    return _share(at, at.below(0.0, 0), zero)


def average_win_of(at: Sample) -> Floats:
    """Kernel of `average_win`."""
    return quotient(at.above(0.0, 1), at.above(0.0, 0))


def average_loss_of(at: Sample) -> Floats:
    """Kernel of `average_loss`."""
    return -quotient(at.below(0.0, 1), at.below(0.0, 0))


def payoff_ratio_of(at: Sample) -> Floats:
    """Kernel of `payoff_ratio`."""
    return quotient(average_win_of(at), -average_loss_of(at))


def profit_factor_of(at: Sample) -> Floats:
    """Kernel of `profit_factor`."""
    return quotient(at.above(0.0, 1), at.below(0.0, 1))


def profit_ratio_of(at: Sample) -> Floats:
    """Kernel of `profit_ratio`."""
    return quotient(quotient(average_win_of(at), win_rate_of(at)), quotient(-average_loss_of(at), loss_rate_of(at)))


def cpc_index_of(at: Sample) -> Floats:
    """Kernel of `cpc_index`."""
    found: Floats = profit_factor_of(at) * win_rate_of(at) * payoff_ratio_of(at)
    return found


def _share(at: Sample, chosen: Floats, zero: str) -> Floats:
    return quotient(chosen, at.atleast(1) if zero == "counted" else at.above(0.0, 0) + at.below(0.0, 0))


_ROOM, _PRACTICE = "Wins and losses", "Trading practice"

TERMS: tuple[Term, ...] = (
    Term("win_rate", "Win rate", _ROOM, "fraction", "Share of the periods with a gain or loss that gained.", _PRACTICE, 30, "high"),
    Term("loss_rate", "Loss rate", _ROOM, "fraction", "Share of the periods with a gain or loss that lost.", _PRACTICE, 30, "low"),
    Term("average_win", "Average win", _ROOM, "fraction", "Mean of the periods that gained.", _PRACTICE, 30, "high"),
    Term("average_loss", "Average loss", _ROOM, "fraction", "Mean of the periods that lost.", _PRACTICE, 30, "high"),
    Term("payoff_ratio", "Payoff ratio", _ROOM, "ratio", "Mean win for each unit of mean loss.", _PRACTICE, 30, "high"),
    Term("profit_factor", "Profit factor", _ROOM, "ratio", "Sum of the wins for each unit of losses.", _PRACTICE, 30, "high"),
    Term("profit_ratio", "Profit ratio", _ROOM, "ratio", "Mean win over how often, against mean loss over how often.", "quantstats", 30, "high"),
    Term("cpc_index", "CPC index", _ROOM, "ratio", "Profit factor times win rate times payoff.", "Pardo 2008", 30, "high"),
)
