"""How far apart the two tails of returns lie: a measure of the falls plus the same measure of the rises."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.gini import tail_gini_of
from engine.risk.sample import INTERPOLATIONS, Sample, level_of, mirrored, sample
from engine.risk.var.entropic import entropic_value_at_risk_of
from engine.risk.var.historical import mean_beyond
from engine.risk.var.relativistic import relativistic_value_at_risk_of
from engine.risk.var.ways import TAILS, Ways

ROOM = "Dispersion"


def return_range_of(at: Sample) -> Floats:
    """Kernel of `return_range`."""
    return at.highest - at.lowest


def value_at_risk_range_of(at: Sample, level: float = 0.95, interpolation: str = "linear") -> Floats:
    """Kernel of `value_at_risk_range`."""
    return -at.quantile(1.0 - level, interpolation) - mirrored(at).quantile(1.0 - level, interpolation)


def expected_shortfall_range_of(at: Sample, ways: Ways | None = None) -> Floats:
    """Kernel of `expected_shortfall_range`."""
    ways = ways or Ways()
    return sum((mean_beyond(side, side.quantile(ways.share, ways.interpolation), ways) for side in (at, mirrored(at))), np.zeros_like(at.counts))


def tail_gini_range_of(at: Sample, level: float = 0.95, points: int = 100) -> Floats:
    """Kernel of `tail_gini_range`."""
    return tail_gini_of(at, level, points) + tail_gini_of(mirrored(at), level, points)


def entropic_value_at_risk_range_of(at: Sample, level: float = 0.95) -> Floats:
    """Kernel of `entropic_value_at_risk_range`."""
    return entropic_value_at_risk_of(at, level) + entropic_value_at_risk_of(mirrored(at), level)


def relativistic_value_at_risk_range_of(at: Sample, level: float = 0.95, deformation: float = 0.3) -> Floats:
    """Kernel of `relativistic_value_at_risk_range`."""
    return relativistic_value_at_risk_of(at, level, deformation) + relativistic_value_at_risk_of(mirrored(at), level, deformation)


def return_range(returns: Table) -> Figure:
    """Highest return less the lowest.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN without returns.

    Notes
    -----
    Convention: `worst_realisation` of the returns plus that of their mirror.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Cajas 2021, "OWA portfolio optimization: a disciplined convex programming framework", range (RG).

    Examples
    --------
    >>> round(return_range([0.01, -0.01, 0.03, -0.05]), 6)
    0.08
    """
    return figure_like(returns, return_range_of(sample(returns)), "return_range")


def value_at_risk_range(returns: Table, *, level: float = 0.95, interpolation: str = "linear") -> Figure:
    """High quantile of returns less the low one.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence of both tails, default 0.95.
    interpolation
        As in `value_at_risk`: ``linear`` (default), ``lower`` (the larger loss, and the larger gain) or ``higher``.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN without returns.

    Notes
    -----
    Convention: historical value at risk of the returns plus that of their mirror.

    Raises
    ------
    InvalidInput
        A cell is not a number, a level outside of 0 to 1, or an unknown interpolation.

    References
    ----------
    Cajas 2023, Riskfolio-Lib, value at risk range (VRG).

    Examples
    --------
    >>> round(value_at_risk_range([0.01, -0.01, 0.03, -0.05], level=0.75), 6)
    0.035
    """
    one_of("interpolation", interpolation, INTERPOLATIONS)
    return figure_like(returns, value_at_risk_range_of(sample(returns), level_of(level), interpolation), "value_at_risk_range")


def expected_shortfall_range(returns: Table, *, level: float = 0.95, interpolation: str = "linear", tail: str = "strict") -> Figure:
    """Mean of the best returns less the mean of the worst.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence of both tails, default 0.95.
    interpolation, tail
        As in `expected_shortfall`.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN without returns.

    Notes
    -----
    Convention: historical expected shortfall (conditional value at risk) of the returns plus that of their mirror.

    Raises
    ------
    InvalidInput
        A cell is not a number, a level outside of 0 to 1, an unknown interpolation or tail.

    References
    ----------
    Cajas 2021, CVaR range (CVRG).

    Examples
    --------
    >>> round(expected_shortfall_range([0.01, -0.01, 0.03, -0.05], level=0.75), 6)
    0.08
    """
    one_of("tail", tail, TAILS)
    return figure_like(returns, expected_shortfall_range_of(sample(returns), Ways(level, interpolation, tail=tail)), "expected_shortfall_range")


def tail_gini_range(returns: Table, *, level: float = 0.95, points: int = 100) -> Figure:
    """Tail Gini of the falls plus that of the rises.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level, points
        As in `tail_gini`, of both tails.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN without returns.

    Notes
    -----
    Convention: `tail_gini` of the returns plus that of their mirror.

    Raises
    ------
    InvalidInput
        As in `tail_gini`.

    References
    ----------
    Cajas 2021, tail Gini range (TGRG).

    Examples
    --------
    >>> round(tail_gini_range([0.01, -0.01, 0.03, -0.05], level=0.5), 6)
    0.064998
    """
    if points < 3:
        raise InvalidInput("points", points, "is below 3", hint="Use 100")
    return figure_like(returns, tail_gini_range_of(sample(returns), level_of(level), points), "tail_gini_range")


def entropic_value_at_risk_range(returns: Table, *, level: float = 0.95) -> Figure:
    """Entropic value at risk of the falls plus that of the rises.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence of both tails, default 0.95.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN without returns.

    Notes
    -----
    Convention: `entropic_value_at_risk` of the returns plus that of their mirror.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.

    References
    ----------
    Cajas 2023, Riskfolio-Lib, entropic value at risk range (EVRG); Ahmadi-Javid 2012.

    Examples
    --------
    >>> round(entropic_value_at_risk_range([0.01, -0.01, 0.03, -0.05], level=0.5), 6)
    0.063695
    """
    return figure_like(returns, entropic_value_at_risk_range_of(sample(returns), level), "entropic_value_at_risk_range")


def relativistic_value_at_risk_range(returns: Table, *, level: float = 0.95, deformation: float = 0.3) -> Figure:
    """Relativistic value at risk of the falls plus that of the rises.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence of both tails, default 0.95.
    deformation
        As in `relativistic_value_at_risk`, default 0.3.

    Returns
    -------
    float, Series or ndarray
        Fraction of a period; NaN without returns.

    Notes
    -----
    Convention: `relativistic_value_at_risk` of the returns plus that of their mirror.

    Raises
    ------
    InvalidInput
        A cell is not a number, a level or a deformation outside of 0 to 1.

    References
    ----------
    Cajas 2023, "Portfolio optimization of relativistic value at risk", range (RVRG).

    Examples
    --------
    >>> round(relativistic_value_at_risk_range([0.01, -0.01, 0.03, -0.05], level=0.5), 6)
    0.065431
    """
    return figure_like(returns, relativistic_value_at_risk_range_of(sample(returns), level, deformation), "relativistic_value_at_risk_range")


TERMS: tuple[Term, ...] = (
    Term("return_range", "Range", ROOM, "fraction", "Highest return of a period less the lowest.", "Cajas 2021", better="low"),
    Term("value_at_risk_range", "VaR range", ROOM, "fraction", "Value at risk of the falls plus that of the rises.", "Cajas 2023",
         minimum=60, better="low"),
    Term("expected_shortfall_range", "ES range", ROOM, "fraction", "Mean of the best returns less the mean of the worst.", "Cajas 2021",
         minimum=60, better="low"),
    Term("tail_gini_range", "Tail Gini range", ROOM, "fraction", "Tail Gini of the falls plus that of the rises.", "Cajas 2021",
         minimum=100, better="low"),
    Term("entropic_value_at_risk_range", "EVaR range", ROOM, "fraction", "Entropic value at risk of the falls plus that of the rises.",
         "Ahmadi-Javid 2012; Cajas 2023", minimum=60, better="low"),
    Term("relativistic_value_at_risk_range", "RLVaR range", ROOM, "fraction", "Relativistic value at risk of the falls plus that of the rises.",
         "Cajas 2023", minimum=60, better="low"),
)  # fmt: skip
