"""What the rules need of the past of what is held: worked out once for as long as no close, rate or ledger changes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.concentration.bets import minimum_torsion
from engine.errors import NotConverged

DAYS: Final = 504  # two years of trading days
LEAST: Final = 60  # common returns below which nothing is said of risk


@dataclass(frozen=True)
class Past:
    """Returns of what is held, of the scope as it was lived through, and of the benchmark.

    Attributes
    ----------
    returns
        Trading days x symbol, simple, daily, base currency; NaN where there is no history.
    realised
        Trading days to the return of the scope.
    benchmark, benchmark_of_realised
        The benchmark's on the days of either; None without one.
    periods_per_year
        252, or 365 where everything trades around the clock.
    days
        How many of the last days risk is told from.
    """

    returns: pd.DataFrame
    realised: pd.Series
    benchmark: pd.Series | None = None
    benchmark_of_realised: pd.Series | None = None
    periods_per_year: float = 252.0
    state: Hashable = None
    days: int = DAYS

    @cached_property
    def recent(self) -> pd.DataFrame:
        """Days of the last `days` that all holdings have; those with the shortest history are left out until there are enough."""
        window = self.returns.tail(self.days)
        known = window.notna().to_numpy()
        order = np.argsort(known.sum(axis=0), kind="stable")
        for left in range(len(order) + 1):
            kept = np.sort(order[left:])
            common = known[:, kept].all(axis=1)
            if not len(kept) or common.sum() >= LEAST:
                break
        return window.iloc[np.flatnonzero(common), kept] if len(kept) else window.iloc[:0, :0]

    @cached_property
    def symbols(self) -> list[str]:
        """Those that have enough history."""
        return [str(symbol) for symbol in self.recent.columns]

    @cached_property
    def cells(self) -> Floats:
        """Returns of `recent`, shape (n_days, n_symbols)."""
        return self.recent.to_numpy(dtype=np.float64)

    @cached_property
    def covariance(self) -> Floats:
        """Sample covariance a year, shape (n_symbols, n_symbols)."""
        found: Floats = np.atleast_2d(np.cov(self.cells, rowvar=False)) * self.periods_per_year
        return found

    @cached_property
    def correlation(self) -> Floats:
        """Correlations; 0 where one does not move."""
        spread = np.sqrt(np.diag(self.covariance))
        scale = np.outer(spread, spread)
        found: Floats = np.divide(self.covariance, scale, out=np.zeros_like(scale), where=scale > 0)
        return found

    @cached_property
    def torsion(self) -> Floats | None:
        """Uncorrelated bets nearest to the holdings that move; None where the covariance does not allow any."""
        moving = np.diag(self.covariance) > 0
        try:
            return minimum_torsion(self.covariance[np.ix_(moving, moving)]) if moving.any() else None
        except NotConverged:
            return None

    @cached_property
    def betas(self) -> pd.Series:
        """Slope of each holding on the benchmark; empty without one."""
        if self.benchmark is None:
            return pd.Series(dtype=np.float64)
        market = self.benchmark.reindex(self.recent.index).to_numpy(dtype=np.float64)
        known = ~np.isnan(market)
        if known.sum() < LEAST or not market[known].std() > 0:
            return pd.Series(dtype=np.float64)
        off = market[known] - market[known].mean()
        return pd.Series(off @ self.cells[known] / (off @ off), index=self.recent.columns)

    @cached_property
    def _tree(self) -> Floats:
        from scipy.cluster.hierarchy import linkage  # noqa: PLC0415  # half a second of every start

        apart = 1.0 - self.correlation[np.triu_indices(len(self.correlation), 1)]
        found: Floats = linkage(np.maximum(apart, 0.0), "average")
        return found

    def clusters(self, above: float) -> list[list[str]]:
        """Part holdings so that within a part the mean correlation of any two branches is above a bound; parts of one are left out."""
        from scipy.cluster.hierarchy import fcluster  # noqa: PLC0415  # half a second of every start

        symbols = self.symbols
        if len(symbols) < 2:
            return []
        parts: dict[int, list[str]] = {}
        for symbol, part in zip(symbols, fcluster(self._tree, 1.0 - above, "distance"), strict=True):
            parts.setdefault(int(part), []).append(symbol)
        return [part for part in parts.values() if len(part) > 1]
