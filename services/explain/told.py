"""An explanation put together: the formula in words and in numbers, its inputs, and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from services.explain.formula import evaluate, in_words, names_in, with_numbers
from services.explain.table import FIGURES
from services.explain.terms import TERMS
from services.explain.views import MOST, Explanation, Figure, Grounds, Part, Term

NAMED = 3  # parts that a title names before it counts them


def told(figure: Figure, key: str | None, scope: str, grounds: Grounds) -> Explanation:
    """Tell a number with its formula evaluated over its inputs, which is not how the answer came by it."""
    formula = grounds.formula
    inputs = {name: grounds.inputs.get(name, math.nan) for name in names_in(formula)}
    terms = [_term(name, cells, figure, key) for name, cells in inputs.items()]
    raw = {name: [part.value for part in cells] if isinstance(cells, list) else cells for name, cells in inputs.items()}
    return Explanation(
        figure=figure.figure,
        symbol=key,
        scope=scope,
        title=f"{figure.title}{f', {_named(key)}' if key else ''}",
        value=_known(grounds.value),
        unit=figure.unit,
        currency=grounds.currency,
        formula=in_words(formula, terms),
        expression=formula,
        with_numbers=with_numbers(formula, terms),
        reproduced=_known(evaluate(formula, raw)),
        conventions=(figure.convention, *grounds.conventions),
        inputs=tuple(terms),
        prices=tuple(grounds.prices[:MOST]),
        price_count=len(grounds.prices),
        flows=tuple(grounds.flows[-MOST:]),
        flow_count=len(grounds.flows),
        transactions=tuple(grounds.transactions[:MOST]),
        transaction_count=len(grounds.transactions),
        findings=tuple(grounds.findings),
        source=figure.source,
        call=grounds.call,
        path=grounds.path,
    )


def call_of(scope: str, answer: str, query: Mapping[str, Any]) -> str:
    """Write the REST call of an answer; what is None is not asked."""
    asked = {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in query.items() if value is not None}
    return f"/api/v1/portfolios/{scope}/{answer}{'?' if asked else ''}{urlencode(asked)}"


def _named(key: str) -> str:
    names = key.split(",")
    return ", ".join(names) if len(names) <= NAMED else f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"


def _term(name: str, cells: float | list[Part], figure: Figure, key: str | None) -> Term:
    title, unit, link = _said(name, figure, key)
    if isinstance(cells, list):
        return Term(name, title, None, unit, None, tuple(cells), is_table=True)
    return Term(name, title, _known(cells), unit, link)


def _said(name: str, figure: Figure, key: str | None) -> tuple[str, str, str | None]:
    """Give an input's title, its unit, and the figure that explains it: one of the same part before one of the whole."""
    section, dot, own = figure.figure.rpartition(".")
    like = FIGURES.get(f"{section}.{name}") if dot else None
    if like and name != own:
        return like.title, like.unit, f"{like.figure}:{key}" if key else like.figure
    known = FIGURES.get(name)
    if name in TERMS and (known is None or (figure.answer == "holdings" and name == "opening_value")):
        title, unit, link = TERMS[name]
    else:
        title, unit, link = (known.title, known.unit, name) if known else (name.replace("_", " ").capitalize(), "money", None)
    return title, unit or figure.unit, _linked(link, name, figure, key)


def _linked(link: str | None, name: str, figure: Figure, key: str | None) -> str | None:
    if link is None or figure.figure == name or figure.figure.startswith(("windows.", "lots.")):
        return None
    is_of_row = key is not None and figure.answer == "holdings" and name != "portfolio_value"
    return f"{link}:{key}" if is_of_row or link.startswith("currency.") else link


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
