"""An answer of the performance service made of plain arithmetic, for the components' tests: its sums hold by construction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from engine.types import Finding
from services.performance.views import PerformanceView

START, END = date(2024, 11, 20), date(2026, 11, 20)
NAMES = {"AAPL": "Apple", "MSFT": "Microsoft", "NVDA": "NVIDIA", "ROG": "Roche", "KO": "Coca-Cola", "JPM": "JPMorgan Chase"}


def sample(**changes: Any) -> PerformanceView:
    """Two years of a seeded portfolio with four flows."""
    series, flows = _series()
    twr, other = float(series["growth"].iloc[-1] - 1), float(series["benchmark_growth"].iloc[-1] - 1)
    months = series["growth"].resample("ME").last().pct_change().dropna()
    figures = {
        "twr": twr, "twr_annualised": (1 + twr) ** 0.5 - 1, "mwr": twr * 0.97, "mwr_annualised": (1 + twr * 0.97) ** 0.5 - 1,
        "simple_dietz": twr * 0.95, "modified_dietz": twr * 0.96, "roi": twr * 0.8, "simple_return": twr * 1.02, "twr_gross": twr + 0.004,
        "local_twr": twr - 0.02, "real_twr": twr - 0.05,
        "benchmark_twr": other, "active_return": twr - other, "active_return_annualised": (1 + twr) ** 0.5 - (1 + other) ** 0.5, "volatility": 0.1423,
        "tracking_error": 0.0594, "max_drawdown": -0.1187, "best_month": float(months.max()), "worst_month": float(months.min()),
        "months_positive": float((months > 0).sum()), "months": float(len(months)), "up_capture": 1.04, "down_capture": 0.91, "pnl": 149_337.25,
    }
    view = PerformanceView(
        scope="all", base_currency="USD", start=START, end=END, days=(END - START).days, label="All portfolios",
        conventions={"flow_timing": "start", "costs": "net", "currency_mode": "base", "cost_method": "fifo"}, figures=figures, bridge=_bridge(flows),
        series=series, flows=flows, windows=_windows(series, twr, other), calendar=_calendar(months), contributions=_contributions(twr),
        groups=pd.DataFrame(columns=["name", "label", "contribution", "return", "weight", "pnl", "key"]), currency=_currency(twr),
        why="MWR is 0.60 points below TWR because 64,000 USD came in before a fall.",
        quality=(Finding("large_flow", "a flow of 64,000 USD on 20 Mar 2026 is over 10 % of the value"),),
        findings=(Finding("large_flow", "a flow of 64,000 USD on 20 Mar 2026 is over 10 % of the value"),),
        benchmark=("^SPX", "S&P 500"), simulated=True, revisions={"one": 4}, known_at=None,
    )
    return replace(view, **changes)


def _series() -> tuple[pd.DataFrame, pd.DataFrame]:
    days = pd.bdate_range(START, END)
    chance = np.random.default_rng(11)
    market = chance.normal(0.0006, 0.008, len(days))
    own = market * 0.9 + chance.normal(0.0001, 0.004, len(days))
    own[0] = market[0] = 0.0
    growth, other = np.cumprod(1 + own), np.cumprod(1 + market)
    flows = pd.DataFrame({"date": days[[60, 190, 330, 430]], "kind": ["DEPOSIT", "WITHDRAWAL", "DEPOSIT", "WITHDRAWAL"],
                          "amount": [12_000.0, -12_000.0, 64_000.0, -18_000.0]})
    value = 1_000_000 * growth
    return pd.DataFrame({"value": value, "market_value": value * 0.9, "cash": value * 0.1, "flow": 0.0, "net_contributions": 900_000.0, "missing": 0,
                         "growth": growth, "benchmark_growth": other}, index=days), flows


def _bridge(flows: pd.DataFrame) -> dict[str, float]:
    told = {"opening_value": 1_115_440.11, "flows": float(flows["amount"].sum()), "price": 157_119.337, "fx": -6_686.084, "income": 18_941.555,
            "fees": 25.004, "taxes": 312.6, "corporate_actions": 0.0}
    closing = sum(told.values()) - 2 * (told["fees"] + told["taxes"])
    return {**told, "closing_value": closing, "residual": 0.0}


def _windows(series: pd.DataFrame, twr: float, other: float) -> pd.DataFrame:
    rows = {}
    for key, days in {"1M": 21, "3M": 63, "6M": 126, "1Y": 252}.items():
        own, market = (float(series[name].iloc[-1] / series[name].iloc[-1 - days] - 1) for name in ("growth", "benchmark_growth"))
        rows[key] = {"start": series.index[-1 - days], "end": series.index[-1], "twr": own, "benchmark": market, "active": own - market,
                     "mwr": own * 0.98, "mwr_period": own * 0.97, "annualised": np.nan, "benchmark_annualised": np.nan, "active_annualised": np.nan}
    pa, pa_other = (1 + twr) ** 0.5 - 1, (1 + other) ** 0.5 - 1
    rows["ITD"] = {"start": series.index[0], "end": series.index[-1], "twr": twr, "benchmark": other, "active": twr - other, "mwr": pa * 0.98,
                   "mwr_period": twr * 0.98,
                   "annualised": pa, "benchmark_annualised": pa_other, "active_annualised": pa - pa_other}
    return pd.DataFrame.from_dict(rows, orient="index")


def _calendar(months: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"year": months.index.year, "month": months.index.month, "return": months.to_numpy()})
    wide = table.pivot_table(index="year", columns="month", values="return").reindex(columns=range(1, 13))
    wide["total"] = (1 + wide).prod(axis=1) - 1
    return wide


def _contributions(twr: float) -> pd.DataFrame:
    shares = np.array([0.35, 0.3, 0.25, -0.12, 0.12, 0.08, 0.02])
    names = [*NAMES, "cash:USD"]
    return pd.DataFrame({"name": names, "label": [*NAMES.values(), "Cash USD"], "contribution": shares * twr, "return": shares * 0.9,
                         "weight": [0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.1], "pnl": shares * 149_337.25})


def _currency(twr: float) -> pd.DataFrame:
    frame = pd.DataFrame({"weight": [0.85, 0.15], "local": [0.9 * twr, 0.13 * twr], "fx": [0.0, -0.025 * twr], "cross": [0.0, -0.005 * twr]},
                         index=["USD", "CHF"])
    return frame.assign(base=frame["local"] + frame["fx"] + frame["cross"])
