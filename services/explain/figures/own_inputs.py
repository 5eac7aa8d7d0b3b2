"""Inputs that are worked out from a portfolio's own returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from engine import drawdown_table
from engine.risk.gini import tail_losses
from engine.risk.normality import shapiro_weights
from engine.risk.sample import Sample
from engine.risk.smoothing import moving_average_of
from engine.risk.var.extremes import fitted_peaks
from engine.risk.var.filtered import ewma_path
from engine.risk.var.historical import AGE_DECAY
from engine.risk.var.parametric import degrees_of_freedom, student_tail
from engine.risk.var.relativistic import relativistic_value_at_risk_of
from services.explain.figures.functions import z_of
from services.explain.figures.material import Cells, Input, Material

TAIL_POINTS: Final = 100
EDGE: Final = 0.05  # share of the losses that a tail index looks at
LARGEST_LAG: Final = 10
SMALLEST_BLOCK: Final = 8


def numbered(values: np.ndarray, word: str) -> pd.Series:
    """Name values by their place."""
    return pd.Series(np.asarray(values, dtype=np.float64), index=[f"{word} {place}" for place in range(1, len(values) + 1)])


def excess_of(at: Material) -> pd.Series:
    """Give the returns above the risk-free rate."""
    return at.own - at.rate_of_period


def central(values: pd.Series, power: int) -> float:
    """Mean power of the distance from the mean."""
    cells = values.to_numpy(dtype=np.float64)
    return float(((cells - cells.mean()) ** power).mean()) if len(cells) else float("nan")


def skewness_of(values: pd.Series) -> float:
    """Skewness of the population."""
    return float(central(values, 3) / central(values, 2) ** 1.5)


def kurtosis_of(values: pd.Series) -> float:
    """Excess kurtosis of the population."""
    return central(values, 4) / central(values, 2) ** 2 - 3.0


def _runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """Give begin and end of each unbroken run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(int)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _runs_of_gains(at: Material) -> Cells:
    return numbered(np.array([last - first for first, last in _runs(at.own.to_numpy() > 0)]), "run")


def _losing_runs(at: Material) -> Cells:
    cells = at.own.to_numpy(dtype=np.float64)
    return numbered(np.array([cells[first:last].sum() for first, last in _runs(cells < 0)]), "run")


def _ordered(at: Material) -> pd.Series:
    return at.own.sort_values(kind="stable")


def _weighted(power: int) -> Input:
    """Give a mean of the ordered returns that weighs by rank (a probability-weighted moment)."""

    def work(at: Material) -> float:
        cells, places = np.sort(at.own.to_numpy(dtype=np.float64)), np.arange(float(len(at.own)))
        weights = np.prod([(places - step) / (len(cells) - 1 - step) for step in range(power)], axis=0)
        return float((weights * cells).mean())

    return (f"Mean weighed by the {('first', 'second', 'third')[power - 1]} power of rank", "ratio", work)


def _tail(at: Material, sign: float) -> pd.Series:
    share = np.linspace(1.0 - at.level, 0.0001, TAIL_POINTS)[::-1]
    found = np.ravel(tail_losses(Sample(sign * at.own.to_numpy(dtype=np.float64)[:, None]), share))
    return pd.Series(found, index=[f"worst {100 * each:.2f} %" for each in share])


def _tail_weights(at: Material) -> pd.Series:
    """Weights of Gini's mean of tails, by the trapezoid rule."""
    share = np.linspace(1.0 - at.level, 0.0001, TAIL_POINTS)[::-1]
    after, before = np.append(share[1:], share[-1]), np.append(0.0, share[:-1])
    weights = (after - before) * share
    weights[0] = share[1] * share[0]
    return pd.Series(weights / share[-1] ** 2, index=[f"worst {100 * each:.2f} %" for each in share])


def _scale(values: np.ndarray, level: float) -> float:
    """Find the scale at which the exponential bound is least, by golden section on its logarithm."""
    top = values.max()

    def bound(log: float) -> float:
        scale = float(np.exp(log))
        return float(top + scale * (np.log(np.mean(np.exp((values - top) / scale))) - np.log(1.0 - level)))

    low, high, ratio = -20.0, 6.0, (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(120):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if bound(left) < bound(right) else (left, high)
    return float(np.exp((low + high) / 2.0))


def _path(at: Material) -> np.ndarray:
    return np.asarray(ewma_path(at.sample))[:, 0]


def _shocks(at: Material) -> pd.Series:
    shocks: pd.Series = at.own / np.sqrt(_path(at)[:-1])
    return shocks


def _worst(at: Material) -> pd.Series:
    """Losses of the worst twentieth, and the next one."""
    ordered = -np.sort(at.own.to_numpy(dtype=np.float64))
    return numbered(ordered[: int(np.floor(len(ordered) * EDGE + 1e-9)) + 1], "loss")


def _autocorrelations(values: pd.Series, lags: int) -> np.ndarray:
    away = values.to_numpy(dtype=np.float64) - values.mean()
    found = [float((away[lag:] * away[:-lag]).sum()) if lag < len(away) else 0.0 for lag in range(1, lags + 1)]
    return np.array(found) / float((away**2).sum())


def _blocks(at: Material) -> list[int]:
    return [SMALLEST_BLOCK * 2**power for power in range(30) if SMALLEST_BLOCK * 2 ** (power + 1) <= len(at.own)]


def _rescaled(at: Material) -> pd.Series:
    """Mean range of the path of each block over its deviation, by length of block."""
    cells = at.own.to_numpy(dtype=np.float64)
    found = {}
    for size in _blocks(at):
        parts = cells[: len(cells) // size * size].reshape(-1, size)
        paths = np.cumsum(parts - parts.mean(axis=1, keepdims=True), axis=1)
        found[f"blocks of {size}"] = float(((paths.max(axis=1) - paths.min(axis=1)) / parts.std(axis=1)).mean())
    return pd.Series(found)


def _falls(at: Material) -> pd.DataFrame:
    return drawdown_table(at.own, top=None, lengths="periods") if len(at.own) else pd.DataFrame(columns=["drawdown", "length", "time_to_recover"])


def _by_peak(at: Material, column: str) -> pd.Series:
    frame = _falls(at).dropna(subset=[column])
    return pd.Series(frame[column].to_numpy(dtype=np.float64), index=[f"from {str(day)[:10]}" for day in frame["peak"]]) if len(frame) else pd.Series(
        dtype=np.float64)


def _deepest_of_years(at: Material) -> pd.Series:
    """Deepest fall from a peak within each year, counted back from the end."""
    span, rows, wealth = max(round(at.periods_per_year), 1), len(at.own), (1.0 + at.own).cumprod().to_numpy()
    found = {}
    for place, end in enumerate(range(rows, 0, -span), start=1):
        start = max(end - span, 0)
        before = wealth[start - 1] if start else 1.0
        peak = np.maximum(np.maximum.accumulate(wealth[start:end]), before)
        found[f"year {place} back"] = min(float((wealth[start:end] / peak).min()) - 1.0, 0.0)
    return pd.Series(found)


def _of_peaks(pick: str, *, shocks: bool) -> Input:
    titles = {"threshold": "Loss from which the tail begins", "scale": "Scale of the tail, fitted", "shape": "Shape of the tail, fitted",
              "share": "Share of the losses in the tail"}

    def work(at: Material) -> float:
        values = _shocks(at) if shocks else at.own
        return float(np.ravel(getattr(fitted_peaks(Sample(values.to_numpy(dtype=np.float64)[:, None])), pick))[0])

    return (titles[pick] + (", of shocks" if shocks else ""), "fraction" if pick in {"threshold", "scale"} and not shocks else "ratio", work)


def _student(at: Material) -> tuple[float, float]:
    quantile, beyond = student_tail(degrees_of_freedom(at.sample), 1.0 - at.level)
    return -float(quantile[0]), float(beyond[0])


def _log_wealth(at: Material) -> pd.Series:
    found: pd.Series = np.log1p(at.own).cumsum()
    return found


def _without_best(at: Material) -> pd.Series:
    return at.own[at.own < at.own.quantile(0.95)]


def _moving(place: int) -> Input:
    return (f"Weight of the news of {('one', 'two')[place]} period{'s' if place else ''} before, fitted", "ratio",
            lambda at: max(float(moving_average_of(at.sample)[place, 0]), 0.0))


def _year_lags(at: Material) -> pd.Series:
    return numbered(np.arange(1.0, round(at.periods_per_year)), "lag")


def _beyond(level: float) -> float:
    return float(np.exp(-0.5 * z_of(level) ** 2) / np.sqrt(2.0 * np.pi) / (1.0 - level))


def _scores(at: Material) -> pd.Series:
    return (_ordered(at) - at.own.mean()) / at.own.std()


def _ages(at: Material) -> pd.Series:
    """Weights that fall with age, of all 1."""
    raised = AGE_DECAY ** np.arange(len(at.own) - 1.0, -1.0, -1.0)
    return pd.Series(raised / raised.sum(), index=at.own.index)


OWN: Final[Mapping[str, Input]] = {
    "returns": ("Returns", "fraction", lambda at: at.own),
    "excess": ("Returns above the risk-free rate", "fraction", excess_of),
    "periods_per_year": ("Periods of a year", "count", lambda at: at.periods_per_year),
    "periods_rounded": ("Periods of a year", "count", lambda at: float(round(at.periods_per_year))),
    "level": ("Confidence", "fraction", lambda at: at.level),
    "risk_free": ("Risk-free rate, a year", "fraction", lambda at: at.rate),
    "z_score": ("Normal quantile of the confidence", "ratio", lambda at: z_of(at.level)),
    "z_beyond": ("Mean of a normal beyond that quantile", "ratio", lambda at: _beyond(at.level)),
    "z_of_95": ("Normal quantile of 95 %", "ratio", lambda _: z_of(0.95)),
    "student_quantile": ("Quantile of the Student-t fitted, of variance 1", "ratio", lambda at: _student(at)[0]),
    "student_beyond": ("Mean of that Student-t beyond it", "ratio", lambda at: _student(at)[1]),
    "second_moment": ("Mean square from the mean", "ratio", lambda at: central(at.own, 2)),
    "third_moment": ("Mean cube from the mean", "ratio", lambda at: central(at.own, 3)),
    "fourth_moment": ("Mean fourth power from the mean", "ratio", lambda at: central(at.own, 4)),
    "skewness_population": ("Skewness, of the population", "ratio", lambda at: skewness_of(at.own)),
    "kurtosis_population": ("Excess kurtosis, of the population", "ratio", lambda at: kurtosis_of(at.own)),
    "skewness_of_excess": ("Skewness, of the population", "ratio", lambda at: skewness_of(excess_of(at))),
    "kurtosis_of_excess": ("Excess kurtosis, of the population", "ratio", lambda at: kurtosis_of(excess_of(at))),
    "period_sharpe": ("Sharpe ratio of a period", "ratio", lambda at: float(excess_of(at).mean() / excess_of(at).std())),
    "runs_of_gains": ("Periods of each run of gains", "count", _runs_of_gains),
    "losing_runs": ("Sum of each run of losses", "fraction", _losing_runs),
    "month_returns": ("Returns of months", "fraction", lambda at: (1.0 + at.own).groupby(pd.DatetimeIndex(at.own.index).to_period("M")).prod() - 1.0),
    "ordered": ("Returns, lowest first", "fraction", _ordered),
    "ranks": ("Their ranks", "count", lambda at: numbered(np.arange(1.0, len(at.own) + 1.0), "rank")),
    "first_weighted": _weighted(1), "second_weighted": _weighted(2), "third_weighted": _weighted(3),
    "tail_losses": ("Mean loss of ever smaller tails", "fraction", lambda at: _tail(at, 1.0)),
    "tail_gains": ("Mean gain of ever smaller tails", "fraction", lambda at: _tail(at, -1.0)),
    "tail_weights": ("What each tail counts", "ratio", _tail_weights),
    "entropic_scale": ("Scale at which the bound is least", "ratio", lambda at: _scale(-at.own.to_numpy(), at.level)),
    "entropic_scale_of_gains": ("Scale at which the bound on gains is least", "ratio", lambda at: _scale(at.own.to_numpy(), at.level)),
    "drawdown_scale": ("Scale at which the bound is least", "ratio", lambda at: _scale(-at.drawdowns.to_numpy(), at.level)),
    "relativistic_of_gains": ("Relativistic VaR of the rises", "fraction",
                              lambda at: float(relativistic_value_at_risk_of(Sample(-at.own.to_numpy(dtype=np.float64)[:, None]), at.level)[0])),
    "worst_losses": ("Losses of the worst twentieth", "fraction", lambda at: _worst(at).iloc[:-1]),
    "next_loss": ("The loss after them", "fraction", lambda at: float(_worst(at).iloc[-1])),
    "later": ("Returns without the first", "fraction", lambda at: at.own.iloc[1:]),
    "earlier": ("Returns without the last", "fraction", lambda at: at.own.iloc[:-1]),
    "ten_autocorrelations": ("Autocorrelations of ten lags", "ratio", lambda at: numbered(_autocorrelations(at.own, LARGEST_LAG), "lag")),
    "ten_lags": ("Lags", "count", lambda _: numbered(np.arange(1.0, LARGEST_LAG + 1.0), "lag")),
    "year_lags": ("Lags of a year", "count", _year_lags),
    "year_autocorrelations": ("Autocorrelations of these lags", "ratio",
                              lambda at: numbered(_autocorrelations(excess_of(at), round(at.periods_per_year) - 1), "lag")),
    "block_lengths": ("Periods of a block", "count", lambda at: numbered(np.array(_blocks(at), dtype=np.float64), "length")),
    "rescaled_ranges": ("Mean range of a block over its deviation", "ratio", _rescaled),
    "first_moving": _moving(0), "second_moving": _moving(1),
    "normal_weights": ("Weights of a normal sample's order", "ratio", lambda at: numbered(shapiro_weights(len(at.own)), "rank")),
    "standard_scores": ("Returns in deviations, lowest first", "ratio", _scores),
    "reversed_scores": ("The same, highest first", "ratio", lambda at: _scores(at)[::-1]),
    "ewma_variance": ("Variance that is expected next, squares weighed 0.94 to the power of their age", "ratio", lambda at: float(_path(at)[-1])),
    "shocks": ("Returns over what was expected of them", "ratio", _shocks),
    "age_weights": ("Weights by age", "ratio", _ages),
    "tail_edge": _of_peaks("threshold", shocks=False), "tail_scale": _of_peaks("scale", shocks=False),
    "tail_shape": _of_peaks("shape", shocks=False), "tail_share": _of_peaks("share", shocks=False),
    "shock_edge": _of_peaks("threshold", shocks=True), "shock_scale": _of_peaks("scale", shocks=True),
    "shock_shape": _of_peaks("shape", shocks=True), "shock_share": _of_peaks("share", shocks=True),
    "drawdowns": ("Wealth below its peak", "fraction", lambda at: at.drawdowns),
    "highest_wealth": ("Highest wealth", "growth", lambda at: max(float((1.0 + at.own).cumprod().max()), 1.0)),
    "fall_depths": ("Depth of each fall", "fraction", lambda at: _by_peak(at, "drawdown")),
    "fall_lengths": ("Periods of each fall", "count", lambda at: _by_peak(at, "length")),
    "recovery_lengths": ("Periods from each valley to its recovery", "count", lambda at: _by_peak(at, "time_to_recover")),
    "deepest_of_years": ("Deepest fall of each year", "fraction", _deepest_of_years),
    "places": ("Numbers of the periods", "count", lambda at: numbered(np.arange(float(len(at.own))), "period")),
    "log_wealth": ("Logarithm of wealth", "ratio", _log_wealth),
    "returns_without_best": ("Returns without the best twentieth", "fraction", _without_best),
}
