"""Several strategies on one past: each walked, judged against doing nothing and 1/N, and deflated by how many were tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from engine.advice.purged import FOLDS, LEAST_FOLD, purged_paths
from engine.advice.strategies import Strategy, Terms
from engine.advice.verdict import Comparison, compared, probability_of_overfitting, sharpe
from engine.advice.walk_forward import Walk, walk_forward
from engine.errors import InsufficientHistory
from engine.risk.trials import deflated_sharpe_ratio

PARTS: Final = 10  # of the combinatorially symmetric splits
Say = Callable[[str, int, int], bool]


@dataclass(frozen=True, slots=True)
class Trial:
    """How strategies are tried.

    Attributes
    ----------
    window, every, cost
        As in `walk_forward`.
    judged
        Periods of the windows that a strategy is compared over.
    periods_per_year
        252 for trading days.
    cash_rate
        Return of cash a period.
    purged
        Whether estimated strategies are tried on combinatorial purged splits too.
    seed
        Of the bootstrap.
    """

    window: int = 504
    every: int = 21
    cost: float = 0.001
    judged: int = 252
    periods_per_year: float = 252
    cash_rate: float = 0.0
    purged: bool = True
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Tested:
    """A strategy that was tried.

    Attributes
    ----------
    strategy, walk
        What, and what became of it.
    deflated
        `deflated_sharpe_ratio` among all that were tried.
    against
        Name of a baseline, comparison with it, and `deflated_sharpe_ratio` of the difference of the returns among those of all that were tried;
        empty for the baselines and where the past is too short for two windows.
    purged
        Yearly Sharpe ratio of each combinatorial path, before costs; None where it is not estimated.
    """

    strategy: Strategy
    walk: Walk
    deflated: float = float("nan")
    against: tuple[tuple[str, Comparison, float], ...] = ()
    purged: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was tried, in the order asked for, and how likely the best of it is luck."""

    tested: tuple[Tested, ...]
    overfitting: float
    stopped: bool = False


def evidence(returns: pd.DataFrame, strategies: Sequence[Strategy], terms: Terms, trial: Trial | None = None, *, say: Say | None = None) -> Evidence:
    """Try strategies on a past.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_symbols), fraction.
    strategies
        What is tried; baselines among them are what the others are compared with.
    terms
        What they heed; its present weights are held before the first decision.
    trial
        How.
    say
        Called with the name of a strategy, decisions done, and decisions in all; False stops everything.

    Returns
    -------
    Evidence

    Notes
    -----
    Convention: every strategy that was asked for counts as a trial, baselines too.

    Raises
    ------
    InsufficientHistory
        No period after the first window.

    References
    ----------
    Bailey and Lopez de Prado 2014, "The deflated Sharpe ratio"; Bailey, Borwein, Lopez de Prado and Zhu 2017, "The probability of backtest
    overfitting".
    """
    told, done = trial or Trial(), list[Tested]()
    held = pd.Series(dict(terms.present), dtype=np.float64).reindex(returns.columns).fillna(0.0)
    for each in strategies:
        walk = walk_forward(returns, each.make(terms), window=told.window, every=told.every, cost=told.cost, weights=held, cash_rate=told.cash_rate,
                            tell=None if say is None else lambda count, total, name=each.name: say(name, count, total))  # type: ignore[misc]
        if say is not None and not say(each.name, len(walk.weights), len(walk.weights)):
            return Evidence(tuple(done), float("nan"), stopped=True)
        done.append(Tested(each, walk, purged=_paths(returns, each, terms, told, say)))
    return Evidence(tuple(_judged(done, told)), _overfitting(done))


def _paths(returns: pd.DataFrame, each: Strategy, terms: Terms, trial: Trial, say: Say | None) -> tuple[float, ...] | None:
    """Fit an estimated strategy to every combination of folds."""
    known = returns.dropna(axis=1, how="all").fillna(0.0)
    if not (each.fitted and trial.purged) or len(known) < FOLDS * LEAST_FOLD:
        return None
    decide = each.make(terms)
    found = purged_paths(known, lambda past: decide(past, past.iloc[0] * 0.0 + 1.0 / past.shape[1]),
                         go_on=None if say is None else lambda: say(each.name, 0, 0))
    return tuple(sorted(float(ratio) for ratio in sharpe(found.to_numpy(), trial.periods_per_year) if np.isfinite(ratio)))


def _judged(done: Sequence[Tested], trial: Trial) -> list[Tested]:
    ratios = [_period_sharpe(each.walk) for each in done]
    baselines = [each for each in done if each.strategy.baseline]
    return [replace(each, deflated=float(deflated_sharpe_ratio(each.walk.returns, ratios)),
                    against=() if each.strategy.baseline else tuple(_against(each, baselines, done, trial))) for each in done]


def _against(each: Tested, baselines: Sequence[Tested], every: Sequence[Tested], trial: Trial) -> list[tuple[str, Comparison, float]]:
    found = []
    for other in baselines:
        try:
            told = compared(each.walk.returns, other.walk.returns, window=trial.judged, step=trial.every, periods_per_year=trial.periods_per_year,
                            seed=trial.seed)
        except InsufficientHistory:
            continue
        apart = [one.walk.returns - other.walk.returns for one in every if one is not other]
        ratios = [float(sharpe(one.to_numpy()[:, None], 1)[0]) for one in apart]
        found.append((other.strategy.name, told, float(deflated_sharpe_ratio(each.walk.returns - other.walk.returns, ratios))))
    return found


def _period_sharpe(walk: Walk) -> float:
    return float(sharpe(walk.returns.to_numpy()[:, None], 1)[0])


def _overfitting(done: Sequence[Tested]) -> float:
    every = pd.DataFrame({each.strategy.name: each.walk.returns for each in done})
    return probability_of_overfitting(every, parts=PARTS) if len(every.dropna()) >= 2 * PARTS and len(done) > 1 else float("nan")
