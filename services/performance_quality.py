"""What weakens figures, why one has no answer, and why the time- and the money-weighted return differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.types import Finding, Severity
from services.performance_benchmark import Levels
from services.performance_track import Track

LARGE_FLOW: Final = 0.10
SAME: Final = 5e-5  # half of a hundredth of a percent: what is shown equal is equal
OF_A_YEAR: Final = frozenset({"twr_annualised", "mwr_annualised", "benchmark_annualised", "active_return_annualised"})
OF_BENCHMARK: Final = frozenset({"benchmark_twr", "active_return", "tracking_error", "information_ratio", "up_capture", "down_capture"})


def quality_of(track: Track, first: int, last: int, bridge: Mapping[str, float]) -> tuple[Finding, ...]:
    """Tell missing prices, large flows, breaks of the chain, and a money-weighted return that is none or several."""
    return (*_missing(track, first, last, bridge), *_large(track, first, last), *_broken(track, first, last), *_rates(track, first, last))


def _missing(track: Track, first: int, last: int, bridge: Mapping[str, float]) -> Iterator[Finding]:
    unknown = [name for name, value in bridge.items() if np.isnan(value)]
    if unknown:
        message = "The bridge does not close: a holding has no price or rate at its start or end"
        yield Finding("bridge_excludes", message, context={"figures": unknown})
    shown: NDArray[np.bool_] = track.panel.missing[first:last + 1]
    days = int(shown.any(axis=1).sum())
    if days:
        rows = [row for row, gone in zip(track.panel.rows, shown.any(axis=0).tolist(), strict=True) if gone]
        message = f"On {days} days the value leaves out what has no price or rate: {', '.join(rows[:5])}{' and others' if len(rows) > 5 else ''}"
        yield Finding("series_excludes", message, context={"days": days, "rows": rows[:50]})
        yield from (Finding("missing_price", f"{row} has no price or rate on some days", context={"symbol": row}) for row in rows[:50])


def _large(track: Track, first: int, last: int) -> Iterator[Finding]:
    opening = track.totals["value"].to_numpy()[first:last]
    flow = track.totals["flow"].to_numpy()[first + 1:last + 1]
    share = np.abs(flow) / np.where(opening > 0, opening, np.nan)
    places = np.flatnonzero(share > LARGE_FLOW)
    if len(places):
        largest = int(places[np.argmax(share[places])])
        day = str(track.days[first + 1 + largest])[:10]
        message = (f"On {len(places)} day{'s' if len(places) > 1 else ''} a flow was over 10 % of the value, the largest on {day}:"
                   " when on its day it counts matters")
        yield Finding("large_flow", message, Severity.INFO, {"days": len(places), "date": day, "share": round(float(share[largest]), 6)})


def _broken(track: Track, first: int, last: int) -> Iterator[Finding]:
    places = np.flatnonzero(np.isnan(track.returns[first:last]))
    if len(places):
        day = str(track.days[first + 1 + int(places[0])])[:10]
        message = f"The chain of returns is broken on {day}: there was a gain or loss without capital, so the time-weighted return has no answer"
        yield Finding("chain_broken", message, context={"date": day, "days": len(places)})


def _rates(track: Track, first: int, last: int) -> Iterator[Finding]:
    finding = track.money_weighted(first, last).finding
    if finding is not None:
        yield finding


def gaps_of(figures: Mapping[str, float], track: Track, first: int, last: int, levels: Levels | None, *, real: bool) -> dict[str, str]:
    """Tell why each figure without an answer has none."""
    days = int((track.days[last] - track.days[first]) / np.timedelta64(1, "D"))
    return {name: _why_not(name, track, first, last, days, levels, real=real) for name, value in figures.items() if np.isnan(value)}


def _why_not(name: str, track: Track, first: int, last: int, days: int, levels: Levels | None, *, real: bool) -> str:
    """Choose the nearest reason."""
    if name in OF_A_YEAR and days < 365:
        return "a window of less than a year is not annualised"
    if name in OF_BENCHMARK or name in {"benchmark_annualised", "active_return_annualised"}:
        return "there is no benchmark" if levels is None else "the benchmark has no history for this window"
    if name == "real_twr":
        return "the price index has no level for this window" if real else "no price index was named: send inflation"
    finding = track.money_weighted(first, last).finding if name.startswith("mwr") or name == "return_gap" else None
    if finding:
        return finding.message
    broken = "the chain of returns is broken" if np.isnan(track.returns[first:last]).any() else "there are too few days with a value"
    return "the opening value is not above zero" if name == "simple_return" else broken


def reason(track: Track, first: int, last: int, figures: Mapping[str, float]) -> str:
    """Say in one sentence why the two returns differ."""
    twr, mwr = figures["twr"], figures["mwr_period"]
    if np.isnan(twr) or np.isnan(mwr):
        missing = "the time-weighted return has no answer" if np.isnan(twr) else "there is no one money-weighted return"
        return f"They cannot be compared: {missing}."
    _, flows = track.window(first, last)
    if flows.empty or abs(mwr - twr) <= SAME:
        return "They are equal: no money came in or went out." if flows.empty else "They agree: when money came and went made no difference."
    return _worded(track, first, last, flows, mwr - twr)


def _worded(track: Track, first: int, last: int, flows: pd.Series, gap: float) -> str:
    """Name the flow that did most of it, by its amount and what was earned after it against the whole."""
    grown = track.growth(first, last)
    days = pd.DatetimeIndex(track.days[first:last + 1])
    after = grown[-1] / grown[np.maximum(days.searchsorted(flows.index) - 1, 0)] - 1.0
    effect = flows.to_numpy() * (after - (grown[-1] - 1.0))
    place = int(np.argmax(np.where(np.sign(effect) == np.sign(gap), np.abs(effect), -1.0)))
    amount, day = float(flows.iloc[place]), flows.index[place].date()
    verb = "came in" if amount > 0 else "went out"
    better = "higher" if gap > 0 else "lower"
    return (f"The money-weighted return is {better} by {abs(gap) * 100:.2f} percentage points, most of all because {abs(amount):,.2f} {verb}"
            f" on {day.isoformat()}, after which the portfolio returned {after[place] * 100:+.2f} %.")
