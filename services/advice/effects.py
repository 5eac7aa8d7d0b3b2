"""What trades change: a portfolio before and after, measured by the same path as the Risk page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import expected_shortfall, value_at_risk, volatility
from engine.advice.policy import GROUPINGS
from engine.advice.regions import region_of
from engine.advice.settling import Tracking
from engine.advice.trades import BeforeAfter, Side
from services.risk.exposures import Exposure
from services.risk.losses import HISTORY
from services.risk.today import LEAST

Floats = NDArray[np.float64]


def before_after(exposure: Exposure, before: Mapping[str, float], after: Mapping[str, float], values: tuple[float, float], *,
                 targets: Mapping[str, float], level: float = 0.95) -> BeforeAfter:
    """Measure two sets of weights on the same past.

    Parameters
    ----------
    exposure
        With everything of either set among its holdings (`ExposureQuestion.also`).
    before, after
        Weight by symbol, fractions of the value with cash.
    values
        Value before and after, base currency.
    targets
        Weight by symbol; empty: there are none.
    level
        Of value at risk.

    Returns
    -------
    BeforeAfter
    """
    sides = [_side(exposure, weights, value, targets, level) for weights, value in zip((before, after), values, strict=True)]
    groups = {name: _groups(exposure, name, before, after) for name in GROUPINGS}
    return BeforeAfter(sides[0], sides[1], groups, len(_past(exposure, after)), level)


def tracking_of(exposure: Exposure, symbols: tuple[str, ...], reference: Mapping[str, float] | None) -> Tracking | None:
    """Give what a tracking error is measured with: against target weights, or against the benchmark where there are none.

    Returns
    -------
    Tracking or None
        None where there is no reference, or less history than says anything.
    """
    cells, periods = _filled(exposure, symbols), exposure.periods_per_year
    if len(cells) < LEAST:
        return None
    covariance = np.atleast_2d(np.cov(cells, rowvar=False)) * periods if len(symbols) else np.zeros((0, 0))
    if reference is not None:
        weights = np.array([reference.get(symbol, 0.0) for symbol in symbols])
        return Tracking(covariance, covariance @ weights, float(weights @ covariance @ weights))
    if exposure.benchmark_of_today is None:
        return None
    other = exposure.benchmark_of_today.reindex(exposure.returns.tail(HISTORY).index).fillna(0.0).to_numpy()
    centred = other - other.mean()
    return Tracking(covariance, (cells - cells.mean(axis=0)).T @ centred / (len(cells) - 1) * periods, float(other.var(ddof=1)) * periods)


def _side(exposure: Exposure, weights: Mapping[str, float], value: float, targets: Mapping[str, float], level: float) -> Side:
    held = np.array([weight for weight in weights.values() if weight], dtype=np.float64)
    cash = 1.0 - float(held.sum())
    past, squares = _past(exposure, weights), float((held**2).sum())
    risk = _risk(past, exposure, level)
    return Side(
        value=value, cash=cash * value, cash_weight=cash, weights={symbol: weight for symbol, weight in weights.items() if weight},
        drift=_drift(weights, targets), tracking_error=_tracked(exposure, weights, targets or None),
        benchmark_tracking_error=np.nan if exposure.benchmark_of_today is None else _tracked(exposure, weights, None),
        largest=float(held.max()) if len(held) else 0.0, effective_number=float(held.sum()) ** 2 / squares if squares else 0.0, **risk)


def _risk(past: pd.Series, exposure: Exposure, level: float) -> dict[str, float]:
    if len(past) < LEAST:
        return {}
    other = exposure.benchmark_of_today
    return {"volatility": float(volatility(past, periods_per_year=exposure.periods_per_year)),
            "value_at_risk": float(value_at_risk(past, level=level, method="historical")),
            "expected_shortfall": float(expected_shortfall(past, level=level, method="historical")),
            "beta": np.nan if other is None else _beta(past, other)}


def _beta(past: pd.Series, benchmark: pd.Series) -> float:
    both = pd.concat([past, benchmark.reindex(past.index)], axis=1, keys=["own", "other"]).dropna()
    spread = float(both["other"].var())
    return float(both["own"].cov(both["other"]) / spread) if len(both) >= LEAST and spread > 0 else float("nan")


def _past(exposure: Exposure, weights: Mapping[str, float]) -> pd.Series:
    """Tell what weights would have returned, as the exposure tells it of today's."""
    mine = exposure.holdings.assign(weight=[weights.get(str(symbol), 0.0) for symbol in exposure.holdings.index])
    return replace(exposure, holdings=mine).of_today.dropna().tail(HISTORY)


def _tracked(exposure: Exposure, weights: Mapping[str, float], reference: Mapping[str, float] | None) -> float:
    symbols = tuple(str(symbol) for symbol in exposure.holdings.index)
    told = tracking_of(exposure, symbols, reference) if reference is not None or exposure.benchmark_of_today is not None else None
    return float("nan") if told is None else told.error(np.array([weights.get(symbol, 0.0) for symbol in symbols]))


def _drift(weights: Mapping[str, float], targets: Mapping[str, float]) -> float:
    if not targets:
        return float("nan")
    gaps = [abs(weights.get(symbol, 0.0) - targets.get(symbol, 0.0)) for symbol in {*weights, *targets}]
    return (sum(gaps) + abs(sum(weights.values()) - sum(targets.values()))) / 2


def _filled(exposure: Exposure, symbols: tuple[str, ...]) -> Floats:
    """Give the last days of returns, a day without one as nothing."""
    cells: Floats = exposure.returns.tail(HISTORY).reindex(columns=[*symbols]).fillna(0.0).to_numpy(dtype=np.float64)
    return cells


def _word(key: object, name: str) -> str:
    told = region_of(key) if name == "region" and isinstance(key, str) and key else key
    return str(told) if isinstance(told, str) and told else f"no {name}"


def _groups(exposure: Exposure, name: str, before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    keys = {str(symbol): _word(key, name) for symbol, key in exposure.holdings["country" if name == "region" else name].items()}
    found: dict[str, tuple[float, float]] = {}
    for symbol, key in keys.items():
        was, now = found.get(key, (0.0, 0.0))
        found[key] = (was + before.get(symbol, 0.0), now + after.get(symbol, 0.0))
    return {key: sums for key, sums in sorted(found.items()) if any(sums)}
