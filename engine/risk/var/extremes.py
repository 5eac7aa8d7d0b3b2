"""Peaks over a threshold: a generalised Pareto distribution fitted to the largest losses of every column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.columns import Floats, product_sums
from engine.errors import InvalidInput
from engine.risk.sample import Sample
from engine.risk.var.ways import Tail, Ways

FEWEST_PEAKS = 10
# Of the log of 1 + shape / scale * largest excess: from a tail that ends just beyond the largest to one heavier than any market's.
_TRIALS = np.concatenate([np.linspace(-3.0, -0.5, 6), np.linspace(0.0, 9.0, 19)])
_NEARLY_EXPONENTIAL = 1e-7
_NEAR_ZERO = 1e-6  # ratios of which the slope is told by its limit: its two parts cancel there
_STEPS, _CLOSE = 80, 1e-6  # Newton's next step would be its square
_CELLS = 300_000  # of the grid that are worked on at once


class Peaks(NamedTuple):
    """A tail of losses: where it begins, how it falls, and how much of the sample is in it, shape (n_series,) each."""

    threshold: Floats
    shape: Floats
    scale: Floats
    share: Floats


def evt(at: Sample, ways: Ways) -> Tail:
    """Tail by peaks over threshold, over the horizon."""
    root = np.sqrt(ways.horizon)
    loss, shortfall = peaks_over_threshold(at, ways)
    return Tail(loss * root, shortfall * root)


def peaks_over_threshold(at: Sample, ways: Ways) -> Tail:
    """Value at risk and expected shortfall of one period from the fitted tail.

    Parameters
    ----------
    at
        Returns.
    ways
        `level`, and `threshold`: the share of observations that are not in the tail.

    Returns
    -------
    Tail
        NaN where fewer than ten losses lie beyond the threshold; the shortfall also where the fitted tail has no mean.

    Raises
    ------
    InvalidInput
        The level does not lie beyond the threshold.

    References
    ----------
    McNeil and Frey, Estimation of tail-related risk measures for heteroscedastic financial time series, 2000, eq. 7, 14 and 16.
    """
    if ways.share > 1.0 - ways.threshold + 1e-12:
        raise InvalidInput("level", ways.level, f"the tail begins at {ways.threshold:g}, beyond it",
                           hint="Ask for a higher level, or a lower threshold")
    peaks = fitted_peaks(at, ways.threshold)
    ratio = np.log(ways.share / peaks.share)
    flat = np.abs(peaks.shape) < _NEARLY_EXPONENTIAL
    shape = np.where(flat, 1.0, peaks.shape)
    stretch = np.where(flat, -ratio, np.expm1(-shape * ratio) / shape)
    loss = peaks.threshold + peaks.scale * stretch
    ends = np.where(peaks.shape < 1.0, 1.0 - peaks.shape, np.nan)
    return Tail(loss, (loss + peaks.scale - peaks.shape * peaks.threshold) / ends)


def fitted_peaks(at: Sample, threshold: float = 0.9) -> Peaks:
    """Fit a generalised Pareto distribution to the losses beyond an order statistic, by maximum likelihood.

    Parameters
    ----------
    at
        Returns.
    threshold
        Share of the observations that are not in the tail, default 0.9; the largest of them is where it begins.

    Returns
    -------
    Peaks

    References
    ----------
    Grimshaw, Computing maximum likelihood estimates for the generalized Pareto distribution, 1993.
    """
    count = np.floor(at.counts * (1.0 - threshold) + 1e-9)
    held = count >= FEWEST_PEAKS
    count = np.where(held, count, 0.0)
    deepest = int(count.max(initial=0.0))
    begins = at.ordered[count.astype(np.intp), np.arange(len(count))] if deepest else np.full(len(count), np.nan)
    inside = np.arange(deepest)[:, None] < count
    excesses = np.where(inside, begins - at.ordered[:deepest], 0.0)
    shape, scale = _most_likely(excesses, np.where(held, count, np.nan))
    return Peaks(-np.where(held, begins, np.nan), shape, scale, count / np.where(held, at.counts, np.nan))


def _most_likely(excesses: Floats, count: Floats) -> tuple[Floats, Floats]:
    largest = excesses.max(axis=0, initial=0.0)
    largest = np.where(largest > 0, largest, np.nan)
    relative = excesses / largest
    pieces = max(1, len(_TRIALS) * relative.size // _CELLS)
    grid = np.concatenate([_unlikely(_TRIALS, *piece) for piece in zip(
        np.array_split(relative, pieces, axis=1), np.array_split(count, pieces), strict=True)], axis=1)
    best = np.where(np.isnan(grid), np.inf, grid).argmin(axis=0)
    trial = _root(relative, count, _TRIALS[np.maximum(best - 1, 0)], _TRIALS[best], _TRIALS[np.minimum(best + 1, len(_TRIALS) - 1)])
    shape, scale = _at(np.where(np.isnan(grid).all(axis=0), np.nan, trial), relative, count)
    return shape, scale * largest


def _unlikely(trials: Floats, relative: Floats, count: Floats) -> Floats:
    """Minus the profile likelihood of every trial, shape (n_trials, n_series)."""
    ratio = np.expm1(trials)[:, None]
    shape = np.log1p(ratio[:, None] * relative[None]).sum(axis=1) / count
    flat = np.abs(ratio) < _NEARLY_EXPONENTIAL
    scale = np.where(flat, relative.sum(axis=0) / count, shape / np.where(flat, 1.0, ratio))
    return np.asarray(np.log(scale) + shape)


def _root(relative: Floats, count: Floats, low: Floats, place: Floats, high: Floats) -> Floats:
    """Where the likelihood is level between two trials, by Newton's method within them; an end where it is not level."""
    mean, square = relative.sum(axis=0) / count, product_sums(relative, relative) / count
    limit = -0.5 * square / np.where(mean > 0, mean, np.nan)
    for _ in range(_STEPS):
        slope, bend = _slope(place, relative, count, limit)
        low, high = np.where(slope < 0, place, low), np.where(slope > 0, place, high)
        newton = place - slope / np.where(bend > 0, bend, 1.0)
        inside = (bend > 0) & (newton > low) & (newton < high)
        moved = newton if inside.all() else np.where(inside, newton, _ended(slope, low, high))
        still = np.abs(moved - place) > _CLOSE
        place = moved
        if not still.any():
            break
    return place


def _ended(slope: Floats, low: Floats, high: Floats) -> Floats:
    """Where to go if Newton leaves the bracket: an end of the trials that is still uphill, or the middle."""
    middle = np.where((slope > 0) & (low <= _TRIALS[0]), low, 0.5 * (low + high))
    return np.where((slope < 0) & (high >= _TRIALS[-1]), high, middle)


def _slope(trial: Floats, relative: Floats, count: Floats, limit: Floats) -> tuple[Floats, Floats]:
    """Slope and bend of minus the profile likelihood by the trial; the slope's first part tends to a limit where the tail is exponential."""
    ratio, pace = np.expm1(trial), np.exp(trial)
    grown = ratio * relative
    shape = np.log1p(grown).sum(axis=0) / count
    grown += 1.0
    part = np.divide(relative, grown, out=grown)
    steep, curved = part.sum(axis=0) / count, -product_sums(part, part) / count
    flat = np.abs(ratio) < _NEAR_ZERO
    safe, held = np.where(flat, 1.0, ratio), np.where(flat, 1.0, shape)
    slope = np.where(flat, limit, steep / held - 1.0 / safe) + steep
    bend = np.where(flat, 0.0, curved / held - (steep / held) ** 2 + safe**-2.0) + curved
    return slope * pace, (bend * pace + slope) * pace


def _at(trial: Floats, relative: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Shape that is most likely for a ratio of shape to scale, and the scale that goes with it."""
    ratio = np.expm1(trial)
    shape = np.log1p(ratio * relative).sum(axis=0) / count
    flat = np.abs(ratio) < _NEARLY_EXPONENTIAL
    return shape, np.where(flat, relative.sum(axis=0) / count, shape / np.where(flat, 1.0, ratio))
