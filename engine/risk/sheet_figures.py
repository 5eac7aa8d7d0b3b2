"""Every figure of the sheet by its name: its kernel on columns, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from engine.columns import Floats
from engine.risk import (
    comoments,
    conditional,
    correlation,
    dependence,
    deviations,
    dispersion,
    drawdown,
    drawdown_episodes,
    drawdown_market,
    drawdown_odds,
    drawdown_ratios,
    drawdown_risk,
    edge,
    exposure,
    gains,
    gini,
    normality,
    partial_moments,
    ranges,
    relative_figures,
    reward,
    reward_kernels,
    reward_market,
    reward_partial,
    shape,
    sides,
    smoothing,
    tail_index,
    uncertainty,
    wins,
    yearly,
)
from engine.risk.catalogue import Term
from engine.risk.entropic import solved_together
from engine.risk.falls import deepest_of
from engine.risk.sample import mirrored
from engine.risk.sheet_columns import Columns
from engine.risk.var import entropic, relativistic, tails
from engine.risk.var.measures import expected_shortfall_of, value_at_risk_of
from engine.risk.var.methods import METHODS

Kernel = Callable[[Columns], Floats]  # columns -> ndarray of shape (n_series,)



def _of(module: ModuleType, view: str, names: str, *asked: str) -> dict[str, Kernel]:
    """Take the kernels of a module that are called as their figure, on one view of columns, with conventions by position."""
    return {name: _kernel(getattr(module, f"{name}_of"), view, asked) for name in names.split()}


def _kernel(kernel: Callable[..., Floats], view: str, asked: tuple[str, ...]) -> Kernel:
    return lambda c: kernel(getattr(c, view), *(getattr(c.asked, name) for name in asked))


def _paired(kernel: Callable[..., Floats]) -> Kernel:
    return lambda c: kernel(c.pair.own, c.pair.theirs)


def _beside(kernel: Callable[..., Floats]) -> Kernel:
    return lambda c: kernel(c.pair, c.asked.periods)


def _methods() -> dict[str, Kernel]:
    """Give value at risk and shortfall by every method that is quick for any number of series: no simulation, no GARCH."""
    found: dict[str, Kernel] = {}
    for name in QUICK_METHODS:
        found[f"value_at_risk_{name}"] = lambda c, name=name: value_at_risk_of(c.at, name, c.asked.ways)  # type: ignore[misc]
        found[f"expected_shortfall_{name}"] = lambda c, name=name: expected_shortfall_of(c.at, name, c.asked.ways)  # type: ignore[misc]
    return found


QUICK_METHODS: Final = ("age_weighted", "normal", "student_t", "cornish_fisher", "ewma", "filtered_historical", "evt", "conditional_evt")

_RETURN: Final[dict[str, Kernel]] = {
    "observations": lambda c: c.at.counts,
    "cumulative_return": lambda c: yearly.total_of(c.at),
    "annualised_return": lambda c: yearly.annual_of(c.at, c.asked.periods),
    "best_period": lambda c: c.months.highest,
    "worst_period": lambda c: c.months.lowest,
    **_of(gains, "at", "share_positive longest_streak"),
    **_of(gains, "at", "arithmetic_mean geometric_mean", "periods"),
}

_SPREAD: Final[dict[str, Kernel]] = {
    "volatility": lambda c: dispersion.volatility_of(c.at, 1, c.asked.periods),
    **_of(dispersion, "at", "variance mean_absolute_deviation"),
    **_of(deviations, "acceptable", "downside_deviation upside_deviation", "periods"),
    **_of(deviations, "at", "semivariance"),
    **_of(deviations, "at", "semideviation", "periods"),
    **_of(partial_moments, "acceptable", "lower_partial_moment higher_partial_moment downside_potential upside_potential"),
    **_of(sides, "acceptable", "downside_frequency upside_frequency volatility_skewness variability_skewness"),
    **_of(gini, "at", "gini_mean_difference l_moment l_skewness l_kurtosis"),
    **_of(gini, "at", "tail_gini", "level"),
    **_of(shape, "at", "skewness kurtosis skewness_kurtosis_ratio even_moment kurtosis_root semikurtosis_root"),
    **_of(normality, "at", "jarque_bera jarque_bera_p_value shapiro shapiro_p_value anderson anderson_p_value"),
    **_of(dependence, "at", "autocorrelation ljung_box ljung_box_p_value hurst_exponent"),
    **_of(smoothing, "at", "smoothing_index"),
    "exposure": lambda c: exposure.time_in_market_of(c.at),
    "ewma_volatility": lambda c: conditional.ewma_volatility_of(c.at, periods_per_year=c.asked.periods),
    **_of(tail_index, "at", "hill_tail_index"),
    **_of(ranges, "at", "return_range"),
    **_of(ranges, "at", "value_at_risk_range tail_gini_range entropic_value_at_risk_range relativistic_value_at_risk_range", "level"),
    "expected_shortfall_range": lambda c: ranges.expected_shortfall_range_of(c.at, c.asked.ways),
}

_TAIL: Final[dict[str, Kernel]] = {
    "value_at_risk": lambda c: value_at_risk_of(c.at, "historical", c.asked.ways),
    "expected_shortfall": lambda c: expected_shortfall_of(c.at, "historical", c.asked.ways),
    **_methods(),
    **_of(tails, "at", "worst_realisation"),
    **_of(tails, "at", "tail_ratio", "level"),
    **_of(tails, "over", "rachev_ratio", "level"),
    **_of(entropic, "at", "entropic_risk"),
    **_of(entropic, "at", "entropic_value_at_risk", "level"),
    **_of(relativistic, "at", "relativistic_value_at_risk", "level"),
}

_DRAWDOWN: Final[dict[str, Kernel]] = {
    "max_drawdown": lambda c: deepest_of(c.at),
    **_of(drawdown, "at", "current_drawdown longest_drawdown under_water"),
    **_of(drawdown_episodes, "at", "drawdown_count average_drawdown average_drawdown_length average_recovery drawdown_deviation"),
    **_of(drawdown_odds, "at", "expected_max_drawdown"),
    **_of(drawdown_risk, "at", "ulcer_index pain_index"),
    **_of(drawdown_risk, "at", "dar cdar edar rldar", "level"),
    "calmar_ratio": lambda c: drawdown_ratios.calmar_ratio_of(c.at, c.asked.periods),
    "mar_ratio": lambda c: drawdown_ratios.calmar_ratio_of(c.at, c.asked.periods),
    "sterling_ratio": lambda c: drawdown_ratios.sterling_ratio_of(c.at, c.asked.periods),
    "burke_ratio": lambda c: drawdown_ratios.burke_ratio_of(c.at, c.asked.periods, c.yearly_rate),
    "modified_burke_ratio": lambda c: drawdown_ratios.burke_ratio_of(c.at, c.asked.periods, c.yearly_rate, modified=True),
    "martin_ratio": lambda c: drawdown_ratios.martin_ratio_of(c.at, c.asked.periods, c.yearly_rate),
    "pain_ratio": lambda c: drawdown_ratios.pain_ratio_of(c.at, c.asked.periods, c.yearly_rate),
    "recovery_factor": lambda c: drawdown_ratios.recovery_factor_of(c.at),
    "serenity_index": lambda c: drawdown_ratios.serenity_index_of(c.at, c.asked.periods, c.yearly_rate, level=c.asked.level),
}

_REWARD: Final[dict[str, Kernel]] = {
    **_of(reward, "over", "sharpe_ratio adjusted_sharpe_ratio", "periods"),
    **_of(reward, "beyond", "sortino_ratio adjusted_sortino_ratio", "periods"),
    **_of(reward_partial, "beyond", "omega_ratio omega_sharpe_ratio"),
    **_of(reward_partial, "acceptable", "kappa upside_potential_ratio"),
    **_of(reward_partial, "at", "d_ratio"),
    "bernardo_ledoit_ratio": lambda c: reward_partial.omega_ratio_of(c.at),
    "prospect_ratio": lambda c: reward_partial.prospect_ratio_of(c.at, c.acceptable),
    "var_sharpe_ratio": lambda c: reward_kernels.var_sharpe_ratio_of(c.over, c.at, c.asked.level),
    "es_sharpe_ratio": lambda c: reward_kernels.es_sharpe_ratio_of(c.over, c.at, c.asked.level),
    **_of(reward_kernels, "at", "gain_to_pain_ratio stability outlier_win_ratio outlier_loss_ratio ex_outlier_return"),
    **_of(uncertainty, "over", "sharpe_standard_error autocorrelation_adjusted_sharpe_ratio", "periods"),
    **_of(uncertainty, "over", "probabilistic_sharpe_ratio minimum_track_record_length"),
    **_of(wins, "at", "win_rate loss_rate average_win average_loss payoff_ratio profit_factor profit_ratio cpc_index"),
    **_of(edge, "at", "kelly_criterion risk_of_ruin expectancy system_quality_number"),
    **_of(edge, "at", "common_sense_ratio", "level"),
    **_of(edge, "over", "continuous_kelly"),
}

_RELATIVE: Final[dict[str, Kernel]] = {
    **{name: _beside(kernel) for name, kernel in relative_figures.KERNELS.items()},
    "cdar_beta": lambda c: drawdown_market.cdar_beta_of(c.pair.own, c.pair.theirs, c.asked.level),
    "cdar_alpha": lambda c: drawdown_market.cdar_alpha_of(c.pair.own, c.pair.theirs, c.asked.periods, c.asked.level),
    "treynor_ratio": lambda c: reward_market.treynor_ratio_of(c.pair.own, c.pair.beta, c.asked.periods, c.yearly_rate),
    "m_squared": lambda c: reward_market.m_squared_of(c.pair.own, c.pair.theirs, c.asked.periods, c.yearly_rate),
    "m_squared_excess": lambda c: reward_market.m_squared_excess_of(c.pair.own, c.pair.theirs, c.asked.periods, c.yearly_rate),
    "m_squared_sortino": lambda c: reward_market.m_squared_sortino_of(c.pair.own, c.pair.theirs, c.asked.target, c.asked.periods),
    "omega_excess_return": lambda c: reward_market.omega_excess_return_of(c.pair.own, c.pair.theirs, c.asked.target, c.asked.periods),
    **{name: _paired(getattr(comoments, f"{name}_of")) for name in
       ("co_skewness", "co_kurtosis", "beta_co_variance", "beta_co_skewness", "beta_co_kurtosis")},
    "correlation": _paired(correlation.correlation_of),
    "beta_fragility_heuristic": _paired(tails.beta_fragility_heuristic_of),
}

_SEARCHED: Final = frozenset(("relativistic_value_at_risk_range", "entropic_value_at_risk_range", "edar", "rldar"))

KERNELS: Final[Mapping[str, Kernel]] = MappingProxyType({**_RETURN, **_SPREAD, **_TAIL, **_DRAWDOWN, **_REWARD, **_RELATIVE})


def prepare(columns: Columns, names: Iterable[str]) -> None:
    """Work out at once what several of the wanted figures search for, each on a sample of its own: falls, rises, and drawdowns."""
    if set(names) >= _SEARCHED:
        at = columns.at
        solved_together((at, mirrored(at), drawdown_risk.falling_of(at)), columns.asked.level)


def _terms_of_methods() -> Iterator[Term]:
    for name in QUICK_METHODS:
        method = METHODS[name]
        for figure, label in (("value_at_risk", "Value at risk"), ("expected_shortfall", "Expected shortfall")):
            meaning = f"{label} by the method {method.label}."
            yield Term(f"{figure}_{name}", f"{label}, {method.label}", "Tail risk", "fraction", meaning, method.source, max(60, method.minimum))


_MODULES = (gains, dispersion, conditional, exposure, deviations, sides, partial_moments, gini, ranges, shape, tail_index, normality,
            dependence, smoothing, tails, entropic, relativistic,
            drawdown, drawdown_episodes, drawdown_odds, drawdown_risk, drawdown_ratios, reward, reward_partial, reward_kernels, uncertainty,
            wins, edge, relative_figures, reward_market, drawdown_market, comoments, correlation)

CATALOGUE: Final[tuple[Term, ...]] = (*(term for module in _MODULES for term in module.TERMS), *_terms_of_methods())
