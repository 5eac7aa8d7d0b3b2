"""Hidden states of a market: calm and rough, how likely each is now, and whether knowing them forecasts better than not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.advice.learning.scores import Score, crps_of_mixture, scored
from engine.columns import Floats
from engine.errors import InsufficientHistory

STATES: Final = 2
WINDOW, EVERY, DAYS = 1000, 63, 1260
LEAST: Final = 250
LEAST_DAYS: Final = 120
ROUNDS: Final = 100
SETTLED: Final = 1e-6  # of the log likelihood of a period


@dataclass(frozen=True, slots=True)
class Regimes:
    """A fitted chain of hidden states with normal returns, the calmest first.

    Attributes
    ----------
    means, deviations
        ndarrays of shape (n_states,), of a period.
    moves
        ndarray of shape (n_states, n_states): chance of the column after the row.
    start
        ndarray of shape (n_states,): chances of the first period.
    likelihood
        Log likelihood of a period.
    """

    means: Floats
    deviations: Floats
    moves: Floats
    start: Floats
    likelihood: float

    def filtered(self, returns: Floats) -> Floats:
        """Chance of each state given the past up to each period, shape (n_periods, n_states)."""
        return _forward(self, returns)[0]

    def lengths(self) -> Floats:
        """Periods that each state lasts in the mean."""
        return np.asarray(1.0 / np.maximum(1.0 - np.diag(self.moves), 1e-9))


def hidden_states(returns: Floats, *, states: int = STATES, rounds: int = ROUNDS) -> Regimes:
    """Fit hidden states by expectation and maximisation.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods,), no NaN.
    states
        How many, default 2.
    rounds
        At most, default 100.

    Returns
    -------
    Regimes

    Notes
    -----
    Convention: begun with equal parts of the periods by how large their moves are; deviations stay above a hundredth of that of all. The
    products of the chain are formed pairwise, so that a fit takes as many steps as the logarithm of the periods.

    Raises
    ------
    InsufficientHistory
        Fewer than 250 periods.

    References
    ----------
    Hamilton 1989, "A new approach to the economic analysis of nonstationary time series", Econometrica 57; Rabiner 1989, eq. 40.
    """
    if len(returns) < LEAST:
        raise InsufficientHistory("hidden states", needed=LEAST, found=len(returns))
    found = _begun(returns, states)
    for _ in range(rounds):
        before = found.likelihood
        found = _improved(found, returns)
        if found.likelihood - before < SETTLED:
            break
    order = np.argsort(found.deviations)
    return Regimes(found.means[order], found.deviations[order], found.moves[np.ix_(order, order)], found.start[order], found.likelihood)


def regime_score(returns: Floats, *, window: int = WINDOW, every: int = EVERY, days: int = DAYS) -> Score:
    """Score the forecasts that hidden states give against one normal of the last year.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods,), no NaN.
    window, every, days
        Periods fitted to, between two fits, and forecast at most.

    Raises
    ------
    InsufficientHistory
        Fewer than 250 periods to learn from and 120 to forecast.
    """
    first = max(min(window, len(returns) // 2), len(returns) - days)
    if first < LEAST or len(returns) - first < LEAST_DAYS:
        raise InsufficientHistory("regimes", needed=LEAST + max(LEAST_DAYS, LEAST), found=len(returns))
    losses = [_ahead(returns, place, min(place + every, len(returns)), max(0, place - window)) for place in range(first, len(returns), every)]
    mine, naive = (np.concatenate(parts) for parts in zip(*losses, strict=True))
    return scored("regimes", "hidden_states", "crps", mine, naive)


def _ahead(returns: Floats, place: int, end: int, since: int) -> tuple[Floats, Floats]:
    """Losses of both from one fit to the next; the states are followed day by day."""
    fitted = hidden_states(returns[since:place])
    chances = fitted.filtered(returns[since : end - 1])[place - since - 1 :] @ fitted.moves
    wide = np.ones((end - place, 1))
    year = np.stack([returns[day - LEAST : day] for day in range(place, end)])
    observed = returns[place:end]
    mine = crps_of_mixture(chances, wide * fitted.means, wide * fitted.deviations, observed)
    return mine, crps_of_mixture(wide, year.mean(axis=1)[:, None], year.std(axis=1, ddof=1)[:, None], observed)


def _begun(returns: Floats, states: int) -> Regimes:
    order = np.argsort(np.argsort(np.abs(returns - returns.mean()), kind="stable"), kind="stable") * states // len(returns)
    deviations = np.array([max(float(returns[order == state].std()), 1e-8) for state in range(states)])
    moves = np.full((states, states), 0.05 / max(states - 1, 1)) + np.eye(states) * (0.95 - 0.05 / max(states - 1, 1))
    return Regimes(np.full(states, returns.mean()), np.maximum(deviations, _least(returns)), moves, np.full(states, 1.0 / states), -np.inf)


def _least(returns: Floats) -> float:
    return max(float(returns.std()) * 0.01, 1e-8)


def _densities(model: Regimes, returns: Floats) -> tuple[Floats, Floats]:
    """Densities of each period under each state, and the logarithm they were divided by."""
    logs = -0.5 * ((returns[:, None] - model.means) / model.deviations) ** 2 - np.log(model.deviations) - 0.5 * np.log(2.0 * np.pi)
    top = logs.max(axis=1)
    return np.asarray(np.exp(logs - top[:, None])), top


def _forward(model: Regimes, returns: Floats) -> tuple[Floats, float, Floats]:
    """Give filtered chances, log likelihood, and the steps of the chain."""
    density, top = _densities(model, returns)
    steps = model.moves * density[1:, None, :]
    products, logs = _prefix(steps)
    first = model.start * density[0]
    rows = np.concatenate([first[None], first @ products]) if len(steps) else first[None]
    sums = rows.sum(axis=1)
    likelihood = float(np.log(max(sums[-1], 1e-300)) + (logs[-1] if len(steps) else 0.0) + top.sum())
    return np.asarray(rows / sums[:, None]), likelihood, steps


def _improved(model: Regimes, returns: Floats) -> Regimes:
    """Take one round: how likely each state was, and what it was like."""
    filtered, likelihood, steps = _forward(model, returns)
    suffix, _ = _prefix(steps[::-1].transpose(0, 2, 1))  # products from the end, transposed
    behind = np.concatenate([suffix.sum(axis=1)[::-1], np.ones((1, len(model.means)))])
    gamma = filtered * behind
    gamma /= gamma.sum(axis=1, keepdims=True)
    pairs = filtered[:-1, :, None] * steps * behind[1:, None, :]
    pairs /= pairs.sum(axis=(1, 2), keepdims=True)
    size = np.maximum(gamma.sum(axis=0), 1e-9)
    means = gamma.T @ returns / size
    spread = (gamma * (returns[:, None] - means) ** 2).sum(axis=0) / size
    moves = pairs.sum(axis=0) + 1e-6
    return Regimes(means, np.maximum(np.sqrt(spread), _least(returns)), moves / moves.sum(axis=1, keepdims=True), gamma[0],
                   likelihood / len(returns))


def _prefix(steps: Floats) -> tuple[Floats, Floats]:
    """Products of the first matrices up to each, scaled to add up to one, with the logarithms of the scales."""
    products = steps.copy()
    scale = products.sum(axis=(1, 2))
    products /= scale[:, None, None]
    logs = np.log(scale)
    reach = 1
    while reach < len(products):
        joined = products[:-reach] @ products[reach:]
        scale = joined.sum(axis=(1, 2))
        logs = np.concatenate([logs[:reach], logs[:-reach] + logs[reach:] + np.log(scale)])
        products = np.concatenate([products[:reach], joined / scale[:, None, None]])
        reach *= 2
    return products, logs
