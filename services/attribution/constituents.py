"""A benchmark as the side of an attribution: what it is made of, at which weights, and what each part returned in the base currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.database import Unit
from engine import Side, blend_side, blend_weights, rate_history
from engine.errors import MisalignedSeries, NotFound
from engine.types import Actor, Finding, Instrument
from services.books.service import read_rates
from services.performance.levels import Days, Levels, on_days
from services.performance.panels import Scene, rates_with_now
from services.references import Part, Reference

Cells = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


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


def read_constituents(unit: Unit, actor: Actor, levels: Levels, scene: Scene, days: Days, window: Days) -> Constituents:
    """Tell what a benchmark is made of over some of the days of its levels; its weights have drifted since before, as its levels have.

    Raises
    ------
    MisalignedSeries
        Fewer than two of the days have a close of it: the sentence says which days each side has.
    """
    first = int(np.searchsorted(days, window[0]))
    last = first + len(window)
    known = first + np.flatnonzero(np.isfinite(levels.closes[first:last]))
    if len(known) < 2:
        raise _nothing_common(levels.label, window, known)
    reference, kept = _reference(levels), slice(int(known[0]), last)
    names, closes = _names(levels), np.column_stack([each.closes for each in levels.parts])
    cut, cells = days[kept], closes[kept]
    frames = {"weights": _weights_after(reference, closes, days)[kept][:-1], "returns": np.nan_to_num(cells[1:] / cells[:-1] - 1.0),
              "spot": np.column_stack([_spot(unit, actor, each.part, scene, cut) for each in levels.parts])}
    told = {name: pd.DataFrame(each, index=pd.DatetimeIndex(cut[1:], name="date"), columns=names) for name, each in frames.items()}
    instruments = {name: each.part.instrument for name, each in zip(names, levels.parts, strict=True) if each.part.instrument is not None}
    return Constituents(reference.key, reference.name, reference.kind, cut, instruments=instruments, simulated=levels.simulated,
                        findings=levels.findings, **told)


def _reference(levels: Levels) -> Reference:
    if levels.reference is None:
        raise NotFound("benchmark", levels.symbol)
    return levels.reference


def _names(levels: Levels) -> list[str]:
    """Name the parts, each differently: the same instrument may be there hedged and as it is."""
    keys = [each.part.key for each in levels.parts]
    return [key if keys.index(key) == place else f"{key} ({place + 1})" for place, key in enumerate(keys)]


def _weights_after(reference: Reference, closes: Cells, days: Days) -> Cells:
    """Weights after each close, which the next day begins with."""
    index = pd.DatetimeIndex(days)
    targets = {place: each.weight for place, each in enumerate(reference.parts)}
    return blend_weights(pd.DataFrame(closes, index=index), targets, rebalancing=reference.rebalancing).to_numpy()


def _spot(unit: Unit, actor: Actor, part: Part, scene: Scene, days: Days) -> Cells:
    """Tell how the currency of a part moved against the base; not at all where it is hedged."""
    if part.instrument is None or part.hedged or part.kind != "instrument" or part.instrument.currency == scene.base:
        return np.zeros(len(days) - 1)
    codes = [scene.base, part.instrument.currency]
    fx = rates_with_now(read_rates(unit, actor.workspace_id, codes), scene.marked, pd.Timestamp(days[-1]).date())
    rates = on_days(rate_history(scene.base, codes, fx)[part.instrument.currency], days)
    return np.nan_to_num(rates[1:] / rates[:-1] - 1.0)


def _nothing_common(symbol: str, days: Days, known: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> MisalignedSeries:
    first, last = (pd.Timestamp(day).date().isoformat() for day in (days[0], days[-1]))
    reason = f"an attribution from {first} to {last} needs closes of {symbol} on 2 days, {len(known)} {'is' if len(known) == 1 else 'are'} there"
    return MisalignedSeries("portfolio", "benchmark", reason=reason)
