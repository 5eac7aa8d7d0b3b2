"""Strategies on the past of what a scope holds, told in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from engine import annualised_return, max_drawdown, value_at_risk
from engine.advice.evidence import Evidence, Tested, Trial, evidence
from engine.advice.strategies import STRATEGIES, Strategy, Terms, strategy
from engine.advice.verdict import Comparison, sharpe
from engine.errors import InsufficientHistory, InvalidInput
from engine.types import Finding, Severity
from services.advice.views_evidence import EvidenceQuestion, EvidenceView, Helped, StrategyScore
from services.risk.exposures import Exposure

BPS: Final = 1e-4
MOST_SYMBOLS: Final = 100
FEW_WINDOWS: Final = 12
CONVENTIONS: Final = {
    "universe": "What is held now and has a past long enough; chosen today, so that what fell out of favour is not in it",
    "before": "Today's weights, cash left aside, are held before the first decision",
    "decisions": "On the returns up to the close of the day, traded at that close; whatever comes later changes nothing",
    "cost": "Of what is bought and sold, taken from the value at each decision; no taxes",
    "helped": "Windows overlap: their share is an estimate of fewer independent ones; the p-value counts every day once",
    "deflated_sharpe": "Probability that the Sharpe ratio is above what luck gives the best of all strategies tried here",
    "purged_sharpe": "Of estimated strategies: Sharpe ratios of every path of combined folds, learnt with a gap, before costs",
    "overfitting": "Probability that the best in one half of time is below the median in the other",
}


def universe(exposure: Exposure, asked: EvidenceQuestion) -> tuple[pd.DataFrame, pd.Series, dict[str, str]]:
    """Give the past that strategies are tried on, today's weights on it, and what is left out with the reason.

    Raises
    ------
    InsufficientHistory
        Nothing that is held has a past of the window and what it is judged over.
    """
    needed = asked.window + asked.judged_days + asked.every
    weights = exposure.weights.fillna(0.0)
    counts = exposure.returns.notna().sum().reindex(weights.index)
    left: dict[str, str] = {}
    for symbol, weight, count in zip(weights.index, weights, counts, strict=True):
        if weight <= 0:
            left[str(symbol)] = "is held short, or has no price"
        elif count < needed:
            left[str(symbol)] = f"has {count} of the {needed} daily returns that it takes"
    kept = [symbol for symbol in weights.sort_values(ascending=False, kind="stable").index if str(symbol) not in left]
    left |= {str(symbol): f"is not among the {MOST_SYMBOLS} largest" for symbol in kept[MOST_SYMBOLS:]}
    kept = sorted(map(str, kept[:MOST_SYMBOLS]))
    past = exposure.returns[kept].dropna(how="all")
    past = past.loc[past.notna().all(axis=1).idxmax() :].fillna(0.0) if kept else past
    if len(past) < needed:
        raise InsufficientHistory("evidence", needed=needed, found=len(past) if kept else int(counts.max()) if len(counts) else 0)
    mine = weights[kept].astype(np.float64)
    return past, mine / float(mine.sum()), left


def chosen(asked: EvidenceQuestion) -> list[Strategy]:
    """List the strategies that are tried, the baselines always among them.

    Raises
    ------
    InvalidInput
        A name that is none; targets without any.
    """
    names = asked.strategies or tuple(each.name for each in STRATEGIES if each.name != "targets" or asked.targets)
    if "targets" in names and not asked.targets:
        raise InvalidInput("targets", None, "are needed for the strategy of that name", hint='Send {"AAPL": 0.5, "MSFT": 0.5}', rule="required")
    wanted = dict.fromkeys([*(each.name for each in STRATEGIES if each.baseline), *names])
    return [strategy(name) for name in wanted]


def tried(exposure: Exposure, asked: EvidenceQuestion, say: Callable[[str, int, int], bool]) -> EvidenceView | None:
    """Try strategies; None where it was stopped."""
    past, weights, left = universe(exposure, asked)
    terms = Terms({str(name): float(weight) for name, weight in weights.items()}, dict(asked.targets or {}), asked.most_weight, asked.band)
    trial = Trial(window=asked.window, every=asked.every, cost=asked.cost_bps * BPS, judged=asked.judged_days, seed=asked.seed,
                  periods_per_year=exposure.periods_per_year, cash_rate=(1.0 + asked.risk_free) ** (1.0 / exposure.periods_per_year) - 1.0,
                  purged=asked.combinatorial)
    found = evidence(past, chosen(asked), terms, trial, say=say)
    return None if found.stopped else _view(exposure, asked, found, left, list(past.columns))


def _view(exposure: Exposure, asked: EvidenceQuestion, found: Evidence, left: dict[str, str], symbols: list[Any]) -> EvidenceView:
    scores = [_score(each, exposure.periods_per_year) for each in found.tested]
    first = found.tested[0].walk
    days = first.returns.index
    order = sorted(scores, key=lambda each: (each.baseline, -(each.deflated_sharpe if np.isfinite(each.deflated_sharpe) else -1.0)))
    return EvidenceView(
        scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, question=asked, start=days[0].date(), end=days[-1].date(),
        days=len(days), decisions=len(first.weights), symbols=tuple(map(str, symbols)), left_out=left, scores=tuple(order),
        overfitting=found.overfitting, trials=len(scores), conventions=CONVENTIONS, simulated=exposure.simulated, revisions=exposure.revisions,
        findings=tuple(_findings(scores, left, asked)),
    )


def _score(each: Tested, periods: float) -> StrategyScore:
    walk, told = each.walk, each.strategy
    years = len(walk.returns) / periods
    purged = (each.purged[0], float(np.median(each.purged)), each.purged[-1]) if each.purged else None
    return StrategyScore(
        name=told.name, label=told.label, meaning=told.meaning, growth=walk.growth,
        annualised_return=float(annualised_return(walk.returns, periods_per_year=periods)),
        volatility=float(walk.returns.std() * np.sqrt(periods)), sharpe=float(sharpe(walk.returns.to_numpy()[:, None], periods)[0]),
        max_drawdown=float(max_drawdown(walk.returns)), value_at_risk=float(value_at_risk(walk.returns, level=0.95, method="historical")),
        turnover=float(walk.turnover.sum()) / years, cost=float(walk.cost.sum()) / years, deflated_sharpe=each.deflated,
        helped=tuple(_helped(*one) for one in each.against), weights=walk.weights.tail(1), baseline=told.baseline,
        purged_sharpe=purged,
    )


def _helped(name: str, told: Comparison, deflated: float) -> Helped:
    return Helped(
        against=name, label=strategy(name).label, share=told.share, median=told.median, worst=told.worst, best=told.best, lower=told.lower,
        upper=told.upper, windows=len(told.differences), p_value=told.p_value, sharpe_difference=told.sharpe_difference,
        sharpe_lower=told.sharpe_lower, sharpe_upper=told.sharpe_upper, deflated=deflated, sentence=told.sentence,
    )


def _findings(scores: list[StrategyScore], left: dict[str, str], asked: EvidenceQuestion) -> list[Finding]:
    found = []
    if left:
        found.append(Finding("left_out", f"{', '.join(left)}: not in the trial", Severity.INFO, {"symbols": list(left)}))
    windows = max((helped.windows for each in scores for helped in each.helped), default=0)
    if windows * asked.every < FEW_WINDOWS * asked.judged_days:
        independent = windows * asked.every / asked.judged_days
        message = f"{windows} overlapping windows are about {max(independent, 1.0):.0f} independent ones: luck is not ruled out"
        found.append(Finding("few_windows", message, Severity.WARNING, {"windows": windows}))
    return found
