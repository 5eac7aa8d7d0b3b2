"""The past that fixes are tried on: returns of what is held, where windows begin, and what was known there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engine.advice.rules_facts import Facts
from engine.advice.rules_past import Past
from engine.columns import Floats

LOOK: Final = 252  # returns that are known before the first window
STEP: Final = 21  # periods between the beginnings of two windows
LEAST_WINDOWS: Final = 12
MOST_WINDOWS: Final = 240  # twenty years of them, the latest ones
SHARES: Final = (0.95, 0.8)  # of what is held that has to have a past: the first that leaves windows enough


@dataclass(frozen=True)
class Scene:
    """A past, and today's portfolio laid on it.

    Attributes
    ----------
    whole
        As the rules look at it now.
    cells
        Returns of shape (n_periods, n_symbols); what is not known stands still.
    weights
        Of today, shape (n_symbols,); what is left to one is cash.
    first
        Period of each symbol's first return.
    places
        Symbol to its column.
    base
        Period from which most of what is held has a return.
    window
        Periods of a year.
    """

    whole: Past
    cells: Floats
    weights: Floats
    first: np.ndarray[tuple[int], np.dtype[np.intp]]
    places: dict[str, int]
    base: int
    window: int

    @classmethod
    def of(cls, facts: Facts) -> Scene:
        """Lay a portfolio on its past."""
        returns = facts.past.returns
        symbols = [str(symbol) for symbol in returns.columns]
        extra = [symbol for symbol in facts.priced if symbol not in set(symbols)]
        known = returns.notna().to_numpy()
        first = np.where(known.any(axis=0), known.argmax(axis=0) if len(known) else 0, len(known))
        cells = np.hstack([np.nan_to_num(returns.to_numpy(dtype=np.float64)), np.zeros((len(known), len(extra)))])
        names = [*symbols, *extra]
        weights = np.array([facts.weight(symbol) for symbol in names], dtype=np.float64)
        begins = np.concatenate([first, np.full(len(extra), len(known))]).astype(np.intp)
        window = round(facts.past.periods_per_year)
        return cls(facts.past, cells, weights, begins, {symbol: place for place, symbol in enumerate(names)},
                   _base(weights, begins, len(known), window), window)

    @property
    def days(self) -> pd.DatetimeIndex:
        """Of the returns."""
        return pd.DatetimeIndex(self.whole.returns.index)

    @property
    def periods(self) -> float:
        """Of a year."""
        return self.whole.periods_per_year

    def begin(self, symbols: Iterable[str]) -> int:
        """Tell from where on some symbols, and most of the rest, have a past."""
        return max([self.base, *(int(self.first[self.places[symbol]]) for symbol in symbols)])

    def starts(self, begin: int) -> list[int]:
        """List where windows begin, ascending: the first period held; the last window ends with the past."""
        return _starts(begin, len(self.cells), self.window)

    def growth(self, place: int) -> Floats:
        """Wealth of each symbol over the window, from 1.0 before it, shape (n_window, n_symbols)."""
        return np.asarray(np.cumprod(1.0 + self.cells[place : place + self.window], axis=0), dtype=np.float64)

    def past(self, place: int) -> Past:
        """Give what was known before a period."""
        day = self.whole.returns.index[place - 1]
        return self._cut(self.whole.returns.iloc[:place], pd.Index(self.whole.realised.index) <= day)

    def learnt(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Past:
        """Give some periods as if they were the past, all of them counted."""
        return self._cut(self.whole.returns.iloc[rows], np.ones(len(self.whole.realised), dtype=np.bool_), days=len(rows))

    def _cut(self, returns: pd.DataFrame, lived: np.ndarray[tuple[int], np.dtype[np.bool_]], days: int | None = None) -> Past:
        whole = self.whole
        lived_by = None if whole.benchmark_of_realised is None else whole.benchmark_of_realised.reindex(whole.realised.index[lived])
        return Past(returns, whole.realised[lived], None if whole.benchmark is None else whole.benchmark.reindex(returns.index), lived_by,
                    whole.periods_per_year, days=whole.days if days is None else days)


def _base(weights: Floats, first: np.ndarray[tuple[int], np.dtype[np.intp]], length: int, window: int) -> int:
    """Find from where on enough of what is held has a past."""
    size = np.abs(weights)
    order = np.argsort(first, kind="stable")
    reached = np.cumsum(size[order])
    for share in SHARES:
        if not size.sum() > 0:
            break
        begin = int(first[order[min(int(np.searchsorted(reached, share * size.sum() - 1e-12)), len(order) - 1)]])
        if len(_starts(begin, length, window)) >= LEAST_WINDOWS:
            return begin
    return begin if size.sum() > 0 else length


def _starts(begin: int, length: int, window: int) -> list[int]:
    return list(range(length - window, begin + LOOK - 1, -STEP))[:MOST_WINDOWS][::-1]
