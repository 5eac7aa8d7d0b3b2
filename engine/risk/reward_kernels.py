"""Kernels of `reward_tail`, and their catalogue."""

from __future__ import annotations

import numpy as np

from engine.columns import Floats, product_sums
from engine.risk.catalogue import Term
from engine.risk.drawdown_risk import tail_mean_of
from engine.risk.sample import Sample, quotient
from engine.risk.wins import average_loss_of, average_win_of


def var_sharpe_ratio_of(over: Sample, at: Sample, level: float = 0.95, interpolation: str = "linear") -> Floats:
    """Kernel of `var_sharpe_ratio`, on returns above the risk-free rate, and on returns."""
    return quotient(over.mean, -at.quantile(1.0 - level, interpolation))


def es_sharpe_ratio_of(over: Sample, at: Sample, level: float = 0.95, tail: str = "strict") -> Floats:
    """Kernel of `es_sharpe_ratio`, on returns above the risk-free rate, and on returns."""
    return quotient(over.mean, tail_mean_of(at, level, tail))


def gain_to_pain_ratio_of(at: Sample) -> Floats:
    """Kernel of `gain_to_pain_ratio`."""
    return quotient(at.above(0.0, 1) - at.below(0.0, 1), at.below(0.0, 1))


def stability_of(at: Sample) -> Floats:
    """Kernel of `stability`."""
    rows, width = at.cells.shape
    if not rows:
        return np.full(width, np.nan)
    place = np.cumsum(at.known, axis=0) - 0.5 * (at.counts + 1) if not at.complete else np.arange(rows)[:, None] - 0.5 * (rows - 1)
    kept = at.known & ~at.losses_everything
    line, wealth = Sample(np.where(kept, place, np.nan)), Sample(np.where(kept, at.log_growth, np.nan))
    across = product_sums(line.centred, wealth.centred)
    grown = np.where((at.lowest == 0) & (at.highest == 0), np.nan, wealth.squares)
    return np.minimum(quotient(across**2, line.squares * grown), 1.0)


def outlier_win_ratio_of(at: Sample, level: float = 0.99) -> Floats:
    """Kernel of `outlier_win_ratio`."""
    return quotient(at.quantile(level), average_win_of(at))


def outlier_loss_ratio_of(at: Sample, level: float = 0.99) -> Floats:
    """Kernel of `outlier_loss_ratio`."""
    return quotient(at.quantile(1.0 - level), average_loss_of(at))


def ex_outlier_return_of(at: Sample, level: float = 0.95) -> Floats:
    """Kernel of `ex_outlier_return`."""
    kept = at.filled < at.quantile(level)
    found: Floats = np.prod(1.0 + np.where(kept, at.filled, 0.0), axis=0) - 1.0
    return np.where(kept.any(axis=0) & (at.lowest >= -1.0), found, np.nan)


_REWARD, _WINS = "Reward for risk", "Wins and losses"

TERMS: tuple[Term, ...] = (
    Term("var_sharpe_ratio", "Return for value at risk, 95 %", _REWARD, "ratio", "Mean return for each unit of value at risk.",
         "Dowd 2000", 60, "high"),
    Term("es_sharpe_ratio", "Return for expected shortfall, 95 %", _REWARD, "ratio", "Mean return for each unit of expected shortfall.",
         "Gregoriou and Gueyie 2003", 60, "high"),
    Term("gain_to_pain_ratio", "Gain-to-pain ratio", _REWARD, "ratio", "Sum of the returns for each unit of losses.", "Schwager 2012", 30, "high"),
    Term("stability", "Stability", _REWARD, "fraction", "How close to a straight line log wealth grew: R squared.", "empyrical", 60, "high"),
    Term("outlier_win_ratio", "Outlier win ratio", _WINS, "ratio", "Best hundredth of the periods against the mean win.", "quantstats", 252),
    Term("outlier_loss_ratio", "Outlier loss ratio", _WINS, "ratio", "Worst hundredth of the periods against the mean loss.",
         "quantstats", 252, "low"),
    Term("ex_outlier_return", "Return without the best twentieth", _WINS, "fraction", "What is left of the return without the best periods.",
         "quantstats", 60, "high"),
)
