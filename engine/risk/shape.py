"""How returns lie around their mean: to which side, and how far out."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, quotient, sample, sample_of_kind

METHODS = ("sample", "population")
ROOM = "Shape"


def second_moment(at: Sample) -> Floats:
    """Mean square around the mean, 0 where it is but the rounding of the mean: what has no width has no shape."""
    found = at.moment(2)
    with np.errstate(invalid="ignore"):
        return np.where(found <= (np.finfo(np.float64).eps * at.mean) ** 2, 0.0, found)


def skewness_of(at: Sample, method: str = "sample") -> Floats:
    """Kernel of `skewness`."""
    plain = quotient(at.moment(3), second_moment(at) ** 1.5)
    if method == "population":
        return plain
    found: Floats = plain * np.sqrt(at.counts * np.maximum(at.counts - 1.0, 0.0)) / at.atleast(3, less=2)
    return found


def kurtosis_of(at: Sample, method: str = "sample", *, excess: bool = True) -> Floats:
    """Kernel of `kurtosis`."""
    plain = quotient(at.moment(4), second_moment(at) ** 2)
    if method == "population":
        return plain - 3.0 if excess else plain
    counts, less = at.counts, at.atleast(4, less=2) * at.atleast(4, less=3)
    raised = plain * (counts + 1.0) * (counts - 1.0) / less
    return raised - 3.0 * (counts - 1.0) ** 2 / less if excess else raised


def skewness_kurtosis_ratio_of(at: Sample) -> Floats:
    """Kernel of `skewness_kurtosis_ratio`."""
    return quotient(skewness_of(at, "population"), kurtosis_of(at, "population", excess=False))


def even_moment_of(at: Sample, order: int = 4) -> Floats:
    """Kernel of `even_moment`."""
    return at.moment(order)


def kurtosis_root_of(at: Sample) -> Floats:
    """Kernel of `kurtosis_root`."""
    return np.sqrt(at.moment(4))


def semikurtosis_root_of(at: Sample) -> Floats:
    """Kernel of `semikurtosis_root`."""
    short = np.minimum(at.centred, 0.0)
    short *= short
    sums = np.where(at.lowest == at.highest, 0.0, product_sums(short, short))
    return np.sqrt(sums / at.atleast(1))


def skewness(returns: Table, *, method: str = "sample", kind: str = "simple") -> Figure:
    """Lopsidedness of returns: negative where falls reach further.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    method
        ``sample`` (default) corrects the bias of few returns; ``population`` is the plain ratio of moments.
    kind
        Of the returns, ``simple`` as they are given (default), or ``log``: ln(1 + r) is taken first.

    Returns
    -------
    float, Series or ndarray
        Number; NaN for fewer than three returns (``population``: none) and where all are the same.

    Notes
    -----
    Convention: g1 = m3 / m2^1.5 with moments over all T; the sample's is g1 sqrt(T (T - 1)) / (T - 2).

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method or kind.

    References
    ----------
    Joanes and Gill 1998, "Comparing measures of sample skewness and kurtosis", g1 and G1; Bacon, 2nd ed., ch. 4 "Skewness".

    Examples
    --------
    >>> round(skewness([0.01, -0.01, 0.03, -0.05], method="population"), 6)
    -0.434651
    """
    one_of("method", method, METHODS)
    return figure_like(returns, skewness_of(sample_of_kind(returns, kind), method), "skewness")


def kurtosis(returns: Table, *, method: str = "sample", excess: bool = True, kind: str = "simple") -> Figure:
    """Weight of the tails of returns, over a normal distribution's.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    method
        ``sample`` (default) corrects the bias of few returns; ``population`` is the plain ratio of moments.
    excess
        Whether the normal distribution's 3 is taken off, default True.
    kind
        Of the returns, ``simple`` as they are given (default), or ``log``: ln(1 + r) is taken first.

    Returns
    -------
    float, Series or ndarray
        Number, 0 for a normal distribution; NaN for fewer than four returns (``population``: none) and where all are the same.

    Notes
    -----
    Convention: g2 = m4 / m2^2 - 3 with moments over all T; the sample's is ((T + 1) g2 + 6) (T - 1) / ((T - 2) (T - 3)). Without
    `excess` the sample's leaves off the term that stands for the 3.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method or kind.

    References
    ----------
    Joanes and Gill 1998, g2 and G2; Bacon, 2nd ed., ch. 4 "Kurtosis".

    Examples
    --------
    >>> round(kurtosis([0.01, -0.01, 0.03, -0.05], method="population"), 6)
    -1.154286
    """
    one_of("method", method, METHODS)
    return figure_like(returns, kurtosis_of(sample_of_kind(returns, kind), method, excess=excess), "kurtosis")


def skewness_kurtosis_ratio(returns: Table) -> Figure:
    """Skewness over kurtosis: the higher, the kinder the tails.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Ratio; NaN where all returns are the same.

    Notes
    -----
    Convention: both of the population, the kurtosis with its 3.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Skewness-kurtosis ratio".

    Examples
    --------
    >>> round(skewness_kurtosis_ratio([0.01, -0.01, 0.03, -0.05]), 6)
    -0.235492
    """
    return figure_like(returns, skewness_kurtosis_ratio_of(sample(returns)), "skewness_kurtosis_ratio")


def even_moment(returns: Table, *, order: int = 4) -> Figure:
    """Mean of an even power of returns less their mean.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    order
        The power, even and at least 2, default 4.

    Returns
    -------
    float, Series or ndarray
        Fraction to the power, of a period.

    Notes
    -----
    Convention: over all periods with a return; of order 2 the population's variance.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an order that is not even.

    References
    ----------
    Cajas 2022, "Approximation of portfolio kurtosis through sum of squared quadratic forms", eq. 1.

    Examples
    --------
    >>> round(even_moment([0.01, -0.01, 0.03, -0.05]) * 1e6, 6)
    1.413125
    """
    if order < 2 or order % 2:
        raise InvalidInput("order", order, "is not an even number from 2 on", hint="Use 2, 4, 6 ...")
    return figure_like(returns, even_moment_of(sample(returns), order), "even_moment")


def kurtosis_root(returns: Table) -> Figure:
    """Root of the fourth moment: a deviation that feels tails most.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction squared, of a period.

    Notes
    -----
    Convention: the square root of `even_moment` of order 4, as portfolios are optimised by.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Cajas 2022, "Convex optimization of portfolio kurtosis", eq. 6.

    Examples
    --------
    >>> round(kurtosis_root([0.01, -0.01, 0.03, -0.05]), 8)
    0.00118875
    """
    return figure_like(returns, kurtosis_root_of(sample(returns)), "kurtosis_root")


def semikurtosis_root(returns: Table) -> Figure:
    """Root of the fourth moment of the returns below their mean.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction squared, of a period.

    Notes
    -----
    Convention: as `kurtosis_root`, with min(r - mean, 0); divided by all periods.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    As in `kurtosis_root`.

    Examples
    --------
    >>> round(semikurtosis_root([0.01, -0.01, 0.03, -0.05]), 8)
    0.00101258
    """
    return figure_like(returns, semikurtosis_root_of(sample(returns)), "semikurtosis_root")


TERMS: tuple[Term, ...] = (
    Term("skewness", "Skewness", ROOM, "number", "Negative where large falls are likelier than large rises.", "Joanes and Gill 1998",
         minimum=30, better="high"),
    Term("kurtosis", "Excess kurtosis", ROOM, "number", "Above 0 where extremes are likelier than under a normal distribution.",
         "Joanes and Gill 1998", minimum=30, better="low"),
    Term("skewness_kurtosis_ratio", "Skewness-kurtosis ratio", ROOM, "ratio", "Skewness for each unit of kurtosis.", "Bacon, 2nd ed., ch. 4",
         minimum=30, better="high"),
    Term("even_moment", "Fourth moment", ROOM, "number", "Mean fourth power of the distance from the mean.", "Cajas 2022", minimum=30, better="low"),
    Term("kurtosis_root", "Kurtosis root", ROOM, "number", "Root of the fourth moment: a deviation that feels tails most.", "Cajas 2022",
         minimum=30, better="low"),
    Term("semikurtosis_root", "Semikurtosis root", ROOM, "number", "The same of the returns below their mean alone.", "Cajas 2022",
         minimum=30, better="low"),
)  # fmt: skip
