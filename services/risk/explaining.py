"""How a figure of risk comes about: what it says, what it was measured on, who defined it, and the call that gives it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import pandas as pd

from engine.errors import InvalidInput
from engine.risk.catalogue import Term as Known
from services.explain_views import Explanation, Part, Term
from services.risk.exposures import Exposure
from services.risk.today import Today
from services.risk.views import RiskQuestion, RiskView

PREFIX: Final = "risk."
OF_TODAY: Final[Mapping[str, tuple[str, str, str]]] = {
    "value_at_risk": ("Value at risk of today's holdings", "fraction",
                      "The loss that today's weights would not have exceeded, with the confidence below, on the returns below."),
    "expected_shortfall": ("Expected shortfall of today's holdings", "fraction", "The mean of the losses beyond the value at risk."),
    "volatility": ("Volatility of today's holdings", "fraction", "Standard deviation of what today's weights would have returned, a year."),
    "beta": ("Beta of today's holdings", "ratio", "What today's weights would have returned with one unit of the benchmark's return: cov / var."),
    "risk_score": ("Risk score", "ratio",
                   "1 to 7: the class of the volatility and how far through its band it is, and what tail, concentration and slow sale add to it."),
}
UNITS: Final[Mapping[str, str]] = {"fraction": "fraction", "days": "count", "periods": "count"}


def explained(view: RiskView, name: str, asked: RiskQuestion) -> Explanation:
    """Tell how a figure of the sheet comes about.

    Raises
    ------
    InvalidInput
        The catalogue has no such figure.
    """
    term = next((term for term in view.terms if term.name == name), None)
    if term is None:
        raise InvalidInput("figure", name, "is no figure of risk", hint="GET /api/v1/risk/figures lists them", rule="unknown_value")
    returns = view.series["return"]
    inputs = [_table("returns", "Daily returns", returns), _number("observations", "Trading days", len(returns), "count"),
              _number("periods_per_year", "Periods of a year", view.periods_per_year, "count"),
              *_choices(asked), *([_table("benchmark", f"Returns of {view.benchmark[1] or view.benchmark[0]}", view.series["benchmark_return"])]
                                  if term.relative and view.benchmark else [])]
    said = [f"{key.replace('_', ' ').capitalize()}: {value}" for key, value in view.conventions.items()]
    lacking = [f"It says little below {term.minimum} trading days: {view.missing[name]} are missing"] if name in view.missing else []
    gap = [f"It has no value: {view.gaps[name]}"] if name in view.gaps else []
    expression = f"{name}(returns{', benchmark' if term.relative else ''})"
    return _explanation(view, f"{PREFIX}{name}", term, view.figures.get(name), inputs, [*gap, *lacking, *said], (expression, name, asked))


def explained_today(view: RiskView, exposure: Exposure, today: Today, name: str, asked: RiskQuestion) -> Explanation:
    """Tell how a figure of today's holdings comes about.

    Raises
    ------
    InvalidInput
        There is no such figure.
    """
    if name not in OF_TODAY:
        raise InvalidInput("figure", name, "is no figure of today's holdings", hint=f"Use one of {', '.join(OF_TODAY)}", rule="unknown_value")
    title, unit, meaning = OF_TODAY[name]
    value = float(today.score.score or "nan") if name == "risk_score" else float(getattr(today, name))
    weights = [Part(str(symbol), float(weight)) for symbol, weight in exposure.weights.items()]
    measured = ([_number(key, f"{key.capitalize()} adds", amount, "ratio") for key, amount in today.score.components.items()] if name == "risk_score"
                else [_table("returns", "What today's weights returned", exposure.of_today.dropna().tail(today.days))])
    inputs = [Term("weights", "Weights of now, of the value", None, "fraction", parts=tuple(weights), is_table=True), *measured,
              _number("observations", "Trading days", today.days, "count"), *_choices(asked)]
    term = Known(name, title, "", "fraction", meaning, "Jorion, Value at Risk, 3rd ed.; weights of now on past returns (historical simulation)")
    words = ["Weights of now, in base currency; cash returns nothing",
             "The last two years of trading days; what has no return on a day counts as the rest of the portfolio",
             f"Losses by the model {today.method.replace('_', ' ')}, over {today.horizon} trading {'day' if today.horizon == 1 else 'days'}"]
    found = _explanation(view, f"{PREFIX}today.{name}", term, value, inputs, words, (f"{name}(weights, returns)", f"today.{name}", asked))
    return Explanation(**{**{each: getattr(found, each) for each in found.__slots__}, "unit": unit})


def _explanation(view: RiskView, figure: str, term: Known, value: float | None, inputs: Sequence[Term], conventions: Sequence[str],
                 told: tuple[str, str, RiskQuestion]) -> Explanation:
    expression, path, asked = told
    return Explanation(
        figure=figure, symbol=None, scope=view.scope, title=term.label, value=value, unit=UNITS.get(term.unit, "ratio"), currency=view.base_currency,
        formula=term.meaning, expression=expression, with_numbers=f"{expression}, on {view.observations} trading days", reproduced=None,
        conventions=tuple(conventions), inputs=tuple(inputs), prices=(), price_count=0, flows=(), flow_count=0, transactions=(), transaction_count=0,
        findings=tuple(view.findings), source=term.source, call=call_of(view.scope, asked), path=path)


def call_of(scope: str, asked: RiskQuestion) -> str:
    """Write the call that answers the same question."""
    plain = RiskQuestion()
    changed = {name: getattr(asked, name) for name in RiskQuestion.__slots__ if getattr(asked, name) != getattr(plain, name)}
    query = urlencode({name: str(value) for name, value in changed.items()})
    return f"/api/v1/portfolios/{scope}/risk{'?' if query else ''}{query}"


def _choices(asked: RiskQuestion) -> list[Term]:
    return [_number("level", "Confidence", asked.level, "fraction"), _number("risk_free", "Risk-free rate, a year", asked.risk_free, "fraction")]


def _number(name: str, title: str, value: float, unit: str) -> Term:
    return Term(name, title, float(value), unit)


def _table(name: str, title: str, series: pd.Series) -> Term:
    """Lay the days of a series out, newest first."""
    known = series.dropna()[::-1]
    return Term(name, title, None, "fraction", parts=tuple(Part(str(day)[:10], float(value)) for day, value in known.items()), is_table=True)
