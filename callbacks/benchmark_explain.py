"""Says what a figure of the Benchmark page is: its value, what it means, after whom, by which conventions, and the call that gives it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from callbacks import attribution, benchmark, factors
from callbacks.benchmark_rows import terms
from components import attribution as effects
from components import explain, theme
from engine.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services import Services

ROOTS = frozenset({"benchmark", "attribution", "factors"})
LONG = "Long and Nickels, A Private Investment Benchmark (1996)"
FLOWS = {
    "portfolio_value": ("Value of the portfolio", "money", "At the end of the window, at market.", "IFRS 13"),
    "benchmark_value": ("Value of the same deposits", "money",
                        "Each flow is put into the benchmark at the close of its day: the sum of flow x level at the end / level then.", LONG),
    "benchmark_gain": ("Gain of the same deposits", "money", "What they would be worth, less all that was put in.", LONG),
    "excess_value": ("More than the same deposits", "money", "Value of the portfolio less what the flows would be worth in the benchmark.", LONG),
    "portfolio_mwr": ("Your money-weighted return", "fraction", "The rate at which the flows grow into the value.", "GIPS Standards 2020"),
    "benchmark_mwr": ("Money-weighted return of the same deposits", "fraction", "The rate at which the flows grow into that value.", LONG),
    "excess_mwr": ("More money-weighted return", "fraction", "Your rate less the rate of the same deposits.", LONG),
    "ks_pme": ("KS-PME", "ratio", "What came out and is left, over what went in, each grown with the benchmark to the end; above 1 you did better.",
               "Kaplan and Schoar, Private Equity Performance (2005)"),
    "direct_alpha": ("Direct alpha", "fraction", "The continuous rate a year at which flows, each grown with the benchmark to the end, balance.",
                     "Gredil, Griffiths and Stucke, Benchmarking Private Equity (2014)"),
}
BRINSON = "Brinson and Fachler (1985); Brinson, Hood and Beebower (1986)"
EFFECTS = {
    "allocation": "(weight - benchmark's weight) x (benchmark's return in the group - benchmark's return), by day, linked.",
    "selection": "Benchmark's weight x (own return in the group - benchmark's return in it), by day, linked.",
    "interaction": "(weight - benchmark's weight) x (own return - benchmark's return in the group), by day, linked.",
    "currency": "Currencies held beyond the benchmark's x what their rates did (Karnosky and Singer 1994), by day, linked.",
    "total": "The sum of the effects: what this part adds to the active return.",
    "active_return": "The portfolio's return less the benchmark's; as a ratio where effects multiply.",
    "portfolio_return": "Time-weighted return of the portfolio over the window.",
    "benchmark_return": "Return of the benchmark over the window.",
}
REGRESSION = "Fama and French (1993, 2015); Carhart (1997); errors after Newey and West (1987)"
FACTORS = {
    "r_squared": "Share of the ups and downs of the excess return that the factors explain.",
    "alpha_annualised": "Return of a period that the factors do not explain, times the periods of a year.",
    "explained_return": "What the loadings made of the factors' returns, linked over the window.",
    "specific_return": "What is left of the excess return.",
    "systematic_share": "Share of the variance that comes with the factors.",
    "f_p_value": "Chance of such a fit if no factor mattered.",
    "durbin_watson": "2 where residuals do not follow each other; near 0 or 4 errors are worse than they look.",
    "loading": "How far the excess return moves for each percent of the factor, the other factors held still.",
    "contribution": "Loading x return of the factor, linked: its part of the portfolio's return.",
}


class Told(NamedTuple):
    """What the sheet says."""

    title: str
    value: float | None
    unit: str
    currency: str
    meaning: str
    conventions: list[str]
    source: str
    call: str
    path: str


def sheet(services: Services, asked: Mapping[str, Any]) -> list[Any]:
    """Build the sheet of a figure that was pressed.

    Raises
    ------
    InvalidInput
        No such figure.
    """
    root, _, rest = str(asked["figure"]).partition(".")
    name, _, key = rest.partition(":")
    told = {"benchmark": _beside, "attribution": _effect, "factors": _factor}[root](services, asked, name, key)
    return [explain.head(told.title, told.value, told.unit, told.currency), explain.words("What it is", [told.meaning]),
            explain.words("Conventions", told.conventions), explain.words("Source", [told.source]), explain.call(told.call, told.path)]


def _beside(services: Services, asked: Mapping[str, Any], name: str, key: str) -> Told:
    view = services.benchmark.compare(services.accounts.local(), asked["portfolio"], benchmark.question_of(asked))
    told = next((each for each in view.benchmarks if each.key == key), None)
    if told is None:
        raise _unknown(name)
    counted = f"{told.observations:,} {view.conventions.get('frequency')} returns, {_days(told.begins, told.ends)}"
    said = [f"Against {told.name}{', dividends put back' if told.is_total_return else ''}", counted, *_said(view.conventions)]
    call = _call(asked, "benchmark", view.start, view.end, benchmark=key)
    part, _, flow = name.partition(".")
    if part == "flows":
        title, unit, meaning, source = _known(FLOWS, flow)
        return Told(f"{title}, {told.name}", getattr(told.flows, flow), unit, view.base_currency, meaning, said, source, call,
                    f"benchmarks[key={key}].flows.{flow}")
    term = next((each for each in terms() if each.name == name), None)
    if term is None:
        raise _unknown(name)
    lacks = told.missing.get(name)
    return Told(f"{term.label}, against {told.name}", told.figures.get(name), "fraction" if term.unit == "fraction" else "ratio", view.base_currency,
                term.meaning, [*said, *([f"{lacks} more observations are needed for it to say something"] if lacks else [])], term.source, call,
                f"benchmarks[key={key}].figures.{name}")


def _effect(services: Services, asked: Mapping[str, Any], name: str, key: str) -> Told:
    view = attribution.read_of(services, asked)
    level, _, effect = name.rpartition(".")
    meaning = _known(EFFECTS, effect)
    frame = {"groups": view.groups, "holdings": view.holdings}.get(level)
    row = frame[frame["key"].astype(str) == key].iloc[0] if frame is not None and (frame["key"].astype(str) == key).any() else None
    if level and row is None:
        raise _unknown(name)
    value = view.figures.get(effect) if row is None else float(row[effect])
    whose = f", {row['label']}" if row is not None else ""
    title = f"{effects.WORDS.get(effect, effect.replace('_', ' ').capitalize())}{whose}"
    against = f"Against {view.benchmark[1]}" if view.benchmark else "Without a benchmark"
    path = f"{level}[key={key}].{effect}" if level else f"figures.{effect}"
    return Told(title, value, "fraction", view.base_currency, meaning, [against, _days(view.start, view.end), *_said(view.conventions)], BRINSON,
                _call(asked, "attribution", view.start, view.end), path)


def _factor(services: Services, asked: Mapping[str, Any], name: str, key: str) -> Told:
    view = services.factors.factors(services.accounts.local(), asked["portfolio"], factors.question_of(asked))
    meaning = _known(FACTORS, name)
    frame = {"loading": view.loadings, "contribution": view.contributions}.get(name)
    row = frame[frame["factor"] == key] if frame is not None else None
    found = row is not None and len(row) > 0
    value = float(row[name].iloc[0]) if found else view.figures.get(name)
    whose = f", {row['label'].iloc[0]}" if found else ""
    title = f"{name.replace('_', ' ').capitalize()}{whose}"
    unit = "ratio" if name in {"r_squared", "loading", "f_p_value", "durbin_watson"} and key != factors.ALPHA else "fraction"
    source = f"Factors: {view.source.name}, {view.source.source}" if view.source else "Factors: returns of instruments"
    path = {"loading": f"loadings[factor={key}].loading", "contribution": f"contributions[factor={key}].contribution"}.get(name, f"figures.{name}")
    counted = f"{view.observations:,} {view.frequency} returns"
    return Told(title, value, unit, view.base_currency, meaning, [source, counted, *_said(view.conventions)], REGRESSION,
                _call(asked, "factors", view.start, view.end), path)


def _known(table: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # a row of a table
    if name not in table:
        raise _unknown(name)
    return table[name]


def _unknown(name: str) -> InvalidInput:
    return InvalidInput("figure", name, "is not a figure of this page", hint="Press one of its numbers", rule="unknown_value")


def _days(first: date | None, last: date | None) -> str:
    return f"{theme.day(first)} to {theme.day(last)}" if first and last else "no days"


def _said(conventions: Mapping[str, str]) -> list[str]:
    return [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in conventions.items() if value]


def _call(asked: Mapping[str, Any], answer: str, start: date | None, end: date | None, **more: str) -> str:
    """Give the REST call of the same question, with the days written out."""
    query = {"start": start.isoformat() if start else None, "end": end.isoformat() if end else None, **more}
    return f"/api/v1/portfolios/{asked['portfolio']}/{answer}?{urlencode({name: value for name, value in query.items() if value})}"
