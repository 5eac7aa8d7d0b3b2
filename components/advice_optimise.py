"""Optimisers on one portfolio: the question as a form, the run, and what came out: figures, frontier, weights, what contradicts what.

Every text is written here, the frontier as parts of its plot; `assets/advice_optimise.js` lays it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import cards, theme
from components.advice_rebalance import Clash, mend
from components.figures import value_ticks
from components.figures_benchmark import bounds
from components.figures_performance import percent_texts
from components.ids import AdviceOptimiseIds as Ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OBJECTIVES = {"minimise_risk": "Least risk", "maximise_return": "Highest return", "maximise_utility": "Return less risk, by aversion",
              "maximise_ratio": "Best ratio of return to risk"}
EXPECTED = (("empirical", "Past mean"), ("ew", "Past mean, recent days more"), ("shrunk", "Past mean, shrunk"),
            ("equilibrium", "What the weights of now imply"))
COVARIANCES = (("ledoit_wolf", "Ledoit-Wolf, shrunk"), ("empirical", "As measured"), ("oas", "OAS, shrunk"), ("shrunk", "Shrunk by a tenth"),
               ("denoise", "Denoised"), ("ew", "Recent days more"), ("gerber", "Gerber"),
               ("graphical_lasso", "Graphical lasso"), ("factor", "By factors"))
PERIODS = (("", "The last five years"), ("1Y", "One year"), ("3Y", "Three years"), ("ITD", "All of it"))
STATES = {"running": "At work", "done": "Done", "failed": "It came to nothing", "cancelled": "Stopped", "interrupted": "Interrupted"}
PHASES = {"waiting": "waits for its turn", "reading": "reads the history", "optimising": "looks for weights", "frontier": "traces the frontier",
          "done": "done"}
WEIGHT_HEADS = ("Holding", "Now", "Found", "Change", "Share of the risk")


class Model(NamedTuple):
    """An optimiser that can be asked for."""

    name: str
    label: str
    meaning: str
    measures: Sequence[str]
    objectives: Sequence[str]
    constraints: Sequence[str]


class Point(NamedTuple):
    """A portfolio by the estimates; a year's figures."""

    expected: float
    risk: float
    ratio: float


class Found(NamedTuple):
    """What came out; weights are of what is invested."""

    point: Point
    present: Point
    turnover: float
    observations: int
    weights: Mapping[str, float]
    now: Mapping[str, float]
    contributions: Mapping[str, float]
    frontier: Sequence[Point]
    best: int
    clashes: Sequence[Clash]
    views: Sequence[str]
    notes: Sequence[str]


class Run(NamedTuple):
    """A run: how far it is, what was asked, and what came of it."""

    id: str
    status: str
    phase: str
    done: int
    total: int
    question: Mapping[str, Any]
    problem: str
    found: Found | None


def pane() -> html.Div:
    """Tab of optimisers, before it is drawn."""
    bones = html.Section(cards.bones("title", "row", "row", "row", "row"), className="panel padded bones-of")
    stores = [dcc.Store(id=store) for store in (Ids.QUERY, Ids.FOUND, Ids.ACTION, Ids.RESULT)]
    return html.Div([*stores, html.Div(id=Ids.BODY, className="drawn"), bones], className="pane", **{"data-pane": "optimise"})


def head(portfolio: str, name: str, models: Sequence[Model]) -> dict[str, Any]:
    """Write out what the form needs."""
    told = [{"name": each.name, "label": each.label, "meaning": each.meaning, "measures": [[word, words(word)] for word in each.measures],
             "objectives": [[word, OBJECTIVES.get(word, words(word))] for word in each.objectives], "constraints": [*each.constraints]}
            for each in models]
    return {"portfolio": portfolio, "name": name, "models": told, "expected": [*EXPECTED], "covariances": [*COVARIANCES],
            "periods": [*PERIODS]}


def words(name: str) -> str:
    """Say the name of a measure.

    Examples
    --------
    >>> words("semi_variance"), words("cvar")
    ('Semi variance', 'CVaR')
    """
    short = {"cvar": "CVaR", "evar": "EVaR", "cdar": "CDaR", "edar": "EDaR"}
    return short.get(name, name.replace("_", " ").capitalize())


def told(run: Run) -> dict[str, Any]:
    """Write a run out."""
    far = f"{PHASES.get(run.phase, run.phase)}, {run.done} of {run.total}" if run.total > 1 else PHASES.get(run.phase, run.phase)
    return {"id": run.id, "status": run.status, "word": STATES[run.status], "far": far, "share": round(100 * run.done / max(run.total, 1), 1),
            "question": dict(run.question), "problem": run.problem, "found": _found(run.found) if run.found else None}


def _found(found: Found) -> dict[str, Any]:
    pairs = [("Expected return a year", "expected"), ("Risk, by the measure", "risk")]
    shifts = [_shift(label, theme.share(getattr(found.present, name), decimals=2), theme.share(getattr(found.point, name), decimals=2))
              for label, name in pairs]
    shifts.append(_shift("Ratio", theme.number(found.present.ratio), theme.number(found.point.ratio)))
    facts = [("Turnover", theme.share(found.turnover)), ("Days of history", theme.number(found.observations, decimals=0))]
    return {"shifts": shifts, "facts": [{"label": label, "text": text} for label, text in facts], "heads": [*WEIGHT_HEADS],
            "weights": _weights(found) if found.weights else [], "plot": plot(found) if found.frontier else None,
            "clashes": [{"what": each.what, "mend": mend(each, "")} for each in found.clashes], "views": [*found.views], "notes": [*found.notes]}


def _shift(label: str, before: str, text: str) -> dict[str, str]:
    return {"label": label, "before": before, "text": text}


def _weights(found: Found) -> list[list[str]]:
    keys = sorted({*found.weights, *found.now}, key=lambda key: (-found.weights.get(key, 0.0), -found.now.get(key, 0.0)))
    rows = [(key, found.now.get(key, 0.0), found.weights.get(key, 0.0), found.contributions.get(key, 0.0)) for key in keys]
    return [[key, theme.share(now), theme.share(weight), theme.number(100 * (weight - now), decimals=1, signed=True), theme.share(part)]
            for key, now, weight, part in rows if round(now, 6) or round(weight, 6)]


def plot(found: Found) -> dict[str, Any]:
    """Place the frontier with the present portfolio and the one that was found; places are parts of the plot's width and height."""
    line = [each for each in found.frontier if theme.known(each.risk) and theme.known(each.expected)]
    every = [*line, *[each for each in (found.present, found.point) if theme.known(each.risk)]]
    across, up = bounds([each.risk for each in every]), bounds([each.expected for each in every])
    return {"line": [_place(each, across, up) for each in line], "x": _ticks(*across), "y": _ticks(*up),
            "marks": [{**_place(each, across, up), "name": name, "kind": kind}
                      for name, kind, each in (("now", "present", found.present), ("found", "found", found.point)) if theme.known(each.risk)],
            "best": _place(found.frontier[found.best], across, up)}


def _place(point: Point, across: tuple[float, float], up: tuple[float, float]) -> dict[str, Any]:
    return {"x": _part(point.risk, across), "y": _part(point.expected, up),
            "text": f"{theme.share(point.expected, decimals=2)} a year at a risk of {theme.share(point.risk, decimals=2)}"}


def _ticks(low: float, high: float) -> list[dict[str, Any]]:
    ticks = value_ticks(low, high)
    return [{"at": _part(tick, (low, high)), "text": text} for tick, text in zip(ticks, percent_texts(ticks), strict=True)]


def _part(value: float, within: tuple[float, float]) -> float:
    return round((value - within[0]) / (within[1] - within[0]), 5)
