"""From panels to everything that is told of a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from engine import (
    Panel,
    down_capture,
    information_ratio,
    max_drawdown,
    modified_dietz,
    real_return,
    return_on_investment,
    simple_dietz,
    simple_return,
    tracking_error,
    up_capture,
    volatility,
)
from engine.types import Finding, Instrument, Severity
from services.market.marks import Stored
from services.performance.groups import Group
from services.performance.levels import Levels
from services.performance.panels import Scene
from services.performance.parts import contribution_table, currency_table, group_table
from services.performance.quality import gaps_of, quality_of, reason
from services.performance.tables import calendar_table, day_table, flow_table, months_of, series_table, window_table
from services.performance.track import NAN, Floats, Span, Track, a_year
from services.performance.views import BRIDGE, PerformanceQuestion, PerformanceView
from services.references import Reference

NOTHING = Finding("no_transactions", "There is no transaction yet: nothing can be measured", Severity.INFO)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that was read for it, and the name of its answer."""

    scope: str
    question: PerformanceQuestion
    scene: Scene
    start: date
    end: date
    benchmark: Reference | None
    inflation: Instrument | None
    findings: tuple[Finding, ...]
    key: str

    @property
    def label(self) -> str:
        """Whose figures these are, groups aside."""
        names = [part.portfolio.name for part in self.scene.parts]
        return names[0] if self.scope != "all" and names else "All portfolios"

    @property
    def conventions(self) -> dict[str, str]:
        """What was applied, by name."""
        question = self.question
        methods = sorted({part.book.cost_method.value for part in self.scene.parts})
        told = {name: getattr(question, name) for name in ("day_count", "costs", "currency_mode", "transfers_at", "cash", "group_by", "group")}
        told |= {"flow_timing": question.timing, "cost_method": methods[0] if len(methods) == 1 else "mixed", "period": question.period,
                 "benchmark": self.benchmark and self.benchmark.label, "inflation": self.inflation and self.inflation.symbol}
        return {name: str(value) for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything that an answer is made of."""

    asked: Asked
    panel: Panel  # from the first day to today
    flows: Sequence[pd.DataFrame]  # by kind, where the panel is a whole scope
    group: Group | None  # what the answer is of, instead of the scope
    groups: Sequence[Group]
    levels: Levels | None
    prices: Levels | None
    findings: tuple[Finding, ...]
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """An answer with what it was made of."""

    view: PerformanceView
    brief: Brief
    closes: dict[date, pd.DataFrame]  # at both ends: symbol x date close source simulated
    rates: Mapping[date, Stored]  # at both ends: the last rate of each pair


@dataclass(frozen=True, slots=True)
class Beside:
    """What an answer is made of, beside any number of benchmarks."""

    brief: Brief
    levels: tuple[Levels, ...]  # on the days of the panel


def told(brief: Brief) -> PerformanceView:
    """Measure a window."""
    asked, question, levels = brief.asked, brief.asked.question, brief.levels
    track = Track(brief.panel, question)
    span = track.span(asked.start, asked.end)
    first, last = span.first, span.last
    calendar = calendar_table(track, first, last)
    shown = brief.panel.between(asked.start, asked.end)  # after the track, whose sums it shares
    months = months_of(calendar, track, first, last, levels)
    figures = figures_of(track, span, brief) | month_figures(months)
    if brief.is_empty:
        figures = dict.fromkeys(figures, NAN)
    in_base = track.twr(span, track.returns_in("base", question.costs))
    bridge = {str(name): float(value) for name, value in shown.bridge().items()}
    quality = quality_of(track, span, bridge)
    by_day = day_table(track, first, last, moved="external" if brief.group is None else "flow")
    series = series_table(track, by_day, first, last, levels)
    of_levels = [finding for each in (levels, brief.prices) if each for finding in each.findings]
    findings = (*((NOTHING,) if brief.is_empty else ()), *brief.findings, *quality, *of_levels)
    return PerformanceView(
        scope=asked.scope, base_currency=asked.scene.base, start=asked.start, end=asked.end, days=(asked.end - asked.start).days,
        label=asked.label if brief.group is None else brief.group.label, conventions=asked.conventions, figures=figures,
        bridge={name: bridge[name] for name in BRIDGE}, series=series.iloc[:0] if brief.is_empty else series, flows=flow_table(brief.flows, shown),
        windows=window_table(track, asked.end, levels), calendar=calendar,
        contributions=contribution_table(shown, question, asked.scene.instruments),
        groups=group_table(brief.groups, shown, (asked.start, asked.end), question), currency=currency_table(shown, question, in_base),
        why=reason(track, span), quality=quality,
        findings=tuple({(each.code, each.message): each for each in findings}.values()),
        benchmark=None if levels is None else (levels.symbol, levels.name),
        simulated=asked.scene.marked.simulated or bool(levels and levels.simulated),
        revisions={str(part.portfolio.id): part.portfolio.revision for part in asked.scene.parts}, known_at=question.known_at,
        gaps=gaps_of(figures, track, span, levels, real=brief.prices is not None))


def figures_of(track: Track, span: Span, brief: Brief) -> dict[str, float]:
    """Tell every figure of a window but those of its months."""
    first, last, days = span.first, span.last, span.days
    (values, places), by_date = track.moves(first, last), track.window(span)
    flows = track.flow[places]
    twr, rates = track.twr(span), track.money_weighted(span)
    returns = track.returns[first:last]
    opening, closing = (float(value) for value in values)
    found = {
        "twr": twr, "twr_annualised": a_year(twr, days), "mwr": rates.told, "mwr_period": rates.period,
        "mwr_annualised": rates.yearly, "simple_dietz": float(simple_dietz(values, flows)),
        "modified_dietz": float(modified_dietz(*by_date, flow_timing=track.question.timing)),
        "roi": float(return_on_investment(values, flows)), "simple_return": float(simple_return(values, flows)),
        **{f"twr_{costs}": track.twr(span, track.returns_in("base", costs)) for costs in ("net", "gross_of_fees", "gross")},
        "local_twr": track.twr(span, track.returns_in("local", "net")),
        "hedged_twr": track.twr(span, track.returns_in("hedged", "net")),
        "real_twr": _after(twr, brief.prices, first, last), "volatility": float(volatility(returns)),
        "max_drawdown": _deepest(returns),
        "best_day": _extreme(returns, max), "worst_day": _extreme(returns, min), "opening_value": opening, "closing_value": closing,
        "pnl": closing - opening - float(np.nansum(flows)), "invested": opening + float(np.nansum(np.maximum(flows, 0.0))),
        "return_gap": rates.period - twr,
    }
    return found | _against(track, span, brief.levels)


def month_figures(months: pd.DataFrame) -> dict[str, float]:
    """Tell the best and the worst month, how many were above zero, and how the benchmark's ups and downs were met."""
    known = months["portfolio"].dropna()
    told_of = {"best_month": float(known.max()) if len(known) else NAN, "worst_month": float(known.min()) if len(known) else NAN,
               "months_positive": float((known > 0).sum()), "months": float(len(known))}
    pair = months["portfolio"].to_numpy(), months["benchmark"].to_numpy()
    return told_of | {"up_capture": float(up_capture(*pair)), "down_capture": float(down_capture(*pair))}


def _against(track: Track, span: Span, levels: Levels | None) -> dict[str, float]:
    names = ("benchmark_twr", "benchmark_annualised", "active_return", "active_return_annualised", "tracking_error", "information_ratio")
    if levels is None:
        return dict.fromkeys(names, NAN)
    first, last, days = span.first, span.last, span.days
    total, mine = levels.change(first, last), track.twr(span)
    yearly, pair = a_year(total, days), (track.returns[first:last], levels.returns[first:last])
    return {"benchmark_twr": total, "benchmark_annualised": yearly, "active_return": mine - total,
            "active_return_annualised": a_year(mine, days) - yearly, "tracking_error": float(tracking_error(*pair)),
            "information_ratio": float(information_ratio(*pair))}


def _after(twr: float, prices: Levels | None, first: int, last: int) -> float:
    return NAN if prices is None else float(real_return(twr, prices.change(first, last)))


def _deepest(returns: Floats) -> float:
    """Tell the deepest fall before the chain breaks."""
    broken = np.flatnonzero(np.isnan(returns))
    whole = returns[: broken[0]] if len(broken) else returns
    return float(max_drawdown(whole)) if len(whole) else 0.0


def _extreme(returns: Floats, of: Callable[[Floats], float]) -> float:
    known = returns[np.isfinite(returns)]
    return float(of(known)) if len(known) else NAN


