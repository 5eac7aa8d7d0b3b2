"""How returns were spread over time: the few figures that stand beside a return."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAYS_A_YEAR: Final = 252
NAN: Final = float("nan")


def volatility(returns: Floats) -> float:
    """Give the sample standard deviation of daily returns, a year."""
    known = returns[np.isfinite(returns)]
    return float(np.std(known, ddof=1) * np.sqrt(DAYS_A_YEAR)) if len(known) > 1 else NAN


def deepest(growth: Floats) -> float:
    """Give the deepest fall from a peak, the start included, as a fraction that is not positive."""
    known = growth[np.isfinite(growth)]
    return float((known / np.maximum.accumulate(known) - 1.0).min()) if len(known) else NAN


def beside(returns: Floats, benchmark: Floats) -> dict[str, float]:
    """Give tracking error and information ratio, a year, of the days that both have."""
    both = np.isfinite(returns) & np.isfinite(benchmark)
    active = (returns - benchmark)[both]
    error = volatility(active)
    ratio = float(active.mean() * DAYS_A_YEAR / error) if len(active) > 1 and error > 0 else NAN
    return {"tracking_error": error, "information_ratio": ratio}


def captures(months: Floats, benchmark: Floats) -> dict[str, float]:
    """Give geometric mean returns of months in which the benchmark rose, and fell, over the benchmark's."""
    both = np.isfinite(months) & np.isfinite(benchmark)
    mine, theirs = months[both], benchmark[both]
    return {"up_capture": _ratio(mine, theirs, theirs > 0), "down_capture": _ratio(mine, theirs, theirs < 0)}


def _ratio(mine: Floats, theirs: Floats, chosen: NDArray[np.bool_]) -> float:
    count = int(chosen.sum())
    if not count or (mine[chosen] <= -1).any():
        return NAN
    of_mine, of_theirs = (float(np.exp(np.log1p(each[chosen]).mean()) - 1.0) for each in (mine, theirs))
    return of_mine / of_theirs
