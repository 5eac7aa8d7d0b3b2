"""Entropic and relativistic bounds on the tail of losses, of every column at once.

Both are the worst mean of the losses under other probabilities that are not too far from equal ones: by the relative entropy of
Kullback, or by that of Kaniadakis. They are found where their derivative is zero, with Newton's steps, on columns scaled to 0 to -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.columns import Floats, product_sums
from engine.risk.sample import Sample, quotient

_STEPS = 60
_MANY, _KEPT, _GROUP = 4_000, 128, 8  # cells from which a first guess by fewer pays; largest losses that are kept; others that become one
_FEW = 20_000  # cells up to which several samples are solved beside each other: there calls cost more than numbers
_LEVEL = 1e-9  # of what a step still gains: half of it is taken off at the end, what is left is its square
_CLOSE = 1e-9  # of the place: the value misses by its square


def entropic_bound(losses: Floats, level: float) -> Floats:
    """Least over z > 0 of z ln(E[exp(L / z)] / (1 - level)): the entropic value at risk.

    Parameters
    ----------
    losses
        ndarray of shape (n_periods, n_series), NaN where there is none.
    level
        Confidence, between 0 and 1.

    Returns
    -------
    ndarray of shape (n_series,)
        In the unit of the losses; the largest where less than 1 - level of them lie below it, NaN without any.

    References
    ----------
    Ahmadi-Javid 2012, "Entropic value-at-risk: a new coherent risk measure", def. 3.1.
    """
    return entropic_of(Sample(-losses), level)


def relativistic_bound(losses: Floats, level: float, kappa: float = 0.3) -> Floats:
    """Largest mean of losses under probabilities within a Kaniadakis entropy: the relativistic value at risk.

    Parameters
    ----------
    losses
        ndarray of shape (n_periods, n_series), NaN where there is none.
    level
        Confidence, between 0 and 1.
    kappa
        Deformation between 0, the entropic bound, and 1, the largest loss.

    Returns
    -------
    ndarray of shape (n_series,)
        In the unit of the losses; the largest where less than 1 - level of them lie below it, NaN without any.

    Notes
    -----
    With y = (x - m) / s the probabilities are u^(1/kappa), u = (kappa y + root(kappa^2 y^2 + 1 - kappa^2)) / (1 + kappa); m and s > 0 are
    where the convex dual m + s L + s sum(y q - phi(q)) is least, L = ln_kappa(1 / ((1 - level) T)).

    References
    ----------
    Cajas 2023, "Portfolio optimization of relativistic value at risk", eq. 13; Kaniadakis 2002, "Statistical mechanics in special relativity".
    """
    return relativistic_of(Sample(-losses), level, kappa)


def entropic_of(at: Sample, level: float = 0.95) -> Floats:
    """Entropic bound of the losses of a sample; its slope is kept for the relativistic one."""
    found: Floats = at.once(("entropic", level), lambda: _entropic_of(at, level))
    return found


def relativistic_of(at: Sample, level: float = 0.95, kappa: float = 0.3) -> Floats:
    """Relativistic bound of the losses of a sample, worked out once."""
    found: Floats = at.once(("relativistic", level, kappa), lambda: _relativistic(at, level, kappa))
    return found


def solved_together(samples: Sequence[Sample], level: float = 0.95, kappa: float = 0.3) -> None:
    """Solve both bounds of some small samples beside each other, each then keeping its own: a third of the calls."""
    width = samples[0].cells.shape[1]
    if sum(at.cells.size for at in samples) > _FEW or not width:
        return
    whole = Sample(np.asfortranarray(np.concatenate([at.cells for at in samples], axis=1)))
    entropic, relativistic = entropic_of(whole, level), relativistic_of(whole, level, kappa)
    for place, at in enumerate(samples):
        mine = slice(place * width, (place + 1) * width)
        at.once(("entropic", level), lambda mine=mine: entropic[mine])  # type: ignore[misc]
        at.once(("relativistic", level, kappa), lambda mine=mine: relativistic[mine])  # type: ignore[misc]


def _entropic_of(at: Sample, level: float) -> Floats:
    scaled, bound, _ = _tilted(at, level)
    return scaled.back(bound)


def _tilted(at: Sample, level: float) -> tuple[_Scaled, Floats, Floats]:
    """Scaled losses of a sample, their entropic bound and its slope, once for both bounds."""
    def work() -> tuple[_Scaled, Floats, Floats]:
        scaled = _Scaled.of(-at.cells)
        return scaled, *_entropic(scaled, -np.log(1.0 - level))

    found: tuple[_Scaled, Floats, Floats] = at.once(("tilted", level), work)
    return found


def _relativistic(at: Sample, level: float, kappa: float) -> Floats:
    scaled, start, place = _tilted(at, level)
    tail = (1.0 - level) * scaled.counts
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = (tail**-kappa - tail**kappa) / (2.0 * kappa)
    solved = scaled.spread & (tail > scaled.ties)
    if not solved.any():
        return scaled.back(np.zeros(tail.size))
    sharp = np.where(solved, place, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):  # a column without returns has no tail
        middle = np.where(solved, start + np.log(tail) / sharp - 1.0 / sharp, 0.0)
    bound, log_width = np.where(solved, bound, 0.0), np.log(1.0 / sharp)
    if scaled.cells.size > _MANY:
        middle, log_width = _least(scaled.thinned(), bound, middle, log_width, kappa, solved)[1:]
    found = _least(scaled, bound, middle, log_width, kappa, solved)[0]
    return scaled.back(np.where(solved, found, 0.0))


@dataclass(frozen=True)
class _Scaled:
    """Losses as parts of their range below the largest, -inf where there is none."""

    cells: Floats
    largest: Floats
    extent: Floats
    counts: Floats
    ties: Floats
    holes: bool
    times: Floats | None = None

    @classmethod
    def of(cls, losses: Floats) -> _Scaled:
        largest = np.fmax.reduce(losses, axis=0, initial=-np.inf)
        extent = largest - np.fmin.reduce(losses, axis=0, initial=np.inf)
        known = ~np.isnan(losses)
        whole = bool(known.all())
        with np.errstate(invalid="ignore"):
            cells = (losses - largest) / np.where(extent > 0, extent, 1.0)
        cells = cells if whole else np.where(known, cells, -np.inf)
        return cls(cells, largest, extent, known.sum(axis=0).astype(np.float64), np.count_nonzero(cells >= 0, axis=0).astype(np.float64), not whole)

    def thinned(self) -> _Scaled:
        """Give the large losses as they are and the others by the means of eight that lie beside each other: close, for an eighth of the work."""
        ordered = np.sort(self.cells, axis=0)
        bulk = max((len(ordered) - _KEPT) // _GROUP, 0)
        means = np.add.reduceat(ordered, np.arange(0, bulk * _GROUP + 1, _GROUP), axis=0)[:bulk] / _GROUP
        cells = np.asfortranarray(np.concatenate([means, ordered[bulk * _GROUP :]]))
        times = np.where(np.arange(len(cells)) < bulk, float(_GROUP), 1.0)[:, None]
        return replace(self, cells=cells, times=times)

    @property
    def deviation(self) -> Floats:
        """Standard deviation, 1 where there is none."""
        filled = np.where(np.isinf(self.cells), 0.0, self.cells) if self.holes else self.cells
        mean = quotient(filled.sum(axis=0), self.counts)
        width = np.sqrt(np.maximum(quotient(product_sums(filled, filled), self.counts) - mean**2, 0.0))
        return np.where(width > 0, width, 1.0)

    @property
    def spread(self) -> NDArray[np.bool_]:
        """Whether the losses of a column differ."""
        return (self.extent > 0) & np.isfinite(self.extent)

    def back(self, found: Floats) -> Floats:
        """Give results of scaled losses in their own unit."""
        back: Floats = np.where(self.counts > 0, self.largest + found * np.where(self.spread, self.extent, 0.0), np.nan)
        return back


def _entropic(scaled: _Scaled, distance: float) -> tuple[Floats, Floats]:
    """Bound of scaled losses, and t = 1 / z where it is: there t K'(t) - K(t) is the distance, which grows with t."""
    cells, counts = scaled.cells, scaled.counts
    with np.errstate(divide="ignore"):
        solved = scaled.spread & (np.log(quotient(counts, scaled.ties)) > distance)
    start = np.sqrt(2.0 * distance) / scaled.deviation  # where it would be for a normal distribution
    at, low, high = np.where(solved, start, 1.0), np.zeros(counts.size), np.full(counts.size, np.inf)
    if not solved.any():
        return np.zeros(counts.size), at
    zero = np.where(np.isfinite(cells), cells, 0.0) if scaled.holes else cells
    for _ in range(_STEPS):
        weights = np.multiply(at, cells)
        np.exp(weights, out=weights)
        total = weights.sum(axis=0)
        tilted = np.multiply(weights, zero, out=weights)
        first, second = quotient(tilted.sum(axis=0), total), quotient(product_sums(tilted, zero), total)
        log_mean = np.log(np.where(total > 0, quotient(total, counts), np.nan))
        over = at * first - log_mean - distance
        low, high = np.where(over < 0, at, low), np.where(over > 0, at, high)
        step = quotient(over, at * (second - first**2))
        moved = np.where(np.isnan(step), at, at - step)
        outside = (moved <= low) | (moved >= high)
        middle = np.where(np.isinf(high), at * 4.0, 0.5 * (low + high))
        moved = np.where(outside & (over != 0), middle, moved)
        still = solved & (np.abs(moved - at) > _CLOSE**0.5 * at)
        if not still.any():
            break
        at = np.where(still, moved, at)
    return np.where(solved, (log_mean + distance) / at, 0.0), at


def _least(
    scaled: _Scaled, bound: Floats, middle: Floats, log_width: Floats, kappa: float, solved: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Least value of the dual, by damped Newton's steps in m and ln s, and where it is."""
    best, slope, step = _dual(scaled, bound, middle, log_width, kappa)
    for _ in range(_STEPS):
        going = solved & (np.abs(slope) > _LEVEL)
        if not going.any():
            break
        reach = np.ones(best.size)
        for _ in range(30):
            tried = middle + reach * step[0], log_width + reach * step[1]
            value, tried_slope, tried_step = _dual(scaled, bound, *tried, kappa)
            worse = going & ~(value <= best + 1e-15)
            if not worse.any():
                break
            reach = np.where(worse, reach * 0.5, reach)
        better = going & (value <= best + 1e-15)
        middle, log_width = np.where(better, tried[0], middle), np.where(better, tried[1], log_width)
        step = (np.where(better, tried_step[0], 0.0), np.where(better, tried_step[1], 0.0))
        slope = np.where(better, tried_slope, np.where(going, 0.0, slope))  # what is done keeps what its last step would gain
        best = np.where(better, value, best)
    return best - 0.5 * np.where(solved, np.maximum(-slope, 0.0), 0.0), middle, log_width


def _dual(scaled: _Scaled, bound: Floats, middle: Floats, log_width: Floats, kappa: float) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Value of the dual, how far a Newton's step would bring it down, and that step.

    With r = root(kappa^2 y^2 + 1 - kappa^2) both u and 1 / u are multiples of r + kappa y and r - kappa y, so that five sums tell everything.
    """
    width, rest = np.exp(log_width), 1.0 - kappa * kappa
    y = scaled.cells - middle
    np.divide(y, width, out=y)
    if scaled.holes:
        unknown = np.isinf(y)
        y[unknown] = 0.0
    steep = kappa * y
    root = np.multiply(steep, steep)
    np.add(root, rest, out=root)
    np.sqrt(root, out=root)
    np.add(steep, root, out=steep)
    np.divide(steep, 1.0 + kappa, out=steep)
    chance = np.power(steep, 1.0 / kappa, out=steep)
    if scaled.times is not None:
        np.multiply(chance, scaled.times, out=chance)
    if scaled.holes:
        chance[unknown] = 0.0
    total, mean = chance.sum(axis=0), product_sums(chance, y)
    curve = np.divide(chance, root, out=root)
    flat, tilted = curve.sum(axis=0), np.multiply(curve, y, out=chance)
    b, bowed = tilted.sum(axis=0), product_sums(tilted, y)
    entropy = (mean - kappa * kappa * bowed - rest * flat) / rest
    value = middle + width * (bound + mean - entropy)
    a, c = flat / width, bowed * width
    down, across = 1.0 - total, width * (bound - entropy)
    c = c + np.maximum(across, 0.0)
    det = a * c - b * b
    det = np.where(det > 0, det, np.inf)  # no step where the dual is not bent
    steps = (b * across - c * down) / det, np.maximum(np.minimum((b * down - a * across) / det, 2.0), -2.0)
    return value, down * steps[0] + across * steps[1], steps
