"""Strategies that evidence is collected for: each a rule that decides on weights from what was known; the optimisers are skfolio's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from engine.advice.walk_forward import Decide
from engine.columns import Floats
from engine.errors import InvalidInput, NotConverged

DECAY: Final = 0.94
SHORT: Final = 63  # periods that the volatility of now is from
Fit = Callable[[pd.DataFrame, "Terms"], pd.Series]


@dataclass(frozen=True, slots=True)
class Terms:
    """What strategies heed.

    Attributes
    ----------
    present
        Weights of today by symbol.
    targets
        Weights wanted by symbol, of the strategy ``targets``.
    most_weight
        Of one symbol.
    band
        Weight that a symbol may be off before ``banded`` trades.
    """

    present: Mapping[str, float] = field(default_factory=dict)
    targets: Mapping[str, float] = field(default_factory=dict)
    most_weight: float = 1.0
    band: float = 0.05


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy under its name; `fitted` where weights come from an estimate, so that purged splits say something."""

    name: str
    label: str
    meaning: str
    make: Callable[[Terms], Decide]
    baseline: bool = False
    fitted: bool = False


def _still(_terms: Terms) -> Decide:
    """Hold what drifted; a symbol whose past is not long enough yet is not there to be held."""
    return lambda _past, now: now


def _equal(_terms: Terms) -> Decide:
    return lambda past, _now: pd.Series(1.0 / past.shape[1], index=past.columns)


def _restored(terms: Terms) -> Decide:
    return lambda past, _now: _of(terms.present, past)


def _targets(terms: Terms) -> Decide:
    return lambda past, _now: _of(terms.targets, past)


def _banded(terms: Terms) -> Decide:
    def decide(past: pd.DataFrame, now: pd.Series) -> pd.Series:
        wanted = _of(terms.targets or terms.present, past)
        return wanted if bool(((now - wanted).abs() > terms.band).any()) else now

    return decide


def _capped_present(terms: Terms) -> Decide:
    def decide(past: pd.DataFrame, now: pd.Series) -> pd.Series:
        held = now if float(now.sum()) > 0 else _of(terms.present, past)
        return pd.Series(capped(held.to_numpy(), max(terms.most_weight, 1.0 / len(held))), index=held.index)

    return decide


def _volatility_target(terms: Terms) -> Decide:
    """Shrink what is held, in favour of cash, where it is rougher than it was over the whole window."""

    def decide(past: pd.DataFrame, _now: pd.Series) -> pd.Series:
        wanted = _of(terms.present, past)
        moved = (past * wanted).sum(axis=1)
        now, usual = float(moved.tail(SHORT).std()), float(moved.std())
        return wanted * (min(1.0, usual / now) if now > 0 else 1.0)

    return decide


def _inverse_volatility(terms: Terms) -> Decide:
    return _within(lambda past, _terms: _normed(1.0 / past.std().replace(0.0, np.nan)), terms)


def _of(weights: Mapping[str, float], past: pd.DataFrame) -> pd.Series:
    """Give weights on the symbols that are there; those that are not there leave theirs to the rest."""
    every = pd.Series(dict(weights), dtype=np.float64)
    known = every.reindex(past.columns).fillna(0.0)
    total = float(known.sum())
    return known * (float(every.sum()) / total) if total > 0 else pd.Series(1.0 / past.shape[1], index=past.columns)


def _normed(raw: pd.Series) -> pd.Series:
    return raw.fillna(0.0) / raw.sum()


def _within(fit: Fit, terms: Terms) -> Decide:
    """Heed the most that one symbol may weigh."""

    def decide(past: pd.DataFrame, _now: pd.Series) -> pd.Series:
        found = fit(past, terms)
        return pd.Series(capped(found.to_numpy(), max(terms.most_weight, 1.0 / len(found))), index=found.index)

    return decide


def capped(weights: Floats, most: float) -> Floats:
    """Cut weights down to the most that one may have, and give what is cut to the others in proportion.

    Parameters
    ----------
    weights
        ndarray of shape (n_symbols,), none below 0.
    most
        Fraction, at least their sum over their number.

    Returns
    -------
    ndarray of shape (n_symbols,)
        With the same sum.

    Examples
    --------
    >>> capped(np.array([0.7, 0.2, 0.1]), 0.5).round(4).tolist()
    [0.5, 0.3333, 0.1667]
    """
    found: Floats = np.asarray(weights, dtype=np.float64).copy()
    total = found.sum()
    full = np.zeros(len(found), dtype=np.bool_)
    for _ in range(len(found)):
        over = (found > most + 1e-15) & ~full
        if not over.any():
            break
        full |= over
        found[full] = most
        rest = found[~full].sum()
        if not rest > 0:  # nothing to give it to in proportion: all others alike
            found[~full] = (total - found[full].sum()) / max((~full).sum(), 1)
            continue
        found[~full] *= (total - found[full].sum()) / rest
    return found


# -------------------------------------------------------------------------------------------------------------------------- optimisers


def _optimiser(name: str) -> Callable[[Terms], Decide]:
    """Fit an optimiser of skfolio to the past; all are long only and fully invested."""

    def make(terms: Terms) -> Decide:
        def decide(past: pd.DataFrame, now: pd.Series) -> pd.Series:
            if past.shape[1] == 1:
                return now * 0.0 + 1.0
            try:
                return fitted(name, past, most_weight=terms.most_weight)
            except NotConverged:  # such as the best ratio of what all fell: it stays where it is
                return now if float(now.sum()) > 0 else now * 0.0 + 1.0 / len(now)

        return decide

    return make


def fitted(name: str, past: pd.DataFrame, *, most_weight: float = 1.0) -> pd.Series:
    """Weights of one of skfolio's optimisers on some returns.

    Parameters
    ----------
    name
        ``minimum_variance``, ``maximum_sharpe``, ``minimum_cvar``, ``risk_parity``, ``maximum_diversification`` or ``hierarchical``.
    past
        Simple returns of shape (n_periods, n_symbols), no NaN.
    most_weight
        Of one symbol, where it can be kept.

    Returns
    -------
    Series
        Symbol -> weight, none below 0, adding up to 1.

    Raises
    ------
    NotConverged
        The optimiser found nothing.
    InvalidInput
        An unknown name.
    """
    from skfolio.exceptions import OptimizationError  # noqa: PLC0415  # seconds of every start

    model = _models(max(most_weight, 1.0 / past.shape[1] + 1e-9)).get(name)
    if model is None:
        raise InvalidInput("strategy", name, "is not an optimiser")
    try:
        weights = np.asarray(model().fit(past).weights_, dtype=np.float64)
    except (OptimizationError, ValueError, ArithmeticError) as error:
        raise NotConverged(name, reason=str(error).split("\n", maxsplit=1)[0]) from error
    whole = np.clip(weights, 0.0, None)
    return pd.Series(whole / whole.sum(), index=past.columns)


def _models(most: float) -> dict[str, Callable[[], Any]]:
    from skfolio import RiskMeasure  # noqa: PLC0415  # seconds of every start
    from skfolio.moments import LedoitWolf  # noqa: PLC0415
    from skfolio.optimization import (  # noqa: PLC0415
        HierarchicalRiskParity,
        MaximumDiversification,
        MeanRisk,
        ObjectiveFunction,
        RiskBudgeting,
    )
    from skfolio.prior import EmpiricalPrior  # noqa: PLC0415

    shrunk = EmpiricalPrior(covariance_estimator=LedoitWolf())
    return {
        "minimum_variance": lambda: MeanRisk(prior_estimator=shrunk, max_weights=most),
        "maximum_sharpe": lambda: MeanRisk(ObjectiveFunction.MAXIMIZE_RATIO, prior_estimator=shrunk, max_weights=most),
        "minimum_cvar": lambda: MeanRisk(risk_measure=RiskMeasure.CVAR, max_weights=most),
        "risk_parity": lambda: RiskBudgeting(prior_estimator=shrunk, max_weights=most),
        "maximum_diversification": lambda: MaximumDiversification(prior_estimator=shrunk, max_weights=most),
        "hierarchical": lambda: HierarchicalRiskParity(prior_estimator=shrunk, max_weights=most),
    }


STRATEGIES: Final[tuple[Strategy, ...]] = (
    Strategy("still", "Do nothing", "Today's weights, bought once and left to drift", _still, baseline=True),
    Strategy("equal", "1/N", "The same weight for every holding, restored at each decision", _equal, baseline=True),
    Strategy("restored", "Keep today's weights", "Today's weights, restored at each decision", _restored),
    Strategy("banded", "Keep weights within a band", "Targets, or else today's weights, restored only once one is out of its band", _banded),
    Strategy("capped", "Cap the largest", "What is held, and whatever is above the cap cut down to it", _capped_present),
    Strategy("targets", "Own targets", "The target weights, restored at each decision", _targets),
    Strategy("volatility_target", "Less when it is rough", "Today's weights, less of them and more cash where the last quarter was rougher",
             _volatility_target),
    Strategy("inverse_volatility", "Inverse volatility", "Weights in proportion to one over volatility", _inverse_volatility, fitted=True),
    Strategy("minimum_variance", "Minimum variance", "Least variance, covariance shrunk (Ledoit and Wolf)", _optimiser("minimum_variance"),
             fitted=True),
    Strategy("maximum_sharpe", "Maximum Sharpe ratio", "Highest mean over deviation of the window", _optimiser("maximum_sharpe"), fitted=True),
    Strategy("minimum_cvar", "Minimum expected shortfall", "Least mean of the worst 5 % of days", _optimiser("minimum_cvar"), fitted=True),
    Strategy("risk_parity", "Risk parity", "The same share of the variance from every holding", _optimiser("risk_parity"), fitted=True),
    Strategy("maximum_diversification", "Maximum diversification", "Highest mean volatility over the volatility of the whole",
             _optimiser("maximum_diversification"), fitted=True),
    Strategy("hierarchical", "Hierarchical risk parity", "Weights split down a tree of what moves together", _optimiser("hierarchical"), fitted=True),
)
NAMES: Final = tuple(each.name for each in STRATEGIES)


def strategy(name: str) -> Strategy:
    """Give a strategy by its name.

    Raises
    ------
    InvalidInput
        There is none of this name.
    """
    found = next((each for each in STRATEGIES if each.name == name), None)
    if found is None:
        raise InvalidInput("strategies", name, "is not a strategy", hint=f"Use {', '.join(NAMES)}", rule="unknown_value")
    return found
