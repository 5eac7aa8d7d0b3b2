"""Risk measured on drawdowns: ulcer and pain index, drawdown at risk and its tails."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.entropic import entropic_bound, entropic_of, relativistic_bound, relativistic_of
from engine.risk.falls import falls_of
from engine.risk.sample import Sample, level_of, quotient, sample

TAILS = ("weighted", "strict")


def ulcer_index(returns: Table, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Figure:
    """Root mean square of the drawdowns of all periods.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    compounded, peak_start, relative
        As in `drawdown_series`.

    Returns
    -------
    float, Series or ndarray
        Fraction >= 0; NaN without any return.

    Notes
    -----
    Convention: divided by all periods that have a return; quantstats divides by one less.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`.

    References
    ----------
    Martin and McCann 1989, The Investor's Guide to Fidelity Funds; Bacon, 2nd ed., p. 91.

    Examples
    --------
    >>> round(ulcer_index([0.1, -0.2, 0.1, -0.1]), 6)
    0.156256
    """
    falls = Sample(falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative))
    return figure_like(returns, _root_mean_square(falls), "ulcer_index")


def pain_index(returns: Table, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Figure:
    """Mean of the drawdowns of all periods.

    Parameters
    ----------
    returns, compounded, peak_start, relative
        As in `ulcer_index`.

    Returns
    -------
    float, Series or ndarray
        Fraction >= 0; NaN without any return.

    Notes
    -----
    Convention: the average drawdown of skfolio and Riskfolio; that of episodes is `average_drawdown`.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`.

    References
    ----------
    Becker 2006, Zephyr Associates; Bacon, 2nd ed., p. 90.

    Examples
    --------
    >>> round(pain_index([0.1, -0.2, 0.1, -0.1]), 6)
    0.132
    """
    falls = Sample(falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative))
    return figure_like(returns, -falls.mean, "pain_index")


def dar(
    returns: Table, *, level: float = 0.95, interpolation: str = "linear", compounded: bool = True, peak_start: str = "one", relative: bool = True
) -> Figure:
    """Drawdown that is not exceeded with a given confidence.

    Parameters
    ----------
    returns, compounded, peak_start, relative
        As in `ulcer_index`.
    level
        Confidence, default 0.95.
    interpolation
        Between two observations: ``linear`` (default), ``lower`` (the deeper) or ``higher``.

    Returns
    -------
    float, Series or ndarray
        Fraction >= 0; NaN without any return.

    Notes
    -----
    Convention: minus the (1 - level) quantile of the drawdowns of all periods.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`, or a level outside of 0 to 1.

    References
    ----------
    Chekhlov, Uryasev and Zabarankin 2005, "Drawdown measure in portfolio optimization", eq. 3.3.

    Examples
    --------
    >>> round(dar([0.1, -0.2, 0.1, -0.1], level=0.5), 6)
    0.16
    """
    falls = Sample(falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative))
    return figure_like(returns, -falls.quantile(1.0 - level_of(level), interpolation), "dar")


def cdar(
    returns: Table, *, level: float = 0.95, tail: str = "weighted", compounded: bool = True, peak_start: str = "one", relative: bool = True
) -> Figure:
    """Conditional drawdown at risk: the mean of the deepest drawdowns.

    Parameters
    ----------
    returns, compounded, peak_start, relative
        As in `ulcer_index`.
    level
        Confidence, default 0.95: the deepest 5 % count.
    tail
        The period at the quantile counts with its fraction (``weighted``, default, as defined, and as skfolio and Riskfolio do), or every
        drawdown at least as deep as the quantile counts whole (``strict``).

    Returns
    -------
    float, Series or ndarray
        Fraction >= 0; NaN without any return.

    Notes
    -----
    Convention: of the drawdowns of all periods.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`, an unknown tail, or a level outside of 0 to 1.

    References
    ----------
    Chekhlov, Uryasev and Zabarankin 2005, "Drawdown measure in portfolio optimization", eq. 3.5.

    Examples
    --------
    >>> round(cdar([0.1, -0.2, 0.1, -0.1], level=0.5), 6)
    0.204
    """
    one_of("tail", tail, TAILS)
    falls = Sample(falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative))
    return figure_like(returns, tail_mean_of(falls, level_of(level), tail), "cdar")


def edar(returns: Table, *, level: float = 0.95, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Figure:
    """Entropic drawdown at risk: the tightest exponential bound on them.

    Parameters
    ----------
    returns, compounded, peak_start, relative
        As in `ulcer_index`.
    level
        Confidence, default 0.95.

    Returns
    -------
    float, Series or ndarray
        Fraction >= 0, between `cdar` and the deepest; NaN without any return.

    Notes
    -----
    Convention: of the drawdowns of all periods.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`, or a level outside of 0 to 1.

    References
    ----------
    Ahmadi-Javid 2012, "Entropic value-at-risk"; Cajas 2021, "Entropic portfolio optimization", sec. 3.

    Examples
    --------
    >>> round(edar([0.1, -0.2, 0.1, -0.1], level=0.5), 6)
    0.204523
    """
    falls = falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative)
    return figure_like(returns, entropic_bound(-falls, level_of(level)), "edar")


def rldar(
    returns: Table, *, level: float = 0.95, kappa: float = 0.3, compounded: bool = True, peak_start: str = "one", relative: bool = True
) -> Figure:
    """Relativistic drawdown at risk: between the entropic and the deepest.

    Parameters
    ----------
    returns, compounded, peak_start, relative
        As in `ulcer_index`.
    level
        Confidence, default 0.95.
    kappa
        Deformation between 0, where it is `edar`, and 1, where it is the deepest; default 0.3 as in Riskfolio.

    Returns
    -------
    float, Series or ndarray
        Fraction >= 0; NaN without any return.

    Notes
    -----
    Convention: of the drawdowns of all periods.

    Raises
    ------
    InvalidInput
        As in `drawdown_series`, or a level or deformation outside of 0 to 1.

    References
    ----------
    Cajas 2023, "Portfolio optimization of relativistic value at risk", eq. 13.

    Examples
    --------
    >>> round(rldar([0.1, -0.2, 0.1, -0.1], level=0.5), 6)
    0.204758
    """
    if not 0.0 < kappa < 1.0:
        raise InvalidInput("kappa", kappa, "is not between 0 and 1", hint="Use 0.3")
    falls = falls_of(sample(returns), compounded=compounded, peak_start=peak_start, relative=relative)
    return figure_like(returns, relativistic_bound(-falls, level_of(level), kappa), "rldar")


def falling_of(at: Sample) -> Sample:
    """Give the drawdowns of a sample as a sample of their own."""
    return at.once("falling", lambda: Sample(falls_of(at)))  # type: ignore[no-any-return]


def ulcer_index_of(at: Sample) -> Floats:
    """Kernel of `ulcer_index`."""
    return at.once("ulcer_index", lambda: _root_mean_square(falling_of(at)))  # type: ignore[no-any-return]


def pain_index_of(at: Sample) -> Floats:
    """Kernel of `pain_index`."""
    return -falling_of(at).mean


def dar_of(at: Sample, level: float = 0.95) -> Floats:
    """Kernel of `dar`."""
    return -falling_of(at).quantile(1.0 - level)


def cdar_of(at: Sample, level: float = 0.95) -> Floats:
    """Kernel of `cdar`."""
    return at.once(("cdar", level), lambda: tail_mean_of(falling_of(at), level))  # type: ignore[no-any-return]


def edar_of(at: Sample, level: float = 0.95) -> Floats:
    """Kernel of `edar`."""
    return entropic_of(falling_of(at), level)


def rldar_of(at: Sample, level: float = 0.95, kappa: float = 0.3) -> Floats:
    """Kernel of `rldar`."""
    return relativistic_of(falling_of(at), level, kappa)


def tail_mean_of(at: Sample, level: float, tail: str = "weighted") -> Floats:
    """Mean loss of the lowest values of a sample, the last with the fraction of it that counts, or all up to the quantile."""
    if tail == "strict":
        beyond = at.cells <= at.quantile(1.0 - level)
        return -quotient(np.where(beyond, at.filled, 0.0).sum(axis=0), np.count_nonzero(beyond, axis=0).astype(np.float64))
    share = (1.0 - level) * at.counts
    most = int(np.ceil(share.max(initial=0.0) - 1e-9))
    weights = np.clip(share - np.arange(most)[:, None], 0.0, 1.0)
    return -quotient(product_sums(weights, at.ranked[:most]), np.where(at.counts > 0, share, np.nan))


def _root_mean_square(falls: Sample) -> Floats:
    squares: Floats = product_sums(falls.filled, falls.filled) / falls.atleast(1)
    return np.sqrt(squares)


_CHEKHLOV = "Chekhlov, Uryasev and Zabarankin 2005"

TERMS: tuple[Term, ...] = (
    Term("ulcer_index", "Ulcer index", "Drawdown", "fraction", "Root mean square of how far wealth was below its peak.", "Martin 1989", 20, "low"),
    Term("pain_index", "Pain index", "Drawdown", "fraction", "Mean of how far wealth was below its peak.",
         "Becker 2006; Bacon 2008, p. 90", 20, "low"),
    Term("dar", "Drawdown at risk, 95 %", "Drawdown", "fraction", "Drawdown that is exceeded on one day of twenty.", _CHEKHLOV, 60, "low"),
    Term("cdar", "Conditional drawdown at risk, 95 %", "Drawdown", "fraction",
         "Mean of the deepest twentieth of the drawdowns.", _CHEKHLOV, 60, "low"),
    Term("edar", "Entropic drawdown at risk, 95 %", "Drawdown", "fraction", "Tightest exponential bound on the tail of drawdowns.",
         "Ahmadi-Javid 2012; Cajas 2021", 60, "low"),
    Term("rldar", "Relativistic drawdown at risk, 95 %", "Drawdown", "fraction", "Bound between the entropic one and the deepest drawdown.",
         "Cajas 2023", 60, "low"),
)
