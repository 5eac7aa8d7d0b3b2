"""What an optimiser found, as it is told and kept."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

import engine.advice.optimise as found_by
from engine.advice.trades import Conflict
from services.advice.optimise_tasks import Prepared
from services.advice.views_trades import Frontier, FrontierPoint, OptimiseResult


def result_of(ready: Prepared, found: found_by.Optimised, line: found_by.Frontier | None) -> OptimiseResult:
    """Tell what came out, beside what is held now."""
    point, present = found.point, _point(found.present)
    weights = {} if point is None else {symbol: weight for symbol, weight in point.weights.items() if weight}
    moved = sum(abs(weights.get(symbol, 0.0) - now) for symbol, now in present.weights.items()) / 2 if weights else nan
    return OptimiseResult(
        model=ready.task.model, weights=weights, targets={symbol: weight * ready.invested for symbol, weight in weights.items()},
        present=present.weights, expected_return=nan if point is None else point.expected_return, risk=nan if point is None else point.risk,
        ratio=nan if point is None else point.ratio, present_point=present, turnover=moved, contributions=found.contributions,
        frontier=None if line is None else Frontier(ready.task.measure, tuple(map(_point, line.points)), _point(line.present), line.best),
        conflicts=found.conflicts, observations=found.observations, views=tuple(view.sentence for view in ready.task.views), notes=ready.notes)


def stored_result(told: Mapping[str, Any] | None) -> OptimiseResult | None:
    """Read a result back from how it is kept; null is no answer."""
    if told is None:
        return None
    line = told["frontier"]
    figures = {name: _number(told[name]) for name in ("expected_return", "risk", "ratio", "turnover")}
    return OptimiseResult(
        model=told["model"], weights=told["weights"], targets=told["targets"], present=told["present"], present_point=_read(told["present_point"]),
        contributions={name: _number(value) for name, value in told["contributions"].items()},
        frontier=None if line is None else Frontier(line["measure"], tuple(map(_read, line["points"])), _read(line["present"]), line["best"]),
        conflicts=tuple(Conflict(each["name"], each["what"], each["limit"], _number(each["relaxed"]), each["subject"], bool(each.get("jointly")))
                        for each in told["conflicts"]),
        observations=told["observations"], views=tuple(told["views"]), notes=tuple(told["notes"]), **figures)


def _point(point: found_by.Point) -> FrontierPoint:
    return FrontierPoint(point.expected_return, point.risk, point.ratio, {symbol: weight for symbol, weight in point.weights.items() if weight})


def _read(told: Mapping[str, Any]) -> FrontierPoint:
    return FrontierPoint(_number(told["expected_return"]), _number(told["risk"]), _number(told["ratio"]), dict(told["weights"]))


def _number(value: float | None) -> float:
    return nan if value is None else value
