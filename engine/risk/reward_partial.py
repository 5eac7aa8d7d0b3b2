"""What lies above a target for what lies below it: omega, kappa and their kin."""

from __future__ import annotations

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.reward import DENOMINATORS, beyond, shortfall_of
from engine.risk.sample import Sample, quotient, sample

LOSS_AVERSION = 2.25


def omega_ratio(
    returns: Table, *, minimum_acceptable_return: float | Table = 0.0, risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    periods_per_year: float = 252,
) -> Figure:
    """Mean gain above what is acceptable over the mean shortfall below it.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.
    risk_free, risk_free_basis, periods_per_year
        Rate taken off the returns before, default 0; of a ``period`` (default) or of a ``year`` of so many.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where no return is below.

    Notes
    -----
    Convention: 1 where the target is the mean.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown choice.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Keating and Shadwick 2002, "A universal performance measure"; Bacon, 2nd ed., p. 95.

    Examples
    --------
    >>> omega_ratio([0.02, -0.01, 0.03, -0.01])
    2.5
    """
    over = beyond(returns, minimum_acceptable_return, risk_free, risk_free_basis, periods_per_year)
    return figure_like(returns, omega_ratio_of(over), "omega_ratio")


def omega_sharpe_ratio(
    returns: Table, *, minimum_acceptable_return: float | Table = 0.0, risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    periods_per_year: float = 252,
) -> Figure:
    """Mean return above what is acceptable over the mean shortfall below it.

    Parameters
    ----------
    returns, minimum_acceptable_return, risk_free, risk_free_basis, periods_per_year
        As in `omega_ratio`.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where no return is below.

    Notes
    -----
    Convention: omega less 1.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `omega_ratio`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., p. 95.

    Examples
    --------
    >>> omega_sharpe_ratio([0.02, -0.01, 0.03, -0.01])
    1.5
    """
    over = beyond(returns, minimum_acceptable_return, risk_free, risk_free_basis, periods_per_year)
    return figure_like(returns, omega_sharpe_ratio_of(over), "omega_sharpe_ratio")


def kappa(returns: Table, *, order: float = 3, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Mean return above what is acceptable over a lower partial moment.

    Parameters
    ----------
    returns, minimum_acceptable_return
        As in `omega_ratio`.
    order
        Power of the moment, and its root: 1 is omega less 1, 2 the Sortino ratio of a period, 3 (default) weighs the tail more.

    Returns
    -------
    float, Series or ndarray
        Ratio of a period; NaN where no return is below.

    Notes
    -----
    Convention: the moment is divided by all periods; not annualised.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an order not above zero.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Kaplan and Knowles 2004, "Kappa: a generalized downside risk-adjusted performance measure", eq. 6; Bacon, 2nd ed., p. 96.

    Examples
    --------
    >>> round(kappa([0.02, -0.01, 0.03, -0.01], order=2), 6)
    1.06066
    """
    if not order > 0:
        raise InvalidInput("order", order, "is not above zero", hint="Use 1, 2, 3 or 4")
    return figure_like(returns, kappa_of(beyond(returns, minimum_acceptable_return), order), "kappa")


def upside_potential_ratio(returns: Table, *, minimum_acceptable_return: float | Table = 0.0, denominator: str = "all") -> Figure:
    """Mean gain above what is acceptable over the downside deviation.

    Parameters
    ----------
    returns, minimum_acceptable_return
        As in `omega_ratio`.
    denominator
        Both are divided by ``all`` periods (default), or each by those on its own side (``below``).

    Returns
    -------
    float, Series or ndarray
        Ratio of a period; NaN where no return is below.

    Notes
    -----
    Convention: not annualised.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown choice.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Sortino, van der Meer and Plantinga 1999, "The Dutch triangle".

    Examples
    --------
    >>> round(upside_potential_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    1.767767
    """
    one_of("denominator", denominator, DENOMINATORS)
    return figure_like(returns, upside_potential_ratio_of(beyond(returns, minimum_acceptable_return), denominator), "upside_potential_ratio")


def bernardo_ledoit_ratio(returns: Table) -> Figure:
    """Sum of the gains over the sum of the losses.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where nothing was lost.

    Notes
    -----
    Convention: omega at 0.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bernardo and Ledoit 2000, "Gain, loss, and asset pricing"; Bacon, 2nd ed., p. 95.

    Examples
    --------
    >>> bernardo_ledoit_ratio([0.02, -0.01, 0.03, -0.01])
    2.5
    """
    return figure_like(returns, omega_ratio_of(sample(returns)), "bernardo_ledoit_ratio")


def d_ratio(returns: Table) -> Figure:
    """Losses times how many, over gains times how many.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        From 0, no losses, upwards; NaN where nothing was gained.

    Notes
    -----
    Convention: like omega upside down, with the frequency in it; lower is better.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Dowd 2000; Bacon, 2nd ed., p. 95.

    Examples
    --------
    >>> round(d_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    0.4
    """
    return figure_like(returns, d_ratio_of(sample(returns)), "d_ratio")


def prospect_ratio(returns: Table, *, minimum_acceptable_return: float = 0.0, loss_aversion: float = LOSS_AVERSION) -> Figure:
    """Mean return with losses felt more, over the downside deviation.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0.
    loss_aversion
        How much more a loss is felt than a gain, default 2.25.

    Returns
    -------
    float, Series or ndarray
        Ratio of a period; NaN where no return is below what is acceptable.

    Notes
    -----
    Convention: the target is taken off the mean; PerformanceAnalytics divides it by the periods as well.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Watanabe 2006, "Is Sharpe ratio still effective?"; Kahneman and Tversky 1979; Bacon, 2nd ed., p. 100.

    Examples
    --------
    >>> round(prospect_ratio([0.02, -0.01, 0.03, -0.01]), 6)
    0.176777
    """
    found = prospect_ratio_of(sample(returns), beyond(returns, minimum_acceptable_return), loss_aversion)
    return figure_like(returns, found, "prospect_ratio")


def omega_ratio_of(over: Sample) -> Floats:
    """Kernel of `omega_ratio`, on returns less what is acceptable; at 0 that of `bernardo_ledoit_ratio`."""
    return quotient(over.above(0.0, 1), over.below(0.0, 1))


def omega_sharpe_ratio_of(over: Sample) -> Floats:
    """Kernel of `omega_sharpe_ratio`, on returns less what is acceptable."""
    return omega_ratio_of(over) - 1.0


def kappa_of(over: Sample, order: float = 3) -> Floats:
    """Kernel of `kappa`, on returns less what is acceptable."""
    return quotient(over.mean, (over.below(0.0, order) / over.atleast(1)) ** (1.0 / order))


def upside_potential_ratio_of(over: Sample, denominator: str = "all") -> Floats:
    """Kernel of `upside_potential_ratio`, on returns less what is acceptable."""
    divisor = over.atleast(1) if denominator == "all" else over.above(0.0, 0)
    return quotient(quotient(over.above(0.0, 1), divisor), shortfall_of(over, denominator))


def d_ratio_of(at: Sample) -> Floats:
    """Kernel of `d_ratio`."""
    return quotient(at.below(0.0, 0) * at.below(0.0, 1), at.above(0.0, 0) * at.above(0.0, 1))


def prospect_ratio_of(at: Sample, over: Sample, loss_aversion: float = LOSS_AVERSION) -> Floats:
    """Kernel of `prospect_ratio`, on returns, and on returns less what is acceptable."""
    felt = (at.above(0.0, 1) - loss_aversion * at.below(0.0, 1)) / at.atleast(1)
    return quotient(felt - (at.mean - over.mean), shortfall_of(over))


_ROOM = "Reward for risk"

TERMS: tuple[Term, ...] = (
    Term("omega_ratio", "Omega", _ROOM, "ratio", "Gains above the target for each unit of shortfall below it.",
         "Keating and Shadwick 2002", 30, "high"),
    Term("omega_sharpe_ratio", "Omega-Sharpe ratio", _ROOM, "ratio", "Return above the target for each unit of shortfall.", "Bacon 2008, p. 95",
         30, "high"),
    Term("kappa", "Kappa 3", _ROOM, "ratio", "Return above the target for each unit of tail-weighted shortfall.",
         "Kaplan and Knowles 2004", 60, "high"),
    Term("upside_potential_ratio", "Upside potential ratio", _ROOM, "ratio", "Gains above the target for each unit of downside deviation.",
         "Sortino, van der Meer and Plantinga 1999", 30, "high"),
    Term("bernardo_ledoit_ratio", "Gain-loss ratio", _ROOM, "ratio", "Sum of the gains for each unit of losses.",
         "Bernardo and Ledoit 2000", 30, "high"),
    Term("d_ratio", "D ratio", _ROOM, "ratio", "Losses against gains, with how often each happens.", "Dowd 2000; Bacon 2008, p. 95", 30, "low"),
    Term("prospect_ratio", "Prospect ratio", _ROOM, "ratio", "Return with losses felt 2.25 times, for each unit of downside deviation.",
         "Watanabe 2006", 30, "high"),
)
