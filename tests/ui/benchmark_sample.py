"""Answers of the services of benchmarks and attribution made of plain arithmetic, for the components' tests: their sums hold by construction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from engine.types import Finding
from services.attribution.views import (
    CURRENCY_COLUMNS,
    EFFECTS,
    FACTOR_COLUMNS,
    GROUP_COLUMNS,
    HOLDING_COLUMNS,
    LOADING_COLUMNS,
    PERIOD_COLUMNS,
    AttributionView,
    FactorSet,
    FactorView,
    Step,
)
from services.benchmark.views import PORTFOLIO, ROLLING, Against, BenchmarkView, Blend, Component, Constituent, SameFlows
from services.references import Choice

START, END = date(2024, 11, 20), date(2026, 11, 20)
SPX, MIX = "^SPX", "6f0c7a52-5f3e-4d0e-9a53-0d9e5a1d2b10"
NAMES = {SPX: "S&P 500", MIX: "60/40 world"}


def _chance() -> tuple[pd.DatetimeIndex, pd.DataFrame]:
    days = pd.bdate_range(START, END)
    chance = np.random.default_rng(5)
    market = chance.normal(0.0006, 0.009, len(days))
    told = pd.DataFrame(
        {
            PORTFOLIO: market * 0.9 + chance.normal(0.0002, 0.004, len(days)),
            SPX: market,
            MIX: market * 0.6 + chance.normal(0.0001, 0.0015, len(days)),
        },
        index=days,
    )
    told.iloc[0] = 0.0
    return days, told


def comparison(**changes: Any) -> BenchmarkView:
    """Two years of a seeded portfolio beside an index and a blend."""
    days, returns = _chance()
    growth = (1 + returns).cumprod()
    months = (1 + returns).groupby(days.to_period("M")).prod() - 1
    flows = pd.DataFrame({"date": [days[0], days[120], days[300]], "amount": [100_000.0, 20_000.0, -5_000.0]})
    put_in = flows.set_index("date")["amount"].reindex(days, fill_value=0.0).cumsum()
    same = pd.DataFrame(
        {
            name: sum(
                amount * growth[name] / growth[name].loc[day] * (days >= day) for day, amount in zip(flows["date"], flows["amount"], strict=True)
            )
            for name in growth
        },
        index=days,
    ).assign(net_contributions=put_in)
    rolling = {name: (returns[[SPX, MIX]].rolling(126).mean() * 252) for name in ROLLING}
    benchmarks = tuple(_against(key, returns, growth, same) for key in (SPX, MIX))
    own = {
        "total_return": float(growth[PORTFOLIO].iloc[-1] - 1),
        "annualised_return": float(growth[PORTFOLIO].iloc[-1] ** 0.5 - 1),
        "volatility": 0.15,
        "max_drawdown": -0.12,
        "value": float(same[PORTFOLIO].iloc[-1]),
        "net_contributions": 115_000.0,
        "mwr": 0.2,
    }
    excess = pd.DataFrame({key: growth[PORTFOLIO] - growth[key] for key in (SPX, MIX)})
    finding = Finding("benchmark_price_only", "S&P 500 is a price index: its dividends are not in it", context={"symbol": SPX})
    view = BenchmarkView(
        scope="all",
        label="All portfolios",
        base_currency="USD",
        start=START,
        end=END,
        days=(END - START).days,
        periods_per_year=252.0,
        window=126,
        conventions={"frequency": "daily", "alpha": "compounded", "excess": "arithmetic", "capture": "compounded"},
        own=own,
        benchmarks=benchmarks,
        growth=growth,
        excess=excess,
        returns=returns.iloc[1:],
        months=months,
        rolling=rolling,
        same_flows=same,
        flows=flows,
        findings=(finding,),
        simulated=True,
        revisions={"one": 3},
        sources={SPX: END, MIX: END},
    )
    return replace(view, **changes)


def _against(key: str, returns: pd.DataFrame, growth: pd.DataFrame, same: pd.DataFrame) -> Against:
    own, other = returns[PORTFOLIO].iloc[1:], returns[key].iloc[1:]
    beta = float(own.cov(other) / other.var())
    figures = {
        "beta": beta,
        "alpha": 0.0512,
        "jensen_alpha": 0.0499,
        "r_squared": float(own.corr(other) ** 2),
        "tracking_error": 0.0634,
        "information_ratio": 0.81,
        "up_capture": 0.97,
        "down_capture": 0.84,
        "benchmark_return": float(growth[key].iloc[-1] - 1),
        "active_share": 0.71 if key == MIX else float("nan"),
        "alpha_p_value": 0.0004,
        "batting_average": 0.53,
    }
    value, other_value = float(same[PORTFOLIO].iloc[-1]), float(same[key].iloc[-1])
    flows = SameFlows(
        value, other_value, value - other_value, 115_000.0, value - 115_000.0, other_value - 115_000.0, 0.21, 0.17, 0.04, True, 1.034, 0.031, None
    )
    parts = (
        ()
        if key == SPX
        else (Constituent("VT", "World shares", 0.63, 0.6, 0.55, -0.08, 0.31, 8), Constituent("BND", "Bonds", 0.37, 0.4, 0.0, -0.37, 0.04, 24))
    )
    return Against(
        key=key,
        kind="instrument" if key == SPX else "blend",
        name=NAMES[key],
        currency="USD",
        begins=START,
        ends=END,
        observations=len(own),
        months=24,
        is_total_return=key == MIX,
        simulated=False,
        figures=figures,
        missing={"batting_average": 12} if key == MIX else {},
        gaps={"active_share": "What S&P 500 holds is not known"},
        flows=flows,
        constituents=parts,
        findings=(),
    )


BLEND = Blend(UUID(MIX), "60/40 world", "monthly", (Component("instrument", "VT", 0.6), Component("instrument", "BND", 0.4, hedged=True)), 2)
CHOICES = [
    Choice(MIX, "60/40 world", "blend", "60 % VT, 40 % BND"),
    Choice(SPX, "S&P 500", "instrument", "USD index"),
    Choice("VT", "World shares", "instrument", "USD fund"),
]


# --------------------------------------------------------------------------------------------------------------------------- attribution

_GROUPS = (
    ("Technology", 0.42, 0.30, 0.55, 0.40, (0.031, 0.045, 0.018, 0.0)),
    ("Health Care", 0.10, 0.15, 0.08, 0.12, (0.004, -0.006, 0.002, 0.0035)),
    ("Energy", 0.05, 0.08, -0.10, -0.02, (0.006, -0.0064, 0.0024, 0.0)),
    ("Cash", 0.43, 0.47, 0.01, 0.01, (-0.0021, 0.0, 0.0, -0.0012)),
)


def attribution(**changes: Any) -> AttributionView:
    """Two years explained by sector; every column adds up to its figure, every group's holdings to its row."""
    rows = [_group(*told) for told in _GROUPS]
    groups = pd.DataFrame(rows, columns=list(GROUP_COLUMNS))
    sums = {name: float(groups[name].sum()) for name in EFFECTS}
    total, benchmark = sum(sums.values()), 0.242
    holdings = pd.DataFrame(
        [
            _holding(row, symbol, part)
            for row in rows
            if row["has_parts"]
            for symbol, part in ((f"{row['key'][:3].upper()}1", 0.7), (f"{row['key'][:3].upper()}2", 0.3))
        ],
        columns=list(HOLDING_COLUMNS),
    )
    days = pd.bdate_range(START, END)
    share = np.linspace(0, 1, len(days))
    series = pd.DataFrame(
        {
            "portfolio": share * (benchmark + total),
            "benchmark": share * benchmark,
            "active": share * total,
            **{name: share * value for name, value in sums.items()},
        },
        index=days,
    )
    currencies = pd.DataFrame(
        [("EUR", 0.2, 0.1, 0.1, 0.03, 0.002, 0.0004, 0.0024), ("CHF", 0.05, 0.1, -0.05, 0.02, -0.0001, 0.0, -0.0001)],
        columns=["currency", "weight", "benchmark_weight", "active_weight", "currency_return", "effect", "cross", "total"],
    )
    periods = pd.DataFrame(
        [(pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-31"), 0.03, 0.02, 0.01, 0.004, 0.005, 0.0007, 0.0003, 0.01)], columns=list(PERIOD_COLUMNS)
    )
    view = AttributionView(
        scope="all",
        label="All portfolios",
        base_currency="USD",
        start=START,
        end=END,
        days=730,
        conventions={"by": "sector", "method": "bf", "linking": "carino"},
        benchmark=(MIX, "60/40 world", "blend"),
        is_divided=True,
        figures={
            "portfolio_return": benchmark + total,
            "benchmark_return": benchmark,
            "active_return": total,
            **sums,
            "total": total,
            "residual": 0.0,
            "active_share": 0.7,
        },
        combine="add",
        groups=groups,
        holdings=holdings,
        currencies=currencies[list(CURRENCY_COLUMNS)],
        series=series,
        by_group=pd.DataFrame(index=days),
        periods=periods,
        waterfall=_steps(benchmark, sums),
        findings=(),
        simulated=True,
        revisions={"one": 3},
    )
    return replace(view, **changes)


def _group(key: str, weight: float, other: float, own: float, theirs: float, effects: tuple[float, ...]) -> dict[str, Any]:
    return {
        "key": key,
        "label": key,
        "weight": weight,
        "benchmark_weight": other,
        "active_weight": weight - other,
        "return": own,
        "benchmark_return": theirs,
        "contribution": weight * own,
        "benchmark_contribution": other * theirs,
        **dict(zip(EFFECTS, effects, strict=True)),
        "total": sum(effects),
        "has_parts": key != "Cash",
    }


def _holding(group: dict[str, Any], symbol: str, part: float) -> dict[str, Any]:
    return {
        "key": symbol,
        "label": f"{symbol} Company",
        "group": group["key"],
        "in_portfolio": True,
        "in_benchmark": part > 0.5,
        **{
            name: group[name] * part
            for name in ("weight", "benchmark_weight", "active_weight", "contribution", "benchmark_contribution", *EFFECTS, "total")
        },
        "return": group["return"],
        "benchmark_return": group["benchmark_return"],
    }


def _steps(benchmark: float, sums: dict[str, float]) -> tuple[Step, ...]:
    steps, at = [Step("benchmark", "Benchmark", "level", benchmark, 0.0, benchmark)], benchmark
    for name, value in sums.items():
        steps.append(Step(name, name.capitalize(), "effect", value, at, at + value))
        at += value
    return (*steps, Step("portfolio", "Portfolio", "level", at, 0.0, at))


# ------------------------------------------------------------------------------------------------------------------------------- factors

_SET = FactorSet(
    "french",
    "Fama-French, monthly",
    "built_in",
    ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom"),
    True,
    "monthly",
    date(1963, 7, 31),
    date(2014, 12, 31),
    618,
    ("capm", "ff3", "carhart", "ff5"),
    "Kenneth R. French, Data Library",
)


def factors(**changes: Any) -> FactorView:
    """Three factors over two years; contributions add up to the return, risks to the volatility."""
    loadings = pd.DataFrame(
        [
            ("alpha", "Alpha", 0.0002, 0.0001, 2.0, 0.046, 0.0, 0.0004),
            ("Mkt-RF", "Market", 0.93, 0.03, 31.0, 0.0001, 0.87, 0.99),
            ("SMB", "Small minus big", -0.21, 0.06, -3.5, 0.0006, -0.33, -0.09),
            ("HML", "Value minus growth", 0.04, 0.07, 0.6, 0.55, -0.1, 0.18),
        ],
        columns=list(LOADING_COLUMNS),
    )
    shares = pd.DataFrame(
        [
            ("risk_free", "Risk-free rate", np.nan, 0.06, 0.0604, 0.0, 0.0),
            ("alpha", "Alpha", np.nan, np.nan, 0.08033, 0.0, 0.0),
            ("Mkt-RF", "Market", 0.93, 0.30, 0.29004, 0.132, 0.88),
            ("SMB", "Small minus big", -0.21, -0.05, 0.01144, 0.009, 0.06),
            ("HML", "Value minus growth", 0.04, 0.02, 0.00114, -0.003, -0.02),
            ("specific", "Specific", np.nan, np.nan, -0.01228, 0.012, 0.08),
        ],
        columns=list(FACTOR_COLUMNS),
    )
    days = pd.bdate_range(START, END)
    wave = np.sin(np.linspace(0, 6, len(days)))
    rolling = pd.DataFrame(
        {"alpha": wave * 0.02, "Mkt-RF": 0.9 + wave * 0.1, "SMB": -0.2 + wave * 0.05, "HML": wave * 0.1, "r_squared": 0.8}, index=days
    )
    rolling.iloc[:125] = np.nan
    series = pd.DataFrame({"portfolio": np.linspace(1, 1.43, len(days)), "explained": np.linspace(1, 1.36, len(days))}, index=days)
    names = ["Mkt-RF", "SMB", "HML"]
    view = FactorView(
        scope="all",
        label="All portfolios",
        base_currency="USD",
        start=START,
        end=END,
        observations=521,
        needed=30,
        frequency="daily",
        periods_per_year=252.0,
        window=126,
        conventions={"model": "ff3", "estimator": "ols", "lags": "5"},
        source=_SET,
        figures={
            "alpha": 0.0002,
            "alpha_annualised": 0.0504,
            "r_squared": 0.861,
            "adjusted_r_squared": 0.859,
            "f_statistic": 812.0,
            "f_p_value": 1e-9,
            "durbin_watson": 1.98,
            "condition_number": 2.4,
            "portfolio_return": float(shares["contribution"].sum()),
            "explained_return": 0.302,
            "specific_return": 0.068,
            "volatility": float(shares["volatility"].sum()),
            "systematic_volatility": 0.138,
            "systematic_share": 0.92,
        },
        loadings=loadings,
        contributions=shares,
        rolling=rolling,
        series=series,
        correlation=pd.DataFrame([[1, 0.24, -0.3], [0.24, 1, -0.1], [-0.3, -0.1, 1]], index=names, columns=names),
        sets=(_SET,),
        findings=(),
        simulated=True,
        revisions={"one": 3},
    )
    return replace(view, **changes)
