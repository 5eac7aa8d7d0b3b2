"""Returns and levels of a portfolio and its benchmarks on the same days, as charts and figures take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import direct_alpha, ks_pme, same_flow_return, same_flow_series
from engine.risk.relative_rolling import Rolls
from services.benchmark.views import PORTFOLIO, BenchmarkQuestion, SameFlows
from services.performance.levels import Levels
from services.performance.tables import calendar_table, months_of
from services.performance.track import Span, Track, grown
from services.risk.of_months import pair_of

DUST: Final = 0.005  # of base currency: a value below this is rounding
NAN: Final = float("nan")
Floats = NDArray[np.float64]


def growth_table(track: Track, span: Span, levels: Sequence[Levels]) -> pd.DataFrame:
    """Wealth from 1 at the start; a benchmark's from its first close."""
    told = {PORTFOLIO: track.growth(span.first, span.last)}
    for each in levels:
        closes = each.closes[span.first:span.last + 1]
        told[each.symbol] = closes / _first_known(closes)
    return pd.DataFrame(told, index=track.index[span.first:span.last + 1])


def excess_table(growth: pd.DataFrame, excess: str) -> pd.DataFrame:
    """Return above each benchmark's since its first close, as a difference or relative to it."""
    own, told = growth[PORTFOLIO].to_numpy(), {}
    for key in growth.columns[1:]:
        theirs = growth[key].to_numpy()
        mine = own / _first_known(np.where(np.isnan(theirs), np.nan, own))
        told[key] = mine - theirs if excess == "arithmetic" else mine / np.where(theirs > 0, theirs, np.nan) - 1.0
    return pd.DataFrame(told, index=growth.index)


def daily_returns(track: Track, span: Span, levels: Sequence[Levels], days: pd.DatetimeIndex) -> pd.DataFrame:
    """Tell the returns from one trading day to the next: those of the portfolio, and of each benchmark."""
    places = np.searchsorted(track.days, days.to_numpy())
    inside = places[(places > span.first) & (places <= span.last)]
    stamps = np.concatenate([inside[:1] - 1, inside])
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + track.returns)])  # NaN from where a chain broke
    told = {PORTFOLIO: wealth, **{each.symbol: each.closes for each in levels}}
    return pd.DataFrame({name: _changes(values[stamps]) for name, values in told.items()}, index=track.index[inside])


def weekly_returns(daily: pd.DataFrame) -> pd.DataFrame:
    """Compound the days of each week, by the last of them; NaN where a day is missing."""
    if not len(daily):
        return daily
    weeks = pd.DatetimeIndex(daily.index).to_period("W-SUN").asi8
    begins = np.flatnonzero(np.concatenate([[True], weeks[1:] != weeks[:-1]]))
    ends = np.append(begins[1:], len(daily)) - 1
    cells = np.multiply.reduceat(1.0 + daily.to_numpy(), begins, axis=0) - 1.0
    return pd.DataFrame(cells, index=daily.index[ends], columns=daily.columns)


def month_table(track: Track, span: Span, levels: Sequence[Levels]) -> pd.DataFrame:
    """Tell the returns of calendar months, as Performance tells them."""
    calendar = calendar_table(track, span.first, span.last)
    own = months_of(calendar, track, span.first, span.last, None)["portfolio"].rename(PORTFOLIO)
    others = [months_of(calendar, track, span.first, span.last, each)["benchmark"].rename(each.symbol) for each in levels]
    return pd.concat([own, *others], axis=1)


def rolling_tables(returns: pd.DataFrame, question: BenchmarkQuestion, window: int, periods: float) -> dict[str, pd.DataFrame]:
    """Figures of a moving window beside each benchmark, over the periods that both have."""
    found: dict[str, dict[str, pd.Series]] = {}
    for key in returns.columns[1:]:
        known = returns[[PORTFOLIO, key]].dropna()
        rolls = Rolls(pair_of(known, question.risk_free, periods), window)
        for name, cells in _rolled(rolls, question, periods).items():
            found.setdefault(name, {})[str(key)] = pd.Series(cells[:, 0], index=known.index)
    return {name: pd.DataFrame(columns, index=returns.index) for name, columns in found.items()}


def _rolled(rolls: Rolls, question: BenchmarkQuestion, periods: float) -> dict[str, Floats]:
    active, error = rolls.active_mean * periods, rolls.tracking(1) * np.sqrt(periods)
    alpha = rolls.alpha * periods if question.alpha == "arithmetic" else np.expm1(periods * np.log1p(np.where(rolls.alpha > -1, rolls.alpha, np.nan)))
    return {"beta": rolls.beta, "alpha": alpha, "correlation": rolls.correlation, "tracking_error": error, "active_return": active,
            "information_ratio": active / np.where(error > 0, error, np.nan)}


# --------------------------------------------------------------------------------------------------------------------------- same flows


def flows_of(track: Track, span: Span) -> pd.Series:
    """Give the opening value and external flows of a window by date, positive in."""
    values, flows = track.window(span)
    opening = pd.Series(values.to_numpy()[:1], index=values.index[:1])
    both = pd.concat([opening, flows])
    return both[both.to_numpy() != 0.0] if (both != 0).any() else opening


def same_flow_table(track: Track, span: Span, flows: pd.Series, levels: Sequence[Levels]) -> pd.DataFrame:
    """Put the same money into each benchmark, day by day."""
    inside = slice(span.first, span.last + 1)
    index = track.index[inside]
    told: dict[str, Floats] = {PORTFOLIO: track.sums["value"][inside]}
    told |= {each.symbol: same_flow_series(flows, pd.Series(each.closes[inside], index=index)).to_numpy() for each in levels}
    paid = pd.Series(np.zeros(len(index)), index=index).add(flows.groupby(level=0).sum(), fill_value=0.0).cumsum()
    return pd.DataFrame(told, index=index).assign(net_contributions=paid.reindex(index, method="ffill").to_numpy())


def same_flows(track: Track, span: Span, flows: pd.Series, levels: Levels, table: pd.DataFrame) -> SameFlows:
    """Measure the same money in one benchmark."""
    index = pd.Series(levels.closes[span.first:span.last + 1], index=track.index[span.first:span.last + 1])
    value, theirs = float(table[PORTFOLIO].iloc[-1]), float(table[levels.symbol].iloc[-1])
    paid, rates = float(flows.sum()), track.money_weighted(span)
    count, known = track.question.day_count, np.isfinite(theirs)
    yearly = float(same_flow_return(flows, index, end=span.end, day_count=count)) if known else NAN
    told = yearly if rates.is_year else grown(yearly, rates.years)
    gone = table.index[table[levels.symbol].to_numpy() < -DUST]
    return SameFlows(
        portfolio_value=value, benchmark_value=theirs, excess_value=value - theirs, net_contributions=paid, portfolio_gain=value - paid,
        benchmark_gain=theirs - paid, portfolio_mwr=rates.told, benchmark_mwr=told, excess_mwr=rates.told - told, is_annual=rates.is_year,
        ks_pme=ks_pme(flows, value, index, end=span.end),
        direct_alpha=direct_alpha(flows, value, index, end=span.end, day_count=count) if known else NAN,
        exhausted=gone[0].date() if len(gone) else None)


def figures_alone(told: Mapping[str, float], flows: pd.Series) -> dict[str, float]:
    """Give what a portfolio did by itself: as Performance tells it."""
    names = {"total_return": "twr", "annualised_return": "twr_annualised", "volatility": "volatility", "max_drawdown": "max_drawdown", "mwr": "mwr",
             "value": "closing_value"}
    return {**{name: float(told[source]) for name, source in names.items()}, "net_contributions": float(flows.sum())}


def _changes(values: Floats) -> Floats:
    before = values[:-1]
    changed: Floats = values[1:] / np.where(before > 0, before, np.nan) - 1.0
    return changed


def _first_known(values: Floats) -> float:
    known = values[np.isfinite(values) & (values > 0)]
    return float(known[0]) if len(known) else NAN
