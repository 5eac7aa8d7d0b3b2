"""Moments of one side of a target: how far returns fall short of it, and how far they rise above it."""

from __future__ import annotations

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.deviations import above_count, below_count
from engine.risk.sample import Sample, above_acceptable

ROOM = "Dispersion"


def lower_partial_moment_of(at: Sample, order: float = 2) -> Floats:
    """Kernel of `lower_partial_moment`, on returns less the target."""
    return side_of(at, order, below=True)


def higher_partial_moment_of(at: Sample, order: float = 2) -> Floats:
    """Kernel of `higher_partial_moment`, on returns less the target."""
    return side_of(at, order, below=False)


def downside_potential_of(at: Sample) -> Floats:
    """Kernel of `downside_potential`."""
    return side_of(at, 1, below=True)


def upside_potential_of(at: Sample) -> Floats:
    """Kernel of `upside_potential`."""
    return side_of(at, 1, below=False)


def lower_partial_moment(returns: Table, *, order: float = 2, target: float | Table = 0.0) -> Figure:
    """Mean of a power of how far returns stay below a target.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    order
        The power: 2 (default), 1 for the mean shortfall, 0 for how often; any number not below 0.
    target
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Fraction to the power, of a period.

    Notes
    -----
    Convention: mean of max(target - r, 0) to the power over all periods with a return, not annualised; NaN without any.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an order below 0.
    MisalignedSeries
        Targets of another length or with other labels.

    References
    ----------
    Fishburn 1977, "Mean-risk analysis with risk associated with below-target returns", American Economic Review 67, eq. 1.

    Examples
    --------
    >>> round(lower_partial_moment([0.01, -0.01, 0.03, -0.02], order=1), 6)
    0.0075
    """
    return figure_like(returns, side_of(above_acceptable(returns, target, "target"), _order(order), below=True), "lower_partial_moment")


def higher_partial_moment(returns: Table, *, order: float = 2, target: float | Table = 0.0) -> Figure:
    """Mean of a power of how far returns rise above a target.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    order
        The power: 2 (default), 1 for the mean excess, 0 for how often; any number not below 0.
    target
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Fraction to the power, of a period.

    Notes
    -----
    Convention: as `lower_partial_moment`, with max(r - target, 0).

    Raises
    ------
    InvalidInput
        A cell is not a number, or an order below 0.
    MisalignedSeries
        Targets of another length or with other labels.

    References
    ----------
    As in `lower_partial_moment`; Bacon, 2nd ed., ch. 4 "Upside risk".

    Examples
    --------
    >>> round(higher_partial_moment([0.01, -0.01, 0.03, -0.02], order=1), 6)
    0.01
    """
    return figure_like(returns, side_of(above_acceptable(returns, target, "target"), _order(order), below=False), "higher_partial_moment")


def downside_potential(returns: Table, *, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Mean shortfall below what is acceptable, of a period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period, not below 0.

    Notes
    -----
    Convention: `lower_partial_moment` of order 1.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Downside potential".

    Examples
    --------
    >>> round(downside_potential([0.01, -0.01, 0.03, -0.02]), 6)
    0.0075
    """
    return figure_like(returns, downside_potential_of(above_acceptable(returns, minimum_acceptable_return)), "downside_potential")


def upside_potential(returns: Table, *, minimum_acceptable_return: float | Table = 0.0) -> Figure:
    """Mean excess above what is acceptable, of a period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum_acceptable_return
        Of a period, default 0; or a series of one a period.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period, not below 0.

    Notes
    -----
    Convention: `higher_partial_moment` of order 1.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Upside potential".

    Examples
    --------
    >>> round(upside_potential([0.01, -0.01, 0.03, -0.02]), 6)
    0.01
    """
    return figure_like(returns, upside_potential_of(above_acceptable(returns, minimum_acceptable_return)), "upside_potential")


def _order(order: float) -> float:
    if not order >= 0:
        raise InvalidInput("order", order, "is below 0", hint="Use 2 for squares, 1 for the mean shortfall")
    return order


def side_of(at: Sample, order: float, *, below: bool) -> Floats:
    """Mean of one side's distance from 0 to a power; of order 0 how often."""
    if order == 0:
        return (below_count if below else above_count)(at) / at.atleast(1)
    sums = (at.below if below else at.above)(0.0, order)
    return sums / at.atleast(1)


TERMS: tuple[Term, ...] = (
    Term("lower_partial_moment", "Lower partial moment", ROOM, "number", "Mean square of how far returns stay below 0, of a period.",
         "Fishburn 1977", minimum=20, better="low"),
    Term("higher_partial_moment", "Higher partial moment", ROOM, "number", "Mean square of how far returns rise above 0, of a period.",
         "Fishburn 1977", minimum=20, better="high"),
    Term("downside_potential", "Downside potential", ROOM, "fraction", "Mean loss of a period, gains counted as 0.", "Bacon, 2nd ed., ch. 4",
         minimum=20, better="low"),
    Term("upside_potential", "Upside potential", ROOM, "fraction", "Mean gain of a period, losses counted as 0.", "Bacon, 2nd ed., ch. 4",
         minimum=20, better="high"),
)  # fmt: skip
