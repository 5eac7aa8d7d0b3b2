"""What weakens figures, why one has no answer, and why the time- and the money-weighted return differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine import return_quality, why_they_differ
from engine.types import Finding
from services.performance.levels import Levels
from services.performance.track import Span, Track

SAME: Final = 5e-5  # half of a hundredth of a percent: what is shown equal is equal
OF_A_YEAR: Final = frozenset({"twr_annualised", "mwr_annualised", "benchmark_annualised", "active_return_annualised"})
OF_BENCHMARK: Final = frozenset({"benchmark_twr", "active_return", "tracking_error", "information_ratio", "up_capture", "down_capture"})


def quality_of(track: Track, span: Span, bridge: Mapping[str, float]) -> tuple[Finding, ...]:
    """Tell missing prices, large flows, breaks of the chain, and a money-weighted return that is none or several."""
    values, flows = track.between(span)
    odd = return_quality(values, flows, flow_timing=track.question.timing)
    rate = track.money_weighted(span).finding
    return (*_missing(track, span, bridge), *odd, *([rate] if rate else []))


def _missing(track: Track, span: Span, bridge: Mapping[str, float]) -> Iterator[Finding]:
    unknown = [name for name, value in bridge.items() if np.isnan(value)]
    if unknown:
        message = "The bridge does not close: a holding has no price or rate at its start or end"
        yield Finding("bridge_excludes", message, context={"figures": unknown})
    shown: NDArray[np.bool_] = track.panel.missing[span.first:span.last + 1]
    days = int(shown.any(axis=1).sum())
    if days:
        rows = [row for row, gone in zip(track.panel.rows, np.any(shown, axis=0).tolist(), strict=True) if gone]
        message = f"On {days} days the value leaves out what has no price or rate: {', '.join(rows[:5])}{' and others' if len(rows) > 5 else ''}"
        yield Finding("series_excludes", message, context={"days": days, "rows": rows[:50]})
        yield from (Finding("missing_price", f"{row} has no price or rate on some days", context={"symbol": row}) for row in rows[:50])


def gaps_of(figures: Mapping[str, float], track: Track, span: Span, levels: Levels | None, *, real: bool) -> dict[str, str]:
    """Tell why each figure without an answer has none."""
    return {name: _why_not(name, track, span, levels, real=real) for name, value in figures.items() if np.isnan(value)}


def _why_not(name: str, track: Track, span: Span, levels: Levels | None, *, real: bool) -> str:
    """Choose the nearest reason."""
    if name in OF_A_YEAR and span.days < 365:
        return "a window of less than a year is not annualised"
    if name in OF_BENCHMARK or name in {"benchmark_annualised", "active_return_annualised"}:
        return "there is no benchmark" if levels is None else "the benchmark has no history for this window"
    if name == "real_twr":
        return "the price index has no level for this window" if real else "no price index was named: send inflation"
    finding = track.money_weighted(span).finding if name.startswith("mwr") or name == "return_gap" else None
    if finding:
        return finding.message
    broken = "the chain of returns is broken" if np.isnan(track.returns[span.first:span.last]).any() else "there are too few days with a value"
    return "the opening value is not above zero" if name == "simple_return" else broken


def reason(track: Track, span: Span) -> str:
    """Say in one sentence why the two returns differ."""
    values, flows = track.between(span)
    told = why_they_differ(values, flows, flow_timing=track.question.timing, day_count=track.question.day_count)
    if np.isnan(told["gap"]):
        missing = "the time-weighted return has no answer" if np.isnan(told["twr"]) else "there is no one money-weighted return"
        return f"They cannot be compared: {missing}."
    if told["timing"] is None:
        return "They are equal: no money came in or went out."
    if abs(told["gap"]) <= SAME:
        return "They agree: when money came and went made no difference."
    return _worded(told)


def _worded(told: Mapping[str, Any]) -> str:
    """Name the flow that did most, with what was earned before and after it."""
    way = "came in" if told["flow_amount"] > 0 else "went out"
    side = "higher" if told["gap"] > 0 else "lower"
    return (f"The money-weighted return is {side} by {abs(told['gap']) * 100:.2f} percentage points, most of all because"
            f" {abs(told['flow_amount']):,.2f} {way} on {told['flow_date'].isoformat()}: the return was {told['return_before'] * 100:+.2f} % before"
            f" and {told['return_after'] * 100:+.2f} % after.")
