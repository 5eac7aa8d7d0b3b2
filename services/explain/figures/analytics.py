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
from services.explain.figures import attribution, benchmark, cells, risk, stress
from services.explain.figures.catalogue import TERMS
from services.explain.figures.formulas import FORMULAS, SEARCHED
from services.explain.figures.told import UNITS, unknown
from services.explain.views import AnalyticsQuestion, Explanation, Figure
from services.risk.sheet import Risk
from services.risk.uncertainty import TRIALS
from services.risk.views import CORRELATIONS, SHRINKAGES, RiskQuestion
from services.stress.stress import Stress

ROOTS: Final = frozenset({"risk", "benchmark", "attribution", "factors", "stress"})


class Analytics:
    """Explains figures of risk from the same answers that show them."""

    def __init__(self, risk: Risk, concentrations: Concentrations, benchmark: Benchmark, attributions: Attributions, factors: Factors,
                 tests: Stress) -> None:
        self._risk, self._concentrations, self._benchmark = risk, concentrations, benchmark
        self._attributions, self._factors, self._tests = attributions, factors, tests

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
        work = {"risk": self._of_risk, "benchmark": self._of_benchmark, "attribution": self._of_attribution, "factors": self._of_factors,
                "stress": self._of_stress}[root]
        return work(actor, scope, name, symbol, asked)

    def _of_risk(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        part, dot, figure = name.rpartition(".")
        question = asked.risk
        if not dot:
            if name == "score":
                return cells.of_score(self._risk.risk(actor, scope, question), self._risk.today(actor, scope, question)[1], symbol, question)
            return risk.of_sheet(self._risk.risk(actor, scope, question), name, question)
        if part == "today":
            told = self._risk.losses(actor, scope, question)[1]
            return risk.of_today(self._risk.risk(actor, scope, question), *self._risk.today(actor, scope, question), figure, question, told)
        if part in {"var", "part"}:
            plain = self._risk.losses(actor, scope, question)
            every = part == "var" and symbol not in plain[1].now.index and symbol != ""
            exposure, told = self._risk.losses(actor, scope, question, every=True) if every else plain
            return (risk.of_model if part == "var" else risk.of_part)(exposure, told, figure, symbol, question)
        return self._of_cell(actor, scope, part, figure, symbol, question)

    def _of_cell(self, actor: Actor, scope: str, part: str, figure: str, symbol: str, question: RiskQuestion) -> Explanation:
        if part == "concentration":
            return self._of_concentration(actor, scope, figure, symbol, question)
        if part == "drawdown":
            return cells.of_fall(self._risk.risk(actor, scope, question), figure, symbol, question)
        if part == "tails":
            return cells.of_tail(self._risk.risk(actor, scope, question), self._risk.distribution(actor, scope, question), figure, symbol, question)
        if part == "correlation":
            measure = figure if figure in CORRELATIONS else "pearson"
            told = self._risk.relations(actor, scope, question, method=measure, shrinkage=figure if figure in SHRINKAGES else "none")
            return cells.of_pair(self._risk.losses(actor, scope, question)[0], told, figure, symbol)
        if part == "certainty":
            row, _, trials = symbol.partition("@")
            told_of = self._risk.uncertainty(actor, scope, question, trials=int(trials) if trials.isdecimal() else TRIALS)
            return cells.of_certainty(told_of, figure, row)
        raise unknown(f"{part}.{figure}", risk.HINT)

    def _of_concentration(self, actor: Actor, scope: str, figure: str, symbol: str, question: RiskQuestion) -> Explanation:
        exposure = self._risk.losses(actor, scope, question)[0]
        is_group = figure in {"group_weight", "group_risk"}
        view = self._concentrations.concentration(actor, scope, look_through=not is_group)
        if is_group:  # of what is held; what funds hold of a group is told by the look-through itself
            return cells.of_group(view, exposure, figure, symbol)
        return risk.of_concentration(view, exposure.weights, figure, symbol)

    def _of_stress(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        kind, _, test = symbol.partition("/")[0].partition(".")
        is_reverse = name in stress.OF_REVERSE
        question = replace(asked.stress, episodes=(test,) if kind == "e" and not is_reverse else (),
                           scenarios=(test,) if kind == "s" and not is_reverse else ())
        return stress.of_stress(self._tests.stress(actor, scope, question), name, symbol)

    def _of_benchmark(self, actor: Actor, scope: str, name: str, symbol: str, asked: AnalyticsQuestion) -> Explanation:
        question = asked.benchmark
        view = self._benchmark.compare(actor, scope, question)
        if name == benchmark.MONTH:
            return benchmark.of_month(view, symbol, question)
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
    every = [*sheet, *today, *_parts_of_risk(), *_of_cells(), *_of_benchmarks(), *_of_effects()]
    return [each if each.formula else replace(each, formula=each.convention) for each in every]  # what is searched or simulated has words alone


def _parts_of_risk() -> list[Figure]:
    models = [Figure(f"risk.var.{name}", title, unit, risk.TESTS.get(name, ("",))[0], "Of a model", "See the model", "model", "risk")
              for name, (title, unit) in risk.OF_MODELS.items()]
    parts = [Figure(f"risk.part.{name}", title, unit, formula, meaning, risk.EULER, "holding", "risk")
             for name, (title, unit, formula, meaning) in risk.OF_PARTS.items()]
    whole = [Figure(f"risk.concentration.{name}", title, unit, formula, meaning, source, answer="risk")
             for name, (title, unit, formula, meaning, source) in risk.OF_CONCENTRATION.items()]
    return [*models, *parts, *whole]


def _of_cells() -> list[Figure]:
    falls = [Figure(f"risk.drawdown.{name}", *told, cells.BACON, "day of the peak", "risk") for name, told in cells.OF_FALLS.items()]
    pairs = [Figure(f"risk.correlation.{name}", title, "ratio", formula, title, source, "two holdings", "risk")
             for name, (title, formula, source) in cells.OF_PAIRS.items()]
    bounds = [Figure(f"risk.certainty.{name}", title, "ratio", "", meaning, cells.POLITIS, "figure", "risk")
              for name, (title, meaning) in cells.BOUNDS.items() if name not in cells.OF_SHARPE]
    sharpe = [Figure(f"risk.certainty.{name}", title, unit, "", meaning, source, "sharpe", "risk")
              for name, (title, unit, meaning, source) in cells.OF_SHARPE.items()]
    tails = [Figure(f"risk.tails.{name}", title, unit, "", meaning, source, "lower or upper", "risk")
             for name, (title, unit, meaning, source) in cells.OF_TAILS.items()]
    tests = [Figure(f"stress.{name}", *told, stress.BREUER if name in stress.OF_REVERSE else "The episode or scenario", "test, and holding", "stress")
             for name, told in {**stress.OF_TESTS, **stress.OF_HOLDINGS, **stress.OF_REVERSE}.items()]
    score = Figure("risk.score", "A part of the risk score", "ratio", "", "What a component adds", cells.PRIIPS, "component", "risk")
    groups = [Figure(f"risk.concentration.{name}", title, "fraction", "sum(parts)", "Of a group", risk.EULER, "group", "risk")
              for name, title in (("group_weight", "Weight of a group"), ("group_risk", "Share of risk of a group"))]
    return [*falls, *pairs, *bounds, *sharpe, *tails, score, *groups, *tests]


def _of_benchmarks() -> list[Figure]:
    found = [Figure(f"benchmark.{benchmark.MONTH}", "Above the benchmark in a month", "fraction", "portfolio_return - benchmark_return",
                    "Calendar months, linked by day", "GIPS Standards 2020", "month or year", "benchmark")]
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
    cells_of = {"groups": ("group", ("weight", "benchmark_weight", "return", "benchmark_return")),
                "holdings": ("holding", ("weight", "benchmark_weight", "return", "benchmark_return")),
                "months": ("month", ("portfolio", "benchmark", "active", *EFFECTS)),
                "currencies": ("currency", ("weight", "benchmark_weight", "currency_return", "effect", "cross", "total"))}
    told_of = {**attribution.CELLS, **{name: (attribution.WORDS[name], attribution.MEANT[name]) for name in (*EFFECTS, "total")}}
    parts += [Figure(f"attribution.{level}.{name}", told_of[name][0], "fraction", "", told_of[name][1], attribution.BRINSON, of, "attribution")
              for level, (of, columns) in cells_of.items() for name in columns]
    errors = [Figure(f"factors.{name}", title, unit, "", meaning, attribution.REGRESSION, "factor", "factors")
              for name, (title, unit, meaning) in attribution.OF_LOADINGS.items()]
    of_one = {"loading", "contribution"}
    factors = [Figure(f"factors.{name}", title, unit, formula, meaning, attribution.REGRESSION, "factor" if name in of_one else "", "factors")
               for name, (title, unit, formula, meaning) in attribution.OF_FACTORS.items()]
    return [*whole, *parts, *factors, *errors]
