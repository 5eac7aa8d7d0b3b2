"""Inputs that are worked out from returns beside a benchmark's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from engine.risk.pair import Pair
from engine.risk.relative_alpha import errors_of
from engine.risk.sample import Sample
from services.explain.figures.material import NONE, Input, Material, falls_of


def _excess(at: Material) -> pd.Series:
    return at.both["own"] - at.rate_of_period


def _market(at: Material) -> pd.Series:
    return at.both["theirs"] - at.rate_of_period


def _residuals(at: Material) -> pd.Series:
    own, market = _excess(at), _market(at)
    away = market - market.mean()
    slope = float((away * own).sum() / (away**2).sum())
    return own - own.mean() - slope * away


def _active(at: Material) -> pd.Series:
    own, theirs = at.both["own"], at.both["theirs"]
    return own - theirs if at.excess == "arithmetic" else (1.0 + own) / (1.0 + theirs) - 1.0


def a_year(values: pd.Series, periods: float) -> float:
    """Constant return of a year that leads to the same wealth."""
    grown = float(np.prod(1.0 + values.to_numpy(dtype=np.float64)))
    return float(grown ** (periods / len(values)) - 1.0) if len(values) else float("nan")


def _error(place: int) -> Input:
    def work(at: Material) -> float:
        cells = at.both.to_numpy(dtype=np.float64)
        pair = Pair(Sample(cells[:, :1]), Sample(cells[:, 1:]), np.full((1, 1), at.rate_of_period))
        return float(np.ravel(errors_of(pair, at.errors)[place])[0])

    return (f"Standard error of {('alpha', 'beta')[place]}", "ratio", work)


def _ahead(at: Material) -> pd.Series:
    """Return of every window of so many months above the benchmark's, as a logarithm; what is but rounding counts as none."""
    months = at.of_months
    led = (np.log1p(months["own"]) - np.log1p(months["theirs"])).rolling(at.horizon).sum().dropna()
    ahead: pd.Series = led.where(led.abs() > 1e-13, 0.0)
    return ahead


def _deepest(at: Material, column: str) -> pd.Series:
    """Losses since the benchmark's peak on the days on which it was deepest under water, or what each of these days counts."""
    share = (1.0 - at.level) * len(at.both)
    levels = falls_of(at.both["theirs"]).to_numpy()
    days = np.argsort(levels, kind="stable")[: max(int(np.ceil(share - 1e-9)), 1)]
    index = [str(at.both.index[day])[:10] for day in days]
    if column == "weight":
        return pd.Series(np.clip(share - np.arange(len(days)), 0.0, 1.0), index=index)
    if column == "theirs":
        return pd.Series(-levels[days], index=index)
    wealth = np.concatenate([[1.0], (1.0 + at.both["own"]).cumprod().to_numpy()])
    peaks = np.maximum.accumulate(np.where(levels >= 0, np.arange(1, len(levels) + 1), 0))
    return pd.Series(1.0 - wealth[days + 1] / wealth[peaks[days]], index=index)


def _at(column: str, place: str) -> Input:
    """Give a return on the day on which the benchmark's was lowest, in the middle or highest."""
    whose = "Own return" if column == "own" else "Return of the benchmark"

    def work(at: Material) -> float:
        rows = at.both.iloc[np.argsort(at.both["theirs"].to_numpy(), kind="stable")]
        return float(rows[column].iloc[{"lowest": 0, "middle": len(rows) // 2, "highest": -1}[place]]) if len(rows) else float("nan")

    return (f"{whose} where the benchmark's was {'in the middle' if place == 'middle' else place}", "fraction", work)


def _alone(at: Material) -> pd.Series:
    return at.alone if at.alone is not None else NONE


PAIR: Final[Mapping[str, Input]] = {
    "returns": ("Returns of the periods that both have", "fraction", lambda at: at.both["own"]),
    "benchmark": ("Returns of the benchmark", "fraction", lambda at: at.both["theirs"]),
    "excess": ("Returns above the risk-free rate", "fraction", _excess),
    "market": ("The benchmark's above the risk-free rate", "fraction", _market),
    "residuals": ("What beta does not explain", "fraction", _residuals),
    "active": ("Returns above the benchmark's", "fraction", _active),
    "excess_in_rises": ("Returns above the rate while the benchmark rose", "fraction", lambda at: at.sided("up")["own"]),
    "market_in_rises": ("The benchmark's above the rate in these periods", "fraction", lambda at: at.sided("up")["theirs"]),
    "excess_in_falls": ("Returns above the rate while the benchmark fell", "fraction", lambda at: at.sided("down")["own"]),
    "market_in_falls": ("The benchmark's above the rate in these periods", "fraction", lambda at: at.sided("down")["theirs"]),
    "own_in_rises": ("Own returns of months in which the benchmark rose", "fraction", lambda at: at.side("up")["own"]),
    "benchmark_in_rises": ("The benchmark's of these months", "fraction", lambda at: at.side("up")["theirs"]),
    "own_in_falls": ("Own returns of months in which the benchmark fell", "fraction", lambda at: at.side("down")["own"]),
    "benchmark_in_falls": ("The benchmark's of these months", "fraction", lambda at: at.side("down")["theirs"]),
    "windows_ahead": ("Lead of each window of months, as a logarithm", "ratio", _ahead),
    "error_of_alpha": _error(0), "error_of_beta": _error(1),
    "own_year": ("Own return a year, compounded", "fraction", lambda at: a_year(at.both["own"], at.periods_per_year)),
    "own_annual": ("Own return a year, compounded", "fraction", lambda at: _annual(at, "own")),
    "benchmark_year": ("The benchmark's return a year, compounded", "fraction", lambda at: a_year(at.both["theirs"], at.periods_per_year)),
    "benchmark_annual": ("The benchmark's return a year, compounded", "fraction", lambda at: _annual(at, "theirs")),
    "rate_year": ("Risk-free rate, a year", "fraction", lambda at: float((1.0 + at.rate_of_period) ** at.periods_per_year - 1.0)),
    "deepest_weights": ("What each of the benchmark's deepest days counts", "ratio", lambda at: _deepest(at, "weight")),
    "own_losses_since_peak": ("Own loss since the benchmark's peak", "fraction", lambda at: _deepest(at, "own")),
    "benchmark_losses_since_peak": ("The benchmark's loss since its peak", "fraction", lambda at: _deepest(at, "theirs")),
    **{f"{whose}_{('at_' if whose == 'own' else '')}{place}": _at({"own": "own", "benchmark": "theirs"}[whose], place)
       for whose in ("own", "benchmark") for place in ("lowest", "middle", "highest")},
    "benchmark_alone": ("Returns of the benchmark", "fraction", _alone),
    "benchmark_drawdowns": ("The benchmark below its peak", "fraction", lambda at: falls_of(_alone(at))),
    "active_weights": ("Own weight less the benchmark's", "fraction", lambda at: at.active_weights if at.active_weights is not None else NONE),
}


def _annual(at: Material, column: str) -> float:
    """Return of a year over all periods of the window, those counted that one side lacks."""
    grown = float(np.prod(1.0 + at.both[column].to_numpy(dtype=np.float64)))
    return float(grown ** (at.periods_per_year / max(len(at.own), 1)) - 1.0)
