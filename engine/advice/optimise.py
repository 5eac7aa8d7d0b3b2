"""Optimised weights: skfolio's estimators, typed, with the present portfolio beside them and an answer where there is no solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.advice.optimise_limits import Limits, conflicts_of, matrices
from engine.advice.optimise_models import COVARIANCES, EXPECTED, MODELS, OBJECTIVES, Setup, built, prior_of
from engine.advice.trades import Conflict
from engine.advice.view_words import View
from engine.errors import InsufficientHistory, InvalidInput, NotConverged

__all__ = ["Frontier", "Optimised", "Point", "Task", "frontier", "optimise"]

Floats = NDArray[np.float64]
LEAST: Final = 60  # returns below which nothing is estimated
BATCH: Final = 5  # points of a frontier between two looks at whether somebody wants it to stop
OF_COVARIANCE: Final = ("variance", "standard_deviation")  # measures told as a volatility, by the estimated covariance
HOLDING: Final = 1.0  # years that what a trade costs is spread over
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of an optimiser; a year's figures, fractions; weights are of what is invested and sum to one."""

    model: str = "mean_risk"
    measure: str = "variance"
    objective: str = "minimise_risk"
    expected: str = "empirical"
    covariance: str = "ledoit_wolf"
    views: tuple[View, ...] = ()
    risk_aversion: float = 1.0
    risk_free: float = 0.0
    budgets: Mapping[str, float] | None = None
    limits: Limits = field(default_factory=Limits)
    transaction_cost: float = 0.0
    management_fee: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """A portfolio by the estimates: a year's expected return, its risk by the measure, their ratio, and its weights."""

    expected_return: float
    risk: float
    ratio: float
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Optimised:
    """What came out."""

    point: Point | None  # None: nothing satisfies every constraint
    present: Point
    contributions: dict[str, float]  # share of the variance by symbol
    conflicts: tuple[Conflict, ...]
    observations: int


@dataclass(frozen=True, slots=True)
class Frontier:
    """From the least risk to the highest return."""

    points: tuple[Point, ...]
    present: Point
    best: int


def optimise(returns: pd.DataFrame, task: Task, present: Mapping[str, float], *, benchmark: pd.Series | None = None,
             periods_per_year: float = 252.0) -> Optimised:
    """Find weights.

    Parameters
    ----------
    returns
        Days x symbols, simple returns, fraction, without a gap.
    task
        Model, estimators, views and constraints.
    present
        Weight by symbol as it is now, of what is invested.
    benchmark
        Returns on the same days: what the tracking error is against, and the factor of the covariance ``factor``.
    periods_per_year
        Rows of a year.

    Returns
    -------
    Optimised
        Without a point where the constraints contradict each other: then `conflicts` names them.

    Raises
    ------
    InsufficientHistory
        Fewer than 60 returns.
    InvalidInput
        A word that is no model, measure, objective or estimator, or what a model has no place for.
    NotConverged
        The solver found no answer although the constraints have one.
    """
    scene = _Scene.of(returns, task, present, benchmark, periods_per_year)
    conflicts = conflicts_of(task.limits, scene.symbols, scene.present, scene.mean * periods_per_year, scene.tracked())
    if conflicts:
        return Optimised(None, scene.point(scene.present), {}, conflicts, len(returns))
    weights = _fitted(scene, scene.setup())[0]
    return Optimised(scene.point(weights), scene.point(scene.present), scene.shares(weights), (), len(returns))


def frontier(returns: pd.DataFrame, task: Task, present: Mapping[str, float], *, size: int = 20, benchmark: pd.Series | None = None,
             periods_per_year: float = 252.0, tell: Tell | None = None) -> Frontier:
    """Trace the efficient frontier, with the present portfolio on the same estimates.

    Parameters
    ----------
    returns, task, present, benchmark, periods_per_year
        As in `optimise`; the model is mean and risk, by the task's measure.
    size
        Points, 2 to 100, evenly spaced in expected return.
    tell
        Called with phase, done and total between batches; whatever it raises stops the work.

    Returns
    -------
    Frontier
        Points from the least risk up; `best` has the highest ratio.
    """
    if not 2 <= size <= 100:
        raise InvalidInput("frontier", size, "is not between 2 and 100", hint="Send 20", rule="out_of_range")
    model = "mean_risk" if task.model not in {"black_litterman", "robust"} else task.model
    scene = _Scene.of(returns, replace(task, model=model, objective="minimise_risk"), present, benchmark, periods_per_year)
    say = tell or _nothing
    say("frontier", 0, size)
    safest = _fitted(scene, scene.setup())[0]
    boldest = _fitted(scene, replace(scene.setup(), objective="maximise_return"))[0]
    low, high = float(scene.mean @ safest), float(scene.mean @ boldest)
    found = [safest]
    targets = np.linspace(low, high, size)[1:-1]
    for at in range(0, len(targets), BATCH):
        say("frontier", len(found), size)
        found += _fitted(scene, replace(scene.setup(), min_return=targets[at : at + BATCH].tolist()))
    points = tuple(scene.point(weights) for weights in [*found, boldest][:size])
    say("frontier", size, size)
    return Frontier(points, scene.point(scene.present), int(np.nanargmax([point.ratio for point in points])))


@dataclass(frozen=True)
class _Scene:
    """Returns with what is believed of them."""

    returns: pd.DataFrame
    task: Task
    present: Floats
    benchmark: pd.Series | None
    periods: float
    mean: Floats
    covariance: Floats

    @property
    def symbols(self) -> tuple[str, ...]:
        """Columns, by their own names."""
        return tuple(str(symbol) for symbol in self.returns.columns)

    @classmethod
    def of(cls, returns: pd.DataFrame, task: Task, present: Mapping[str, float], benchmark: pd.Series | None, periods: float) -> _Scene:
        check(task)
        if len(returns) < LEAST:
            raise InsufficientHistory("An optimiser", needed=LEAST, found=len(returns))
        if not len(returns.columns):
            raise InvalidInput("symbols", None, "leave nothing to choose from", hint="Name some that have a history", rule="required")
        if task.covariance == "factor" and benchmark is None:
            raise InvalidInput("covariance", "factor", "needs a benchmark as its factor", hint="Set one for the portfolio, or use ledoit_wolf",
                               rule="required")
        now = np.array([present.get(str(symbol), 0.0) for symbol in returns.columns], dtype=np.float64)
        now = now / now.sum() if now.sum() > 0 else np.full(len(now), 1 / len(now))
        bare = cls(returns, task, now, benchmark, periods, np.zeros(0), np.zeros((0, 0)))
        believed = _fit(lambda: prior_of(bare.setup()), bare)
        told = believed.return_distribution_
        return replace(bare, mean=np.asarray(told.mu, dtype=np.float64), covariance=np.asarray(told.covariance, dtype=np.float64))

    @property
    def cells(self) -> pd.DataFrame:
        """Returns under names that no equation can misread."""
        return self.returns.set_axis([f"x{place}" for place in range(len(self.returns.columns))], axis=1)

    @property
    def factor(self) -> Any:  # noqa: ANN401 - a frame, or None
        """What is fitted beside the returns: the benchmark, where it is asked for."""
        needed = self.task.covariance == "factor" or self.task.limits.max_tracking_error is not None
        if self.benchmark is None or not needed:
            return None
        return self.benchmark.reindex(self.returns.index).fillna(0.0).to_frame("benchmark")

    def tracked(self) -> tuple[Floats, Floats] | None:
        """Give the returns beside the benchmark's, for the tracking error."""
        if self.task.limits.max_tracking_error is None:
            return None
        if self.benchmark is None:
            raise InvalidInput("max_tracking_error", self.task.limits.max_tracking_error, "needs a benchmark", rule="required",
                               hint="Set one for the portfolio, or leave it away")
        return self.returns.to_numpy() * np.sqrt(self.periods), self.factor.to_numpy()[:, 0] * np.sqrt(self.periods)

    def setup(self) -> Setup:
        """Give the task as what a period is."""
        task, periods = self.task, self.periods
        rows = matrices(task.limits, self.symbols)
        budgets = None if task.budgets is None else _budgets(task.budgets, self.symbols)
        tracking = task.limits.max_tracking_error
        return Setup(
            model=task.model, measure=task.measure, objective=task.objective, expected=task.expected, covariance=task.covariance, views=task.views,
            names={symbol: f"x{place}" for place, symbol in enumerate(self.symbols)}, periods=periods, risk_aversion=task.risk_aversion,
            risk_free=task.risk_free / periods, budgets=budgets, least=rows.least, most=rows.most, left=rows.left, right=rows.right,
            present=self.present, max_turnover=task.limits.max_turnover, transaction_cost=task.transaction_cost / (periods * HOLDING),
            management_fee=task.management_fee / periods, max_tracking_error=None if tracking is None else tracking / np.sqrt(periods),
            min_return=None if task.limits.min_return is None else task.limits.min_return / periods)

    def point(self, weights: Floats) -> Point:
        """Tell weights by the estimates."""
        expected, risk = float(self.mean @ weights) * self.periods, self.risk(weights)
        told = {symbol: float(weight) for symbol, weight in zip(self.symbols, weights, strict=True)}
        return Point(expected, risk, (expected - self.task.risk_free) / risk if risk > 0 else float("nan"), told)

    def risk(self, weights: Floats) -> float:
        """Tell the risk: a year's volatility by the covariance, every other measure by the history, of a period."""
        from skfolio import Portfolio  # noqa: PLC0415  # seconds of every start

        if self.task.measure in OF_COVARIANCE:
            return float(np.sqrt(weights @ self.covariance @ weights * self.periods))
        return float(getattr(Portfolio(X=self.cells, weights=weights), self.task.measure))

    def shares(self, weights: Floats) -> dict[str, float]:
        """Tell the share of each symbol in the variance."""
        marginal = self.covariance @ weights
        whole = float(weights @ marginal)
        parts = weights * marginal / whole if whole > 0 else weights * np.nan
        return {symbol: float(part) for symbol, part in zip(self.symbols, parts, strict=True)}


def check(task: Task) -> None:
    """Refuse words that are none, and what a model has no place for."""
    from difflib import get_close_matches  # noqa: PLC0415 - for a refusal only

    measures = (MODELS[task.model].measures if task.model in MODELS else ()) or ("variance",)
    choices: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("model", task.model, tuple(MODELS)), ("expected", task.expected, EXPECTED), ("covariance", task.covariance, COVARIANCES),
        ("objective", task.objective, OBJECTIVES), ("measure", task.measure, measures))
    for name, value, known in choices:
        if value not in known:
            near = get_close_matches(value, known, n=2, cutoff=0.5)
            raise InvalidInput(name, value, f"is not a {name} of this optimiser", rule="unknown_value",
                               hint=f"Did you mean {' or '.join(near)}?" if near else f"Use one of {', '.join(known)}")
    if task.model == "black_litterman" and not task.views:
        raise InvalidInput("views", [], "are what this optimiser starts from, and there are none", hint='Send ["AAPL outperforms MSFT by 2 %"]',
                           rule="required")
    allowed = MODELS[task.model].constraints
    for name, told in {**task.limits.told(), "views": task.views, "budgets": task.budgets, "transaction_cost": task.transaction_cost,
                       "management_fee": task.management_fee}.items():
        if told and name not in allowed:
            raise InvalidInput(name, str(told)[:80], f"has no place in {MODELS[task.model].label}", rule="no_place",
                               hint=f"It obeys {', '.join(allowed) or 'no constraint'}; mean_risk obeys all")


def _budgets(told: Mapping[str, float], symbols: Sequence[str]) -> Floats:
    unknown = [name for name in told if name not in symbols]
    if unknown:
        raise InvalidInput("budgets", unknown[0], f"{unknown[0]} is not among what is chosen from", hint=f"Use {', '.join(symbols[:8])}",
                           rule="unknown_symbol")
    parts = np.array([told.get(symbol, 0.0) for symbol in symbols], dtype=np.float64)
    if not (np.isfinite(parts).all() and (parts > 0).all()):
        raise InvalidInput("budgets", dict(told), "give not everything a share above 0", hint="Name every symbol, or narrow the choice with only",
                           rule="out_of_range")
    shares: Floats = parts / parts.sum()
    return shares


def _fitted(scene: _Scene, setup: Setup) -> list[Floats]:
    """Fit an estimator, less exactly where that has no answer; the weights of each of its portfolios."""
    from skfolio.exceptions import SkfolioError  # noqa: PLC0415  # seconds of every start

    try:
        model = _fit(lambda: built(setup), scene)
    except SkfolioError as error:
        if setup.exact:
            return _fitted(scene, replace(setup, exact=False))
        raise NotConverged(MODELS[setup.model].label, reason=str(error).splitlines()[0].rstrip(".")[:200]) from error
    found = np.atleast_2d(np.asarray(model.weights_, dtype=np.float64))
    return [np.where(np.abs(each) < 1e-9, 0.0, each) for each in found]


def _fit(make: Callable[[], Any], scene: _Scene) -> Any:  # noqa: ANN401 - an estimator of skfolio
    """Build an estimator and fit it, the benchmark handed on to whatever takes it as a factor."""
    from sklearn import config_context  # type: ignore[import-untyped]  # noqa: PLC0415  # seconds of every start

    if scene.task.covariance != "factor":
        return make().fit(scene.cells, scene.factor)
    with config_context(enable_metadata_routing=True):
        told = {"factors": scene.factor} if scene.factor is not None else {}
        return make().fit(scene.cells, scene.factor, **told)


def _nothing(_phase: str, _done: int, _total: int) -> None:
    """Tell nobody."""
