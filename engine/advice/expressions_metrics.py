"""Metrics of a timeline: each a column a subject, each day as it was known on that day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd

from engine.advice.expressions_history import Timeline
from engine.columns import Floats

TAIL: Final = 0.05


def column(cells: Floats) -> Floats:
    """Give one figure a day as one column."""
    found: Floats = cells.reshape(-1, 1)
    return found


def compounded(returns: Floats, days: int) -> Floats:
    """Return over the last days, NaN until there are so many."""
    logs = np.log1p(np.maximum(returns, -1.0 + 1e-12))
    found: Floats = np.expm1(pd.DataFrame(logs).rolling(days).sum().to_numpy())
    return found


def spread(returns: Floats, days: int, periods: float) -> Floats:
    """Volatility a year."""
    found: Floats = pd.DataFrame(returns).rolling(days).std(ddof=1).to_numpy() * np.sqrt(periods)
    return found


def fall(returns: Floats, days: int) -> Floats:
    """Distance below the peak of the last days; what had no return yet has none."""
    growth = np.cumprod(1.0 + np.nan_to_num(returns), axis=0)
    begun = np.maximum.accumulate(np.isfinite(returns), axis=0)
    peak = np.maximum(pd.DataFrame(growth).rolling(days, min_periods=1).max().to_numpy(), 1.0 if days >= len(growth) else -np.inf)
    return np.where(begun, growth / peak - 1.0, np.nan)


def quantile_loss(returns: Floats, days: int) -> Floats:
    """Loss that is not exceeded on 95 of 100 days."""
    found: Floats = -pd.DataFrame(returns).rolling(days).quantile(TAIL).to_numpy()
    return found


def mean_loss(returns: Floats, days: int) -> Floats:
    """Mean of the returns at the quantile or beyond, as a loss; a column at a time, because windows of all at once would not fit."""
    found = np.full(returns.shape, np.nan)
    if len(returns) < days:
        return found
    for place in range(returns.shape[1]):
        windows = np.lib.stride_tricks.sliding_window_view(returns[:, place], days)
        bounds = np.quantile(windows, TAIL, axis=1, keepdims=True)
        beyond = windows <= bounds
        known = beyond.any(axis=1)
        sums = np.where(beyond, windows, 0.0).sum(axis=1)
        found[days - 1 :, place] = np.where(known, -sums / np.where(known, beyond.sum(axis=1), 1), np.nan)
    return found


def against(returns: Floats, benchmark: Floats, days: int) -> tuple[Floats, Floats]:
    """Beta and correlation over the last days that both have."""
    frame, other = pd.DataFrame(returns), np.broadcast_to(column(benchmark), returns.shape)
    both = np.where(np.isnan(returns), np.nan, other)
    market, mine = pd.DataFrame(both), frame.where(~np.isnan(both))
    joint = (mine * market).rolling(days).mean() - mine.rolling(days).mean() * market.rolling(days).mean()
    own, its = mine.rolling(days).var(ddof=0), market.rolling(days).var(ddof=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.where(its > 0, joint / its, np.nan)
        alike = np.where((own > 0) & (its > 0), joint / np.sqrt(own * its), np.nan)
    return beta, alike


def of_returns(word: str, returns: Floats, days: int, line: Timeline) -> Floats:
    """Work out a metric of returns, shape (n_days, n_columns)."""
    if word in OF_RETURNS:
        return OF_RETURNS[word](returns, days)
    if word == "volatility":
        return spread(returns, days, line.periods_per_year)
    if line.benchmark is None:
        return np.full(returns.shape, np.nan)
    if word == "tracking_error":
        return spread(returns - column(line.benchmark), days, line.periods_per_year)
    beta, alike = against(returns, line.benchmark, days)
    return beta if word == "beta" else alike


OF_RETURNS: Final[Mapping[str, Callable[[Floats, int], Floats]]] = {
    "return": compounded, "drawdown": fall, "value_at_risk": quantile_loss, "expected_shortfall": mean_loss,
}


def of_prices(word: str, prices: Floats, days: int | None) -> Floats:
    """Work out a metric of prices, shape (n_days, n_columns)."""
    if word == "price":
        return prices
    rolling = pd.DataFrame(prices).rolling(days or 1, min_periods=days if word == "average" else 1)
    found: Floats = {"average": rolling.mean, "highest": rolling.max, "lowest": rolling.min}[word]().to_numpy()
    return found


def of_whole(word: str, line: Timeline) -> Floats:
    """Work out a metric of the portfolio as a whole, shape (n_days, 1)."""
    total = line.total
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(total[:, None] > 0, np.nan_to_num(line.value) / total[:, None], np.nan)
        cash = np.where(total > 0, line.cash / total, np.nan)
        if word == "cash":
            return column(cash)
        if word == "holdings":
            return column((np.nan_to_num(line.value) != 0).sum(axis=1).astype(np.float64))
        if word == "largest":
            return column(weights.max(axis=1, initial=0.0) + np.where(total > 0, 0.0, np.nan))
        squares = (weights**2).sum(axis=1)
        return column(np.where(squares > 0, np.abs(weights).sum(axis=1) ** 2 / squares, np.nan))


def group_returns(line: Timeline, inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Give the returns of a group, shape (n_days, 1): each day by what was held at the close before, NaN on days after none of it was."""
    before = np.vstack([np.zeros((1, int(inside.sum()))), np.nan_to_num(line.value[:-1, inside])])
    moved = line.returns[:, inside]
    known = np.isfinite(moved)
    held = np.where(known, before, 0.0)
    whole = held.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return column(np.where(whole != 0, (held * np.where(known, moved, 0.0)).sum(axis=1) / whole, np.nan))
