"""What the fix of a rule would have done: today's portfolio put into the past month after month, the rule asked with what was known then.

In every window the portfolio is today's: its weights, lots, costs and taxes. Only the past that the rule looks back on is that of the day, so
that a fix that is estimated is estimated from what was known. The fix is traded once, at the close of that day, and then left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from engine.advice.policy import Policy
from engine.advice.purged import FOLDS, LEAST_FOLD, path_count, purged_splits
from engine.advice.replay_scene import LEAST_WINDOWS, Scene
from engine.advice.rules import RULES
from engine.advice.rules_effect import orders_of
from engine.advice.rules_facts import Facts
from engine.advice.rules_words import Advice
from engine.advice.trades import BUY
from engine.advice.verdict import Comparison, comparison, sharpe
from engine.columns import Floats
from engine.risk.trials import deflated_sharpe_ratio

STILL, EQUAL = "still", "equal"
DRAWS: Final = 200
DUST: Final = 1e-9
Say = Callable[[int, int], bool]
ASK: Final = {rule.key: rule.ask for rule in RULES}


@dataclass(frozen=True, slots=True)
class Replay:
    """What a fix would have done.

    Attributes
    ----------
    windows, spoke
        Windows that were tried, and those in which the rule spoke; all that follows is of these.
    first, last
        Days on which the first and the last of them begin.
    against
        Name of a baseline, comparison with it, and `deflated_sharpe_ratio` of the difference among all fixes that were tried together.
    turnover, cost, tax
        Of the fix, mean of the windows, fraction of the value; bought and sold each counted.
    volatility, worst_year
        With the fix and without it: of a year over all windows, and the return of the worst window.
    purged
        Lowest, median and highest difference of the yearly Sharpe ratio to today's weights along combinatorial purged paths, before costs; None
        where the fix does not hang on the past.
    """

    windows: int
    spoke: int
    first: pd.Timestamp
    last: pd.Timestamp
    against: tuple[tuple[str, Comparison, float], ...]
    turnover: float
    cost: float
    tax: float
    volatility: tuple[float, float]
    worst_year: tuple[float, float]
    purged: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Untried:
    """Why nothing can be said of a fix; `short` where a longer history would do."""

    reason: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Traded:
    """Weights after trades, and what they cost; fractions of the value before."""

    weights: Floats  # in the order of the scene
    turnover: float
    cost: float
    tax: float

    @property
    def charged(self) -> float:
        """What is taken from the value at once."""
        return self.cost + self.tax


def replayed(facts: Facts, policy: Policy, advices: Sequence[Advice], *, say: Say | None = None) -> list[Replay | Untried] | None:
    """Try the fixes of some advice on the past.

    Parameters
    ----------
    facts, policy
        The portfolio as it is now, and what it is meant to be.
    advices
        What rules of the house say of it now.
    say
        Called with windows done and in all; False stops everything.

    Returns
    -------
    list of Replay or Untried, or None
        In the order of the advice; None where it was stopped.

    Notes
    -----
    Convention: windows of a year, begun every month, the last one ends today. Doing nothing: today's weights, left to drift. 1/N: the same
    weight for every holding and cash as it is, bought at today's costs and taxes, left to drift too. Costs and taxes are the policy's, of
    today's lots, taken from the value at once; what a loss saves is counted. Cash and what has no return on a day stand still. A day's return
    is the mean of the windows that are open on it.

    References
    ----------
    Jegadeesh and Titman 1993, "Returns to buying winners and selling losers", Journal of Finance 48 (overlapping windows in one series); Bailey
    and Lopez de Prado 2014, "The deflated Sharpe ratio".
    """
    scene = Scene.of(facts)
    why = why_not(facts, policy, advices, scene)
    tried = [place for place, reason in enumerate(why) if reason is None]
    if not tried:
        return [reason for reason in why if reason is not None]
    walks = _walked(facts, policy, scene, [advices[place] for place in tried], say)
    if walks is None:
        return None
    told = _told(facts, policy, scene, walks)
    news = iter(told)
    return [next(news) if reason is None else reason for reason in why]


def why_not(facts: Facts, policy: Policy, advices: Sequence[Advice], scene: Scene | None = None) -> list[Untried | None]:
    """Tell why fixes cannot be tried; None for those that can."""
    laid = scene or Scene.of(facts)
    return [_why_not(facts, policy, laid, advice) for advice in advices]


def _why_not(facts: Facts, policy: Policy, scene: Scene, advice: Advice) -> Untried | None:
    """Tell why a fix cannot be tried; None where it can."""
    if advice.rule not in ASK or not advice.moves:
        return Untried("It names no trades: there is nothing to try on the past")
    if advice.replaced:
        return Untried("Something like it is held instead: what it brings is the tax, which does not hang on the past")
    trades = orders_of(facts, policy, advice.moves)
    if not trades:
        return Untried("None of its trades can be made: there is nothing to try on the past")
    count = len(scene.starts(scene.begin(each.symbol for each in trades)))
    return None if count >= LEAST_WINDOWS else Untried(f"Too short a history: {count} windows of a year, needs {LEAST_WINDOWS}", short=True)


# ------------------------------------------------------------------------------------------------------------------------------- walking


@dataclass(slots=True)
class _Walk:
    """One fix as the windows go by."""

    advice: Advice
    starts: set[int]
    done: list[tuple[int, Traded]] = field(default_factory=list)
    gained: list[tuple[float, float, float]] = field(default_factory=list)  # of a window: the fix, doing nothing, 1/N
    sums: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    open: Floats = field(default_factory=lambda: np.zeros(0))


def _walked(facts: Facts, policy: Policy, scene: Scene, advices: Sequence[Advice], say: Say | None) -> list[_Walk] | None:
    length = len(scene.cells)
    now, alike = Traded(scene.weights, 0.0, 0.0, 0.0), _alike(facts, policy, scene)
    walks = [_Walk(advice, set(scene.starts(scene.begin(_symbols(facts, policy, advice)))), sums=np.zeros((length, 3)), open=np.zeros(length))
             for advice in advices]
    places = sorted({place for walk in walks for place in walk.starts})
    for count, place in enumerate(places, start=1):
        known = replace(facts, past=scene.past(place))
        wanted = [(walk, each) for walk in walks if place in walk.starts and (each := traded(known, policy, scene, walk.advice)) is not None]
        _held(scene, place, [(None, now), (None, alike), *wanted])
        if say is not None and not say(count, len(places)):
            return None
    return walks


def traded(facts: Facts, policy: Policy, scene: Scene, advice: Advice) -> Traded | None:
    """Ask the rule of an advice, and trade what it says of the same thing; None where it says nothing that can be traded."""
    answer = ASK[advice.rule](facts, policy)
    mine = None if isinstance(answer, str) else _same(answer, advice.subject)
    return None if mine is None else _orders(facts, policy, scene, mine.moves)


def _same(answer: Sequence[Advice], subject: str) -> Advice | None:
    """Find what is said of the same thing; of holdings that belong together, what has most of them in common."""
    exact = [each for each in answer if each.subject == subject]
    if exact or "+" not in subject:
        return exact[0] if exact else None
    parts = set(subject.split("+"))
    shared = {place: len(parts & set(each.subject.split("+"))) for place, each in enumerate(answer)}
    best = max(shared, key=lambda place: shared[place], default=None)
    return answer[best] if best is not None and 2 * shared[best] >= len(parts) else None


def _orders(facts: Facts, policy: Policy, scene: Scene, moves: Mapping[str, float]) -> Traded | None:
    trades = orders_of(facts, policy, moves)
    if not trades:
        return None
    cost, tax = math.fsum(each.fee + each.spread for each in trades), math.fsum(each.tax for each in trades)
    weights = scene.weights.copy() * facts.value
    for each in trades:
        weights[scene.places[each.symbol]] += each.amount if each.side == BUY else -each.amount
    return Traded(weights / (facts.value - cost), math.fsum(each.amount for each in trades) / facts.value, cost / facts.value, tax / facts.value)


def _symbols(facts: Facts, policy: Policy, advice: Advice) -> Iterable[str]:
    return (each.symbol for each in orders_of(facts, policy, advice.moves))


def _alike(facts: Facts, policy: Policy, scene: Scene) -> Traded:
    """Give every holding that has a past the same weight, cash as it is."""
    held = [symbol for symbol, place in scene.places.items() if scene.weights[place] > 0 and scene.first[place] <= scene.base]
    each = facts.together(held) / max(len(held), 1)
    moves = {symbol: (each - facts.weight(symbol)) * facts.value for symbol in held}
    found = _orders(facts, policy, scene, {symbol: amount for symbol, amount in moves.items() if abs(amount) > DUST * facts.value})
    return found or Traded(scene.weights, 0.0, 0.0, 0.0)


def _held(scene: Scene, place: int, every: Sequence[tuple[_Walk | None, Traded]]) -> None:
    """Hold weights through a window, and write down what became of each."""
    weights = np.array([each.weights for _, each in every], dtype=np.float64).T
    wealth = scene.growth(place) @ weights + (1.0 - weights.sum(axis=0))
    wealth *= 1.0 - np.array([each.charged for _, each in every])
    rows = slice(place, place + len(wealth))
    daily = wealth / np.vstack([np.ones(len(every)), wealth[:-1]]) - 1.0
    for column, (walk, each) in enumerate(every):
        if walk is not None:
            walk.done.append((place, each))
            walk.gained.append((float(wealth[-1, column]), float(wealth[-1, 0]), float(wealth[-1, 1])))
            walk.sums[rows] += daily[:, (column, 0, 1)]
            walk.open[rows] += 1.0


# ------------------------------------------------------------------------------------------------------------------------------- telling


def _told(facts: Facts, policy: Policy, scene: Scene, walks: Sequence[_Walk]) -> list[Replay | Untried]:
    spoken = [walk for walk in walks if len(walk.done) >= LEAST_WINDOWS]
    days = [_series(scene, walk) for walk in spoken]
    purged = _purged(facts, policy, scene, spoken)
    told = {id(walk): _one(scene, walk, place, days, purged[place]) for place, walk in enumerate(spoken)}
    return [told.get(id(walk)) or _quiet(walk) for walk in walks]


def _quiet(walk: _Walk) -> Untried:
    return Untried(f"It spoke in {len(walk.done)} of {len(walk.starts)} windows of the past, needs {LEAST_WINDOWS}", short=True)


def _series(scene: Scene, walk: _Walk) -> pd.DataFrame:
    """Give a day's return of the fix, of doing nothing and of 1/N."""
    known = walk.open > 0
    return pd.DataFrame(walk.sums[known] / walk.open[known, None], index=scene.days[known], columns=["own", STILL, EQUAL])


def _one(scene: Scene, walk: _Walk, place: int, days: Sequence[pd.DataFrame], purged: tuple[float, float, float] | None) -> Replay:
    begun = scene.days[[start - 1 for start, _ in walk.done]]
    gained = np.array(walk.gained)
    against = []
    for column, name in enumerate((STILL, EQUAL), start=1):
        mine = days[place]
        told = comparison(pd.Series(gained[:, 0] - gained[:, column], index=begun), mine["own"], mine[name], periods_per_year=scene.periods,
                          draws=DRAWS)
        ratios = [float(sharpe((each["own"] - each[name]).to_numpy()[:, None], 1)[0]) for each in days]
        against.append((name, told, float(deflated_sharpe_ratio(mine["own"] - mine[name], [each for each in ratios if math.isfinite(each)]))))
    turnover, cost, tax = (math.fsum(getattr(each, name) for _, each in walk.done) / len(walk.done) for name in ("turnover", "cost", "tax"))
    rough = days[place][["own", STILL]].std() * math.sqrt(scene.periods)
    worst = gained[:, :2].min(axis=0) - 1.0
    return Replay(len(walk.starts), len(walk.done), begun[0], begun[-1], tuple(against), turnover, cost, tax,
                  (float(rough["own"]), float(rough[STILL])), (float(worst[0]), float(worst[1])), purged)


def _purged(facts: Facts, policy: Policy, scene: Scene, walks: Sequence[_Walk]) -> list[tuple[float, float, float] | None]:
    """Learn fixes that hang on the past from every combination of folds, and hold them through the others."""
    moving = [place for place, walk in enumerate(walks) if _varies(walk)]
    found: list[tuple[float, float, float] | None] = [None] * len(walks)
    if not moving or len(scene.cells) - scene.base < FOLDS * LEAST_FOLD:
        return found
    rows = np.arange(scene.base, len(scene.cells))
    own = np.full((len(rows), path_count(), len(moving)), np.nan)
    for known, parts in purged_splits(len(rows)):
        learnt = replace(facts, past=scene.learnt(rows[known]))
        decided = [traded(learnt, policy, scene, walks[place].advice) for place in moving]
        weights = np.array([scene.weights if each is None else each.weights for each in decided]).T
        for path, part in parts:
            own[part, path] = scene.cells[rows[part]] @ weights
    still = float(sharpe((scene.cells[rows] @ scene.weights)[:, None], scene.periods)[0])
    for column, place in enumerate(moving):
        ratios = sharpe(own[:, :, column], scene.periods) - still
        found[place] = (float(ratios.min()), float(np.median(ratios)), float(ratios.max()))
    return found


def _varies(walk: _Walk) -> bool:
    weights = np.array([each.weights for _, each in walk.done])
    return bool((np.ptp(weights, axis=0) > 1e-6).any())
