"""The one path to explanations of Risk, Benchmark, Attribution and Factors, for screens and REST alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.types import Actor
from services.attribution.attributions import Attributions
from services.attribution.concentration import Concentrations
from services.attribution.factors import Factors
from services.attribution.views import EFFECTS, AttributionQuestion, AttributionView
from services.benchmark.compare import Benchmark
from services.explain.views import AnalyticsQuestion, Explanation, Figure
from services.explaining import attribution, benchmark, risk
from services.explaining.catalogue import TERMS
from services.explaining.formulas import FORMULAS, SEARCHED
from services.explaining.told import UNITS, unknown
from services.risk.sheet import Risk

ROOTS: Final = frozenset({"risk", "benchmark", "attribution", "factors"})


class Analytics:
    """Explains figures of risk from the same answers that show them."""

    def __init__(self, risk: Risk, concentrations: Concentrations, benchmark: Benchmark, attributions: Attributions, factors: Factors) -> None:
        self._risk, self._concentrations, self._benchmark = risk, concentrations, benchmark
        self._attributions, self._factors = attributions, factors

    def explain(self, actor: Actor, scope: str, figure: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        """Tell how `risk.volatility`, `benchmark.beta` of a benchmark, `attribution.groups.total` of a group or `factors.loading` comes about.

        Raises
        ------
        InvalidInput
            No such figure, or none of such a part.
        NotFound
            No such portfolio or benchmark in the actor's workspace.
        """
        root, _, name = figure.partition(".")
        work = {"risk": self._of_risk, "benchmark": self._of_benchmark, "attribution": self._of_attribution, "factors": self._of_factors}[root]
        return work(actor, scope, name, symbol, asked)

    def _of_risk(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        part, dot, figure = name.rpartition(".")
        question = asked.risk
        if not dot:
            return risk.of_sheet(self._risk.risk(actor, scope, question), name, question)
        if part == "today":
            return risk.of_today(self._risk.risk(actor, scope, question), *self._risk.today(actor, scope, question), figure, question)
        if part in {"var", "part"}:
            plain = self._risk.losses(actor, scope, question)
            every = part == "var" and symbol not in plain[1].now.index and symbol != ""
            exposure, told = self._risk.losses(actor, scope, question, every=True) if every else plain
            return (risk.of_model if part == "var" else risk.of_part)(exposure, told, figure, symbol, question)
        if part == "concentration":
            exposure, _ = self._risk.losses(actor, scope, question)
            return risk.of_concentration(self._concentrations.concentration(actor, scope), exposure.weights, figure, symbol)
        raise unknown(name, risk.HINT)

    def _of_benchmark(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        question = asked.benchmark
        view = self._benchmark.compare(actor, scope, question)
        if symbol and all(each.key != symbol for each in view.benchmarks):
            question = replace(question, benchmarks=(symbol,))
            view = self._benchmark.compare(actor, scope, question)
        first = view.benchmarks[0].key if view.benchmarks else ""
        return benchmark.of_benchmark(view, name, symbol or first, question)

    def _of_attribution(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        return attribution.of_attribution(self.attributed(actor, scope, asked.attribution), name, symbol, asked.attribution)

    def attributed(self, actor: Actor, scope: str, asked: AttributionQuestion) -> AttributionView:
        """Read an attribution; where the benchmark's groups are not known, what is called interaction is told as the selection that it is."""
        view = self._attributions.attribution(actor, scope, asked)
        if view.is_divided or view.benchmark is None or asked.interaction == "selection":
            return view
        return self._attributions.attribution(actor, scope, replace(asked, interaction="selection"))

    def _of_factors(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        return attribution.of_factors(self._factors.factors(actor, scope, asked.factors), name, symbol, asked.factors)


def figures() -> list[Figure]:
    """List every figure that can be explained here, with its formula."""
    sheet = [Figure(f"risk.{name}", term.label, UNITS.get(term.unit, "ratio"), FORMULAS.get(name, SEARCHED.get(name, "")), term.meaning, term.source,
                    answer="risk") for name, term in TERMS.items()]
    today = [Figure(f"risk.today.{name}", title, unit, "", meaning, risk.JORION, answer="risk")
             for name, (title, unit, meaning) in risk.OF_TODAY.items()]
    every = [*sheet, *today, *_parts_of_risk(), *_of_benchmarks(), *_of_effects()]
    return [each if each.formula else replace(each, formula=each.convention) for each in every]  # what is searched or simulated has words alone


def _parts_of_risk() -> list[Figure]:
    models = [Figure(f"risk.var.{name}", title, unit, risk.TESTS.get(name, ("",))[0], "Of a model", "See the model", "model", "risk")
              for name, (title, unit) in risk.OF_MODELS.items()]
    parts = [Figure(f"risk.part.{name}", title, unit, formula, meaning, risk.EULER, "holding", "risk")
             for name, (title, unit, formula, meaning) in risk.OF_PARTS.items()]
    whole = [Figure(f"risk.concentration.{name}", title, unit, formula, meaning, source, answer="risk")
             for name, (title, unit, formula, meaning, source) in risk.OF_CONCENTRATION.items()]
    return [*models, *parts, *whole]


def _of_benchmarks() -> list[Figure]:
    found = []
    for name in benchmark.names():
        flow, term = name.removeprefix("flows."), TERMS.get(name)
        if name.startswith("flows."):
            title, unit, formula, meaning, source = benchmark.FLOWS[flow]
        elif term is not None:
            title, unit, formula, meaning, source = term.label, UNITS.get(term.unit, "ratio"), FORMULAS.get(name, ""), term.meaning, term.source
        else:
            (title, unit, meaning, source), formula = benchmark.ALONE[name], FORMULAS.get(name, "")
        found.append(Figure(f"benchmark.{name}", title, unit, formula, meaning, source, "benchmark", "benchmark"))
    return found


def _of_effects() -> list[Figure]:
    whole = [Figure(f"attribution.{name}", attribution.WORDS[name], "fraction", "", meaning, attribution.BRINSON, answer="attribution")
             for name, meaning in attribution.MEANT.items()]
    parts = [Figure(f"attribution.{level}.{name}", attribution.WORDS[name], "fraction", "", attribution.MEANT[name], attribution.BRINSON, of,
                    "attribution") for level, of in (("groups", "group"), ("holdings", "holding")) for name in (*EFFECTS, "total")]
    of_one = {"loading", "contribution"}
    factors = [Figure(f"factors.{name}", title, unit, formula, meaning, attribution.REGRESSION, "factor" if name in of_one else "", "factors")
               for name, (title, unit, formula, meaning) in attribution.OF_FACTORS.items()]
    return [*whole, *parts, *factors]
