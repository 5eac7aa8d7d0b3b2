"""Explanations of the figures of the catalogue, on whatever returns they were measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.risk.catalogue import Term as Known
from engine.risk.sheet import CATALOGUE
from services.explain.figures.formulas import CHOSEN, FORMULAS, SEARCHED
from services.explain.figures.material import Input, Material
from services.explain.figures.own_inputs import OWN
from services.explain.figures.pair_inputs import PAIR
from services.explain.figures.told import UNITS, Look, Said, explanation, known, term_of
from services.explain.views import Explanation, Term

TERMS: Final[Mapping[str, Known]] = MappingProxyType({term.name: term for term in CATALOGUE})
PLAIN: Final = frozenset({"returns", "benchmark", "level", "periods_per_year", "risk_free"})


def of_catalogue(said: Said, name: str, at: Material, *, prefix: str, suffix: str = "", convention: str = "",
                 relative: bool | None = None) -> Explanation:
    """Explain a figure of the catalogue.

    Parameters
    ----------
    said
        What is said of it beside its formula.
    name
        Of the catalogue.
    at
        What it was worked out on.
    prefix, suffix
        Around a name of the catalogue they name the figure that explains it, where it is an input.
    convention
        A choice that changes the formula.
    relative
        Whether it needs a benchmark; as the catalogue has it where absent.
    """
    formula = CHOSEN.get((name, convention), FORMULAS.get(name, ""))
    term = TERMS.get(name)
    beside = term.relative if relative is None and term is not None else bool(relative)
    look = _look(at, prefix, suffix, tables=(PAIR, OWN) if beside else (OWN, PAIR), has_value=known(said.value) is not None)
    return explanation(said, formula, look, instead=SEARCHED.get(name, ""))


def by_method(name: str, method: str | None, horizon: int) -> tuple[str, str]:
    """Give the figure whose formula gives a loss by a method; else the words for how it is found."""
    if horizon != 1:
        return "", f"{TERMS[name].meaning} Told for {horizon} trading days from the daily returns, by the method {(method or 'historical')}"
    if method in {None, "", "historical"}:
        return name, ""
    own = f"{name}_{'normal' if method == 'gaussian' else method}"
    return (own, "") if own in FORMULAS else ("", f"{TERMS[name].meaning} By the method {str(method).replace('_', ' ')}: fitted or simulated")


def _look(at: Material, prefix: str, suffix: str, *, tables: Sequence[Mapping[str, Input]], has_value: bool) -> Look:
    """Work inputs out by name; of a figure without a value only those that are there as they are."""

    def look(name: str) -> Term:
        for table in tables:
            if name in table:
                title, unit, work = table[name]
                return term_of(name, title, unit, work(at) if has_value or name in PLAIN else math.nan)
        term = TERMS[name]
        return term_of(name, term.label, UNITS.get(term.unit, "ratio"), at.figures.get(name, math.nan), f"{prefix}{name}{suffix}")

    return look
