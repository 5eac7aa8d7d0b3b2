"""Tails of what happened: the plain history, and the history of which the recent past counts more."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.columns import Floats, product_sums
from engine.risk.sample import Sample
from engine.risk.var.ways import Tail, Ways

AGE_DECAY = 0.98


def historical(at: Sample, ways: Ways) -> Tail:
    """Quantile of the returns, and the mean of those at it or below."""
    root = np.sqrt(ways.horizon)
    quantile = at.quantile(ways.share, ways.interpolation)
    return Tail(-quantile * root, mean_beyond(at, quantile, ways) * root)


def mean_beyond(at: Sample, quantile: Floats, ways: Ways) -> Floats:
    """Give the mean loss of a tail.

    Parameters
    ----------
    at
        Returns.
    quantile
        Where the tail begins, shape (n_series,).
    ways
        Its `tail`: ``strict`` at the quantile or below, ``beyond`` below it only, ``weighted`` the worst share of the
        observations, of which the last counts by the fraction that belongs to it.

    Returns
    -------
    ndarray of shape (n_series,)
        Positive for a loss; NaN where nothing lies there.
    """
    if ways.tail == "weighted":
        return _worst_share(at, ways.share)
    return _mean_where(at, at.cells < quantile if ways.tail == "beyond" else at.cells <= quantile)


def age_weighted(at: Sample, ways: Ways) -> Tail:
    """Quantile and mean of the tail, an observation's weight falling with its age."""
    decay = ways.decay or AGE_DECAY
    if at.complete:
        faded = decay ** np.arange(len(at.cells) - 1.0, -1.0, -1.0)
        weights = np.broadcast_to((faded / max(faded.sum(), 1e-300))[:, None], at.cells.shape)
        return weighted_tail(at, weights, ways)
    weights = np.where(at.known, decay ** ages(at), 0.0)
    return weighted_tail(at, weights / np.maximum(weights.sum(axis=0), 1e-300), ways)


def ages(at: Sample) -> Floats:
    """How many known returns came after each, shape (n_periods, n_series)."""
    newer: Floats = np.cumsum(at.known[::-1], axis=0)[::-1] - at.known.astype(np.float64)
    return newer


def weighted_tail(at: Sample, weights: Floats, ways: Ways) -> Tail:
    """Tail of observations that count differently.

    Parameters
    ----------
    at
        Returns.
    weights
        Of the same shape, 0 where nothing is known; those of a series sum to 1.
    ways
        Level, interpolation, tail and horizon.

    Returns
    -------
    Tail

    Notes
    -----
    Convention: an observation stands at the middle of its weight, the first at 0 and the last at 1, so that equal weights give the
    plain quantile of `historical`.
    """
    order = np.argsort(at.cells, axis=0)
    weights = weights[order, np.arange(order.shape[1])]
    quantile = _weighted_quantile(at.ordered, weights, at.counts, ways)
    root = np.sqrt(ways.horizon)
    return Tail(-quantile * root, _weighted_mean(at, weights, quantile, ways) * root)


def _worst_share(at: Sample, share: float) -> Floats:
    size = at.counts * share
    full = np.maximum(np.ceil(size - 1e-9) - 1.0, 0.0)  # 0.05 * 20 is a hair above 1
    deepest = int(full.max(initial=0.0)) + 1
    sums = np.cumsum(at.ordered[:deepest], axis=0)
    at_edge, before = _row(at.ordered, full), _row(sums, np.maximum(full - 1.0, 0.0))
    total = np.where(full > 0, before, 0.0) + (size - full) * at_edge
    return np.asarray(-total / np.where(size > 0, size, np.nan))


def _mean_where(at: Sample, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    counts = np.count_nonzero(inside, axis=0)
    sums = np.where(inside, at.cells, 0.0).sum(axis=0)
    return np.asarray(-sums / np.where(counts > 0, counts, np.nan))


def _weighted_quantile(ordered: Floats, weights: Floats, counts: Floats, ways: Ways) -> Floats:
    last = np.maximum(counts - 1.0, 0.0)
    ends = (_row(weights, np.zeros_like(last)) + _row(weights, last)) / 2.0
    places = np.cumsum(weights, axis=0)
    places -= weights / 2.0
    places -= _row(weights, np.zeros_like(last)) / 2.0
    places /= np.where(counts > 1, 1.0 - ends, np.nan)
    low = np.clip(np.count_nonzero(places <= ways.share + 1e-9, axis=0) - 1.0, 0.0, last)
    high = np.minimum(low + 1.0, last)
    down, up = _row(ordered, low), _row(ordered, high)
    before, after = _row(places, low), _row(places, high)
    between = np.clip((ways.share - before) / np.where(after > before, after - before, np.nan), 0.0, 1.0)
    between = {"lower": np.zeros_like(low), "higher": np.ceil(between - 1e-9)}.get(ways.interpolation, between)
    return np.asarray(down + np.nan_to_num(between) * (up - down))


def _weighted_mean(at: Sample, weights: Floats, quantile: Floats, ways: Ways) -> Floats:
    if ways.tail == "weighted":
        before = np.cumsum(weights, axis=0) - weights
        part = np.clip(ways.share - before, 0.0, weights)
    else:
        part = np.where(at.ordered < quantile if ways.tail == "beyond" else at.ordered <= quantile, weights, 0.0)
    total = part.sum(axis=0)
    return np.asarray(-product_sums(part, at.ranked) / np.where(total > 0, total, np.nan))


def _row(table: Floats, places: Floats) -> Floats:
    """Read one cell of each column; NaN of a table without rows."""
    if not len(table):
        return np.full(table.shape[1], np.nan)
    found: Floats = table[places.astype(np.intp), np.arange(len(places))]
    return found
