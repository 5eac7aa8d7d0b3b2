"""What shocks need to know of holdings: sector, class, currency, betas, and duration where a tag tells it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from data.database import Database, Unit
from engine.errors import UnknownInstrument
from engine.stress.factor import factor_exposures
from engine.stress.proxies import single_betas
from engine.stress.scenario import Shock
from engine.types import Actor, Instrument
from services import fields
from services.rates.rates import bond_facts
from services.risk.exposures import Exposure
from services.risk.total_returns import Known, read_closes, read_rate_history, total_returns

BOND_TAGS: Final = ("duration", "convexity")  # written "duration:7.2"


def facts_of(exposure: Exposure, factors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Lay out what is known of each holding, as `engine.stress.scenario` reads it."""
    facts = exposure.holdings[["sector", "country", "asset_class", "currency"]].copy()
    facts["beta"] = np.nan if exposure.benchmark_of_today is None else _betas(exposure.returns, exposure.benchmark_of_today)
    for name in BOND_TAGS:
        facts[name] = [tagged(exposure.instruments[symbol], name) for symbol in facts.index]
    facts = facts.fillna(bond_facts(exposure))  # a tag that says it counts first
    if factors is None or factors.empty:
        return facts
    slopes = factor_exposures(exposure.returns, factors.reindex(exposure.returns.index))
    return facts.join(slopes.add_prefix("beta:"))


def _betas(returns: pd.DataFrame, benchmark: pd.Series) -> pd.Series:
    return single_betas(returns, benchmark.reindex(returns.index))


def tagged(instrument: Instrument, name: str) -> float:
    """Read a number from a tag such as "duration:7.2"; NaN where there is none."""
    for tag in instrument.tags:
        word, _, number = tag.partition(":")
        if word.strip().lower() == name:
            try:
                found = float(number)
            except ValueError:
                return math.nan
            return found if math.isfinite(found) else math.nan
    return math.nan


def factor_names(shocks: Iterable[Shock]) -> list[str]:
    """Name the factors of some shocks, each once."""
    return list(dict.fromkeys(each.name for each in shocks if each.target == "factor"))


def factor_returns(database: Database, actor: Actor, names: list[str], exposure: Exposure) -> pd.DataFrame:
    """Read daily returns of instruments that serve as factors, on the days of an exposure, in its base currency.

    Raises
    ------
    UnknownInstrument
        A name that is no symbol of the workspace, with neighbours that are.
    """
    with database.read() as unit:
        known = unit.instruments.by_symbols(actor.workspace_id, names)
        wrong = [name for name in names if name not in known]
        every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if wrong else []
        fields.raise_all([UnknownInstrument(name, near=fields.near(name, every)) for name in wrong])
        if not names or exposure.returns.empty:
            return pd.DataFrame(index=exposure.returns.index, columns=names, dtype=np.float64)
        found = _returns(unit, actor, {name: known[name] for name in names}, exposure, pd.DatetimeIndex(exposure.returns.index))
    return found.reindex(exposure.returns.index)


def with_benchmark(database: Database, actor: Actor, exposure: Exposure) -> tuple[pd.DataFrame, pd.Series | None]:
    """Give the returns of what is held, and those of the benchmark over all of its own history, on the days of both.

    An episode may be older than everything that is held and not older than the benchmark.
    """
    held, told = exposure.returns, exposure.benchmark_of_today
    symbol = exposure.benchmark_name[0] if exposure.benchmark_name else ""
    with database.read() as unit:
        known = unit.instruments.by_symbols(actor.workspace_id, [symbol]) if symbol else {}
        if told is None or symbol not in known or held.empty:
            return held, told
        longer = _returns(unit, actor, {symbol: known[symbol]}, exposure, pd.DatetimeIndex([]))[symbol].dropna()
    before = longer[longer.index < held.index[0]]
    days = before.index.append(held.index)
    return held.reindex(days), pd.concat([before, told]).reindex(days)


def _returns(unit: Unit, actor: Actor, asked: dict[str, Instrument], exposure: Exposure, also: pd.DatetimeIndex) -> pd.DataFrame:
    """Read total returns of instruments in the currency of an exposure, on their days and some others."""
    closes = read_closes(unit, asked, exposure.returns.index[-1].date())
    days = pd.DatetimeIndex(closes.index).union(also)
    rates = read_rate_history(unit, actor, exposure.base_currency, [each.currency for each in asked.values()], days)
    actions = unit.instruments.actions_of([each.id for each in asked.values()])
    return total_returns(closes.reindex(days), rates, asked, actions, Known(yields=pd.DataFrame(index=days[:0])))
