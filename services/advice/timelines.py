"""Portfolios day by day, for rules of one's own: from the panel that performance is measured on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database
from engine import Panel
from engine.advice.expressions_history import Timeline
from engine.advice.regions import region_of
from engine.columns import Floats
from engine.types import Actor, Instrument
from services.advice.facts import Read
from services.books.service import Kept
from services.performance.figures import Basis
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion
from services.risk.total_returns import read_closes

KEPT: Final = 8


class Timelines:
    """Timelines of the actor's portfolios, kept until a ledger, a close or the day changes."""

    def __init__(self, database: Database, performance: Performance) -> None:
        self._database, self._performance = database, performance
        self._kept: Kept[Timeline] = Kept(KEPT)

    def timeline(self, actor: Actor, portfolio_id: UUID, read: Read) -> Timeline:
        """Lay a portfolio out from its first day to now; the last day is today's, with the prices of now."""
        key = (read.exposure.state, calendar.today(), read.view.revisions.get(str(portfolio_id)))
        past = self._kept.get_or_compute(key, lambda: self._laid(actor, portfolio_id, read))
        return _with_now(past, read)

    def _laid(self, actor: Actor, portfolio_id: UUID, read: Read) -> Timeline:
        basis = self._performance.basis(actor, portfolio_id, PerformanceQuestion())
        panel = basis.brief.panel
        known = {symbol: each for symbol, each in basis.brief.asked.scene.instruments.items() if symbol in panel.rows}
        places = [place for place, row in enumerate(panel.rows) if row in known]
        symbols = tuple(panel.rows[place] for place in places)
        days = _days(panel, read)
        at = np.searchsorted(panel.days, days)
        with self._database.read() as unit:
            closes = read_closes(unit, {symbol: known[symbol] for symbol in symbols}, basis.view.end) if symbols else pd.DataFrame()
        value = panel.value[at]
        cash = [place for place, row in enumerate(panel.rows) if row.startswith("cash:")]
        own = basis.view.series["growth"].reindex(pd.DatetimeIndex(days)).pct_change(fill_method=None)
        return Timeline(
            days=days, symbols=symbols, value=value[:, places], price=_prices(closes, symbols, days),
            returns=_returns(panel, places, at, read.exposure.returns, symbols), cash=np.nansum(value[:, cash], axis=1),
            portfolio=np.asarray(own, dtype=np.float64),
            benchmark=_benchmark(basis, days), words={**_words(known)}, periods_per_year=read.exposure.periods_per_year)


def _days(panel: Panel, read: Read) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Choose the trading days of what was ever held, and today, from the first day with money on."""
    trading = pd.DatetimeIndex(read.exposure.realised.index.union(read.exposure.returns.index))
    chosen = pd.DatetimeIndex(panel.days).intersection(pd.DatetimeIndex(trading.union(pd.DatetimeIndex([pd.Timestamp(calendar.today())]))))
    begun = panel.days[np.flatnonzero(np.nansum(np.abs(panel.value), axis=1) > 0)[:1]]
    first = chosen >= pd.Timestamp(begun[0]) if len(begun) else np.zeros(len(chosen), dtype=np.bool_)
    return np.asarray(chosen[first].to_numpy(), dtype="datetime64[ns]")


def _prices(closes: pd.DataFrame, symbols: tuple[str, ...], days: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> Floats:
    """Give the last close on or before each day."""
    if closes.empty:
        return np.full((len(days), len(symbols)), np.nan)
    whole = closes.reindex(closes.index.union(pd.DatetimeIndex(days))).ffill().reindex(pd.DatetimeIndex(days))
    return whole.reindex(columns=list(symbols)).to_numpy(dtype=np.float64)


def _returns(panel: Panel, places: list[int], at: np.ndarray[tuple[int], np.dtype[np.intp]], market: pd.DataFrame,
             symbols: tuple[str, ...]) -> Floats:
    """Give the returns of the market where they are known, else those that the holding had: sold ones, and today."""
    gain = np.vstack([np.zeros((1, len(places))), np.diff(np.cumsum(panel.gain[:, places], axis=0)[at], axis=0)])
    value, flow = panel.value[at][:, places], np.cumsum(np.nan_to_num(panel.flow[:, places]), axis=0)[at]
    before = np.vstack([np.zeros((1, len(places))), value[:-1]])
    put_in = np.vstack([np.zeros((1, len(places))), np.maximum(np.diff(flow, axis=0), 0.0)])
    base = before + put_in
    with np.errstate(divide="ignore", invalid="ignore"):
        lived = np.where(base > 0, gain / base, np.nan)
    told = market.reindex(index=pd.DatetimeIndex(panel.days[at]), columns=list(symbols)).to_numpy(dtype=np.float64)
    return np.where(np.isnan(told), lived, told)


def _benchmark(basis: Basis, days: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> Floats | None:
    if basis.view.benchmark is None:
        return None
    levels = basis.view.series["benchmark_growth"].reindex(pd.DatetimeIndex(days))
    return np.asarray(levels.pct_change(fill_method=None), dtype=np.float64)


def _words(known: Mapping[str, Instrument]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Tell the groups of each instrument."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for symbol, each in known.items():
        told = {"sector": each.sector, "country": each.country, "region": region_of(each.country), "currency": each.currency,
                "asset_class": each.asset_class.value}
        for kind, word in told.items():
            found.setdefault(kind, {})[symbol] = (word,) if word else ()
        found.setdefault("tag", {})[symbol] = each.tags
    return found


def _with_now(line: Timeline, read: Read) -> Timeline:
    """Put the prices of now into the last day, and what is known of now alone beside it."""
    held = read.facts.held
    now = {name.removesuffix("_days"): {symbol: getattr(each, name) for symbol, each in held.items()} for name in ("price_age_days", "ter")}
    now["days_to_sell"] = {symbol: each.days_to_sell for symbol, each in held.items()}
    now["gain"] = {symbol: each.value / each.cost - 1.0 if each.cost > 0 else math.nan for symbol, each in held.items()}
    now["yield"] = {symbol: each.dividends / each.price if each.price > 0 else math.nan for symbol, each in held.items()}
    if not len(line.days) or _date(line) != read.facts.as_of:
        return _placed(line, read, now, today=False)
    return _placed(line, read, now, today=True)


def _placed(line: Timeline, read: Read, now: Mapping[str, Mapping[str, float]], *, today: bool) -> Timeline:
    value, price, cash = line.value.copy(), line.price.copy(), line.cash.copy()
    if today:
        held = read.facts.held
        value[-1] = [held[symbol].value if symbol in held else 0.0 for symbol in line.symbols]
        price[-1] = [held[symbol].price if symbol in held else old for symbol, old in zip(line.symbols, price[-1], strict=True)]
        cash[-1] = math.fsum(read.facts.cash.values())
    return Timeline(line.days, line.symbols, value, price, line.returns, cash, line.portfolio, line.benchmark, line.words, now, line.periods_per_year)


def _date(line: Timeline) -> date:
    return pd.Timestamp(line.days[-1]).date()
