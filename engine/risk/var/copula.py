"""How holdings fall together beyond correlation: a t copula, from ranks alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, stdtrit

from engine.columns import Floats
from engine.risk.sample import Sample

_DEGREES = np.array([2.1, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0])


class Copula(NamedTuple):
    """Correlation matrix of shape (n_series, n_series) and the degrees of freedom that all series share."""

    correlation: Floats
    degrees: float


def t_copula_of(at: Sample, degrees: float | None = None) -> Copula:
    """Fit a t copula.

    Parameters
    ----------
    at
        Returns without gaps.
    degrees
        Degrees of freedom; None (default) takes the most likely of 16 from 2.1 to 100.

    Returns
    -------
    Copula

    References
    ----------
    McNeil, Frey and Embrechts, Quantitative Risk Management, 2nd ed., sec. 7.5: Kendall's tau, then pseudo-likelihood.
    """
    correlation = nearest_correlation(np.sin(np.pi / 2.0 * kendall(at.cells)))
    if degrees is not None:
        return Copula(correlation, degrees)
    ranks = np.argsort(np.argsort(at.cells, axis=0, kind="stable"), axis=0)
    inverse, volume = np.linalg.inv(correlation), float(np.linalg.slogdet(correlation)[1])
    return Copula(correlation, float(_DEGREES[int(np.argmax(_likely(ranks, np.asarray(inverse, dtype=np.float64), volume)))]))


def kendall(cells: Floats) -> Floats:
    """Kendall's tau between all columns, equal returns ranked by their day, shape (n_series, n_series).

    A pair of days is a bit, set where the later return is the higher: columns disagree where their bits differ, and those are counted
    sixty-four at once.
    """
    ranks = np.argsort(np.argsort(cells, axis=0, kind="stable"), axis=0)
    pairs = len(cells) * (len(cells) - 1) // 2
    rises = np.zeros((-(-pairs // 64) * 64, cells.shape[1]), dtype=np.bool_)
    start = 0
    for lag in range(1, len(cells)):
        np.greater(ranks[lag:], ranks[:-lag], out=rises[start:start + len(cells) - lag])
        start += len(cells) - lag
    words = np.ascontiguousarray(np.packbits(rises, axis=0).T).view(np.uint64)
    differing = np.stack([np.bitwise_count(words ^ word).sum(axis=1, dtype=np.int64) for word in words])
    return np.asarray(1.0 - 2.0 * differing / max(pairs, 1))


def nearest_correlation(matrix: Floats) -> Floats:
    """Cut the negative eigenvalues that an estimate from pairs may have, and put ones on the diagonal again."""
    if _triangle(matrix) is not None:
        return matrix
    values, vectors = np.linalg.eigh(matrix)
    mended = (vectors * np.maximum(values, 1e-8)) @ vectors.T
    size = np.sqrt(np.diag(mended))
    found: Floats = mended / np.outer(size, size)
    return found


def root_of(covariance: Floats) -> Floats:
    """Give a root B with B B' the matrix; exists for a singular one too, whose draws then lie in a plane."""
    triangle = _triangle(covariance)
    if triangle is not None:
        return triangle
    values, vectors = np.linalg.eigh(covariance)
    found: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def _triangle(matrix: Floats) -> Floats | None:
    """Root of Cholesky, None of a matrix that is not safely positive: a fiftieth of the time of eigenvalues."""
    try:
        found = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    diagonal = np.diag(found)
    return found if len(found) and bool(diagonal.min() > 1e-6 * diagonal.max()) else None


def _likely(ranks: np.ndarray[tuple[int, ...], np.dtype[np.intp]], inverse: Floats, volume: float) -> Floats:
    """Log likelihood of a t copula at the pseudo-observations rank / (n + 1), for all degrees of freedom that are tried."""
    count, series = ranks.shape
    degrees = _DEGREES[:, None]
    places = stdtrit(degrees, np.arange(1, count + 1) / (count + 1.0))[:, ranks]  # degrees x days x series
    half = (degrees + series) / 2.0
    turned = (places.reshape(-1, series) @ inverse).reshape(places.shape)
    distance = np.einsum("dtk,dtk->dt", turned, places)
    joint = gammaln(half) - gammaln(degrees / 2.0) - series / 2.0 * np.log(degrees * np.pi) - 0.5 * volume
    single = gammaln((degrees + 1.0) / 2.0) - gammaln(degrees / 2.0) - 0.5 * np.log(degrees * np.pi)
    margins = (half - (series - 1.0) / 2.0) * np.log1p(places**2 / degrees[:, :, None]).sum(axis=2)
    whole = joint - half * np.log1p(distance / degrees) - series * single + margins
    return np.asarray(whole.sum(axis=1))
