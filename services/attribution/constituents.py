"""A benchmark as the side of an attribution: what it is made of, at which weights, and what each part returned in the base currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.database import Unit
from engine import Side, blend_side, rate_history
from engine.errors import MisalignedSeries
from engine.types import Actor, Finding, Instrument
from services.books import read_rates
from services.performance_benchmark import Days, Levels, on_days, read_levels
from services.performance_panels import Scene, rates_with_now


@dataclass(frozen=True, slots=True)
class Constituents:
    """A benchmark on the days of a panel."""

    key: str
    name: str
    kind: str  # "instrument" or "blend"
    days: Days  # closes from the first that it has
    weights: pd.DataFrame  # days but the first x part, at the opening, fraction
    returns: pd.DataFrame  # the same, base currency, fraction
    spot: pd.DataFrame  # the same: change of the part's currency against the base
    instruments: Mapping[str, Instrument]  # by part, those that are one
    simulated: bool
    findings: tuple[Finding, ...]

    @property
    def side(self) -> Side:
        """What an attribution compares with."""
        return blend_side(self.weights, self.returns, self.spot)

    @property
    def is_single(self) -> bool:
        """Whether it has one part."""
        return self.weights.shape[1] == 1


def read_constituents(unit: Unit, actor: Actor, instrument: Instrument, scene: Scene, days: Days) -> Constituents:
    """Read a benchmark that is one instrument.

    Raises
    ------
    MisalignedSeries
        Fewer than two of the days have a close of it: the sentence says which days each side has.
    """
    levels = read_levels(unit, actor, instrument, scene.base, days, scene.marked)
    known = np.flatnonzero(np.isfinite(levels.closes))
    if len(known) < 2:
        raise _nothing_common(instrument.symbol, days, known)
    kept = days[known[0]:]
    index = pd.DatetimeIndex(kept[1:], name="date")
    cells = {"weights": np.ones(len(index)), "returns": _changes(levels)[known[0]:], "spot": _spot(unit, actor, instrument, scene, kept)}
    frames = {name: pd.DataFrame({instrument.symbol: each}, index=index) for name, each in cells.items()}
    return Constituents(instrument.symbol, instrument.name, "instrument", kept, instruments={instrument.symbol: instrument},
                        simulated=levels.simulated, findings=levels.findings, **frames)


def _changes(levels: Levels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.nan_to_num(levels.returns)


def _spot(unit: Unit, actor: Actor, instrument: Instrument, scene: Scene, days: Days) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Tell how the currency of an instrument moved against the base."""
    if instrument.currency == scene.base:
        return np.zeros(len(days) - 1)
    codes = [scene.base, instrument.currency]
    fx = rates_with_now(read_rates(unit, actor.workspace_id, codes), scene.marked, pd.Timestamp(days[-1]).date())
    rates = on_days(rate_history(scene.base, codes, fx)[instrument.currency], days)
    return np.nan_to_num(rates[1:] / rates[:-1] - 1.0)


def _nothing_common(symbol: str, days: Days, known: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> MisalignedSeries:
    first, last = (pd.Timestamp(day).date().isoformat() for day in (days[0], days[-1]))
    reason = f"an attribution from {first} to {last} needs closes of {symbol} on 2 days, {len(known)} {'is' if len(known) == 1 else 'are'} there"
    return MisalignedSeries("portfolio", "benchmark", reason=reason)
