"""An instrument beside a portfolio: its closes in the base currency, on the days of a panel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.database import Unit
from engine import rate_history
from engine.types import Actor, Finding, Instrument
from services.books import read_rates
from services.marks import Marked
from services.performance_panels import rates_with_now, read_prices

EARLY_DAYS = 10  # a first close a weekend and some holidays after the start still counts as its start
Days = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Levels:
    """Closes of an instrument on the days of a panel, base currency, NaN before its first; the last known one in gaps."""

    symbol: str
    name: str
    closes: NDArray[np.float64]
    simulated: bool
    findings: tuple[Finding, ...]

    @property
    def returns(self) -> NDArray[np.float64]:
        """Return of each day but the first, NaN before the second close."""
        return self.closes[1:] / np.where(self.closes[:-1] > 0, self.closes[:-1], np.nan) - 1.0

    def change(self, first: int, last: int) -> float:
        """Return between two closes; NaN where the first is before its history."""
        opening = self.closes[first]
        return float(self.closes[last] / opening - 1.0) if opening > 0 else float("nan")


def read_levels(unit: Unit, actor: Actor, instrument: Instrument, base: str | None, days: Days, marked: Marked) -> Levels:
    """Read what an instrument was worth on some days; without a base currency its bare level, as of consumer prices."""
    first, last = (pd.Timestamp(day).date() for day in (days[0], days[-1]))
    closes = read_prices(unit, {instrument.symbol: instrument}, first, last, marked)
    base = base or instrument.currency
    codes = [base, instrument.currency]
    fx = rates_with_now(read_rates(unit, actor.workspace_id, codes if base != instrument.currency else [base]), marked, last)
    values = on_days(closes[instrument.symbol] if instrument.symbol in closes else pd.Series(dtype=float), days)
    if base != instrument.currency:
        values = values * (on_days(rate_history(base, codes, fx)[instrument.currency], days) if len(fx) else np.nan)
    bar = unit.instruments.last_closes([instrument.id], on_or_before=last)
    simulated = bool(len(bar) and bar["simulated"].iloc[0])
    return Levels(instrument.symbol, instrument.name, values, simulated, tuple(_findings(instrument, values, days, first, base)))


def on_days(history: pd.Series, days: Days) -> NDArray[np.float64]:
    """Give the last known number at the close of each day."""
    known = history.dropna()
    places = np.searchsorted(known.index.to_numpy(), days, side="right") - 1
    return np.append(known.to_numpy(dtype=np.float64), np.nan)[places]


def _findings(instrument: Instrument, values: NDArray[np.float64], days: Days, first: date, base: str) -> list[Finding]:
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        message = f"{instrument.symbol} has no closes, or no rate to {base}, for this window: nothing is compared with it"
        return [Finding("benchmark_missing", message, context={"symbol": instrument.symbol})]
    begins = pd.Timestamp(days[known[0]]).date()
    if begins > first + timedelta(days=EARLY_DAYS):
        message = f"The closes of {instrument.symbol} begin on {begins.isoformat()}: earlier days are not compared with it"
        return [Finding("benchmark_short", message, context={"symbol": instrument.symbol, "date": begins.isoformat()})]
    return []


