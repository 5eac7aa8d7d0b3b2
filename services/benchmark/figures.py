"""Every figure of a portfolio beside one benchmark, under the conventions that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.risk import relative, relative_active, relative_alpha, relative_betas, relative_capture
from engine.risk.correlation import correlation_of
from engine.risk.pair import Pair
from engine.risk.relative_figures import KERNELS, TERMS
from services.benchmark.views import BenchmarkQuestion
from services.risk.of_months import MONTHS_A_YEAR, OF_MONTHS, pair_of

MINIMUM: Final[Mapping[str, int]] = {term.name: term.minimum for term in TERMS} | {"correlation": 30}
Kernel = Callable[[Pair], Floats]


@dataclass(frozen=True, slots=True)
class Told:
    """Figures by name, how many more observations each wants, and why one is none."""

    figures: dict[str, float]
    missing: dict[str, int]
    gaps: dict[str, str]
    observations: int
    months: int


def figures_of(returns: pd.DataFrame, months: pd.DataFrame, question: BenchmarkQuestion, periods: float) -> Told:
    """Tell every figure of two columns of returns, own first, and of the same by calendar month."""
    daily, monthly = (pair_of(frame, question.risk_free, count) for frame, count in ((returns, periods), (months, MONTHS_A_YEAR)))
    told = {name: float(np.ravel(kernel(monthly if name in OF_MONTHS else daily))[0]) for name, kernel in kernels(question, periods).items()}
    counts = {True: int(monthly.counts[0]), False: int(daily.counts[0])}
    missing = {name: least - counts[name in OF_MONTHS] for name, least in MINIMUM.items() if counts[name in OF_MONTHS] < least}
    gaps = {name: _why(name, counts[name in OF_MONTHS], daily) for name, value in told.items() if np.isnan(value)}
    return Told(told, missing, gaps, counts[False], counts[True])


def kernels(asked: BenchmarkQuestion, periods: float) -> dict[str, Kernel]:
    """Give each figure's kernel with the conventions in it."""
    zero, method = asked.zero, asked.capture

    def alpha(pair: Pair) -> Floats:
        return relative.alpha_of(pair, periods, asked.alpha)

    own: dict[str, Kernel] = {
        "alpha": alpha,
        "correlation": lambda pair: correlation_of(pair.own, pair.theirs),
        "bull_beta": lambda pair: relative_betas.sided_beta_of(pair, "up", zero),
        "bear_beta": lambda pair: relative_betas.sided_beta_of(pair, "down", zero),
        "timing_ratio": lambda pair: relative_betas.timing_ratio_of(pair, zero),
        "alpha_t_statistic": lambda pair: relative_alpha.t_of(pair, asked.errors)[0],
        "beta_t_statistic": lambda pair: relative_alpha.t_of(pair, asked.errors)[1],
        "active_return": lambda pair: relative_active.active_of(pair, periods, asked.excess),
        "tracking_error": lambda pair: relative_active.tracking_of(pair, periods, asked.excess),
        "information_ratio": lambda pair: relative_active.information_of(pair, periods, asked.excess),
        "probability_of_outperformance": lambda pair: relative_active.outperformance_of(pair, asked.horizon),
        "up_capture": lambda pair: relative_capture.capture_of(pair, "up", method, zero),
        "down_capture": lambda pair: relative_capture.capture_of(pair, "down", method, zero),
        "capture_ratio": lambda pair: relative_capture.capture_ratio_of(pair, method, zero),
        "up_number_ratio": lambda pair: relative_capture.number_of(pair, "up", zero),
        "down_number_ratio": lambda pair: relative_capture.number_of(pair, "down", zero),
        "up_percentage_ratio": lambda pair: relative_capture.percentage_of(pair, "up", zero),
        "down_percentage_ratio": lambda pair: relative_capture.percentage_of(pair, "down", zero),
    }
    return {name: _by_default(name, periods) for name in KERNELS} | own


def _by_default(name: str, periods: float) -> Kernel:
    return lambda pair: KERNELS[name](pair, periods)


def _why(name: str, count: int, daily: Pair) -> str:
    """Say why a figure is none."""
    what = "months" if name in OF_MONTHS else "returns"
    least = max(2, MINIMUM.get(name, 2))
    if not count:
        return f"The portfolio and the benchmark have no {what} in common"
    if count < least:
        return f"It takes {least} {what} that both have, {count} are there"
    if float(np.ravel(daily.market.squares)[0]) == 0.0:
        return "The benchmark stood still"
    return "There is nothing to divide by: no risk, or no period of this kind"
