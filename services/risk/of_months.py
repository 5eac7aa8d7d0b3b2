"""Figures against a benchmark that are of calendar months, whatever the returns are of."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from engine.risk.pair import Pair
from engine.risk.relative_figures import KERNELS
from engine.risk.sample import Sample

OF_MONTHS: Final = frozenset({
    "up_capture", "down_capture", "capture_ratio", "up_number_ratio", "down_number_ratio", "up_percentage_ratio", "down_percentage_ratio",
    "probability_of_outperformance",
})
MONTHS_A_YEAR: Final = 12.0


def pair_of(returns: pd.DataFrame, risk_free: float, periods: float) -> Pair:
    """Lay two columns beside each other; the rate is one of a year."""
    cells = returns.to_numpy(dtype=np.float64)
    return Pair(Sample(cells[:, :1]), Sample(cells[:, 1:2]), np.full((1, 1), np.expm1(np.log1p(risk_free) / periods)))


def figures_of_months(own: pd.Series, theirs: pd.Series) -> tuple[dict[str, float], int]:
    """Tell the figures that are of calendar months from daily returns, and how many months both have."""
    both = pd.DataFrame({"own": own, "theirs": theirs})
    months = (1.0 + both).groupby(pd.DatetimeIndex(both.index).to_period("M")).prod(skipna=False) - 1.0 if len(both) else both
    pair = pair_of(months, 0.0, MONTHS_A_YEAR)
    return {name: float(np.ravel(KERNELS[name](pair, MONTHS_A_YEAR))[0]) for name in OF_MONTHS}, int(pair.counts[0])
