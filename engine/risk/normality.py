"""Whether returns could have come from a normal distribution: three tests, each a statistic and the chance of one as large."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import chdtrc, log_ndtr, ndtr, ndtri

from engine.columns import Figure, Floats, Table, figure_like
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, quotient, sample
from engine.risk.shape import kurtosis_of, second_moment, skewness_of

ROOM = "Normality"
_SHAPIRO_MOST = 5000  # Royston's fit of the distribution of W ends there
_FAR = 37.0  # where ndtr is no longer a number that log can be taken of
# Royston 1995, AS R94: polynomials in 1 / sqrt(n), in n and in ln n, highest power first.
_OUTER = (-2.706056, 4.434685, -2.07119, -0.147981, 0.221157, 0.0)
_NEXT = (-3.582633, 5.682633, -1.752461, -0.293762, 0.042981, 0.0)
_FEW_MEAN, _FEW_SPREAD = (-0.0006714, 0.025054, -0.39978, 0.5440), (-0.0020322, 0.062767, -0.77857, 1.3822)
_MANY_MEAN, _MANY_SPREAD = (0.0038915, -0.083751, -0.31082, -1.5861), (0.0030302, -0.082676, -0.4803)


def jarque_bera_of(at: Sample) -> Floats:
    """Kernel of `jarque_bera`."""
    return at.counts / 6.0 * (skewness_of(at, "population") ** 2 + kurtosis_of(at, "population") ** 2 / 4.0)


def jarque_bera_p_value_of(at: Sample) -> Floats:
    """Kernel of `jarque_bera_p_value`."""
    found: Floats = chdtrc(2.0, jarque_bera_of(at))
    return found


def shapiro_of(at: Sample) -> Floats:
    """Kernel of `shapiro`, worked out once a sample."""
    found: Floats = at.once("shapiro", lambda: _straightness(at))
    return found


def _straightness(at: Sample) -> Floats:
    """One pass for each number of returns that columns have."""
    found = np.full(at.cells.shape[1], np.nan)
    for count in np.unique(at.counts[at.counts >= 3]).astype(int):
        which = at.counts == count
        found[which] = (shapiro_weights(count) @ at.ordered[:count, which]) ** 2
    return np.where(at.counts >= 3, np.minimum(quotient(found, np.where(second_moment(at) > 0, at.squares, 0.0)), 1.0), np.nan)


def shapiro_p_value_of(at: Sample) -> Floats:
    """Kernel of `shapiro_p_value`."""
    statistic = shapiro_of(at)
    found = np.full(statistic.shape, np.nan)
    for count in np.unique(at.counts[(at.counts >= 3) & (at.counts <= _SHAPIRO_MOST)]).astype(int):
        which = (at.counts == count) & ~np.isnan(statistic)
        found[which] = _shapiro_chance(statistic[which], count)
    return found


def anderson_of(at: Sample) -> Floats:
    """Kernel of `anderson`, worked out once a sample."""
    found: Floats = at.once("anderson", lambda: _squared_distance(at))
    return found


def anderson_p_value_of(at: Sample) -> Floats:
    """Kernel of `anderson_p_value`."""
    raised = anderson_of(at) * (1.0 + 0.75 / at.atleast(2) + 2.25 / at.atleast(2) ** 2)
    pieces = [
        1.0 - np.exp(-13.436 + 101.14 * raised - 223.73 * raised**2),
        1.0 - np.exp(-8.318 + 42.796 * raised - 59.938 * raised**2),
        np.exp(0.9177 - 4.279 * raised - 1.38 * raised**2),
        np.exp(1.2937 - 5.709 * np.minimum(raised, 13.0) + 0.0186 * np.minimum(raised, 13.0) ** 2),
    ]
    found: Floats = np.select([raised <= 0.2, raised <= 0.34, raised <= 0.6, raised <= 13.0, raised > 13.0], [*pieces, 0.0 * raised], np.nan)
    return found


def jarque_bera(returns: Table) -> Figure:
    """Jarque and Bera's statistic: how far shape is from a normal's.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Not below 0, above 5.99 for one normal sample in twenty; NaN where all returns are the same.

    Notes
    -----
    Convention: T / 6 (S^2 + K^2 / 4) with the population's skewness and excess kurtosis.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Jarque and Bera 1987, "A test for normality of observations and regression residuals", International Statistical Review 55, eq. 2.

    Examples
    --------
    >>> round(jarque_bera([0.01, -0.01, 0.03, -0.05]), 6)
    0.34801
    """
    return figure_like(returns, jarque_bera_of(sample(returns)), "jarque_bera")


def jarque_bera_p_value(returns: Table) -> Figure:
    """Chance that normal returns are as far from normal as these.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Probability; small where they are hardly normal.

    Notes
    -----
    Convention: of `jarque_bera` under chi squared with two degrees, which holds for many returns.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    As in `jarque_bera`.

    Examples
    --------
    >>> round(jarque_bera_p_value([0.01, -0.01, 0.03, -0.05]), 6)
    0.840293
    """
    return figure_like(returns, jarque_bera_p_value_of(sample(returns)), "jarque_bera_p_value")


def shapiro(returns: Table) -> Figure:
    """Shapiro and Wilk's statistic: 1 where ranks lie as a normal's.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        At most 1; NaN for fewer than three returns and where all are the same.

    Notes
    -----
    Convention: W with Royston's approximation of the weights.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Shapiro and Wilk 1965, "An analysis of variance test for normality"; Royston 1995, AS R94, Applied Statistics 44.

    Examples
    --------
    >>> round(shapiro([0.01, -0.01, 0.03, -0.05]), 6)
    0.971374
    """
    return figure_like(returns, shapiro_of(sample(returns)), "shapiro")


def shapiro_p_value(returns: Table) -> Figure:
    """Chance that normal returns give so small a Shapiro statistic.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Probability; NaN for fewer than three returns and for more than 5,000, where the approximation ends.

    Notes
    -----
    Convention: Royston's normalising transformation of 1 - W.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    As in `shapiro`.

    Examples
    --------
    >>> round(shapiro_p_value([0.01, -0.01, 0.03, -0.05]), 6)
    0.849971
    """
    return figure_like(returns, shapiro_p_value_of(sample(returns)), "shapiro_p_value")


def anderson(returns: Table) -> Figure:
    """Anderson and Darling's statistic: distance from a normal's tails.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Above 0, above 0.75 for one normal sample in twenty; NaN where all returns are the same.

    Notes
    -----
    Convention: A squared with mean and sample deviation taken from the returns.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Anderson and Darling 1954, "A test of goodness of fit"; Stephens 1974, "EDF statistics for goodness of fit", case 3.

    Examples
    --------
    >>> round(anderson([0.01, -0.01, 0.03, -0.05]), 6)
    0.197261
    """
    return figure_like(returns, anderson_of(sample(returns)), "anderson")


def anderson_p_value(returns: Table) -> Figure:
    """Chance that normal returns give so large an Anderson statistic.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Probability.

    Notes
    -----
    Convention: of `anderson` times 1 + 0.75 / T + 2.25 / T^2, by the table of D'Agostino and Stephens.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    D'Agostino and Stephens 1986, Goodness-of-fit techniques, table 4.9.

    Examples
    --------
    >>> round(anderson_p_value([0.01, -0.01, 0.03, -0.05]), 6)
    0.704764
    """
    return figure_like(returns, anderson_p_value_of(sample(returns)), "anderson_p_value")


def _squared_distance(at: Sample) -> Floats:
    """Statistic of Anderson and Darling: of each return one chance is taken, that of lying so far on its own side."""
    deviation = np.where(second_moment(at) > 0, at.deviation(), np.nan)
    scores = (at.ranked - at.mean) / np.where(deviation > 0, deviation, 1.0)
    low = scores < 0
    np.negative(np.abs(scores, out=scores), out=scores)
    beyond = ndtr(scores)
    ranks = np.arange(1.0, len(scores) + 1.0)[:, None]
    odd, mirrored = 2.0 * ranks - 1.0, 2.0 * (at.counts - ranks) + 1.0
    own = np.where(low, odd, mirrored)
    terms = own * _log_chance(scores, beyond) + (odd + mirrored - own) * np.log1p(-beyond)
    sums = (terms if at.complete else np.where(ranks <= at.counts, terms, 0.0)).sum(axis=0)
    return np.where(deviation > 0, -at.counts - sums / at.atleast(2), np.nan)


def _log_chance(scores: Floats, chance: Floats) -> Floats:
    """Logarithm of the normal distribution, from the chance where that is still a number: five times as quick as `log_ndtr`."""
    far = scores < -_FAR
    found: Floats = np.log(np.where(far, 1.0, chance) if far.any() else chance)
    return np.where(far, log_ndtr(scores), found) if far.any() else found


@lru_cache(maxsize=8)
def shapiro_weights(count: int) -> Floats:
    """Weights of the ordered returns, ascending, by Royston's polynomials."""
    if count == 3:
        return np.array([-np.sqrt(0.5), 0.0, np.sqrt(0.5)])
    scores = ndtri((np.arange(1.0, count + 1.0) - 0.375) / (count + 0.25))
    size, small = scores @ scores, 1.0 / np.sqrt(count)
    outer = float(np.polyval(_OUTER, small) + scores[-1] / np.sqrt(size))
    following = float(np.polyval(_NEXT, small) + scores[-2] / np.sqrt(size))
    ends, places = ([outer], 1) if count <= 5 else ([following, outer], 2)
    rest = size - 2.0 * float(scores[-places:] @ scores[-places:])
    weights: Floats = scores * np.sqrt((1.0 - 2.0 * sum(end * end for end in ends)) / rest)
    weights[-places:], weights[:places] = ends, [-end for end in reversed(ends)]
    return weights


def _shapiro_chance(statistic: Floats, count: int) -> Floats:
    if count == 3:
        exact: Floats = np.maximum(6.0 / np.pi * (np.arcsin(np.sqrt(statistic)) - np.arcsin(np.sqrt(0.75))), 0.0)
        return exact
    distance, size = np.log(np.maximum(1.0 - statistic, 1e-300)), np.log(count)
    if count <= 11:
        bound = -2.273 + 0.459 * count
        moved = -np.log(np.maximum(bound - distance, 1e-300))
        mean, spread = np.polyval(_FEW_MEAN, count), np.exp(np.polyval(_FEW_SPREAD, count))
        return np.where(distance >= bound, 0.0, ndtr(-(moved - mean) / spread))
    mean, spread = np.polyval(_MANY_MEAN, size), np.exp(np.polyval(_MANY_SPREAD, size))
    found: Floats = ndtr(-(distance - mean) / spread)
    return found


TERMS: tuple[Term, ...] = (
    Term("jarque_bera", "Jarque-Bera", ROOM, "statistic", "How far skewness and kurtosis are from a normal distribution's.",
         "Jarque and Bera 1987", minimum=100),
    Term("jarque_bera_p_value", "Jarque-Bera, p", ROOM, "p_value", "Chance that normal returns have such skewness and kurtosis.",
         "Jarque and Bera 1987", minimum=100),
    Term("shapiro", "Shapiro-Wilk", ROOM, "statistic", "1 where ordered returns lie as a normal distribution's.", "Royston 1995", minimum=20),
    Term("shapiro_p_value", "Shapiro-Wilk, p", ROOM, "p_value", "Chance that normal returns lie so far from it.", "Royston 1995", minimum=20),
    Term("anderson", "Anderson-Darling", ROOM, "statistic", "Distance from the normal distribution, felt most in the tails.",
         "Anderson and Darling 1954", minimum=20),
    Term("anderson_p_value", "Anderson-Darling, p", ROOM, "p_value", "Chance that normal returns lie so far from it.",
         "D'Agostino and Stephens 1986", minimum=20),
)  # fmt: skip
