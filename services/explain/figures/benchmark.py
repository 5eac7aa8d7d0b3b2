"""Explanations of the Benchmark page: a figure beside one benchmark, the same cash flows in it, and what a benchmark did alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from services.benchmark.views import PORTFOLIO, Against, BenchmarkQuestion, BenchmarkView
from services.explain.figures.catalogue import TERMS, of_catalogue
from services.explain.figures.material import Material
from services.explain.figures.told import Said, call_of, explanation, plain, spoken, unknown
from services.explain.views import Explanation
from services.risk.of_months import OF_MONTHS

PREFIX: Final = "benchmark."
HINT: Final = "Send figure=benchmark.beta and symbol with the key of a benchmark; GET /api/v1/figures lists them"
LONG: Final = "Long and Nickels, A Private Investment Benchmark (1996)"
FLOWS: Final[Mapping[str, tuple[str, str, str, str, str]]] = {  # title, unit, formula, what it says, after whom
    "portfolio_value": ("Value of the portfolio", "money", "", "At the end of the window, at market.", "IFRS 13"),
    "benchmark_value": ("Value of the same deposits", "money", "sum(flows * grown)",
                        "Each flow is put into the benchmark at the close of its day: the sum of flow x level at the end / level then.", LONG),
    "net_contributions": ("Put in", "money", "sum(flows)", "The opening value and all that came in and went out.", LONG),
    "portfolio_gain": ("Gain", "money", "portfolio_value - net_contributions", "Value less all that was put in.", LONG),
    "benchmark_gain": ("Gain of the same deposits", "money", "benchmark_value - net_contributions",
                       "What they would be worth, less all that was put in.", LONG),
    "excess_value": ("More than the same deposits", "money", "portfolio_value - benchmark_value",
                     "Value of the portfolio less what the flows would be worth in the benchmark.", LONG),
    "portfolio_mwr": ("Your money-weighted return", "fraction", "", "The rate at which the flows grow into the value.", "GIPS Standards 2020"),
    "benchmark_mwr": ("Money-weighted return of the same deposits", "fraction", "", "The rate at which the flows grow into that value.", LONG),
    "excess_mwr": ("More money-weighted return", "fraction", "portfolio_mwr - benchmark_mwr", "Your rate less the rate of the same deposits.", LONG),
    "ks_pme": ("KS-PME", "ratio", "(portfolio_value + sum(shortfalls(flows) * grown)) / sum(surpluses(flows) * grown)",
               "What came out and is left, over what went in, each grown with the benchmark to the end; above 1 you did better.",
               "Kaplan and Schoar, Private Equity Performance (2005)"),
    "direct_alpha": ("Direct alpha", "fraction", "", "The continuous rate a year at which flows, each grown with the benchmark to the end, balance.",
                     "Gredil, Griffiths and Stucke, Benchmarking Private Equity (2014)"),
}
ALONE: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "benchmark_return": ("Return of the benchmark", "fraction", "Over the window, dividends as it counts them.", "GIPS Standards 2020"),
    "benchmark_annualised": ("Its return a year", "fraction", "Constant return of a year that leads to the same wealth.", "GIPS Standards 2020"),
    "benchmark_volatility": ("Its volatility", "fraction", "How far its returns usually lie from their mean, a year.", "CFA Institute curriculum"),
    "benchmark_max_drawdown": ("Its maximum drawdown", "fraction", "Deepest fall from a peak of its own.", "Magdon-Ismail and Atiya (2004)"),
    "active_share": ("Active share", "fraction", "Half of the sizes of all differences of weights, cash as one of its own.",
                     "Cremers and Petajisto, How Active Is Your Fund Manager? (2009)"),
}


MONTH: Final = "active_month"


def of_month(view: BenchmarkView, month: str, asked: BenchmarkQuestion) -> Explanation:
    """Tell how the return above the first benchmark of a month (2026-03) or of a year (2026) comes about.

    Raises
    ------
    InvalidInput
        No such month in the answer.
    """
    told = view.benchmarks[0] if view.benchmarks else None
    both = view.months[[PORTFOLIO, told.key]].dropna() if told is not None and told.key in view.months else pd.DataFrame()
    rows = both[[str(each).startswith(month) for each in both.index]] if month else both.iloc[:0]
    if told is None or not len(rows):
        raise unknown(f"{MONTH}:{month}", "Send a month as 2026-03")
    own, theirs = (float(np.prod(1.0 + rows[name].to_numpy(dtype=float))) - 1.0 for name in (PORTFOLIO, told.key))
    said = _said(view, told, f"Above {told.name} in {month}", own - theirs, "fraction", "The portfolio's return less the benchmark's.",
                 "GIPS Standards 2020", asked, MONTH, ["Months linked" if len(rows) > 1 else "Days linked"])
    return explanation(said, "portfolio_return - benchmark_return", plain({
        "portfolio_return": ("Return of the portfolio", "fraction", own),
        "benchmark_return": ("of the benchmark", "fraction", theirs)}))


def names() -> list[str]:
    """List what can be explained of a benchmark."""
    return [*(name for name, term in TERMS.items() if term.relative and term.group == "Benchmark"), "correlation", *ALONE,
            *(f"flows.{name}" for name in FLOWS)]


def of_benchmark(view: BenchmarkView, name: str, key: str, asked: BenchmarkQuestion) -> Explanation:
    """Tell how a figure beside a benchmark comes about.

    Raises
    ------
    InvalidInput
        No such figure, or no such benchmark in the answer.
    """
    told = next((each for each in view.benchmarks if each.key == key), None)
    part, _, flow = name.partition(".")
    if told is None or name not in names():
        raise unknown(name if told else f"{name}:{key}", HINT)
    if part == "flows":
        return _of_flows(view, told, flow, asked)
    term = TERMS.get(name)
    title, unit, meaning, source = ALONE[name] if term is None else (term.label, term.unit, term.meaning, term.source)
    lacks = told.missing.get(name)
    gap = [f"It has no value: {told.gaps[name]}"] if name in told.gaps else []
    lacking = [f"{lacks} more observations are needed for it to say something"] if lacks else []
    said = _said(view, told, f"{title}, against {told.name}", told.figures.get(name), unit, meaning, source, asked, name,
                 [*gap, *lacking, *_counted(view, told)])
    if name == "benchmark_annualised":
        return explanation(said, "(1 + benchmark_return) ** (365.25 / days) - 1", plain({
            "benchmark_return": ("Return of the benchmark", "fraction", told.figures["benchmark_return"]),
            "days": ("Calendar days", "count", float(view.days))}))
    if name == "benchmark_return":
        return _of_growth(said, view, told)
    convention = {"alpha": asked.alpha}.get(name, asked.capture if name in OF_MONTHS else "")
    return of_catalogue(said, name, _material(view, told, asked), prefix=PREFIX, suffix=f":{told.key}", convention=convention, relative=True)


def _said(view: BenchmarkView, told: Against, title: str, value: float | None, unit: str, meaning: str, source: str,  # noqa: PLR0913, PLR0917
          asked: BenchmarkQuestion, name: str, conventions: list[str]) -> Said:
    call = call_of(view.scope, "benchmark", asked, BenchmarkQuestion(), benchmarks=None, period=None, start=view.start, end=view.end,
                   benchmark=told.key)
    place = name if name.startswith("flows.") else f"figures.{name}"
    return Said(f"{PREFIX}{name}", view.scope, title, value, unit, view.base_currency, meaning,
                [f"Against {told.name}{', dividends put back' if told.is_total_return else ''}", *conventions, *spoken(view.conventions)], source,
                call, f"benchmarks[key={told.key}].{place}", symbol=told.key, findings=told.findings)


def _counted(view: BenchmarkView, told: Against) -> list[str]:
    span = f", {told.begins} to {told.ends}" if told.begins and told.ends else ""
    return [f"{told.observations:,} {view.conventions.get('frequency')} returns{span}"]


def _material(view: BenchmarkView, told: Against, asked: BenchmarkQuestion) -> Material:
    pair = view.returns[[PORTFOLIO, told.key]]
    months = view.months[[PORTFOLIO, told.key]].set_axis(["own", "theirs"], axis=1)
    both = pair.dropna()
    weights = pd.Series({each.key: each.active_weight for each in told.constituents}, dtype=float)
    weights["what only the portfolio holds"] = 1.0 - sum(each.portfolio_weight for each in told.constituents)
    return Material(both[PORTFOLIO], both[told.key], view.periods_per_year, rate=asked.risk_free, figures=told.figures, months=months,
                    zero=asked.zero, horizon=asked.horizon, errors=asked.errors, excess=asked.excess,
                    alone=pair[told.key].dropna(), active_weights=weights)


def _of_growth(said: Said, view: BenchmarkView, told: Against) -> Explanation:
    levels = view.growth[told.key].dropna()
    ends = (float(levels.iloc[-1]), float(levels.iloc[0])) if len(levels) else (float("nan"), float("nan"))
    return explanation(said, "level_at_end / level_at_start - 1", plain({
        "level_at_end": ("Its level at the end", "growth", ends[0]), "level_at_start": ("Its level at the start", "growth", ends[1])}))


def _of_flows(view: BenchmarkView, told: Against, name: str, asked: BenchmarkQuestion) -> Explanation:
    title, unit, formula, meaning, source = FLOWS[name]
    said = _said(view, told, f"{title}, {told.name}", getattr(told.flows, name), unit, meaning, source, asked, f"flows.{name}", [])
    moved = pd.Series(view.flows["amount"].to_numpy(dtype=float), index=pd.DatetimeIndex(view.flows["date"]))
    levels = view.growth[told.key]
    then = levels.reindex(moved.index, method="ffill").to_numpy() if len(levels) else float("nan")
    grown = pd.Series((levels.iloc[-1] if len(levels) else float("nan")) / then, index=moved.index)
    known = {each: (FLOWS[each][0], FLOWS[each][1], getattr(told.flows, each)) for each in FLOWS}
    return explanation(said, formula, plain({
        **known, "flows": ("What came in (+) and went out (\u2212)", "money", moved),
        "grown": ("The benchmark's level at the end over that of the day", "ratio", grown)}))
