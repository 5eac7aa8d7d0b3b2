"""Every figure of returns beside a benchmark, by its name: what it is called, and its kernel on a pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from engine.columns import Floats
from engine.risk import relative, relative_active, relative_alpha, relative_betas, relative_capture, relative_fama, relative_risk, relative_timing
from engine.risk.catalogue import Term
from engine.risk.pair import Pair

Kernel = Callable[[Pair, float], Floats]  # a pair and the periods of a year -> ndarray of shape (n_series,), under every convention's default

TERMS: Final[tuple[Term, ...]] = tuple(
    term
    for module in (relative, relative_betas, relative_timing, relative_risk, relative_fama, relative_alpha, relative_active, relative_capture)
    for term in module.TERMS
)

KERNELS: Final[Mapping[str, Kernel]] = MappingProxyType({
    "beta": lambda pair, _: pair.beta,
    "alpha": relative.alpha_of,
    "jensen_alpha": lambda pair, periods: relative.alpha_of(pair, periods, "arithmetic"),
    "r_squared": lambda pair, _: relative.r_squared_of(pair),
    "regression_epsilon": relative.epsilon_of,
    "blume_beta": lambda pair, _: relative_betas.blume_of(pair),
    "bull_beta": lambda pair, _: relative_betas.sided_beta_of(pair, "up"),
    "bear_beta": lambda pair, _: relative_betas.sided_beta_of(pair, "down"),
    "timing_ratio": lambda pair, _: relative_betas.timing_ratio_of(pair),
    "treynor_mazuy_gamma": lambda pair, _: relative_timing.gamma_of(pair, "treynor_mazuy"),
    "henriksson_merton_gamma": lambda pair, _: relative_timing.gamma_of(pair, "henriksson_merton"),
    "systematic_risk": relative_risk.systematic_of,
    "specific_risk": relative_risk.specific_of,
    "total_risk": relative_risk.total_of,
    "fama_beta": lambda pair, _: relative_fama.fama_beta_of(pair),
    "selectivity": lambda pair, periods: relative.alpha_of(pair, periods, "arithmetic"),
    "diversification": relative_fama.diversification_of,
    "net_selectivity": relative_fama.net_selectivity_of,
    "appraisal_ratio": relative_alpha.appraisal_of,
    "standard_error": lambda pair, _: pair.specific(2),
    "alpha_t_statistic": lambda pair, _: relative_alpha.t_of(pair)[0],
    "beta_t_statistic": lambda pair, _: relative_alpha.t_of(pair)[1],
    "active_return": relative_active.active_of,
    "tracking_error": relative_active.tracking_of,
    "information_ratio": relative_active.information_of,
    "batting_average": lambda pair, _: relative_active.batting_of(pair),
    "probability_of_outperformance": lambda pair, _: relative_active.outperformance_of(pair),
    "up_capture": lambda pair, periods: relative_capture.capture_of(pair, "up", periods=periods),
    "down_capture": lambda pair, periods: relative_capture.capture_of(pair, "down", periods=periods),
    "capture_ratio": lambda pair, periods: relative_capture.capture_ratio_of(pair, periods=periods),
    "up_number_ratio": lambda pair, _: relative_capture.number_of(pair, "up"),
    "down_number_ratio": lambda pair, _: relative_capture.number_of(pair, "down"),
    "up_percentage_ratio": lambda pair, _: relative_capture.percentage_of(pair, "up"),
    "down_percentage_ratio": lambda pair, _: relative_capture.percentage_of(pair, "down"),
})
