"""A benchmark beside a portfolio: its total-return levels in the base currency, on the days of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.database import Unit
from engine import accrued_growth, adjusted_closes, blend_growth, cash_growth, interpolated_levels, rate_history, with_spread
from engine.adjustment import PAYMENTS
from engine.types import Actor, CorporateAction, Finding, Instrument, Severity
from services.books.service import read_rates
from services.market.marks import Marked
from services.performance.panels import rates_with_now, read_prices
from services.references import Part, Reference, of_instrument

EARLY_DAYS = 10  # a first close a weekend and some holidays after the start still counts as its start
BLEND_BASE = 100.0
Days = NDArray[np.datetime64]
Closes = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PartLevels:
    """Levels of one part of a benchmark on the days of a panel, base currency, NaN before its first; payments and splits are put back."""

    part: Part
    closes: Closes
    payments: int  # dividends put back
    simulated: bool
    last: date | None  # day of its last close
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Levels:
    """Levels of a benchmark on the days of a panel, base currency, NaN before its first; the last known one in gaps."""

    symbol: str  # key of the benchmark
    name: str
    closes: Closes
    simulated: bool
    findings: tuple[Finding, ...]
    reference: Reference | None = None
    parts: tuple[PartLevels, ...] = field(default=())

    @cached_property
    def returns(self) -> Closes:
        """Return of each day but the first, NaN before the second close."""
        return self.closes[1:] / np.where(self.closes[:-1] > 0, self.closes[:-1], np.nan) - 1.0

    def change(self, first: int, last: int) -> float:
        """Return between two closes; NaN where the first is before its history."""
        opening = self.closes[first]
        return float(self.closes[last] / opening - 1.0) if opening > 0 else float("nan")

    @property
    def label(self) -> str:
        """What it is called: its symbol, or the name of a blend."""
        return self.reference.label if self.reference else self.symbol


def read_levels(unit: Unit, actor: Actor, asked: Reference | Instrument, base: str | None, days: Days, marked: Marked) -> Levels:
    """Read what a benchmark was worth on some days, with its payments; without a base currency its bare level, as of consumer prices."""
    reference = of_instrument(asked) if isinstance(asked, Instrument) else asked
    parts = tuple(_part(unit, actor, each, base, days, marked) for each in reference.parts)
    closes = _blended(reference, parts, days)
    first = pd.Timestamp(days[0]).date()
    findings = (*(found for each in parts for found in each.findings), *_findings(reference, parts, closes, days, first, base))
    return Levels(reference.key, reference.name, closes, any(each.simulated for each in parts), findings, reference, parts)


def _blended(reference: Reference, parts: Sequence[PartLevels], days: Days) -> Closes:
    """Levels of one part alone, or wealth of all parts from 100."""
    if reference.kind == "instrument":
        return parts[0].closes
    levels = pd.DataFrame({place: each.closes for place, each in enumerate(parts)}, index=pd.DatetimeIndex(days))
    weights = {place: each.part.weight for place, each in enumerate(parts)}
    grown: Closes = BLEND_BASE * blend_growth(levels, weights, rebalancing=reference.rebalancing).to_numpy()
    return grown


def _part(unit: Unit, actor: Actor, part: Part, base: str | None, days: Days, marked: Marked) -> PartLevels:
    """Read the levels of a part; a spread grows on top of them."""
    index = pd.DatetimeIndex(days)
    if part.instrument is None:
        return PartLevels(part, cash_growth(index, part.plus).to_numpy(), 0, simulated=False, last=pd.Timestamp(days[-1]).date())
    told = _instrument_levels(unit, actor, part, part.instrument, base, days, marked)
    if not part.plus:
        return told
    spread = with_spread(pd.Series(told.closes, index=index), part.plus)
    return replace(told, closes=spread.to_numpy())


def _instrument_levels(unit: Unit, actor: Actor, part: Part, instrument: Instrument, base: str | None, days: Days, marked: Marked) -> PartLevels:
    first, last = (pd.Timestamp(day).date() for day in (days[0], days[-1]))
    until = max(last, marked.day) if part.kind == "inflation" else last  # prices between two levels look ahead to the later one
    prices = read_prices(unit, {instrument.symbol: instrument}, first, until, marked)
    closes = prices[instrument.symbol].dropna() if instrument.symbol in prices else pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    bar = unit.instruments.last_closes([instrument.id], on_or_before=last)
    simulated, newest = bool(len(bar) and bar["simulated"].iloc[0]), pd.Timestamp(closes.index[-1]).date() if len(closes) else None
    if part.kind in {"inflation", "rate"}:
        found = _told_now_and_then(part.kind, closes, days)
        return PartLevels(part, found, 0, simulated, newest)
    actions = [] if base is None else unit.instruments.actions(instrument.id, first, last)
    usable = [each for each in actions if each.kind not in PAYMENTS or each.currency in {None, instrument.currency}]
    values = on_days(adjusted_closes(closes, usable) if len(closes) and usable else closes, days)
    values = values * _rates(unit, actor, "" if part.hedged else base or instrument.currency, instrument.currency, days, marked, last)
    paid = sum(each.kind in PAYMENTS and each.amount is not None and each.date > first for each in usable)
    return PartLevels(part, values, paid, simulated, newest, tuple(_left_out(instrument, actions, usable)))


def _told_now_and_then(kind: str, closes: pd.Series, days: Days) -> Closes:
    """Levels of consumer prices on every day, or what cash at a rate in percent grew to."""
    index = pd.DatetimeIndex(days)
    found = interpolated_levels(closes, index) if kind == "inflation" else accrued_growth(closes / 100.0, index)
    return found.to_numpy()


def _rates(unit: Unit, actor: Actor, base: str, currency: str, days: Days, marked: Marked, last: date) -> Closes | float:
    """Rate of a currency to the base on each day; 1 where none is wanted."""
    if base in {"", currency}:
        return 1.0
    fx = rates_with_now(read_rates(unit, actor.workspace_id, [base, currency]), marked, last)
    return on_days(rate_history(base, [base, currency], fx)[currency], days) if len(fx) else np.full(len(days), np.nan)


def _left_out(instrument: Instrument, actions: Sequence[CorporateAction], usable: Sequence[CorporateAction]) -> list[Finding]:
    others = sorted({str(each.currency) for each in actions if each not in usable})
    message = f"Payments of {instrument.symbol} in {', '.join(others)} are not in its return: its prices are in {instrument.currency}"
    return [Finding("payment_left_out", message, Severity.INFO, context={"symbol": instrument.symbol})] if others else []


def on_days(history: pd.Series, days: Days) -> NDArray[np.float64]:
    """Give the last known number at the close of each day."""
    known = history.dropna()
    places = np.searchsorted(known.index.to_numpy(), days, side="right") - 1
    return np.append(known.to_numpy(dtype=np.float64), np.nan)[places]


def _findings(reference: Reference, parts: Sequence[PartLevels], closes: Closes, days: Days, first: date, base: str | None) -> list[Finding]:
    known = np.flatnonzero(np.isfinite(closes))
    label = reference.label
    if not len(known):
        empty = [each.part.key for each in parts if not np.isfinite(each.closes).any()]
        named = "" if empty in ([], [label]) else f" ({', '.join(empty)})"
        message = f"{label} has no closes{named}, or no rate to {base or reference.currency}, for this window: nothing is compared with it"
        return [Finding("benchmark_missing", message, context={"symbol": reference.key, "parts": empty})]
    begins = pd.Timestamp(days[known[0]]).date()
    if begins > first + timedelta(days=EARLY_DAYS):
        late = max(parts, key=lambda each: int(np.flatnonzero(np.isfinite(each.closes))[0])).part.key
        named = "" if late == label else f", those of {late}"
        message = f"The closes of {label} begin on {begins.isoformat()}{named}: earlier days are not compared with it"
        return [Finding("benchmark_short", message, context={"symbol": reference.key, "date": begins.isoformat()})]
    return []
