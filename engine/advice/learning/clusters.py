"""Holdings that move together, and whether the groups of one year hold in the next quarter."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.learning.scores import Score, scored
from engine.columns import Floats
from engine.errors import InsufficientHistory

LEAST_SERIES: Final = 4
MOST_CLUSTERS: Final = 12
WINDOW, EVERY, QUARTERS = 252, 63, 20
LEAST_QUARTERS: Final = 4
Labels = NDArray[np.int64]


def clusters_of(correlation: Floats) -> Labels:
    """Group series by how they move together.

    Parameters
    ----------
    correlation
        ndarray of shape (n_series, n_series).

    Returns
    -------
    ndarray of shape (n_series,)
        Number of the cluster of each, from 0, in the order in which they appear.

    Notes
    -----
    Convention: a tree of mean distances, sqrt((1 - correlation) / 2); as many clusters, of 2 to 12, as have the highest silhouette.

    References
    ----------
    Mantegna 1999, "Hierarchical structure in financial markets"; Rousseeuw 1987, "Silhouettes".

    Examples
    --------
    >>> blocks = np.kron(np.eye(2), np.full((2, 2), 0.8)) + 0.2 * np.eye(4)
    >>> clusters_of(blocks).tolist()
    [0, 0, 1, 1]
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415  # half a second of every start
    from scipy.spatial.distance import squareform  # noqa: PLC0415
    from sklearn.metrics import silhouette_score  # type: ignore[import-untyped]  # noqa: PLC0415

    if len(correlation) < 3:
        return np.zeros(len(correlation), dtype=np.int64)
    distance = np.sqrt(np.clip((1.0 - (correlation + correlation.T) / 2.0) / 2.0, 0.0, 1.0))
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    cuts = [fcluster(tree, count, "maxclust") for count in range(2, min(MOST_CLUSTERS, len(correlation) - 1) + 1)]
    real = [cut for cut in cuts if 1 < len(np.unique(cut)) < len(correlation)]
    if not real:
        return np.zeros(len(correlation), dtype=np.int64)
    best = max(real, key=lambda cut: float(silhouette_score(distance, cut, metric="precomputed")))
    order = {label: place for place, label in enumerate(dict.fromkeys(best.tolist()))}
    return np.array([order[label] for label in best.tolist()])


def cluster_score(returns: Floats, *, window: int = WINDOW, every: int = EVERY) -> Score:
    """Score how well clusters foretell correlations against one number for all pairs.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods, n_series), no NaN.
    window, every
        Periods that groups are made from, and held against.

    Returns
    -------
    Score
        Loss: mean squared error of the correlations of all pairs over the periods that come, each pair told to be the mean of its block.

    Raises
    ------
    InsufficientHistory
        Fewer than four series, or than four quarters to hold them against.
    """
    if returns.shape[1] < LEAST_SERIES:
        raise InsufficientHistory("clusters", needed=LEAST_SERIES, found=returns.shape[1])
    places = range(max(window, len(returns) - QUARTERS * every), len(returns) - every + 1, every)
    if len(places) < LEAST_QUARTERS:
        raise InsufficientHistory("clusters", needed=window + LEAST_QUARTERS * every, found=len(returns))
    told = [_losses(returns[place - window : place], returns[place : place + every]) for place in places]
    mine, naive = (np.array(each) for each in zip(*told, strict=True))
    return scored("clusters", "tree", "squared error", mine, naive)


def _losses(past: Floats, ahead: Floats) -> tuple[float, float]:
    known, came = _correlation(past), _correlation(ahead)
    pairs = np.triu_indices(len(known), 1)
    labels = clusters_of(known)
    blocks = _of_blocks(known, labels)
    return float(((blocks - came)[pairs] ** 2).mean()), float(((known[pairs].mean() - came[pairs]) ** 2).mean())


def _of_blocks(correlation: Floats, labels: Labels) -> Floats:
    """Give each pair the mean of the pairs between its two clusters."""
    members = (labels[:, None] == np.unique(labels)).astype(np.float64)
    off = correlation - np.diag(np.diag(correlation))
    total, sizes = members.T @ off @ members, members.sum(axis=0)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    means = total / np.where(pairs > 0, pairs, 1.0)
    return np.asarray(members @ means @ members.T)


def _correlation(cells: Floats) -> Floats:
    centred = cells - cells.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(spread > 0, spread, np.inf)
    return np.asarray(scaled.T @ scaled)
