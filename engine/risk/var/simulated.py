"""Tails of simulated holdings: multivariate normal, a t copula over each one's own history, and blocks of that history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from scipy.special import stdtr

from engine.columns import Floats
from engine.risk.sample import Sample
from engine.risk.var.copula import root_of, t_copula_of
from engine.risk.var.garch import aligned
from engine.risk.var.historical import mean_beyond
from engine.risk.var.ways import Tail, Ways

FEWEST_DAYS = 10
_BLOCK = 64  # columns that are simulated at once: 10,000 draws of them are 5 MB


def simulated(method: str) -> Callable[[Sample, Ways], Tail]:
    """Give the kernel of a simulation of single series: each for itself, all from the same random numbers.

    Parameters
    ----------
    method
        One of `SIMULATIONS`.

    Returns
    -------
    callable
        Of a sample and ways, to a `Tail`.
    """
    def kernel(at: Sample, ways: Ways) -> Tail:
        if len(at.cells) < FEWEST_DAYS:
            return Tail(np.full_like(at.mean, np.nan), np.full_like(at.mean, np.nan))
        blocks = [Sample(at.cells[:, start:start + _BLOCK]) for start in range(0, at.cells.shape[1], _BLOCK)]
        tails = [tail_of_draws(simulated_returns(block, method, ways, joint=False), ways) for block in blocks]
        held = at.counts >= FEWEST_DAYS
        return Tail(*(np.where(held, np.concatenate(parts), np.nan) for parts in zip(*tails, strict=True))) if tails else Tail(at.mean, at.mean)
    return kernel


def tail_of_draws(draws: Floats, ways: Ways) -> Tail:
    """Tail of simulated returns that already are those of the horizon."""
    scenarios = Sample(draws)
    quantile = scenarios.quantile(ways.share, ways.interpolation)
    return Tail(-quantile, mean_beyond(scenarios, quantile, ways))


def simulated_returns(at: Sample, method: str, ways: Ways, *, joint: bool = True) -> Floats:
    """Simulate returns over the horizon.

    Parameters
    ----------
    at
        Returns; together without gaps where they are simulated jointly.
    method
        One of `SIMULATIONS`.
    ways
        Horizon, simulations, seed, block and degrees of freedom.
    joint
        Whether the columns move together (default), or each for itself.

    Returns
    -------
    ndarray of shape (simulations, n_series)
        Simple returns compounded over the horizon, fraction.
    """
    draws = SIMULATIONS[method](at, ways, joint, np.random.default_rng(ways.seed))
    if ways.horizon == 1:
        return next(draws)
    grown = 1.0 + next(draws)
    for _ in range(ways.horizon - 1):
        grown *= 1.0 + next(draws)
    return grown - 1.0


def _normal(at: Sample, ways: Ways, joint: bool, chance: Generator) -> Iterator[Floats]:  # noqa: FBT001 - of a table of functions
    """Draws of a normal distribution with the sample's mean and covariance."""
    if joint:
        root = root_of(at.centred.T @ at.centred / max(len(at.cells) - ways.ddof, 1)).T
    while True:
        shocks = chance.standard_normal((ways.simulations, at.cells.shape[1] if joint else 1))
        moved = shocks @ root if joint else shocks * at.deviation(ways.ddof)
        moved += at.mean
        yield moved


def _t_copula(at: Sample, ways: Ways, joint: bool, chance: Generator) -> Iterator[Floats]:  # noqa: FBT001 - likewise
    """Draws that fall together as a t copula does, each column along its own history."""
    if not joint or at.cells.shape[1] == 1:
        while True:
            yield _along(at, chance.random((ways.simulations, 1)))
    copula = t_copula_of(at, ways.degrees_of_freedom)
    root = root_of(copula.correlation).T
    while True:
        shocks = chance.standard_normal((ways.simulations, len(root))) @ root
        shocks /= np.sqrt(chance.chisquare(copula.degrees, (ways.simulations, 1)) / copula.degrees)
        yield _along(at, _chances(shocks, copula.degrees))


def _chances(shocks: Floats, degrees: float) -> Floats:
    """Distribution function of Student's t, between 8,192 points of it: off by less than a millionth, in a sixth of the time."""
    reach = np.tan(np.linspace(-np.pi / 2 + 1e-4, np.pi / 2 - 1e-4, 8_192))  # dense where most of it lies, out to 10,000
    found: Floats = np.interp(shocks.ravel(), reach, stdtr(degrees, reach)).reshape(shocks.shape)
    return found


def _blocks(at: Sample, ways: Ways, joint: bool, chance: Generator) -> Iterator[Floats]:  # noqa: ARG001, FBT001 - rows are joint by nature
    """Draws of days in runs of `block` that follow each other in history; the last day is followed by the first."""
    cells, counts = aligned(at), np.maximum(at.counts, 1.0)
    offset = len(cells) - counts
    step = 0
    while True:
        if step % ways.block == 0:
            places = np.floor(chance.random((ways.simulations, 1)) * counts)
        yield np.take_along_axis(cells, (places + offset).astype(np.intp), axis=0)
        places, step = (places + 1.0) % counts, step + 1


def _along(at: Sample, chances: Floats) -> Floats:
    """Quantiles of each column at chances of shape (simulations, 1 or n_series)."""
    ordered, last = at.ordered, np.maximum(at.counts - 1.0, 0.0)
    places = chances * last
    low = places.astype(np.intp)
    down = np.take_along_axis(ordered, low, axis=0)
    up = np.take_along_axis(ordered, np.minimum(low + 1, last.astype(np.intp)), axis=0)
    places -= low
    moved: Floats = down + places * (up - down)
    return moved


SIMULATIONS = MappingProxyType({"monte_carlo_normal": _normal, "t_copula": _t_copula, "block_bootstrap": _blocks})
