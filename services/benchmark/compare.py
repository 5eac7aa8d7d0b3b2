"""A portfolio beside its benchmarks: the one path to every figure that stands between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import blend_weights, max_drawdown, volatility
from engine.errors import InvalidInput
from engine.types import Actor, Finding, Severity
from services import fields
from services.benchmark.figures import Told, figures_of
from services.benchmark.series import (
    daily_returns,
    excess_table,
    figures_alone,
    flows_of,
    growth_table,
    month_table,
    rolling_tables,
    same_flow_table,
    same_flows,
    weekly_returns,
)
from services.benchmark.shares import Shares
from services.benchmark.views import (
    ALPHAS,
    CAPTURES,
    EXCESSES,
    FREQUENCIES,
    MOST_BENCHMARKS,
    PERIODS_PER_YEAR,
    PORTFOLIO,
    ROLLING_WINDOWS,
    STANDARD_ERRORS,
    ZEROS,
    Against,
    BenchmarkQuestion,
    BenchmarkView,
    Constituent,
    SameFlows,
)
from services.books.service import once
from services.constituents.book import Book, Books
from services.fields import Place
from services.performance.figures import Beside
from services.performance.figures import figures_of as own_figures
from services.performance.levels import Levels
from services.performance.panels import CASH
from services.performance.service import Performance
from services.performance.track import Span, Track, a_year
from services.performance.views import PerformanceQuestion
from services.references import key_of
from services.risk.exposures import ExposureQuestion, Exposures
from services.views import ALL

CHOICES: Final = {"frequency": FREQUENCIES, "alpha": ALPHAS, "excess": EXCESSES, "capture": CAPTURES, "zero": ZEROS, "errors": STANDARD_ERRORS}
LONGEST_WINDOW, LONGEST_HORIZON = 2520, 120
NAN = float("nan")
NOTHING_TO_COMPARE = Finding("no_benchmark", "No benchmark is chosen: give the portfolio one, or name one here", Severity.INFO)


class Benchmark:
    """Compares the actor's portfolios."""

    def __init__(self, database: Database, performance: Performance, exposures: Exposures, books: Books) -> None:
        self._database, self._performance, self._exposures, self._books = database, performance, exposures, books

    def compare(self, actor: Actor, scope: str | UUID = ALL, question: BenchmarkQuestion | None = None) -> BenchmarkView:
        """Measure a portfolio, a group within it, or all together, beside up to six benchmarks.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : BenchmarkQuestion, optional
            Window, benchmarks and conventions; default everything, beside the portfolio's own benchmark.

        Raises
        ------
        NotFound
            No such portfolio, group or benchmark in the actor's workspace.
        InvalidInput
            A convention, a window or a number of benchmarks that cannot be.
        """
        asked = checked(question or BenchmarkQuestion())
        plain = PerformanceQuestion(start=asked.start, end=asked.end, period=asked.period, costs=asked.costs, base_currency=asked.base_currency,
                                    group_by=asked.group_by, group=asked.group)
        beside = self._performance.beside(actor, scope, plain, asked.benchmarks)
        held = self._exposures.exposure(actor, scope, ExposureQuestion(
            asked.start, asked.end, asked.period, "", asked.base_currency, asked.group_by if asked.group else None, asked.group))
        book = self._book(actor, beside) if asked.look_through else Book()
        return view_of(beside, asked, pd.DatetimeIndex(held.realised.index), held.periods_per_year, book)

    def _book(self, actor: Actor, beside: Beside) -> Book:
        """Read what the funds hold that are held or compared with."""
        compared = [each.part.instrument for levels in beside.levels for each in levels.parts if each.part.instrument is not None]
        held = [each for symbol, each in beside.brief.asked.scene.instruments.items() if symbol in beside.brief.panel.rows]
        with self._database.read() as unit:
            return self._books.read(unit, actor, list({each.id: each for each in (*held, *compared)}.values()))


def checked(asked: BenchmarkQuestion) -> BenchmarkQuestion:
    """Give the question in the words of the house; what belongs to the window is read with it."""
    told: dict[str, Any] = {name: fields.choice(Place(name), getattr(asked, name), options) for name, options in CHOICES.items()}
    if asked.benchmarks is not None:
        keys = tuple(dict.fromkeys(key_of(Place("benchmark"), each) for each in asked.benchmarks if each.strip()))
        if len(keys) > MOST_BENCHMARKS:
            raise InvalidInput("benchmark", ",".join(keys), f"names {len(keys)} benchmarks, at most {MOST_BENCHMARKS} are compared at once",
                               hint="Leave some out", rule="too_many")
        told["benchmarks"] = keys
    if not -1 < asked.risk_free < 10:
        raise InvalidInput("risk_free", asked.risk_free, "is no rate a year", hint="Rates are fractions: 0.03 is 3 %", rule="too_large")
    for name, longest in (("window", LONGEST_WINDOW), ("horizon", LONGEST_HORIZON)):
        least, value = 2 if name == "window" else 1, getattr(asked, name)
        if value is not None and not least <= value <= longest:
            raise InvalidInput(name, value, f"is not {least} to {longest} periods", hint="Leave it out for the usual one", rule="out_of_range")
    return replace(asked, **told)


def view_of(beside: Beside, asked: BenchmarkQuestion, days: pd.DatetimeIndex, periods: float, book: Book) -> BenchmarkView:
    """Measure what was read; `days` are those of trading."""
    brief, levels = beside.brief, beside.levels
    about, track = brief.asked, Track(brief.panel, brief.asked.question)
    span = track.span(about.start, about.end)
    months, daily = month_table(track, span, levels), daily_returns(track, span, levels, days)
    returns = {"daily": lambda: daily, "weekly": lambda: weekly_returns(daily), "monthly": lambda: _by_end(months)}[asked.frequency]()
    a_year_has = periods if asked.frequency == "daily" else PERIODS_PER_YEAR[asked.frequency]
    growth, flows = growth_table(track, span, levels), flows_of(track, span)
    money = same_flow_table(track, span, flows, levels)
    window = asked.window or ROLLING_WINDOWS[asked.frequency]
    shares = Shares(_weights(track, span), about.scene.instruments, book)
    found = tuple(_shared(_against(each, asked, track, span, returns, months, a_year_has, same_flows(track, span, flows, each, money)), each, shares)
                  for each in levels)
    findings = (*brief.findings, *(() if levels else (NOTHING_TO_COMPARE,)), *(each for one in found for each in one.findings))
    empty = slice(0, 0) if brief.is_empty else slice(None)
    return BenchmarkView(
        scope=about.scope, label=about.label if brief.group is None else brief.group.label, base_currency=about.scene.base, start=about.start,
        end=about.end, days=(about.end - about.start).days, periods_per_year=a_year_has, window=window,
        conventions=_conventions(asked, about.conventions),
        own=figures_alone(own_figures(track, span, brief), flows), benchmarks=found, growth=growth.iloc[empty],
        excess=excess_table(growth, asked.excess).iloc[empty], returns=returns, months=months,
        rolling=rolling_tables(returns, asked, window, a_year_has), same_flows=money.iloc[empty],
        flows=pd.DataFrame({"date": flows.index, "amount": flows.to_numpy()}), findings=once(findings),
        simulated=about.scene.marked.simulated or any(each.simulated for each in levels),
        revisions={str(part.portfolio.id): part.portfolio.revision for part in about.scene.parts},
        sources={each.symbol: last for each in levels if (last := _newest(each)) is not None})


def _conventions(asked: BenchmarkQuestion, told: dict[str, str]) -> dict[str, str]:
    names = (*CHOICES, "risk_free", "horizon")
    return {name: value for name, value in told.items() if name != "benchmark"} | {name: str(getattr(asked, name)) for name in names}


def _by_end(months: pd.DataFrame) -> pd.DataFrame:
    """Give the returns of months by their last day."""
    ends = pd.PeriodIndex(months.index).to_timestamp(how="end").normalize()
    return months.set_axis(ends.rename("date"))


def _against(levels: Levels, asked: BenchmarkQuestion, track: Track, span: Span, returns: pd.DataFrame, months: pd.DataFrame,
             periods: float, flows: SameFlows) -> Against:
    pair = returns[[PORTFOLIO, levels.symbol]]
    told = figures_of(pair, months[[PORTFOLIO, levels.symbol]], asked, periods)
    both = pair.dropna()
    reference = levels.reference
    constituents = _constituents(levels, track, span)
    figures = told.figures | _alone(levels, span, pair[levels.symbol], periods)
    gaps = told.gaps | _gaps(figures, told)
    return Against(
        key=levels.symbol, kind=reference.kind if reference else "instrument", name=levels.name or levels.symbol,
        currency=reference.currency if reference else "", begins=both.index[0].date() if len(both) else None,
        ends=both.index[-1].date() if len(both) else None, observations=told.observations, months=told.months,
        is_total_return=any(each.payments for each in levels.parts), simulated=levels.simulated, figures=figures, missing=told.missing, gaps=gaps,
        flows=flows, constituents=constituents, findings=(*levels.findings, *_overlap(levels, told, len(pair))))


def _shared(told: Against, levels: Levels, shares: Shares) -> Against:
    """Add the active share: what of the portfolio is not in the benchmark."""
    is_blend = levels.reference is not None and levels.reference.kind == "blend"
    parts = [(each.key, each.weight, part.part.instrument) for each, part in zip(told.constituents, levels.parts, strict=True)]
    share, seen = shares.active(parts, is_blend=is_blend)
    gaps = {} if np.isfinite(share) else {"active_share": "A part has no weight or price" if is_blend else (
        f"What {levels.symbol} holds is not known: tell it by PUT /api/v1/instruments/{levels.symbol}/constituents, or take a blend")}
    return replace(told, figures={**told.figures, "active_share": share}, gaps={**told.gaps, **gaps}, findings=(*told.findings, *seen))


def _alone(levels: Levels, span: Span, returns: pd.Series, periods: float) -> dict[str, float]:
    """Tell what a benchmark did by itself."""
    total, known = levels.change(span.first, span.last), returns.dropna().to_numpy()
    return {"benchmark_return": total, "benchmark_annualised": a_year(total, span.days),
            "benchmark_volatility": float(volatility(known, periods_per_year=periods)),
            "benchmark_max_drawdown": float(max_drawdown(known)) if len(known) else NAN}


def _gaps(figures: dict[str, float], told: Told) -> dict[str, str]:
    found = {}
    if np.isnan(figures["benchmark_return"]):
        found["benchmark_return"] = "The benchmark has no history for this window"
    if np.isnan(figures["benchmark_annualised"]):
        found["benchmark_annualised"] = found.get("benchmark_return", "The window is not longer than a year")
    for name in ("benchmark_volatility", "benchmark_max_drawdown"):
        if np.isnan(figures[name]):
            found[name] = f"It takes 2 returns of the benchmark, {told.observations} are there"
    return found


def _overlap(levels: Levels, told: Told, asked: int) -> list[Finding]:
    if told.observations >= 2:
        return []
    message = f"{levels.label} shares {told.observations} of {asked} returns with the portfolio; it takes 2 to compare, 30 to say something"
    return [Finding("no_overlap", message, context={"symbol": levels.symbol, "needed": 2, "found": told.observations})]


def _constituents(levels: Levels, track: Track, span: Span) -> tuple[Constituent, ...]:
    """Tell the parts of a benchmark at the end of a window, with what the portfolio holds of each."""
    held, parts, reference = _weights(track, span), levels.parts, levels.reference
    frame = pd.DataFrame({place: each.closes[:span.last + 1] for place, each in enumerate(parts)}, index=track.index[:span.last + 1])
    targets = {place: each.part.weight for place, each in enumerate(parts)}
    drifted = blend_weights(frame, targets, rebalancing=reference.rebalancing if reference else "never").iloc[-1] if len(frame) else targets
    return tuple(
        Constituent(each.part.key, each.part.instrument.name if each.part.instrument else "Cash", float(drifted[place]), each.part.weight,
                    mine := float(held.get(each.part.key, 0.0)), mine - float(drifted[place]), _change(each.closes, span), each.payments)
        for place, each in enumerate(parts))


def _change(closes: Any, span: Span) -> float:  # noqa: ANN401  # an array
    opening = closes[span.first]
    return float(closes[span.last] / opening - 1.0) if opening > 0 else NAN


def _weights(track: Track, span: Span) -> dict[str, float]:
    """Weights of a portfolio at the end by symbol, cash of all currencies together."""
    values = track.panel.value[span.last]
    total = float(np.nansum(values))
    if not total > 0:
        return {}
    names = ["cash" if row.startswith(CASH) else row for row in track.panel.rows]
    told = pd.Series(values / total, index=names, dtype=np.float64)
    return {str(name): float(value) for name, value in told.groupby(level=0).sum(min_count=1).items()}


def _newest(levels: Levels) -> Any:  # noqa: ANN401  # a date or None
    known = [each.last for each in levels.parts if each.last is not None]
    return min(known) if known else None
