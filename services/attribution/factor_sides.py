"""Returns of a scope and of factors over the same periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.database import Unit
from engine.errors import InvalidInput
from engine.factors.published import LABELS, MODELS, RISK_FREE_COLUMN
from engine.types import Actor, Finding, Severity
from services import fields
from services.attribution.factor_sets import FactorTable
from services.attribution.views import FREQUENCIES, PERIODS_PER_YEAR, FactorQuestion, FactorSet
from services.fields import Place
from services.performance.figures import Basis
from services.performance.levels import read_levels
from services.performance.service import SATURDAY

OWN: Final = "own"
LEAST: Final = 24  # periods in common that make a source worth choosing by itself
DOLLARS: Final = "USD"
ENDS: Final[Mapping[str, str]] = {"weekly": "W-FRI", "monthly": "M"}


@dataclass(frozen=True, slots=True)
class Sides:
    """What is regressed on what."""

    returns: pd.Series  # by the end of each period, fraction
    factors: pd.DataFrame  # the same periods x factor
    rates: pd.Series  # risk-free rate of each period
    labels: Mapping[str, str]
    frequency: str
    source: FactorSet | None
    model: str
    findings: tuple[Finding, ...]
    simulated: bool = False


def growth_of(basis: Basis) -> pd.Series:
    """Give the growth of a scope by date, from the close before its first money came."""
    series = basis.view.series
    held = np.flatnonzero(np.nan_to_num(series["value"].to_numpy(dtype=np.float64)))
    growth: pd.Series = series["growth"]
    return growth.iloc[max(held[0] - 1, 0):] if len(held) else growth.iloc[:0]


def of_table(table: FactorTable, model: str, asked: FactorQuestion, basis: Basis) -> Sides:
    """Lay a scope beside a published table.

    Raises
    ------
    InvalidInput
        A factor that the table does not have, or a frequency finer than its own.
    """
    names = _columns(table.told, model, asked.factors)
    frequency = _frequency(asked.frequency, table.told.frequency)
    wanted = [*names, *([RISK_FREE_COLUMN] if table.told.has_risk_free else [])]
    returns = _coarser(table.returns[wanted].dropna(how="all"), table.told.frequency, frequency)
    mine = _over(growth_of(basis), pd.DatetimeIndex(returns.index))
    both = returns.index.intersection(mine.index)
    rates = returns.loc[both, RISK_FREE_COLUMN] if table.told.has_risk_free else pd.Series(_a_period(asked.risk_free, frequency), index=both)
    findings = [*_in_dollars(table.told, basis.view.base_currency), *_apart(table.told, basis, both)]
    return Sides(mine.loc[both], returns.loc[both, names], rates, {name: LABELS.get(name, name) for name in names}, frequency, table.told, model,
                 tuple(findings))


def of_instruments(unit: Unit, actor: Actor, symbols: Sequence[str], asked: FactorQuestion, basis: Basis) -> Sides:
    """Lay a scope beside instruments, whose returns in base currency above the risk-free rate are the factors.

    Raises
    ------
    NotFound
        A symbol that is not known.
    """
    frequency = _frequency(asked.frequency, "daily")
    scene, days = basis.brief.asked.scene, basis.brief.panel.days
    found = [unit.instruments.get(actor.workspace_id, fields.symbol(Place("factors"), symbol)) for symbol in dict.fromkeys(symbols)]
    levels = {each.symbol: read_levels(unit, actor, each, scene.base, days, scene.marked) for each in found}
    closes = pd.DataFrame({symbol: each.closes for symbol, each in levels.items()}, index=pd.DatetimeIndex(days, name="date"))
    growth = growth_of(basis)
    stamps = pd.DatetimeIndex(growth.index)
    ends = _ends(stamps[stamps.day_of_week < SATURDAY], frequency)
    moved = closes.reindex(ends).pct_change(fill_method=None).iloc[1:]
    mine = growth.reindex(ends).pct_change(fill_method=None).iloc[1:]
    rates = pd.Series(_a_period(asked.risk_free, frequency), index=mine.index)
    return Sides(mine, moved.sub(rates, axis=0), rates, {each.symbol: each.name for each in found}, frequency, None, OWN,
                 tuple(finding for each in levels.values() for finding in each.findings), any(each.simulated for each in levels.values()))


def chosen(tables: Sequence[FactorTable], asked: FactorQuestion, basis: Basis) -> tuple[FactorTable, str] | None:
    """Choose a table and a model where none was named: the first that covers the window, with its largest model."""
    growth = growth_of(basis)
    for table in tables:
        models = [name for name in reversed([*MODELS]) if name in table.told.models]
        wanted = asked.model or next(iter(models), None)
        if wanted in table.told.models and _common(table, growth, LEAST if asked.model is None else 1):
            return table, str(wanted)
    return None


def fitting(tables: Sequence[FactorTable], model: str) -> FactorTable | None:
    """Give the first table with the factors of a model, whatever it covers."""
    return next((table for table in tables if model in table.told.models), None)


def _common(table: FactorTable, growth: pd.Series, least: int) -> bool:
    return bool(len(growth)) and int(((table.returns.index > growth.index[0]) & (table.returns.index <= growth.index[-1])).sum()) >= least


def _columns(told: FactorSet, model: str, asked: Sequence[str] | None) -> list[str]:
    wanted = list(asked) if asked else list(told.factors) if model == OWN else list(MODELS[model])
    unknown = [name for name in wanted if name not in told.factors]
    if unknown:
        raise InvalidInput("factors" if asked else "model", unknown[0], f"{told.name} has no {unknown[0]}", hint=f"It has {', '.join(told.factors)}",
                           rule="unknown_value")
    return wanted


def _frequency(asked: str | None, finest: str) -> str:
    if asked is None:
        return finest
    told = fields.choice(Place("frequency"), asked, FREQUENCIES)
    if FREQUENCIES.index(told) < FREQUENCIES.index(finest):
        raise InvalidInput("frequency", told, f"is finer than the {finest} returns of the factors", hint=f"Ask for {finest}", rule="too_fine")
    return told


def _coarser(returns: pd.DataFrame, finest: str, frequency: str) -> pd.DataFrame:
    """Compound returns over longer periods, each dated by its last row; a last period that is not over is left out."""
    if frequency == finest:
        return returns
    periods = pd.DatetimeIndex(returns.index).to_period(ENDS[frequency])
    grown = (1.0 + returns).groupby(periods).prod(min_count=1) - 1.0
    return grown.set_axis(pd.DatetimeIndex(pd.Series(returns.index, index=periods).groupby(level=0).last(), name="date"), axis=0)


def _ends(days: pd.DatetimeIndex, frequency: str) -> pd.DatetimeIndex:
    """List the last day of each period."""
    if frequency == "daily" or not len(days):
        return days
    return pd.DatetimeIndex(pd.Series(days, index=days.to_period(ENDS[frequency])).groupby(level=0).last())


def _over(growth: pd.Series, ends: pd.DatetimeIndex) -> pd.Series:
    """Give the return of each period that lies inside a history as a whole."""
    if not len(growth):
        return pd.Series(dtype=np.float64, index=ends[:0])
    inside = ends[(ends <= growth.index[-1])]
    found: pd.Series = growth.reindex(inside, method="ffill").pct_change(fill_method=None)
    return found[found.notna()]


def _a_period(rate: float, frequency: str) -> float:
    return float(np.expm1(np.log1p(rate) / PERIODS_PER_YEAR[frequency]))


def _in_dollars(told: FactorSet, base: str) -> list[Finding]:
    if base == DOLLARS or "Mkt-RF" not in told.factors:
        return []
    message = f"{told.name} is of returns in USD, the portfolio's are in {base}: its currency is in what is not explained"
    return [Finding("factors_in_usd", message, Severity.INFO, {"hint": "Ask with base_currency=USD"})]


def _apart(told: FactorSet, basis: Basis, both: pd.Index) -> list[Finding]:
    if len(both):
        return []
    message = f"{told.name} reaches from {told.begins} to {told.ends}, the portfolio from {basis.view.start} to {basis.view.end}: no period is common"
    return [Finding("no_overlap", message, Severity.WARNING, {"source": told.key, "hint": "Bring a newer file, or take instruments as factors"})]

