"""How closely what is held moves together: the matrix of today's holdings, in the order in which they cluster, and its mean over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engine import clustered_order, correlation, shrunk_correlation
from engine.errors import InvalidInput
from engine.types import Finding, Severity
from services import fields
from services.fields import Place
from services.risk.exposures import Exposure
from services.risk.views import CORRELATIONS, SHRINKAGES

DAYS: Final = 504  # two years of trading days
LEAST: Final = 60  # returns below which a holding is left out
EVERY: Final = 5  # trading days between two means over time
MOST: Final = 60  # holdings, the largest: beyond it nobody reads a cell


@dataclass(frozen=True, slots=True)
class Relations:
    """Correlations of what is held, on the last two years of daily returns in base currency."""

    method: str  # of CORRELATIONS
    shrinkage: str  # of SHRINKAGES
    observations: int
    matrix: pd.DataFrame  # symbol x symbol, those that move together beside each other
    average: float  # of all pairs
    over_time: pd.Series  # date -> mean of all pairs over the window before, each fifth trading day
    window: int
    findings: tuple[Finding, ...]


def relations(exposure: Exposure, *, method: str = "pearson", shrinkage: str = "none", window: int = 63) -> Relations:
    """Correlate what is held.

    Parameters
    ----------
    exposure
        Of all of history.
    method
        pearson (where absent), spearman or kendall.
    shrinkage
        none, constant_correlation or identity: what Pearson's is drawn towards by Ledoit and Wolf.
    window
        Trading days of the mean over time.

    Raises
    ------
    InvalidInput
        A method or target that does not exist, or a shrinkage of ranks.
    """
    method, shrinkage = fields.choice(Place("method"), method, CORRELATIONS), fields.choice(Place("shrinkage"), shrinkage, SHRINKAGES)
    if shrinkage != "none" and method != "pearson":
        raise InvalidInput("shrinkage", shrinkage, f"is not for {method}", hint="Use pearson with it, or shrinkage none", rule="contradiction")
    kept, findings = _kept(exposure)
    recent = exposure.returns[kept].tail(DAYS)
    if len(kept) < 2:
        return Relations(method, shrinkage, len(recent), pd.DataFrame(index=kept, columns=kept, dtype=float), np.nan, pd.Series(dtype=float), window,
                         tuple(findings))
    matrix: pd.DataFrame = shrunk_correlation(recent.dropna(), target=shrinkage) if shrinkage != "none" else correlation(recent, method=method)
    order = clustered_order(matrix)
    return Relations(method, shrinkage, len(recent), matrix.loc[order, order], mean_of_pairs(matrix.to_numpy()), _over_time(recent, window), window,
                     tuple(findings))


def mean_of_pairs(matrix: np.ndarray) -> float:
    """Give the mean of a correlation matrix beside its diagonal; NaN where no pair is known."""
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    known = pairs[~np.isnan(pairs)]
    return float(known.mean()) if len(known) else float("nan")


def _kept(exposure: Exposure) -> tuple[list[str], list[Finding]]:
    """Choose the largest holdings that have enough returns and that move at all."""
    recent = exposure.returns.tail(DAYS)
    counts, moves = recent.notna().sum(), recent.std() > 0
    order = exposure.weights.abs().sort_values(ascending=False).index
    enough = [str(symbol) for symbol in order if counts[symbol] >= LEAST and moves[symbol]]
    short = [Finding("too_short", f"{symbol} has {counts[symbol]} of the {LEAST} daily returns that a correlation needs: it is left out",
                     Severity.INFO, {"symbol": symbol, "observations": int(counts[symbol]), "needed": LEAST})
             for symbol in order if counts[symbol] < LEAST]
    more = len(enough) - MOST
    if more > 0:
        short.append(Finding("left_out", f"The {MOST} largest holdings are shown; {more} smaller ones are not", Severity.INFO, {"count": more}))
    return sorted(enough[:MOST]), short


def _over_time(recent: pd.DataFrame, window: int) -> pd.Series:
    """Follow the mean of all pairs; a window counts once every holding in it has all of its returns."""
    whole = recent.dropna()
    ends = range(window, len(whole) + 1, EVERY)
    cells = whole.to_numpy()
    means = [_mean_within(cells[end - window:end]) for end in ends]
    return pd.Series(means, index=whole.index[[end - 1 for end in ends]], dtype=np.float64)


def _mean_within(cells: np.ndarray) -> float:
    moving = cells[:, cells.std(axis=0) > 0]
    return mean_of_pairs(np.corrcoef(moving, rowvar=False)) if moving.shape[1] > 1 else float("nan")
