"""An explanation of a figure of risk put together: its formula in words and with the numbers put in, and what it is worked out on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from engine.errors import InvalidInput
from engine.types import Finding
from services.explain.figures.material import Cells
from services.explain.formula import evaluate, in_words, names_in, with_numbers
from services.explain.views import Explanation, Part, Term

UNITS: Final[Mapping[str, str]] = {"fraction": "fraction", "days": "count", "periods": "count", "money": "money", "count": "count"}
Look = Callable[[str], Term]


@dataclass(frozen=True)
class Said:
    """What is said of a figure, beside its formula."""

    figure: str
    scope: str
    title: str
    value: float | None
    unit: str
    currency: str
    meaning: str
    conventions: Sequence[str]
    source: str
    call: str
    path: str
    symbol: str | None = None
    findings: Sequence[Finding] = ()


def explanation(said: Said, formula: str, look: Look, *, instead: str = "") -> Explanation:
    """Put an explanation together; where no formula gives the figure, `instead` says how it is found.

    `look` gives each input of the formula by its name.
    """
    terms = [look(name) for name in names_in(formula)] if formula else []
    again = reproduced(formula, terms) if formula and known(said.value) is not None else None
    return Explanation(
        figure=said.figure, symbol=said.symbol, scope=said.scope, title=said.title, value=known(said.value), unit=UNITS.get(said.unit, "ratio"),
        currency=said.currency, formula=in_words(formula, terms) if formula else instead or said.meaning, expression=formula,
        with_numbers=with_numbers(formula, terms) if formula else "", reproduced=known(again),
        conventions=(said.meaning, *said.conventions), inputs=tuple(terms), prices=(), price_count=0, flows=(), flow_count=0, transactions=(),
        transaction_count=0, findings=tuple(said.findings), source=said.source, call=said.call, path=said.path)


def reproduced(formula: str, terms: Sequence[Term]) -> float:
    """Work a formula out over its inputs; NaN where one of them is unknown."""
    cells: dict[str, Any] = {term.name: np.array([part.value for part in term.parts]) if term.is_table else term.value for term in terms}
    if any(value is None or (isinstance(value, np.ndarray) and not len(value)) for value in cells.values()):
        return math.nan
    try:
        with np.errstate(all="ignore"):
            return evaluate(formula, cells)
    except ValueError:  # the root of what is below 0
        return math.nan


def term_of(name: str, title: str, unit: str, cells: Cells, figure: str | None = None) -> Term:
    """Lay an input out: a number, or a table by its labels, newest first where these are dates."""
    if not isinstance(cells, pd.Series):
        return Term(name, title, known(float(cells)), unit, figure)
    ordered = cells[::-1] if isinstance(cells.index, pd.DatetimeIndex | pd.PeriodIndex) and cells.index.is_monotonic_increasing else cells
    parts = tuple(Part(str(label)[:10] if isinstance(cells.index, pd.DatetimeIndex) else str(label), float(value))
                  for label, value in ordered.items())
    return Term(name, title, None, unit, parts=parts, is_table=True)


def plain(names: Mapping[str, tuple[str, str, Any]]) -> Look:
    """Look inputs up that are there already: title, unit, and a number or a table."""
    return lambda name: term_of(name, *names[name])


def unknown(name: str, hint: str) -> InvalidInput:
    """Say that there is no such figure."""
    return InvalidInput("figure", name, "is not a figure of this page", hint=hint, rule="unknown_value")


def spoken(conventions: Mapping[str, str]) -> list[str]:
    """Write conventions out, a line each."""
    return [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in conventions.items() if value]


def call_of(scope: str, answer: str, asked: Any, usual: Any, **instead: Any) -> str:  # noqa: ANN401  # any question
    """Write the call that answers the same question; what is usual is left out."""
    changed = {each.name: getattr(asked, each.name) for each in fields(asked) if getattr(asked, each.name) != getattr(usual, each.name)}
    told = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in (changed | instead).items() if value is not None}
    return f"/api/v1/portfolios/{scope}/{answer}{'?' if told else ''}{urlencode(told)}"


def known(value: float | None) -> float | None:
    """Give a number, or None where there is none."""
    return float(value) if value is not None and math.isfinite(value) else None
