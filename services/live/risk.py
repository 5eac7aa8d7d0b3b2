"""Risk of the scopes as they move: what the engine keeps of the past, laid over the rows that a flush values.

All scopes whose risk is followed stand side by side on one `RiskBoard`, so that a flush asks the engine once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import calendar
from engine.errors import InsufficientHistory
from engine.risk.live import LiveFigures, LiveRisk, LiveStatistics, live_statistics
from engine.types import Actor
from services.live import figures
from services.live.figures import Fixed, Floats, Worth
from services.risk.exposures import Exposure, ExposureQuestion
from services.views import LiveTerms, QuoteView

if TYPE_CHECKING:
    from services import Services

LEVEL: Final = 0.95
Rows = npt.NDArray[np.int64]
Valued = tuple[Worth, Floats, float]  # rows, rates of the currencies in them, price of the benchmark


@dataclass(frozen=True, slots=True)
class LoadedRisk:
    """The past of a scope as it was read; `statistics` None where it is too short, `short` says by how much."""

    statistics: LiveStatistics | None
    short: dict[str, Any]
    benchmark: QuoteView | None  # None: there is none, or nothing quotes it


class Rated(Protocol):
    """What of a scope's facts is needed here."""

    @property
    def live(self) -> LiveTerms:
        """Give its rows."""

    @property
    def fixed(self) -> Fixed:
        """Give what stays of them."""


def read_risk(services: Services, actor: Actor, scope: str) -> LoadedRisk:
    """Read the history of what a scope holds up to yesterday: today comes by the ticks.

    Raises
    ------
    NotFound
        The actor has no such portfolio.
    """
    exposure = services.exposures.exposure(actor, scope, ExposureQuestion(end=calendar.today() - timedelta(days=1)))
    try:
        statistics = statistics_of(exposure)
    except InsufficientHistory as error:
        return LoadedRisk(None, {"code": error.code, "needed": error.context["needed"], "found": error.context["found"]}, None)
    name = exposure.benchmark_name
    views = services.market.quotes(actor, [name[0]]) if name else []
    return LoadedRisk(statistics, {}, views[0] if views else None)


def statistics_of(exposure: Exposure) -> LiveStatistics:
    """Put holdings and the currencies of cash side by side; the base currency stands still and is none of them."""
    codes = [code for code in exposure.cash.index if code != exposure.base_currency and code in exposure.currencies]
    returns = pd.concat([exposure.returns, exposure.currencies[codes].add_prefix("cash:").reindex(exposure.returns.index)], axis=1)
    return live_statistics(returns, benchmark_returns=exposure.benchmark_of_today, realised=exposure.realised,
                           periods_per_year=exposure.periods_per_year)


class ScopeRisk:
    """One scope's past laid over its rows; bound again whenever the scope is read anew."""

    def __init__(self, loaded: LoadedRisk, facts: Rated) -> None:
        names, columns = facts.live.symbols, loaded.statistics.names if loaded.statistics else ()
        place = {name: row for row, name in enumerate(names)}
        fixed, known = facts.fixed, {*columns, f"cash:{facts.live.base_currency}"}
        self.statistics, self.width = loaded.statistics, len(names) + 1  # one row more, of nothing, for what is not held any longer
        self.short = json.dumps(loaded.short, separators=(",", ":"))
        self.rows: Rows = np.array([place.get(name, len(names)) for name in columns], dtype=np.int64)
        self.lost = np.array([name not in known for name in names] + [False], dtype=bool)
        # a short gains where its price falls: the move of the price has the other sign
        capital = figures.capital(fixed.opening, fixed.moved_in) * np.where(facts.live.terms.units < 0, -1.0, 1.0)
        self.capital: Floats = np.append(capital, np.nan)
        self.opening = float(figures.capital(fixed.opening.sum(keepdims=True), fixed.moved_in.sum(keepdims=True))[0])
        self.close, self.currency = close_of(loaded.benchmark, facts.live)

    def moved(self, price: float, rate: Floats) -> float:
        """Give the benchmark's return since its last close, in base currency."""
        return price * float(rate[self.currency]) / self.close - 1.0 if self.close > 0 else math.nan


def close_of(view: QuoteView | None, live: LiveTerms) -> tuple[float, int]:
    """Give what the benchmark was worth at the last close, and the place of its currency; NaN where no rate of it is followed."""
    if view is None or view.previous_close is None or view.currency not in live.terms.currencies:
        return math.nan, 0
    before = 1.0 if view.currency == live.base_currency else float(live.marks.previous_rate.get(view.currency, math.nan))
    return view.previous_close * before, live.terms.currencies.index(view.currency)


class Followed(Protocol):
    """A scope as the board sees it."""

    risk: ScopeRisk | None
    risk_wanted: bool
    risk_next: str

    def worth_now(self) -> Valued | None:
        """Give the valuation that is about to be shown, the rates in it, and the price of the benchmark."""


class RiskBoard:
    """The risk of every scope that is followed with it: laid out anew when one comes, goes or is read again, told at every flush."""

    def __init__(self) -> None:
        self._laid: dict[Followed, ScopeRisk] = {}
        self._running: LiveRisk | None = None
        self._place: dict[Followed, int] = {}
        self._span: dict[Followed, slice] = {}
        self._valued: Floats = np.zeros((0, 2))  # value, P/L of the day
        self._benchmark: Floats = np.zeros(0)

    def tell(self, touched: Iterable[Followed], followed: Iterable[Followed]) -> None:
        """Give each touched scope its risk as JSON, to be shown with what was valued.

        Parameters
        ----------
        touched
            Scopes that were valued for this flush.
        followed
            All scopes there are.
        """
        wanted = {scope: scope.risk for scope in followed if scope.risk_wanted and scope.risk is not None}
        if not wanted:
            return
        now = {scope: worth for scope in touched if scope in wanted and (worth := scope.worth_now()) is not None}
        able = {scope: risk for scope, risk in wanted.items() if risk.statistics is not None and (scope in now or self._laid.get(scope) is risk)}
        for scope in now:
            if wanted[scope].statistics is None:
                scope.risk_next = wanted[scope].short
        if able and (self._running is None or able.keys() != self._laid.keys() or any(self._laid[scope] is not risk for scope, risk in able.items())):
            self._lay(able)
        told = [scope for scope in now if scope in able]
        if told and self._running is not None:
            self._hand_out(*self._figures(self._running, now, told), told)

    def _lay(self, able: dict[Followed, ScopeRisk]) -> None:
        """Put the scopes one after the other; what was known of one that stays is kept."""
        before = {scope: self._valued[self._span[scope]] for scope, risk in self._laid.items() if able.get(scope) is risk}
        kept = {scope: self._benchmark[place] for place, scope in enumerate(self._laid) if scope in before}
        risks = list(able.values())
        self._first = np.concatenate([[0], np.cumsum([risk.width for risk in risks])]).astype(np.int64)
        self._span = {scope: slice(int(self._first[place]), int(self._first[place + 1])) for place, scope in enumerate(able)}
        self._rows = np.concatenate([risk.rows + start for risk, start in zip(risks, self._first, strict=False)])
        self._lost, self._capital = np.concatenate([risk.lost for risk in risks]), np.concatenate([risk.capital for risk in risks])
        self._opening = np.array([risk.opening if risk.opening > 0 else math.nan for risk in risks])
        self._benchmark = np.array([kept.get(scope, math.nan) for scope in able])
        self._valued = np.zeros((int(self._first[-1]), 2))
        for scope, cells in before.items():
            self._valued[self._span[scope]] = cells
        self._running = LiveRisk([risk.statistics for risk in risks if risk.statistics is not None], level=LEVEL, before=self._running)
        self._laid = dict(able)
        self._place = {scope: place for place, scope in enumerate(able)}

    def _figures(self, running: LiveRisk, now: Mapping[Followed, Valued], told: Sequence[Followed]) -> tuple[LiveFigures, Floats]:
        """Take over what was valued, and bring all portfolios up to it."""
        for scope in told:
            worth, rate, price = now[scope]
            rows = self._valued[self._span[scope]][:-1]
            rows[:, 0], rows[:, 1] = worth.market_value, worth.day_pnl
            self._benchmark[self._place[scope]] = self._laid[scope].moved(price, rate)
        value, day = self._valued.T
        known, starts = np.nan_to_num(value), self._first[:-1]
        whole, lost, lived = (np.add.reduceat(part, starts) for part in (known, np.where(self._lost, np.abs(known), 0.0), np.nan_to_num(day)))
        with np.errstate(divide="ignore", invalid="ignore"):
            moves = day[self._rows] / self._capital[self._rows]
        lived_through = np.nan_to_num(lived / self._opening)
        found = running.update(value[self._rows], moves, whole, gross_missing=lost, benchmark_move=self._benchmark, realised_today=lived_through)
        return found, whole

    def _hand_out(self, found: LiveFigures, whole: Floats, told: Sequence[Followed]) -> None:
        table = np.column_stack([*(np.round(getattr(found, name), 6) for name in FIELDS),
                                 *(np.round(getattr(found, name) * whole, 2) for name in MONEY)]) + 0.0
        rows = table.tolist()
        for scope in told:
            kept = self._laid[scope].statistics
            if kept is not None:
                scope.risk_next = encoded(rows[self._place[scope]], kept)


def encoded(row: Sequence[float], kept: LiveStatistics) -> str:
    """Give one scope's figures as JSON: fractions to six decimals, money in cents, null for what is unknown."""
    parts = [f'"{name}":{value!r}' if math.isfinite(value) else f'"{name}":null' for name, value in zip(NAMES, row, strict=True)]
    return f'{{{",".join(parts)},"level":{LEVEL},"history_end":"{kept.last_day}","days":{kept.scenarios.shape[1]}}}'


FIELDS: Final = tuple(LiveFigures.__slots__)
MONEY: Final = ("value_at_risk", "expected_shortfall", "value_at_risk_ewma")
NAMES: Final = (*FIELDS, *(f"{name}_money" for name in MONEY))
