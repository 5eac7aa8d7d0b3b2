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
    heights = [_likely(ranks, correlation, trial) for trial in _DEGREES]
    return Copula(correlation, float(_DEGREES[int(np.argmax(heights))]))


def kendall(cells: Floats) -> Floats:
    """Kendall's tau between all columns (a pair that ties in either counts as none), shape (n_series, n_series)."""
    earlier, later = np.triu_indices(len(cells), 1)
    total = np.zeros((cells.shape[1], cells.shape[1]))
    step = max(1, 2_000_000 // max(cells.shape[1], 1))
    for start in range(0, len(earlier), step):
        signs = np.sign(cells[later[start:start + step]] - cells[earlier[start:start + step]]).astype(np.float32)
        total += signs.T @ signs
    norm = np.sqrt(np.outer(np.diag(total), np.diag(total)))
    found: Floats = np.where(norm > 0, total / np.where(norm > 0, norm, 1.0), np.eye(len(total)))
    return found


def nearest_correlation(matrix: Floats) -> Floats:
    """Cut the negative eigenvalues that an estimate from pairs may have, and put ones on the diagonal again."""
    values, vectors = np.linalg.eigh(matrix)
    mended = (vectors * np.maximum(values, 1e-8)) @ vectors.T
    size = np.sqrt(np.diag(mended))
    found: Floats = mended / np.outer(size, size)
    return found


def root_of(covariance: Floats) -> Floats:
    """Give a root B with B B' the matrix; exists for a singular one too, whose draws then lie in a plane."""
    values, vectors = np.linalg.eigh(covariance)
    found: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def _likely(ranks: np.ndarray[tuple[int, ...], np.dtype[np.intp]], correlation: Floats, degrees: float) -> float:
    """Log likelihood of a t copula at the pseudo-observations rank / (n + 1)."""
    count, series = ranks.shape
    places = stdtrit(degrees, np.arange(1, count + 1) / (count + 1.0))[ranks]
    half = (degrees + series) / 2.0
    distance = np.einsum("tk,tk->t", places @ np.linalg.inv(correlation), places)
    joint = gammaln(half) - gammaln(degrees / 2.0) - series / 2.0 * np.log(degrees * np.pi) - 0.5 * np.linalg.slogdet(correlation)[1]
    single = gammaln((degrees + 1.0) / 2.0) - gammaln(degrees / 2.0) - 0.5 * np.log(degrees * np.pi)
    margins = single - (degrees + 1.0) / 2.0 * np.log1p(places**2 / degrees)
    return float(count * joint - half * np.log1p(distance / degrees).sum() - margins.sum())
