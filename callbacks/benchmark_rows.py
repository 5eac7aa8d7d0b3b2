"""Turns an answer of the benchmark service into the rows and figures that the tabs Against and Same cash flows show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from dash import html

from callbacks.performance_rows import CENT, past_a_year, sentence
from components import benchmark as parts
from components import cards, theme
from components.benchmark import Beside, Elsewhere, Headline, Piece
from components.figures_benchmark import LEVEL, PERCENT, RATIO, Form, Line, Pairs
from services.benchmark.terms import relative_terms
from services.benchmark.views import PORTFOLIO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from components.benchmark import Term
    from engine.types import Finding
    from services.benchmark.views import Against, BenchmarkView

MOST_NOTICES = 3
ROLLED = {"beta": ("Beta", RATIO, 1.0), "alpha": ("Alpha, a year", PERCENT, 0.0), "correlation": ("Correlation", RATIO, None),
          "tracking_error": ("Tracking error, a year", LEVEL, None), "active_return": ("Active return, a year", PERCENT, 0.0),
          "information_ratio": ("Information ratio", RATIO, 0.0)}  # title, form, the level that is drawn across
PERIOD_WORDS = {"daily": ("day", "days"), "weekly": ("week", "weeks"), "monthly": ("month", "months")}


# ----------------------------------------------------------------------------------------------------------------------- the frame


def days_of(frame: pd.DataFrame) -> list[date]:
    """Give the days of a table of series."""
    return [day.date() for day in frame.index]


def names(view: BenchmarkView) -> dict[str, str]:
    """Give what each benchmark is called, by its key."""
    return {each.key: each.name or each.key for each in view.benchmarks}


def when(view: BenchmarkView) -> str:
    """Give the page's subtitle: which days, whose, in what."""
    return f"{theme.day(view.start)} to {theme.day(view.end)}, {view.label}, {view.base_currency}"


def has_answer(view: BenchmarkView) -> bool:
    """Whether there is a benchmark with days to compare."""
    return any(each.observations for each in view.benchmarks) and len(view.growth) > 1


def notices(findings: Sequence[Finding]) -> list[Any]:
    """Say what weakens the figures, the grave first; more than three lines are folded away."""
    order, kinds = {"error": 0, "warning": 1, "info": 2}, {"error": "crit", "warning": "warn", "info": "info"}
    unique = sorted(dict.fromkeys((finding.severity.value, sentence(finding)) for finding in findings), key=lambda told: order[told[0]])
    lines = [cards.notice(head, kind=kinds[severity]) for severity, head in unique]
    more = lines[MOST_NOTICES:]
    return [*lines[:MOST_NOTICES], *([html.Details([html.Summary(f"{len(more)} more about the quality of these figures"), *more], className="more")]
                                     if more else [])]


def foot(view: BenchmarkView) -> str:
    """Say at the foot of a printed sheet what was measured, and how."""
    said = "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in view.conventions.items() if value)
    return f"{when(view)}, against {', '.join(names(view).values())}. {said}."


# ----------------------------------------------------------------------------------------------------------------------- headlines


def headlines(view: BenchmarkView) -> list[Headline]:
    """Give the seven figures against the first benchmark."""
    first, yearly = view.benchmarks[0], past_a_year(view.start, view.end)
    own, other = view.own.get("total_return"), _end(view.growth, first.key, less=1.0)
    per_year = f"{theme.percent(view.own.get('annualised_return'))} p.a." if yearly else "not annualised"
    r_squared = f"R² {theme.number(first.figures.get('r_squared'))}"
    return [
        Headline("own", "Portfolio", own, "signed", "time-weighted return", per_year),
        Headline("benchmark", "Benchmark", other, "signed", first.name, "dividends put back" if first.is_total_return else "prices alone"),
        Headline("excess", "Above it", _end(view.excess, first.key), "signed", f"{view.conventions.get('excess', 'arithmetic')} excess return",
                 "since the start", toned=True),
        _of(first, "tracking_error", "Tracking error", "fraction", "of the difference, a year"),
        _of(first, "information_ratio", "Information ratio", "ratio", "active return over its error"),
        _of(first, "beta", "Beta", "ratio", "moved per 1 % of it", r_squared),
        _of(first, "alpha", "Alpha", "signed", "a year, beyond beta", _uncertain(first)),
    ]


def _of(first: Against, name: str, label: str, kind: str, what: str, context: str = "") -> Headline:
    return Headline(name, label, first.figures.get(name), kind, what, context or _counted(first), why_not=first.gaps.get(name, ""),
                    missing=first.missing.get(name, 0), explain=f"benchmark.{name}:{first.key}")


def _counted(first: Against) -> str:
    return f"{first.observations:,} observations"


def _uncertain(first: Against) -> str:
    told = first.figures.get("alpha_t_statistic", first.figures.get("t_statistic"))
    return f"t {theme.number(told)}" if theme.known(told) else ""


def _end(frame: pd.DataFrame, key: str, *, less: float = 0.0) -> float | None:
    known = frame[key].dropna() if key in frame else pd.Series(dtype=float)
    return float(known.iloc[-1]) - less if len(known) else None


def terms() -> Sequence[Term]:
    """Give the catalogue of the figures, in its order."""
    return relative_terms()


def columns(view: BenchmarkView) -> list[Beside]:
    """Give a column of figures for each benchmark."""
    return [Beside(each.key, each.name or each.key, each.figures, each.missing, each.gaps) for each in view.benchmarks]


# --------------------------------------------------------------------------------------------------------------------------- lines


def growth_lines(view: BenchmarkView) -> list[Line]:
    """Give the growth of the portfolio and of each benchmark, in fractions."""
    told = names(view)
    own = Line(view.label, (view.growth[PORTFOLIO] - 1).tolist(), "own")
    return [own, *(Line(name, (view.growth[key] - 1).tolist()) for key, name in told.items() if key in view.growth)]


def excess_strip(view: BenchmarkView) -> Line | None:
    """Give the return above the first benchmark, for the strip under the growth."""
    key = view.benchmarks[0].key
    if key not in view.excess or not view.excess[key].notna().any():
        return None
    told = "Above" if len(view.benchmarks) == 1 else f"Above {view.benchmarks[0].name}"
    return Line(f"{told}, since the start", view.excess[key].reindex(view.growth.index).tolist(), "effect")


def rolling_lines(view: BenchmarkView, name: str) -> tuple[list[date], list[Line]]:
    """Give a rolling figure against each benchmark, from the first full window on."""
    frame = view.rolling.get(name, pd.DataFrame())
    known = frame[frame.notna().any(axis=1).cummax()] if len(frame) else frame
    return days_of(known), [Line(told, known[key].tolist()) for key, told in names(view).items() if key in known]


def rolling_look(name: str) -> tuple[str, Form, float | None]:
    """Give title, form and level of a rolling figure."""
    return ROLLED[name]


def window_words(view: BenchmarkView) -> str:
    """Say how long a rolling window is."""
    return f"windows of {view.window} {PERIOD_WORDS[view.conventions.get('frequency', 'daily')][1]}"


def money_days(view: BenchmarkView) -> pd.DataFrame:
    """Give the days from the first money on: before it all is nothing."""
    there = view.same_flows["net_contributions"].abs() >= CENT
    return view.same_flows[there.cummax()] if there.any() else view.same_flows


def money_lines(view: BenchmarkView) -> list[Line]:
    """Give what the portfolio is worth, what the same flows would be worth in each benchmark, and what was put in."""
    frame, told = money_days(view), names(view)
    others = [Line(name, frame[key].tolist()) for key, name in told.items() if key in frame]
    return [Line(view.label, frame[PORTFOLIO].tolist(), "own"), *others, Line("Put in", frame["net_contributions"].tolist(), "step")]


def pairs(view: BenchmarkView) -> Pairs | None:
    """Give the periods that the portfolio and the first benchmark both have."""
    key = view.benchmarks[0].key
    both = view.returns[[PORTFOLIO, key]].dropna() if key in view.returns else pd.DataFrame()
    if len(both) < 2:
        return None
    own, other = both[PORTFOLIO], both[key]
    said = [theme.day(day.date()) for day in both.index]
    return Pairs(said, own.tolist(), other.tolist(), view.benchmarks[0].figures.get("beta", float("nan")), (float(other.mean()), float(own.mean())))


def spoken_lines(lines: Sequence[Line], form: Form, what: str) -> str:
    """Say what a chart of lines shows, for those who do not see it."""
    ends = [(line.name, next((value for value in reversed(line.values) if theme.known(value)), None)) for line in lines]
    return f"{what}: " + "; ".join(f"{name} {form.end(end) if end is not None else theme.UNKNOWN}" for name, end in ends)


def months(view: BenchmarkView) -> dict[int, list[float | None]]:
    """Give the return above the first benchmark of each month, thirteen figures a year, the last of the whole year."""
    key = view.benchmarks[0].key
    both = view.months[[PORTFOLIO, key]].dropna() if key in view.months else pd.DataFrame()
    found: dict[int, list[float | None]] = {}
    for month, row in both.iterrows():
        found.setdefault(month.year, [None] * 13)[month.month - 1] = float(row[PORTFOLIO] - row[key])
    for year, row in found.items():
        grown = (1 + both[both.index.year == year]).prod() - 1
        row[12] = float(grown[PORTFOLIO] - grown[key])
    return found


# ---------------------------------------------------------------------------------------------------------------- parts, same flows


def pieces(first: Against) -> list[Piece]:
    """Give what the first benchmark is made of; nothing where it is one thing."""
    if len(first.constituents) < 2:
        return []
    return [Piece(each.key, each.name, each.target, each.weight, each.portfolio_weight, each.active_weight, each.total_return)
            for each in first.constituents]


def elsewhere(view: BenchmarkView) -> list[Elsewhere]:
    """Give the same cash flows in each benchmark."""
    return [Elsewhere(each.key, each.name, told.benchmark_value, told.excess_value, told.benchmark_gain, told.benchmark_mwr, told.excess_mwr,
                      told.ks_pme, told.direct_alpha, told.exhausted, told.is_annual) for each in view.benchmarks for told in [each.flows]]


def own_money(view: BenchmarkView) -> Elsewhere:
    """Give the portfolio's own row beside them."""
    told = view.benchmarks[0].flows
    return Elsewhere(PORTFOLIO, view.label, told.portfolio_value, None, told.portfolio_gain, told.portfolio_mwr, *[None] * 4, told.is_annual)


def money_headlines(view: BenchmarkView) -> list[Headline]:
    """Give the six figures of the same cash flows in the first benchmark."""
    first, currency = view.benchmarks[0], view.base_currency
    told, rate = first.flows, "a year" if first.flows.is_annual else "of the window"
    reason = first.gaps.get("benchmark_value", "")

    def one(name: str, label: str, value: float, kind: str, what: str, context: str, *, toned: bool = False) -> Headline:
        return Headline(name, label, value, kind, what, context, toned, first.gaps.get(name, reason), explain=f"benchmark.flows.{name}:{first.key}")

    return [
        one("portfolio_value", "You have", told.portfolio_value, "amount", currency, f"{theme.money(told.net_contributions, decimals=0)} put in"),
        one("benchmark_value", "The same deposits", told.benchmark_value, "amount", f"{currency} in {first.name}", "bought on the same days"),
        one("excess_value", "You have more by", told.excess_value, "amount", currency, "Long-Nickels", toned=True),
        one("portfolio_mwr", "Your MWR", told.portfolio_mwr, "signed", f"internal rate, {rate}", f"{first.name} {theme.percent(told.benchmark_mwr)}"),
        one("ks_pme", "KS-PME", told.ks_pme, "ratio", "above 1 beats the benchmark", "Kaplan-Schoar"),
        one("direct_alpha", "Direct alpha", told.direct_alpha, "signed", "a year, beyond the benchmark", "Gredil et al."),
    ]


def moves(view: BenchmarkView) -> list[tuple[date, float]]:
    """List the money that crossed the border, oldest first; what came and went on one day is nothing."""
    told = [(pd.Timestamp(day).date(), float(amount)) for day, amount in zip(view.flows["date"], view.flows["amount"], strict=True)]
    return [move for place, move in enumerate(told) if not place or abs(move[1]) >= CENT]


def said(view: BenchmarkView) -> list[Any]:
    """Say what would have become of the money in the first benchmark."""
    return parts.flows_sentence(view.benchmarks[0].flows.portfolio_value, elsewhere(view)[0], view.base_currency)
