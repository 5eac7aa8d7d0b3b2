"""What is true about a portfolio: pure arithmetic on pandas and numpy, usable from a notebook alone."""

from engine.adjustment import action_columns, adjusted_closes, adjustment_factors, carried_prices
from engine.advice.library import efficient_frontier, optimised_weights, rebalancing_trades
from engine.advice.policy import Constraints, Costs, GroupBound, Taxes
from engine.alerts import AlertRule, AlertStates, Conditions, Direction, Measure, alert_conditions, alert_crossings, alert_firings
from engine.attribution.brinson import brinson, geometric_attribution
from engine.attribution.currency import currency_attribution, currency_effect
from engine.attribution.daily import Attribution, daily_attribution
from engine.attribution.sides import Side, blend_side, panel_side
from engine.averages import annualise, annualised_return, arithmetic_mean, geometric_mean
from engine.blends import blend_growth, blend_weights
from engine.bridges import pnl_bridge
from engine.calendar_returns import average_down, average_up, best_period, calendar_matrix, longest_streak, returns_by, share_positive, worst_period
from engine.carries import accrued_growth, cash_growth, interpolated_levels, with_spread
from engine.concentration.bets import effective_number_of_bets, minimum_torsion
from engine.concentration.contributions import (
    absorption_ratio,
    average_pairwise_correlation,
    diversification_ratio,
    marginal_risk,
    portfolio_volatility,
    risk_contributions,
)
from engine.concentration.exposures import gross_exposure, leverage, long_exposure, net_exposure, short_exposure
from engine.concentration.look_through import look_through, look_through_coverage, look_through_exposure
from engine.concentration.weights import effective_number_of_assets, hhi, top_n_weight
from engine.contribution import contributions, currency_split, local_returns
from engine.currencies import CURRENCIES, currency_code, rate_history, rate_path, rates_to
from engine.daily import daily_values
from engine.dietz import modified_dietz, return_on_average_investment, return_on_investment, simple_dietz, simple_return
from engine.evidence import Fix, LedgerFinding
from engine.excess import arithmetic_excess, geometric_excess, hedged_return, real_return
from engine.factors.explained import factor_return_attribution, factor_risk_contributions
from engine.factors.published import canonical_factor, published_factors
from engine.factors.regression import FactorRegression, factor_regression
from engine.factors.rolling import rolling_factor_loadings
from engine.frames import LEDGER_COLUMNS, fx_frame, ledger_frame, price_frame
from engine.holding_terms import gain_parts, held_days, holding_terms, long_term_from, tax_year_bounds, tax_years
from engine.instruments.bonds import bond_price, convexity, duration, dv01, yield_to_maturity
from engine.instruments.options import delta, gamma, implied_volatility, option_price, rho, theta, vega
from engine.ledger import EFFECTS, Book, Effect, book
from engine.linking import link_attribution
from engine.money_weighted import Rate, money_weighted_return, xirr
from engine.panel import Panel, add, panel
from engine.price_quality import Suspicion, price_gaps, price_suspicions, repaired_bars
from engine.quality import return_quality, why_they_differ
from engine.rate_ages import stale_rates
from engine.rate_roots import year_fractions
from engine.ratios import break_even_price, cash_drag, dividend_yield, fee_rate, rolling_return, tax_rate, turnover, yield_on_cost
from engine.returns import cumulative_return, growth, link_returns, log_returns, simple_returns, vami
from engine.revaluation import Marks, Revaluation, Terms, revalue, row_rates, terms
from engine.review import ledger_checks
from engine.risk.bars import garman_klass_volatility, parkinson_volatility, realised_volatility, rogers_satchell_volatility, yang_zhang_volatility
from engine.risk.bootstrap import bootstrap_interval
from engine.risk.catalogue import Term
from engine.risk.comoments import beta_co_kurtosis, beta_co_skewness, beta_co_variance, co_kurtosis, co_skewness
from engine.risk.conditional import conditional_volatility, ewma_volatility, garch_volatility
from engine.risk.cone import volatility_cone
from engine.risk.correlation import clustered_order, correlation, rolling_correlation
from engine.risk.dependence import autocorrelation, hurst_exponent, ljung_box, ljung_box_p_value
from engine.risk.deviations import downside_deviation, semideviation, semivariance, upside_deviation
from engine.risk.dispersion import mean_absolute_deviation, variance, volatility
from engine.risk.distribution import Distribution, return_distribution, return_histogram
from engine.risk.drawdown import current_drawdown, drawdown_series, longest_drawdown, max_drawdown, under_water
from engine.risk.drawdown_episodes import average_drawdown, average_drawdown_length, average_recovery, drawdown_count, drawdown_deviation
from engine.risk.drawdown_market import cdar_alpha, cdar_beta
from engine.risk.drawdown_odds import drawdown_probability, expected_max_drawdown
from engine.risk.drawdown_pain import martin_ratio, pain_ratio, recovery_factor, serenity_index
from engine.risk.drawdown_reward import burke_ratio, calmar_ratio, mar_ratio, modified_burke_ratio, sterling_ratio
from engine.risk.drawdown_risk import cdar, dar, edar, pain_index, rldar, ulcer_index
from engine.risk.drawdown_table import drawdown_table
from engine.risk.edge import common_sense_ratio, continuous_kelly, expectancy, kelly_criterion, risk_of_ruin, system_quality_number
from engine.risk.exposure import exposure, time_in_market
from engine.risk.gains import observations
from engine.risk.gini import gini_mean_difference, l_kurtosis, l_moment, l_skewness, tail_gini
from engine.risk.live import LiveFigures, LiveRisk, LiveStatistics, live_statistics
from engine.risk.normality import anderson, anderson_p_value, jarque_bera, jarque_bera_p_value, shapiro, shapiro_p_value
from engine.risk.partial_moments import downside_potential, higher_partial_moment, lower_partial_moment, upside_potential
from engine.risk.ranges import (
    entropic_value_at_risk_range,
    expected_shortfall_range,
    relativistic_value_at_risk_range,
    return_range,
    tail_gini_range,
    value_at_risk_range,
)
from engine.risk.relative import alpha, beta, jensen_alpha, r_squared, regression_epsilon
from engine.risk.relative_active import active_return, active_share, batting_average, information_ratio, probability_of_outperformance, tracking_error
from engine.risk.relative_alpha import alpha_t_statistic, appraisal_ratio, beta_t_statistic, market_line, standard_error
from engine.risk.relative_betas import bear_beta, blume_beta, bull_beta, timing_ratio, vasicek_beta
from engine.risk.relative_capture import (
    capture_ratio,
    down_capture,
    down_number_ratio,
    down_percentage_ratio,
    up_capture,
    up_number_ratio,
    up_percentage_ratio,
)
from engine.risk.relative_fama import diversification, fama_beta, net_selectivity, selectivity
from engine.risk.relative_risk import specific_risk, systematic_risk, total_risk
from engine.risk.relative_rolling import rolling_active_return, rolling_alpha, rolling_beta, rolling_information_ratio, rolling_tracking_error
from engine.risk.relative_timing import henriksson_merton_gamma, market_timing, treynor_mazuy_gamma
from engine.risk.reward import adjusted_sharpe_ratio, adjusted_sortino_ratio, sharpe_ratio, sortino_ratio
from engine.risk.reward_market import m_squared, m_squared_excess, m_squared_sortino, omega_excess_return, treynor_ratio
from engine.risk.reward_partial import bernardo_ledoit_ratio, d_ratio, kappa, omega_ratio, omega_sharpe_ratio, prospect_ratio, upside_potential_ratio
from engine.risk.reward_tail import (
    es_sharpe_ratio,
    ex_outlier_return,
    gain_to_pain_ratio,
    mean_risk_ratio,
    outlier_loss_ratio,
    outlier_win_ratio,
    stability,
    var_sharpe_ratio,
)
from engine.risk.rolling import rolling_max_drawdown, rolling_sharpe_ratio, rolling_volatility
from engine.risk.round_trips import round_trip_statistics, round_trips
from engine.risk.score import RiskScore, risk_class, risk_score, var_equivalent_volatility
from engine.risk.selling import days_until_sold
from engine.risk.shape import even_moment, kurtosis, kurtosis_root, semikurtosis_root, skewness, skewness_kurtosis_ratio
from engine.risk.sheet import CATALOGUE, Sheet, full_sheet, tear_sheet
from engine.risk.shrinkage import shrinkage_intensity, shrunk_correlation, shrunk_covariance
from engine.risk.sides import downside_frequency, upside_frequency, variability_skewness, volatility_skewness
from engine.risk.smoothing import geltner_returns, smoothing_index
from engine.risk.student import student_t_fit
from engine.risk.tail_index import hill_tail_index, tail_fit
from engine.risk.trials import deflated_sharpe_ratio, expected_max_sharpe_ratio
from engine.risk.uncertainty import (
    autocorrelation_adjusted_sharpe_ratio,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_standard_error,
)
from engine.risk.var.backtest import Backtest, backtest
from engine.risk.var.coverage import basel_traffic_light, christoffersen_test, kupiec_test, violations
from engine.risk.var.decomposition import (
    component_expected_shortfall,
    component_value_at_risk,
    diversification_benefit,
    incremental_value_at_risk,
    marginal_value_at_risk,
    risk_decomposition,
)
from engine.risk.var.durations import duration_test
from engine.risk.var.entropic import entropic_risk, entropic_value_at_risk
from engine.risk.var.liquidity import days_to_liquidate, effective_spread, liquidity_adjusted_value_at_risk, share_liquidated
from engine.risk.var.losses import diebold_mariano_test, quantile_loss, quantile_losses
from engine.risk.var.measures import expected_shortfall, rolling_value_at_risk, value_at_risk
from engine.risk.var.relativistic import relativistic_value_at_risk
from engine.risk.var.shortfall_test import acerbi_szekely_test
from engine.risk.var.tails import beta_fragility_heuristic, rachev_ratio, tail_ratio, worst_realisation
from engine.risk.wins import average_loss, average_win, cpc_index, loss_rate, payoff_ratio, profit_factor, profit_ratio, win_rate
from engine.rounding import largest_remainder, to_cents
from engine.sale import SaleSimulation, simulate_sale
from engine.same_flow_series import same_flow_excess, same_flow_series
from engine.same_flows import direct_alpha, dpi, ks_pme, return_gap, rvpi, same_flow_return, same_flow_value, tvpi
from engine.section104 import Section104, section_104
from engine.snapshot_figures import SnapshotFigures, snapshot_figures
from engine.snapshots import Snapshot, framed, snapshot
from engine.stress.episodes import EPISODES, Episode
from engine.stress.factor import FactorStress, factor_exposures, factor_stress, implied_shocks
from engine.stress.historic import HistoricStress, historic_stress
from engine.stress.losses import stress_loss
from engine.stress.reverse import ReverseStress, reverse_stress
from engine.stress.scenario import ScenarioStress, Shock, scenario_stress
from engine.time_weighted import panel_returns, period_returns, time_weighted_return
from engine.valuation import marks_at, positions, realised_gains, valuation
from engine.wash_sales import WashSales, wash_sales
from engine.windows import window_returns, windows

__all__ = [  # noqa: RUF022 - in the order of `sorted`, as the contract says
    "AlertRule",
    "AlertStates",
    "Attribution",
    "Backtest",
    "Book",
    "CATALOGUE",
    "CURRENCIES",
    "Conditions",
    "Constraints",
    "Costs",
    "Direction",
    "Distribution",
    "EFFECTS",
    "EPISODES",
    "Effect",
    "Episode",
    "FactorRegression",
    "FactorStress",
    "Fix",
    "GroupBound",
    "HistoricStress",
    "LEDGER_COLUMNS",
    "LedgerFinding",
    "LiveFigures",
    "LiveRisk",
    "LiveStatistics",
    "Marks",
    "Measure",
    "Panel",
    "Rate",
    "Revaluation",
    "ReverseStress",
    "RiskScore",
    "SaleSimulation",
    "ScenarioStress",
    "Section104",
    "Sheet",
    "Shock",
    "Side",
    "Snapshot",
    "SnapshotFigures",
    "Suspicion",
    "Taxes",
    "Term",
    "Terms",
    "WashSales",
    "absorption_ratio",
    "accrued_growth",
    "acerbi_szekely_test",
    "action_columns",
    "active_return",
    "active_share",
    "add",
    "adjusted_closes",
    "adjusted_sharpe_ratio",
    "adjusted_sortino_ratio",
    "adjustment_factors",
    "alert_conditions",
    "alert_crossings",
    "alert_firings",
    "alpha",
    "alpha_t_statistic",
    "anderson",
    "anderson_p_value",
    "annualise",
    "annualised_return",
    "appraisal_ratio",
    "arithmetic_excess",
    "arithmetic_mean",
    "autocorrelation",
    "autocorrelation_adjusted_sharpe_ratio",
    "average_down",
    "average_drawdown",
    "average_drawdown_length",
    "average_loss",
    "average_pairwise_correlation",
    "average_recovery",
    "average_up",
    "average_win",
    "backtest",
    "basel_traffic_light",
    "batting_average",
    "bear_beta",
    "bernardo_ledoit_ratio",
    "best_period",
    "beta",
    "beta_co_kurtosis",
    "beta_co_skewness",
    "beta_co_variance",
    "beta_fragility_heuristic",
    "beta_t_statistic",
    "blend_growth",
    "blend_side",
    "blend_weights",
    "blume_beta",
    "bond_price",
    "book",
    "bootstrap_interval",
    "break_even_price",
    "brinson",
    "bull_beta",
    "burke_ratio",
    "calendar_matrix",
    "calmar_ratio",
    "canonical_factor",
    "capture_ratio",
    "carried_prices",
    "cash_drag",
    "cash_growth",
    "cdar",
    "cdar_alpha",
    "cdar_beta",
    "christoffersen_test",
    "clustered_order",
    "co_kurtosis",
    "co_skewness",
    "common_sense_ratio",
    "component_expected_shortfall",
    "component_value_at_risk",
    "conditional_volatility",
    "continuous_kelly",
    "contributions",
    "convexity",
    "correlation",
    "cpc_index",
    "cumulative_return",
    "currency_attribution",
    "currency_code",
    "currency_effect",
    "currency_split",
    "current_drawdown",
    "d_ratio",
    "daily_attribution",
    "daily_values",
    "dar",
    "days_to_liquidate",
    "days_until_sold",
    "deflated_sharpe_ratio",
    "delta",
    "diebold_mariano_test",
    "direct_alpha",
    "diversification",
    "diversification_benefit",
    "diversification_ratio",
    "dividend_yield",
    "down_capture",
    "down_number_ratio",
    "down_percentage_ratio",
    "downside_deviation",
    "downside_frequency",
    "downside_potential",
    "dpi",
    "drawdown_count",
    "drawdown_deviation",
    "drawdown_probability",
    "drawdown_series",
    "drawdown_table",
    "duration",
    "duration_test",
    "dv01",
    "edar",
    "effective_number_of_assets",
    "effective_number_of_bets",
    "effective_spread",
    "efficient_frontier",
    "entropic_risk",
    "entropic_value_at_risk",
    "entropic_value_at_risk_range",
    "es_sharpe_ratio",
    "even_moment",
    "ewma_volatility",
    "ex_outlier_return",
    "expectancy",
    "expected_max_drawdown",
    "expected_max_sharpe_ratio",
    "expected_shortfall",
    "expected_shortfall_range",
    "exposure",
    "factor_exposures",
    "factor_regression",
    "factor_return_attribution",
    "factor_risk_contributions",
    "factor_stress",
    "fama_beta",
    "fee_rate",
    "framed",
    "full_sheet",
    "fx_frame",
    "gain_parts",
    "gain_to_pain_ratio",
    "gamma",
    "garch_volatility",
    "garman_klass_volatility",
    "geltner_returns",
    "geometric_attribution",
    "geometric_excess",
    "geometric_mean",
    "gini_mean_difference",
    "gross_exposure",
    "growth",
    "hedged_return",
    "held_days",
    "henriksson_merton_gamma",
    "hhi",
    "higher_partial_moment",
    "hill_tail_index",
    "historic_stress",
    "holding_terms",
    "hurst_exponent",
    "implied_shocks",
    "implied_volatility",
    "incremental_value_at_risk",
    "information_ratio",
    "interpolated_levels",
    "jarque_bera",
    "jarque_bera_p_value",
    "jensen_alpha",
    "kappa",
    "kelly_criterion",
    "ks_pme",
    "kupiec_test",
    "kurtosis",
    "kurtosis_root",
    "l_kurtosis",
    "l_moment",
    "l_skewness",
    "largest_remainder",
    "ledger_checks",
    "ledger_frame",
    "leverage",
    "link_attribution",
    "link_returns",
    "liquidity_adjusted_value_at_risk",
    "live_statistics",
    "ljung_box",
    "ljung_box_p_value",
    "local_returns",
    "log_returns",
    "long_exposure",
    "long_term_from",
    "longest_drawdown",
    "longest_streak",
    "look_through",
    "look_through_coverage",
    "look_through_exposure",
    "loss_rate",
    "lower_partial_moment",
    "m_squared",
    "m_squared_excess",
    "m_squared_sortino",
    "mar_ratio",
    "marginal_risk",
    "marginal_value_at_risk",
    "market_line",
    "market_timing",
    "marks_at",
    "martin_ratio",
    "max_drawdown",
    "mean_absolute_deviation",
    "mean_risk_ratio",
    "minimum_torsion",
    "minimum_track_record_length",
    "modified_burke_ratio",
    "modified_dietz",
    "money_weighted_return",
    "net_exposure",
    "net_selectivity",
    "observations",
    "omega_excess_return",
    "omega_ratio",
    "omega_sharpe_ratio",
    "optimised_weights",
    "option_price",
    "outlier_loss_ratio",
    "outlier_win_ratio",
    "pain_index",
    "pain_ratio",
    "panel",
    "panel_returns",
    "panel_side",
    "parkinson_volatility",
    "payoff_ratio",
    "period_returns",
    "pnl_bridge",
    "portfolio_volatility",
    "positions",
    "price_frame",
    "price_gaps",
    "price_suspicions",
    "probabilistic_sharpe_ratio",
    "probability_of_outperformance",
    "profit_factor",
    "profit_ratio",
    "prospect_ratio",
    "published_factors",
    "quantile_loss",
    "quantile_losses",
    "r_squared",
    "rachev_ratio",
    "rate_history",
    "rate_path",
    "rates_to",
    "real_return",
    "realised_gains",
    "realised_volatility",
    "rebalancing_trades",
    "recovery_factor",
    "regression_epsilon",
    "relativistic_value_at_risk",
    "relativistic_value_at_risk_range",
    "repaired_bars",
    "return_distribution",
    "return_gap",
    "return_histogram",
    "return_on_average_investment",
    "return_on_investment",
    "return_quality",
    "return_range",
    "returns_by",
    "revalue",
    "reverse_stress",
    "rho",
    "risk_class",
    "risk_contributions",
    "risk_decomposition",
    "risk_of_ruin",
    "risk_score",
    "rldar",
    "rogers_satchell_volatility",
    "rolling_active_return",
    "rolling_alpha",
    "rolling_beta",
    "rolling_correlation",
    "rolling_factor_loadings",
    "rolling_information_ratio",
    "rolling_max_drawdown",
    "rolling_return",
    "rolling_sharpe_ratio",
    "rolling_tracking_error",
    "rolling_value_at_risk",
    "rolling_volatility",
    "round_trip_statistics",
    "round_trips",
    "row_rates",
    "rvpi",
    "same_flow_excess",
    "same_flow_return",
    "same_flow_series",
    "same_flow_value",
    "scenario_stress",
    "section_104",
    "selectivity",
    "semideviation",
    "semikurtosis_root",
    "semivariance",
    "serenity_index",
    "shapiro",
    "shapiro_p_value",
    "share_liquidated",
    "share_positive",
    "sharpe_ratio",
    "sharpe_standard_error",
    "short_exposure",
    "shrinkage_intensity",
    "shrunk_correlation",
    "shrunk_covariance",
    "simple_dietz",
    "simple_return",
    "simple_returns",
    "simulate_sale",
    "skewness",
    "skewness_kurtosis_ratio",
    "smoothing_index",
    "snapshot",
    "snapshot_figures",
    "sortino_ratio",
    "specific_risk",
    "stability",
    "stale_rates",
    "standard_error",
    "sterling_ratio",
    "stress_loss",
    "student_t_fit",
    "system_quality_number",
    "systematic_risk",
    "tail_fit",
    "tail_gini",
    "tail_gini_range",
    "tail_ratio",
    "tax_rate",
    "tax_year_bounds",
    "tax_years",
    "tear_sheet",
    "terms",
    "theta",
    "time_in_market",
    "time_weighted_return",
    "timing_ratio",
    "to_cents",
    "top_n_weight",
    "total_risk",
    "tracking_error",
    "treynor_mazuy_gamma",
    "treynor_ratio",
    "turnover",
    "tvpi",
    "ulcer_index",
    "under_water",
    "up_capture",
    "up_number_ratio",
    "up_percentage_ratio",
    "upside_deviation",
    "upside_frequency",
    "upside_potential",
    "upside_potential_ratio",
    "valuation",
    "value_at_risk",
    "value_at_risk_range",
    "vami",
    "var_equivalent_volatility",
    "var_sharpe_ratio",
    "variability_skewness",
    "variance",
    "vasicek_beta",
    "vega",
    "violations",
    "volatility",
    "volatility_cone",
    "volatility_skewness",
    "wash_sales",
    "why_they_differ",
    "win_rate",
    "window_returns",
    "windows",
    "with_spread",
    "worst_period",
    "worst_realisation",
    "xirr",
    "yang_zhang_volatility",
    "year_fractions",
    "yield_on_cost",
    "yield_to_maturity",
]
