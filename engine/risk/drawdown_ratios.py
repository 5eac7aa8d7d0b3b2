"""Kernels of the ratios by drawdown, and their catalogue: `drawdown_reward` gives them their conventions."""

from __future__ import annotations

import numpy as np

from engine.columns import Floats
from engine.dispersion import periods_of
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.drawdown_episodes import average_drawdown_of, drawdown_squares_of
from engine.risk.drawdown_risk import cdar_of, pain_index_of, ulcer_index_of
from engine.risk.falls import deepest_of
from engine.risk.sample import Sample, quotient
from engine.risk.yearly import annual_of, total_of

STERLINGS = ("annual", "max", "average")
NO_RATE = np.zeros(1)


def calmar_ratio_of(at: Sample, periods_per_year: float = 252, *, years: float | None = None, method: str = "compounded") -> Floats:
    """Kernel of `calmar_ratio`, and without years of `mar_ratio`."""
    counted = at if years is None else Sample(at.cells[-max(round(years * periods_of(periods_per_year)), 1) :])
    return quotient(annual_of(counted, periods_per_year, method), -deepest_of(counted))


def sterling_ratio_of(
    at: Sample, periods_per_year: float = 252, *, excess: float = 0.1, drawdown: str = "annual", method: str = "compounded"
) -> Floats:
    """Kernel of `sterling_ratio`."""
    one_of("drawdown", drawdown, STERLINGS)
    if drawdown == "annual":
        deep = yearly_drawdown_of(at, periods_per_year)
    else:
        deep = deepest_of(at) if drawdown == "max" else np.nan_to_num(average_drawdown_of(at))
    return quotient(annual_of(at, periods_per_year, method), np.abs(deep) + excess)


def yearly_drawdown_of(at: Sample, periods_per_year: float = 252) -> Floats:
    """Mean of the deepest drawdowns of years counted back from the last period; NaN without any return."""
    span, (rows, width) = max(round(periods_of(periods_per_year)), 1), at.cells.shape
    years = -(-rows // span)
    if not years:
        return np.full(width, np.nan)
    wealth = np.concatenate([np.ones((years * span - rows + 1, width)), at.wealth])
    within = wealth[1:].reshape(years, span, width)
    peak = np.maximum(np.maximum.accumulate(within, axis=1), wealth[:-1:span, None])
    falls = np.minimum(quotient(within, peak).min(axis=1) - 1.0, 0.0)
    if not at.complete:
        known = np.concatenate([np.zeros((years * span - rows, width), dtype=bool), at.known]).reshape(years, span, width)
        falls = np.where(known.any(axis=1), falls, np.nan)
    return Sample(falls).mean


def burke_ratio_of(
    at: Sample, periods_per_year: float = 252, rate: Floats = NO_RATE, *, modified: bool = False, episodes: str = "losing", compounded: bool = False
) -> Floats:
    """Kernel of `burke_ratio`; `rate` is the risk-free one of a year."""
    squares = drawdown_squares_of(at, episodes=episodes, compounded=compounded)
    ratio = quotient(annual_of(at, periods_per_year) - rate, np.sqrt(squares))
    return ratio * np.sqrt(at.counts) if modified else ratio


def martin_ratio_of(at: Sample, periods_per_year: float = 252, rate: Floats = NO_RATE, *, method: str = "compounded") -> Floats:
    """Kernel of `martin_ratio`; `rate` is the risk-free one of a year."""
    return quotient(annual_of(at, periods_per_year, method) - rate, ulcer_index_of(at))


def pain_ratio_of(at: Sample, periods_per_year: float = 252, rate: Floats = NO_RATE, *, method: str = "compounded") -> Floats:
    """Kernel of `pain_ratio`; `rate` is the risk-free one of a year."""
    return quotient(annual_of(at, periods_per_year, method) - rate, pain_index_of(at))


def recovery_factor_of(at: Sample) -> Floats:
    """Kernel of `recovery_factor`."""
    return quotient(total_of(at), -deepest_of(at))


def serenity_index_of(at: Sample, periods_per_year: float = 252, rate: Floats = NO_RATE, *, level: float = 0.95) -> Floats:
    """Kernel of `serenity_index`; `rate` is the risk-free one of a year."""
    pitfall = quotient(cdar_of(at, level), at.deviation() * np.sqrt(periods_of(periods_per_year)))
    return quotient(annual_of(at, periods_per_year) - rate, ulcer_index_of(at) * pitfall)


_ROOM = "Return for drawdown"

TERMS: tuple[Term, ...] = (
    Term("calmar_ratio", "Calmar ratio", _ROOM, "ratio", "Return a year for each unit of the deepest drawdown.", "Young 1991", 252, "high"),
    Term("mar_ratio", "MAR ratio", _ROOM, "ratio", "Return a year since inception for each unit of the deepest drawdown.", "Bacon 2008, p. 89", 252,
         "high"),
    Term("sterling_ratio", "Sterling ratio", _ROOM, "ratio", "Return a year for the mean of the deepest drawdown of each year plus a tenth.",
         "Kestner 1996", 252, "high"),
    Term("burke_ratio", "Burke ratio", _ROOM, "ratio", "Return a year for the root of the squared runs of losses.", "Burke 1994", 60, "high"),
    Term("modified_burke_ratio", "Modified Burke ratio", _ROOM, "ratio", "Burke ratio made comparable over histories of other lengths.",
         "Bacon 2008, p. 91", 60, "high"),
    Term("martin_ratio", "Martin ratio", _ROOM, "ratio", "Return a year for each unit of the ulcer index.", "Martin 1989", 60, "high"),
    Term("pain_ratio", "Pain ratio", _ROOM, "ratio", "Return a year for each unit of the pain index.", "Becker 2006", 60, "high"),
    Term("recovery_factor", "Recovery factor", _ROOM, "ratio", "Return of the whole history for each unit of the deepest drawdown.",
         "Trading practice", 60, "high"),
    Term("serenity_index", "Serenity index", _ROOM, "ratio", "Return a year for ulcer index times pitfall.", "KeyQuant 2015", 60, "high"),
)
