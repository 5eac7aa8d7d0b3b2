"""How many independent bets a portfolio makes."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.concentration.inputs import Weights, covariance_cells, deviations, labelled_weights, weight_cells
from engine.errors import InvalidInput, NotConverged
from engine.risk.catalogue import Term
from engine.risk.sample import quotient

METHODS = ("minimum_torsion", "pca")
_ROUNDS = 10_000
_STILL = 1e-10
_SINGULAR = 1e-12


def effective_number_of_bets(
    weights: Weights, covariance: Table | None = None, *, returns: Table | None = None, method: str = "minimum_torsion", ddof: int = 1
) -> Figure:
    """Independent bets of equal size that would be as diversified.

    Parameters
    ----------
    weights
        Shape (n_assets,) or (n_assets, n_portfolios), fraction.
    covariance
        Shape (n_assets, n_assets); laid by name where both have names.
    returns
        Shape (n_periods, n_assets), instead of the covariance: the periods that all have.
    method
        What the bets are: ``minimum_torsion`` (default), the uncorrelated bets that are nearest to the assets, or ``pca``, the principal
        components.
    ddof
        Of the covariance from returns, default 1.

    Returns
    -------
    float, Series or ndarray
        Between 1 and n.

    Notes
    -----
    Convention: exp(-sum p ln p), p the share of each bet in the variance. NaN where the portfolio does not move. An asset that does not
    move is no bet.

    Raises
    ------
    InvalidInput
        An unknown method, neither covariance nor returns, or a covariance that is none.
    MisalignedSeries
        Other assets than the weights.
    InsufficientHistory
        Not more than `ddof` common periods.
    NotConverged
        ``minimum_torsion`` of a singular covariance: the assets are fewer than they seem.

    References
    ----------
    Meucci, Managing Diversification (2009), Risk 22(5), eq. 14 and 18; Meucci, Santangelo and Deguest, Risk Budgeting and Diversification
    Based on Optimized Uncorrelated Factors (2013), eq. 11 to 19.

    Examples
    --------
    >>> alike = np.full((3, 3), 0.02) + np.diag([0.02] * 3)
    >>> [round(effective_number_of_bets([1 / 3] * 3, alike, method=method), 6) for method in METHODS]
    [3.0, 1.0]
    """
    if method not in METHODS:
        raise InvalidInput("method", method, f"{method} is not a choice", hint=f"Use one of {', '.join(METHODS)}")
    cells, spread = weight_cells(weights), covariance_cells(weights, covariance, returns, ddof=ddof)
    moving = deviations(spread) > 0
    cells, spread = cells[moving], spread[np.ix_(moving, moving)]
    if not len(cells):
        return figure_like(labelled_weights(weights), np.full(cells.shape[1], np.nan), "effective_number_of_bets")
    shares = _principal(cells, spread) if method == "pca" else _of_torsion(cells, spread)
    return figure_like(labelled_weights(weights), _entropy(shares), "effective_number_of_bets")


def minimum_torsion(covariance: Table) -> Floats:
    """Linear map from assets to the uncorrelated bets nearest to them.

    Parameters
    ----------
    covariance
        Shape (n_assets, n_assets).

    Returns
    -------
    ndarray of shape (n_assets, n_assets)
        One bet a row: t S t' is diagonal.

    Notes
    -----
    Convention: the least sum of squared distances between bets and assets, each over its volatility; found by iteration from the symmetric
    root of the correlation.

    Raises
    ------
    InvalidInput
        A covariance that is none.
    NotConverged
        A singular covariance, or no answer after 10,000 rounds.

    References
    ----------
    Meucci, Santangelo and Deguest (2013), eq. 13 and appendix A.2.

    Examples
    --------
    >>> torsion = minimum_torsion([[0.04, 0.01], [0.01, 0.04]])
    >>> (torsion @ np.array([[0.04, 0.01], [0.01, 0.04]]) @ torsion.T).round(6).tolist()
    [[0.039365, 0.0], [0.0, 0.039365]]
    """
    spread = covariance_cells(np.ones(len(np.asarray(covariance))), covariance)
    scale = deviations(spread)
    root = _root(_invertible(quotient(spread, np.outer(scale, scale))))
    turned = np.linalg.solve(root, _nearest(root).T).T
    found: Floats = scale[:, None] * turned / scale[None, :]
    return found


def _nearest(root: Floats) -> Floats:
    """Turn and scale the root of the correlation until it is as near to itself as it can be."""
    scale, before = np.ones(len(root)), np.inf
    for _ in range(_ROUNDS):
        scaled = scale[:, None] * root
        turn = np.linalg.solve(_root(scaled @ scaled.T), scaled)
        scale = np.einsum("ij,ji->i", turn, root)
        nearest = scale[:, None] * turn
        distance = float(np.linalg.norm(root - nearest))
        if abs(distance - before) <= _STILL * max(distance, 1.0) / len(root):
            return np.asarray(nearest, dtype=np.float64)
        before = distance
    raise NotConverged("minimum_torsion", reason=f"still moving after {_ROUNDS} rounds")


def _root(matrix: Floats) -> Floats:
    """Symmetric root of a matrix that is symmetric and positive."""
    values, vectors = np.linalg.eigh(matrix)
    found: Floats = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return found


def _invertible(correlation: Floats) -> Floats:
    values = np.linalg.eigvalsh(np.nan_to_num(correlation))
    rank = int(np.count_nonzero(values > _SINGULAR * len(correlation)))
    if rank < len(correlation):
        raise NotConverged("minimum_torsion", reason=f"the covariance is singular: {len(correlation)} assets move in {rank} independent ways")
    return correlation


def _of_torsion(cells: Floats, covariance: Floats) -> Floats:
    torsion = minimum_torsion(covariance)
    weights = np.linalg.solve(torsion.T, cells)
    return quotient(weights * (torsion @ covariance @ cells), np.einsum("ip,ij,jp->p", cells, covariance, cells))


def _principal(cells: Floats, covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    parts = (vectors.T @ cells) ** 2 * np.maximum(values, 0.0)[:, None]
    return quotient(parts, parts.sum(axis=0))


def _entropy(shares: Floats) -> Floats:
    """Exponential of the entropy of shares; those that rounding took below zero are nothing."""
    known = np.where(shares > 0, shares, 1.0)
    found: Floats = np.exp(-(known * np.log(known)).sum(axis=0)) + np.where(np.isnan(shares).any(axis=0), np.nan, 0.0)
    return found


TERMS: tuple[Term, ...] = (
    Term("effective_number_of_bets", "Effective bets", "Diversification", "number",
         "So many independent bets of equal size would be as diversified.", "Meucci 2009; Meucci, Santangelo and Deguest 2013", 60, "high"),
)
