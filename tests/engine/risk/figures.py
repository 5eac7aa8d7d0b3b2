"""The figures of drawdown and of reward for risk, by what they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine

PLAIN = (
    "max_drawdown", "current_drawdown", "longest_drawdown", "under_water", "average_drawdown", "average_drawdown_length", "average_recovery",
    "drawdown_deviation", "drawdown_count", "ulcer_index", "pain_index", "dar", "cdar", "edar", "rldar", "calmar_ratio", "mar_ratio",
    "sterling_ratio", "burke_ratio", "modified_burke_ratio", "martin_ratio", "pain_ratio", "recovery_factor", "serenity_index", "sharpe_ratio",
    "adjusted_sharpe_ratio", "sortino_ratio", "adjusted_sortino_ratio", "omega_ratio", "omega_sharpe_ratio", "kappa", "upside_potential_ratio",
    "bernardo_ledoit_ratio", "d_ratio", "prospect_ratio", "var_sharpe_ratio", "es_sharpe_ratio", "gain_to_pain_ratio", "stability",
    "outlier_win_ratio", "outlier_loss_ratio", "ex_outlier_return", "win_rate", "loss_rate", "average_win", "average_loss", "payoff_ratio",
    "profit_factor", "profit_ratio", "cpc_index", "kelly_criterion", "continuous_kelly", "risk_of_ruin", "expectancy", "system_quality_number",
    "common_sense_ratio", "expected_max_drawdown",
)
RELATIVE = ("treynor_ratio", "m_squared", "m_squared_excess", "m_squared_sortino", "omega_excess_return", "cdar_beta", "cdar_alpha")


def figure(name: str) -> Callable[..., Any]:
    """Find a figure by its name."""
    return getattr(engine, name)  # type: ignore[no-any-return]
