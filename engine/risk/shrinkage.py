"""Covariances pulled towards something simple: less noise where there are many series and few periods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.correlation import complete_rows, matrix_like

TARGETS = ("constant_correlation", "identity")


def shrunk_covariance(returns: Table, *, target: str = "constant_correlation") -> Figure:
    """Covariance of returns, pulled towards a simple one.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_series), fraction.
    target
        ``constant_correlation`` (default): own variances and the mean correlation of all; ``identity``: the mean variance and no correlation.

    Returns
    -------
    DataFrame or ndarray of shape (n_series, n_series)
        Fraction squared, of a period.

    Notes
    -----
    Convention: over the periods in which every series has a return, divided by their number. How far it is pulled is `shrinkage_intensity`.

    Raises
    ------
    InvalidInput
        A cell is not a number, one series without a frame, an unknown target, or a series that never changes.
    InsufficientHistory
        Fewer than two common periods.

    References
    ----------
    Ledoit and Wolf 2004, "Honey, I shrunk the sample covariance matrix", Journal of Portfolio Management 30, for the constant correlation;
    Ledoit and Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices", for the identity.

    Examples
    --------
    >>> (shrunk_covariance(np.array([[0.01, 0.02], [-0.01, 0.0], [0.02, -0.02], [0.0, 0.01]])) * 1e4).round(4).tolist()
    [[1.25, -0.625], [-0.625, 2.1875]]
    """
    one_of("target", target, TARGETS)
    covariance, simple, intensity = _parts(returns, target)
    return matrix_like(returns, intensity * simple + (1.0 - intensity) * covariance)


def shrunk_correlation(returns: Table, *, target: str = "constant_correlation") -> Figure:
    """Correlation of returns after their covariance was pulled in.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_series), fraction.
    target
        As in `shrunk_covariance`.

    Returns
    -------
    DataFrame or ndarray of shape (n_series, n_series)
        Between -1 and 1, 1 on the diagonal.

    Notes
    -----
    Convention: `shrunk_covariance` over the roots of its own diagonal.

    Raises
    ------
    InvalidInput, InsufficientHistory
        As in `shrunk_covariance`.

    References
    ----------
    As in `shrunk_covariance`.

    Examples
    --------
    >>> shrunk_correlation(np.array([[0.01, 0.02], [-0.01, 0.0], [0.02, -0.02], [0.0, 0.01]])).round(4).tolist()
    [[1.0, -0.378], [-0.378, 1.0]]
    """
    covariance = np.asarray(shrunk_covariance(returns, target=target))
    deviations = np.sqrt(np.diag(covariance))
    return matrix_like(returns, np.asarray(covariance / np.outer(deviations, deviations)))


def shrinkage_intensity(returns: Table, *, target: str = "constant_correlation") -> float:
    """How far the covariance of returns is pulled towards a simple one.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_series), fraction.
    target
        As in `shrunk_covariance`.

    Returns
    -------
    float
        Between 0, not at all, and 1, all the way.

    Notes
    -----
    Convention: the one that makes the expected squared error least.

    Raises
    ------
    InvalidInput, InsufficientHistory
        As in `shrunk_covariance`.

    References
    ----------
    As in `shrunk_covariance`.

    Examples
    --------
    >>> round(shrinkage_intensity(np.array([[0.01, 0.02], [-0.01, 0.0], [0.02, -0.02], [0.0, 0.01]])), 4)
    1.0
    """
    one_of("target", target, TARGETS)
    return _parts(returns, target)[2]


def _parts(returns: Table, target: str) -> tuple[Floats, Floats, float]:
    """Sample covariance, what it is pulled towards, and how far."""
    if np.ndim(returns) != 2:
        raise InvalidInput("returns", "one series", "have no covariance", hint="Give a frame of several series")
    cells = complete_rows(returns, "shrunk_covariance", 2)
    names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(cells.shape[1])
    if not cells.shape[1]:
        return np.zeros((0, 0)), np.zeros((0, 0)), 0.0
    still = cells.max(axis=0) == cells.min(axis=0)
    if still.any():
        raise InvalidInput("returns", names[still][0], f"{names[still][0]} never changes", hint="Leave it out: it correlates with nothing")
    centred = cells - cells.mean(axis=0)
    covariance = np.asarray(centred.T @ centred / len(centred))
    return (covariance, *(_to_identity if target == "identity" else _to_constant)(centred, covariance))


def _to_identity(centred: Floats, covariance: Floats) -> tuple[Floats, float]:
    size = len(covariance)
    simple = np.eye(size) * (np.trace(covariance) / size)
    apart = float(((covariance - simple) ** 2).sum())
    return simple, _pulled(float(_noise(centred, covariance).sum()), 0.0, apart, len(centred))


def _to_constant(centred: Floats, covariance: Floats) -> tuple[Floats, float]:
    size, variances = len(covariance), np.diag(covariance)
    deviations = np.sqrt(variances)
    outer = np.outer(deviations, deviations)
    mean = float((covariance / outer).sum() - size) / max(size * (size - 1), 1)
    simple = np.where(np.eye(size, dtype=np.bool_), covariance, mean * outer)
    noise = _noise(centred, covariance)
    # Covariance of the noise of each variance with that of each covariance (Ledoit and Wolf 2004, appendix B).
    shared = np.asarray((centred**3).T @ centred / len(centred) - variances[:, None] * covariance)
    np.fill_diagonal(shared, 0.0)
    along = float(np.trace(noise) + mean * (np.outer(1.0 / deviations, deviations) * shared).sum())
    return simple, _pulled(float(noise.sum()), along, float(((covariance - simple) ** 2).sum()), len(centred))


def _noise(centred: Floats, covariance: Floats) -> Floats:
    """Asymptotic variance of each sample covariance."""
    squares = centred * centred
    return np.asarray(squares.T @ squares / len(centred) - covariance**2)


def _pulled(noise: float, along: float, apart: float, periods: int) -> float:
    return 1.0 if apart <= 0.0 else float(np.clip((noise - along) / apart / periods, 0.0, 1.0))
