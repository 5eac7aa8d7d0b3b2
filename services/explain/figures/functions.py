"""What the formulas of risk call: plain definitions over one column, apart from the engine's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALLEST: Final = 1e-300


def _deviation(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _covariance(left: Floats, right: Floats) -> float:
    away = (left - left.mean()) * (right - right.mean())
    return float(away.sum() / (len(away) - 1))


def _correlation(left: Floats, right: Floats) -> float:
    return _covariance(left, right) / (_deviation(left) * _deviation(right))


def _mean_worst(values: Floats, share: float) -> float:
    """Mean of those at the quantile or below it."""
    return float(values[values <= np.quantile(values, share)].mean())


def _mean_lowest(values: Floats, share: float) -> float:
    """Mean of exactly this share of the values, the last one counted in part."""
    count = share * len(values)
    weights = np.clip(count - np.arange(len(values)), 0.0, 1.0)
    return float((weights * np.sort(values)).sum() / count)


def _normal(values: Any) -> Any:  # noqa: ANN401  # a number or a column
    """Chance of a standard normal below each value."""
    below = np.array([math.erfc(-value / math.sqrt(2.0)) / 2.0 for value in np.ravel(values)])
    return np.maximum(below, SMALLEST) if np.ndim(values) else float(below[0])


def _chance_beyond(statistic: float, degrees: float) -> float:
    """Upper tail of a chi-square with an even number of degrees of freedom."""
    half = statistic / 2.0
    return math.exp(-half) * math.fsum(half**power / math.factorial(power) for power in range(int(degrees) // 2))


def _slope(places: Floats, heights: Floats) -> float:
    return _covariance(places, heights) / _covariance(places, places)


def _partial_slope(heights: Floats, first: Floats, second: Floats) -> float:
    """Slope on the second of two things that heights are explained by."""
    columns = np.column_stack([np.ones_like(first), first, second])
    return float(np.linalg.lstsq(columns, heights, rcond=None)[0][2])


def _weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Quantile of weighted values, between the middles of their weights."""
    order = np.argsort(values, kind="stable")
    ordered, heavy = values[order], weights[order]
    places = np.cumsum(heavy) - heavy / 2.0 - heavy[0] / 2.0
    return float(np.interp(share, places / (1.0 - (heavy[0] + heavy[-1]) / 2.0), ordered))


def _weighted_mean_worst(values: Floats, weights: Floats, loss: float) -> float:
    """Weighted mean of those that lost as much or more."""
    inside = values <= -loss + 1e-15
    return float((weights * values)[inside].sum() / weights[inside].sum())


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "mean": lambda values: float(np.mean(values)),
    "deviation": _deviation,
    "spread": lambda values: float(np.std(values)),
    "covariance": _covariance,
    "correlation": _correlation,
    "shortfalls": lambda values: np.maximum(-values, 0.0),
    "surpluses": lambda values: np.maximum(values, 0.0),
    "quantile": lambda values, share: float(np.quantile(values, share)),
    "mean_worst": _mean_worst,
    "mean_lowest": _mean_lowest,
    "weighted_quantile": _weighted_quantile,
    "weighted_mean_worst": _weighted_mean_worst,
    "ln": np.log,
    "exp": np.exp,
    "normal": _normal,
    "chance_beyond": _chance_beyond,
    "whole": lambda value: float(math.floor(value)) if math.isfinite(value) else math.nan,
    "slope": _slope,
    "partial_slope": _partial_slope,
}
SAID: Final[Mapping[str, str]] = {
    "deviation": "standard deviation",
    "spread": "standard deviation of all",
    "mean_worst": "mean of the worst at or below the quantile",
    "mean_lowest": "mean of the lowest share",
    "weighted_quantile": "weighted quantile",
    "weighted_mean_worst": "weighted mean of losses at or beyond",
    "shortfalls": "how far below 0",
    "surpluses": "how far above 0",
    "normal": "normal chance below",
    "chance_beyond": "chi-square chance beyond",
    "whole": "whole part of",
    "partial_slope": "slope on the last of",
}


def z_of(level: float) -> float:
    """Quantile of the standard normal."""
    return NormalDist().inv_cdf(level)
