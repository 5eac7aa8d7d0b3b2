"""Tails of distributions that are fitted to the whole sample: normal, Student-t, and the normal bent by skew and kurtosis."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, psi, stdtrit, zeta

from engine.columns import Floats, product_sums
from engine.risk.sample import Sample, quotient
from engine.risk.var.ways import Tail, Ways, located

_LEAST, _MOST = 2.02, 500.0  # degrees of freedom: from the edge where the variance ends to a normal in all but name
_END = float(np.log(_MOST - 2.0))
_STEPS, _CLOSE = 60, 1e-6  # Newton's next step would be its square
_EDGE = 1e-9


def normal(at: Sample, ways: Ways) -> Tail:
    """Tail of a normal distribution with the sample's mean and standard deviation."""
    return located(at.mean, at.deviation(ways.ddof), ways.z, ways.z_beyond, ways.horizon)


def student_t(at: Sample, ways: Ways) -> Tail:
    """Tail of a Student-t distribution with the sample's mean and standard deviation."""
    given = ways.degrees_of_freedom
    degrees = degrees_of_freedom(at, ways.ddof) if given is None else np.where(at.squares > 0, given, np.nan)
    quantile, beyond = student_tail(degrees, ways.share)
    return located(at.mean, at.deviation(ways.ddof), quantile, beyond, ways.horizon)


def student_tail(degrees: Floats, share: float) -> tuple[Floats, Floats]:
    """Quantile and mean beyond of a Student-t of variance 1.

    Parameters
    ----------
    degrees
        Degrees of freedom above 2, shape (n_series,).
    share
        Probability of the tail.

    Returns
    -------
    tuple of ndarray of shape (n_series,)
        The quantile, and the mean below it with the sign turned.

    References
    ----------
    McNeil, Frey and Embrechts, Quantitative Risk Management, 2nd ed., eq. 2.25.
    """
    unit = np.sqrt((degrees - 2.0) / degrees)
    quantile = stdtrit(degrees, share)
    logs = gammaln((degrees + 1.0) / 2.0) - gammaln(degrees / 2.0) - 0.5 * np.log(np.pi * degrees)
    density = np.exp(logs - (degrees + 1.0) / 2.0 * np.log1p(quantile**2 / degrees))
    beyond = density * (degrees + quantile**2) / (degrees - 1.0) / share
    return quantile * unit, beyond * unit


def degrees_of_freedom(at: Sample, ddof: int = 1) -> Floats:
    """Degrees of freedom that make standardised returns most likely, shape (n_series,); NaN where nothing varies."""
    varies = at.squares > 0
    scaled = (at.centred / np.where(varies, at.deviation(ddof), np.nan)) ** 2
    scaled = scaled if at.complete and varies.all() else np.where(at.known & varies, scaled, 0.0)
    tails = moments(at)[1]
    place = np.log(np.clip(2.0 + 6.0 / np.where(tails > 0.02, tails, 0.02), _LEAST - 2.0, _MOST - 2.0))
    low, high = np.full(place.size, np.log(_LEAST - 2.0)), np.full(place.size, _END)
    for _ in range(_STEPS):
        slope, bend = _likelihood_slope(np.exp(place), scaled, at.counts)
        low, high = np.where(slope < 0, place, low), np.where(slope > 0, place, high)
        newton = place - slope / np.where(bend > 0, bend, 1.0)
        inside = (bend > 0) & (newton > low) & (newton < high)
        if inside.all():
            moved = newton
        else:
            middle = np.where((newton >= high) & (high >= _END) & (bend > 0), high, 0.5 * (low + high))  # the end is tried once, not crept up to
            moved = np.where(inside, newton, middle)
        still = np.abs(moved - place) > _CLOSE
        place = moved
        if not still.any():
            break
    return np.where(varies, 2.0 + np.exp(place), np.nan)


def cornish_fisher(at: Sample, ways: Ways) -> Tail:
    """Tail of a normal whose quantile is moved by skew and excess kurtosis; NaN where that is no distribution."""
    sigma = at.deviation(ways.ddof)
    skew, excess = moments(at)
    quantile, beyond = bent(ways, skew, excess)
    held = in_domain(skew, excess) | (ways.domain == "ignore")
    return located(at.mean, sigma, np.where(held, quantile, np.nan), np.where(held, beyond, np.nan), ways.horizon)


def moments(at: Sample) -> tuple[Floats, Floats]:
    """Skew and excess kurtosis of the population, shape (n_series,) each; NaN where nothing varies."""
    variance = at.variance(0)
    return quotient(at.moment(3), variance**1.5), quotient(at.moment(4), variance**2) - 3.0


def bent(ways: Ways, skew: Floats, excess: Floats) -> tuple[Floats, Floats]:
    """Quantile and mean beyond of the Cornish-Fisher distribution of variance near 1.

    Parameters
    ----------
    ways
        Its level.
    skew, excess
        Shape (n_series,).

    Returns
    -------
    tuple of ndarray of shape (n_series,)
        The quantile, and the mean below it with the sign turned: the integral of the quantile over the tail.

    References
    ----------
    Favre and Galeano, Mean-Modified Value-at-Risk Optimization with Hedge Funds, 2002; Maillard, A User's Guide to the
    Cornish Fisher Expansion, 2012, eq. 4 and 20.
    """
    z, beyond = ways.z, ways.z_beyond
    quantile = z + (z**2 - 1.0) * skew / 6.0 + (z**3 - 3.0 * z) * excess / 24.0 - (2.0 * z**3 - 5.0 * z) * skew**2 / 36.0
    # Below z the Hermite polynomials integrate to those one degree lower, times the density.
    shape = 1.0 + z * skew / 6.0 + (z**2 - 1.0) * excess / 24.0 + (1.0 - 2.0 * z**2) * skew**2 / 36.0
    return quantile, beyond * shape


def in_domain(skew: Floats, excess: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether skew and excess kurtosis make the expansion rise everywhere, as a quantile has to.

    Parameters
    ----------
    skew, excess
        Shape (n_series,).

    Returns
    -------
    ndarray of bool of shape (n_series,)

    References
    ----------
    Maillard, A User's Guide to the Cornish Fisher Expansion, 2012, eq. 8.
    """
    bow, level = excess / 8.0 - skew**2 / 6.0, 1.0 - excess / 8.0 + 5.0 * skew**2 / 36.0
    return np.asarray((skew**2 / 9.0 - 4.0 * bow * level <= _EDGE) & (bow >= -_EDGE))


def _likelihood_slope(width: Floats, scaled: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Slope and bend, by the log of the degrees of freedom less 2, of minus the log likelihood of a Student-t of variance 1."""
    degrees = width + 2.0
    part = scaled / (scaled + width)
    logs, first, second = -np.log1p(-part).sum(axis=0), part.sum(axis=0), product_sums(part, part)
    steep = 0.5 * (psi((degrees + 1.0) / 2.0) - psi(degrees / 2.0) - 1.0 / width)
    bent_by = 0.25 * (zeta(2.0, (degrees + 1.0) / 2.0) - zeta(2.0, degrees / 2.0)) + 0.5 / width**2
    slope = 0.5 * logs * width - 0.5 * (degrees + 1.0) * first - counts * steep * width
    # Of the slope as it stands, so that the bend is that by the log as well.
    bend = 0.5 * (logs * width - first * width) - 0.5 * (width * first - (degrees + 1.0) * (first - second))
    return slope, bend - counts * width * (steep + bent_by * width)


