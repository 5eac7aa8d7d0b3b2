"""GARCH(1,1) with a constant mean and normal shocks, fitted to all columns at once by maximum likelihood.

The recursion, its start and its starting values are those of the `arch` package, so that both find the same parameters; here a
thousand windows of a backtest are one fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.columns import Floats
from engine.risk.sample import Sample

MINIMUM = 50
_RUN = 32  # rows of a recursion that are worked out at once
_BACKCAST = 0.94 ** np.arange(75)
_ROUNDS = 150
_FLAT = 1e-10  # a gain of log likelihood that is not worth another round
_SHORTEST = 1e-7
_SHOCKS, _PERSISTENCES = (0.01, 0.05, 0.1, 0.2), (0.98, 0.9, 0.7, 0.5)
_SOONER = (0.7, 0.9)


@dataclass(frozen=True, slots=True)
class Garch:
    """A fitted model for each series, in the units of the returns.

    Attributes
    ----------
    mean, omega, alpha, beta
        Parameters, shape (n_series,); NaN where fewer than 50 returns are known or nothing varies.
    path
        Conditional variance of each period, shape (n_periods, n_series), rows as `aligned` gives them.
    variance
        That of the period after the last, shape (n_series,).
    """

    mean: Floats
    omega: Floats
    alpha: Floats
    beta: Floats
    path: Floats
    variance: Floats

    def ahead(self, horizon: int) -> Floats:
        """Variance of the sum of the next periods, shape (n_series,)."""
        total, step = np.zeros_like(self.variance), self.variance
        for _ in range(horizon):
            total, step = total + step, self.omega + (self.alpha + self.beta) * step
        return total


def aligned(at: Sample) -> Floats:
    """Put the known returns of each column at its end, in their order, NaN before them."""
    if at.complete:
        return at.cells
    order = np.argsort(at.known, axis=0, kind="stable")
    return np.take_along_axis(at.cells, order, axis=0)


def recursed(drive: Floats, factor: Floats, start: Floats) -> Floats:
    """Run y[t] = drive[t] + factor * y[t - 1] down the rows, from `start` before the first.

    Parameters
    ----------
    drive
        ndarray of shape (n_periods, ...); it is overwritten.
    factor, start
        Of the shape of a row, or one that spreads to it.

    Returns
    -------
    ndarray of the shape of `drive`
    """
    before = start
    if np.ndim(factor) and np.size(factor) and drive.ndim == 2 and len(drive) > _RUN and np.all(factor == np.ravel(factor)[0]):
        return _recursed_by_runs(drive, float(np.ravel(factor)[0]), start)
    for place in range(len(drive)):
        drive[place] += factor * before
        before = drive[place]
    return drive


def _recursed_by_runs(drive: Floats, factor: float, start: Floats) -> Floats:
    """Run one factor down the rows, many at once: a run is a triangle of its powers times the drive, and what came before fades over it.

    What comes before each run is a recursion of its own, of as many rows as there are runs.
    """
    ages = np.arange(_RUN)[:, None] - np.arange(_RUN)
    triangle = np.where(ages >= 0, factor ** np.maximum(ages, 0), 0.0)
    fading = factor ** np.arange(1.0, _RUN + 1.0)[:, None]
    runs, width = -(-len(drive) // _RUN), drive.shape[1]
    padded = np.concatenate([drive, np.zeros((runs * _RUN - len(drive), width))])
    alone = triangle @ padded.reshape(runs, _RUN, width)
    before = np.concatenate([np.broadcast_to(start, (1, width)), alone[:-1, -1]])
    before = recursed(before, np.full(width, factor**_RUN), np.zeros(width))
    alone += fading * before[:, None]
    return np.asarray(alone.reshape(-1, width)[: len(drive)])


def garch(at: Sample) -> Garch:
    """Fit GARCH(1,1) to each column.

    Parameters
    ----------
    at
        Returns.

    Returns
    -------
    Garch

    Notes
    -----
    Convention: h[0] from the exponentially weighted squares of the first 75 residuals, as in arch. Quasi-Newton steps in the logs and
    logits of the parameters, from Fisher's information, shortened where one does not help, from two places of arch's grid. Missing
    returns are left out: the days close up.

    References
    ----------
    Bollerslev, Generalized autoregressive conditional heteroskedasticity, 1986, eq. 19-22; Fiorentini, Calzolari and Panattoni,
    Analytic derivatives and the computation of GARCH estimates, 1996.
    """
    held = (at.counts >= MINIMUM) & (at.squares > 0)
    scale = np.where(held, at.deviation(0), np.nan)
    fitted = _Fit(aligned(at)[:, held] / scale[held])
    return fitted.scaled(held, scale)


class _Fit:
    """One fit of standardised columns; `place` holds mean, log omega, logit of persistence and logit of the shock's share in it."""

    def __init__(self, cells: Floats) -> None:
        self.known = ~np.isnan(cells)
        self.cells = np.where(self.known, cells, 0.0)
        self.counts = self.known.sum(axis=0)
        mean = self.cells.sum(axis=0) / np.maximum(self.counts, 1)
        self.start = self._backcast(mean)
        self.place = self._highest(mean)

    def scaled(self, held: NDArray[np.bool_], scale: Floats) -> Garch:
        """Spread over all columns, in the units of the returns."""
        mean, omega, alpha, beta = _natural(self.place)
        variances = self._variances(self.place, slice(None))
        errors = self.cells[-1] - mean if len(self.cells) else mean
        following = omega + alpha * errors**2 + beta * (variances[-1] if len(variances) else mean)
        square = scale**2
        mean, omega, alpha, beta, path, ahead = (_spread(values, held) for values in (mean, omega, alpha, beta, variances, following))
        return Garch(mean * scale, omega * square, alpha, beta, path * square, ahead * square)

    def _backcast(self, mean: Floats) -> Floats:
        """Weighted squares of the first known residuals of each column."""
        first = np.where(self.known, np.cumsum(self.known, axis=0) - 1, 75)
        weights = np.append(_BACKCAST, 0.0)[np.minimum(first, 75)]
        found: Floats = (weights * (self.cells - mean) ** 2).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-300)
        return found

    def _highest(self, mean: Floats) -> Floats:
        """Climb from the best place of all, and from the best of those that forget sooner: there may be two tops."""
        place, height = self._climb(self._starts(mean, _PERSISTENCES), _ROUNDS)
        other, found = self._climb(self._starts(mean, _SOONER), _ROUNDS)
        return np.where(found > height, other, place)

    def _starts(self, mean: Floats, persistences: tuple[float, ...]) -> Floats:
        """Place of a grid at which the likelihood is highest; the whole grid is that of arch."""
        ones = np.ones_like(mean)
        variance = (self.known * (self.cells - mean) ** 2).sum(axis=0) / np.maximum(self.counts, 1)
        trials = np.stack([np.stack([mean, np.log(variance * (1.0 - persistence)), _logit(persistence) * ones,
                                     _logit(shock / persistence) * ones]) for shock, persistence in product(_SHOCKS, persistences)])
        heights = np.stack([self._height(trial) for trial in trials])
        best: Floats = np.take_along_axis(trials, heights.argmax(axis=0)[None, None, :], axis=0)[0]
        return best

    def _climb(self, start: Floats, rounds: int) -> tuple[Floats, Floats]:
        """Take quasi-Newton steps with the columns that still gain, from the information of the first place."""
        place, moving = start.copy(), np.arange(start.shape[1])
        heights, slopes, information = self._judged(place, moving)
        inverse, reach = np.linalg.inv(information), np.ones(len(moving))
        for _ in range(rounds):
            if not len(moving):
                break
            step = np.clip(np.einsum("nkj,jn->kn", inverse[moving], slopes[:, moving]), -3.0, 3.0) * reach[moving]
            ahead = place[:, moving] + step
            ahead[1:] = np.clip(ahead[1:], -30.0, 20.0)
            found, turned, _ = self._judged(ahead, moving)
            better = found >= heights[moving]
            promised = (step * slopes[:, moving]).sum(axis=0)
            taken = moving[better]
            inverse[taken] = _turned(inverse[taken], step[:, better], slopes[:, taken] - turned[:, better])
            place[:, taken], heights[taken], slopes[:, taken] = ahead[:, better], found[better], turned[:, better]
            reach[moving] = np.where(better, 1.0, reach[moving] / 4.0)
            moving = moving[np.where(better, promised > _FLAT, reach[moving] > _SHORTEST)]
        return place, heights

    def _errors(self, place: Floats, columns: NDArray[np.intp] | slice) -> Floats:
        errors: Floats = np.where(self.known[:, columns], self.cells[:, columns] - place[0], 0.0)
        return errors

    def _variances(self, place: Floats, columns: NDArray[np.intp] | slice) -> Floats:
        """Conditional variances; before the first known return they stand at the start."""
        _, omega, alpha, beta = _natural(place)
        squares, start = self._errors(place, columns) ** 2, self.start[columns]
        earlier = np.concatenate([start[None], squares[:-1]])
        began = np.cumsum(self.known[:, columns], axis=0) - self.known[:, columns] > 0
        earlier = np.where(began, earlier, start)
        # What stands before the first known return: drive that keeps the recursion at its start.
        drive = np.where(began | self.known[:, columns], omega + alpha * earlier, (1.0 - beta) * start)
        return recursed(drive, beta, start)

    def _height(self, place: Floats) -> Floats:
        """Log likelihood, less its constant."""
        variances, errors = self._variances(place, slice(None)), self._errors(place, slice(None))
        found: Floats = -0.5 * np.where(self.known, np.log(variances) + errors**2 / variances, 0.0).sum(axis=0)
        return found

    def _slopes(self, place: Floats, columns: NDArray[np.intp], variances: Floats) -> Floats:
        """Give the derivatives of the variances by mean, log omega and the two logits, shape (n_periods, 4, n_columns)."""
        _, omega, alpha, beta = _natural(place)
        persistence, share = _logistic(place[2]), _logistic(place[3])
        errors, start = self._errors(place, columns), np.broadcast_to(self.start[columns], variances.shape)
        known = self.known[:, columns]
        began = np.cumsum(known, axis=0) - known > 0
        lagged = np.concatenate([errors[:1] * 0.0, errors[:-1]])
        squares = np.where(began, lagged**2, start)
        before = np.concatenate([start[:1], variances[:-1]])
        by_alpha, by_beta = squares, np.where(began, before, start)
        drive = np.stack([-2.0 * alpha * lagged * began, np.broadcast_to(omega, variances.shape),
                          persistence * (1.0 - persistence) * (share * by_alpha + (1.0 - share) * by_beta),
                          persistence * share * (1.0 - share) * (by_alpha - by_beta)], axis=1)
        drive *= (began | known)[:, None, :]
        return recursed(drive, beta, np.zeros_like(drive[0]) if len(drive) else beta)

    def _judged(self, place: Floats, columns: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
        """Log likelihood, its slope of shape (4, n_columns), and the information of shape (n_columns, 4, 4)."""
        variances = self._variances(place, columns)
        errors, known = self._errors(place, columns), self.known[:, columns]
        squares = errors**2 / variances
        height = -0.5 * np.where(known, np.log(variances) + squares, 0.0).sum(axis=0)
        relative = self._slopes(place, columns, variances) / variances[:, None, :]
        relative *= known[:, None, :]
        slope = 0.5 * np.einsum("tkn,tn->kn", relative, squares - 1.0)
        slope[0] += (errors / variances).sum(axis=0)
        information = 0.5 * np.einsum("tkn,tjn->nkj", relative, relative)
        information[:, 0, 0] += (known / variances).sum(axis=0)
        np.einsum("nkk->nk", information)[:] += 1e-3 * np.einsum("nkk->nk", information) + 1e-9
        return height, slope, information


def _turned(inverse: NDArray[np.floating[Any]], step: Floats, change: Floats) -> Floats:
    """Bring inverse Hessians of shape (n_columns, 4, 4) up to date with what a step did to the slope (Broyden and others)."""
    bend = (step * change).sum(axis=0)
    held = bend > 1e-14
    rate = np.where(held, 1.0 / np.where(held, bend, 1.0), 0.0)
    outer = np.einsum("kn,jn,n->nkj", step, change, rate)
    left = np.eye(4) - outer
    turned: Floats = left @ inverse @ left.transpose(0, 2, 1) + np.einsum("kn,jn,n->nkj", step, step, rate)
    return np.where(held[:, None, None], turned, inverse)


def _natural(place: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    persistence, share = _logistic(place[2]), _logistic(place[3])
    return place[0], np.exp(place[1]), persistence * share, persistence * (1.0 - share)


def _logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


def _logistic(number: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-number))
    return found


def _spread(values: Floats, held: NDArray[np.bool_]) -> Floats:
    """Put values of the columns that were fitted among NaN."""
    whole = np.full((*values.shape[:-1], len(held)), np.nan)
    whole[..., held] = values
    return whole
