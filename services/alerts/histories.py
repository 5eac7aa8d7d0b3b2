"""The measures of rules day by day: what a rule is tried on, and what the stream goes on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import pandas as pd

from data import calendar
from data.database import Database, Unit
from engine import rolling_value_at_risk, simple_returns
from engine.alert_measures import ages, falls_from_peak, moves, split_adjusted
from engine.alerts import Measure
from engine.types import Actor, CorporateAction
from services.alerts.rule_fields import LEVEL, LOOKBACK
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion

SPLITS: Final = frozenset({"split", "stock_dividend"})
SATURDAY: Final = 5


class Histories:
    """Reads levels: closes of instruments as if they had always had today's shares, growth of scopes without their flows."""

    def __init__(self, database: Database, performance: Performance) -> None:
        self._database, self._performance = database, performance

    def closes(self, instrument_ids: Sequence[UUID], start: date | None = None) -> pd.DataFrame:
        """Give the closes of instruments, adjusted for the splits that are known; DatetimeIndex x instrument id."""
        with self._database.read() as unit:
            return read_closes(unit, instrument_ids, start)

    def scope(self, actor: Actor, scope: str) -> pd.DataFrame:
        """Give `value` and `growth` of a scope on working days, today's row at the prices of now; empty without transactions."""
        series = self._performance.performance(actor, scope, PerformanceQuestion(benchmark="")).series
        working = series.index[pd.DatetimeIndex(series.index).day_of_week < SATURDAY]
        return series.loc[working, ["value", "growth", "missing"]]

    def measures(self, actor: Actor, measure: Measure, scope: str, instrument: tuple[UUID, str] | None, options: Mapping[str, Any]) -> pd.Series:
        """Give what a rule would have looked at, day by day; empty where there is no history of it."""
        if measure is Measure.FINDING:
            return pd.Series(dtype="float64", index=pd.DatetimeIndex([]))
        if measure in {Measure.VALUE, Measure.WEIGHT}:
            return self._worth(actor, measure, scope, instrument)
        if instrument is not None:
            return of_levels(measure, self.closes([instrument[0]])[instrument[0]].dropna(), options)
        history = self.scope(actor, scope)
        levels = history["value"].where(history["missing"] == 0).dropna() if measure is Measure.STALE else history["growth"].dropna()
        return of_levels(measure, levels, options)

    def _worth(self, actor: Actor, measure: Measure, scope: str, instrument: tuple[UUID, str] | None) -> pd.Series:
        if instrument is None:
            history = self.scope(actor, scope)
            return history["value"].where(history["missing"] == 0)
        rows = self._performance.values(actor, scope)
        held = rows[instrument[1]] if instrument[1] in rows else pd.Series(0.0, index=rows.index)
        if measure is Measure.VALUE:
            return held
        total = rows.sum(axis=1, skipna=False)
        return (held / total.where(total > 0)).dropna()


def of_levels(measure: Measure, levels: pd.Series, options: Mapping[str, Any]) -> pd.Series:
    """Turn levels into what a measure looks at."""
    if measure is Measure.MOVE:
        return moves(levels, int(options.get("days", 1)))
    if measure is Measure.DRAWDOWN:
        return falls_from_peak(levels, options.get("lookback"))
    if measure is Measure.VAR:
        returns = simple_returns(levels) if len(levels) > 1 else levels.iloc[:0]
        window = int(options.get("lookback", LOOKBACK))
        return pd.Series(rolling_value_at_risk(returns, window=window, level=float(options.get("level", LEVEL))))
    if measure is Measure.STALE:
        return ages(levels, calendar.today())
    return levels


def read_closes(unit: Unit, instrument_ids: Sequence[UUID], start: date | None = None) -> pd.DataFrame:
    """Read closes since a day, adjusted for splits."""
    if not instrument_ids:
        return pd.DataFrame(index=pd.DatetimeIndex([]))
    closes, actions = unit.instruments.closes(list(instrument_ids), start=start), unit.instruments.actions_of(list(instrument_ids))
    for key, known in actions.items():
        closes[key] = split_adjusted(closes[key], _ratios(known))
    return closes


def _ratios(actions: Sequence[CorporateAction]) -> dict[pd.Timestamp, float]:
    return {pd.Timestamp(each.date): float(each.ratio) for each in actions if each.kind in SPLITS and each.ratio is not None}
