"""Figures of attribution and of factors as plain dictionaries: the waterfall from the benchmark's return to the own, and loadings with their errors.

Like `components.figures` they hold shapes, never colours; `assets/benchmark.css` paints them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme
from components.figures import frame, value_ticks
from components.figures_benchmark import bounds, cut
from components.figures_performance import BAR, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

ROLES = ("own", "bench", "gain", "loss")
CUT_FROM = 0.5  # of the highest: where all bars reach higher than that, the feet of the two returns are cut off
SHORT = {"Benchmark": "Bench", "Allocation": "Alloc", "Selection": "Select", "Interaction": "Inter", "Currency": "FX", "Portfolio": "Own"}


class Fall(NamedTuple):
    """One bar of the waterfall: a level stands on zero, an effect on what came before it. Fractions."""

    label: str
    role: str  # own, bench or effect
    value: float
    foot: float
    top: float


class Estimate(NamedTuple):
    """A loading with the ends of its confidence interval."""

    label: str
    value: float
    low: float
    high: float


# ----------------------------------------------------------------------------------------------------------------------- waterfall


def waterfall_figure(falls: Sequence[Fall], *, revision: str) -> dict[str, Any]:
    """Draw how the benchmark's return becomes the portfolio's, effect by effect.

    Where both returns are high above zero their feet are cut off, with a visible break.
    """
    low, high, is_cut = _range(falls)
    layout = frame(margin={"l": 8, "r": 8, "t": 14, "b": 26})
    layout["hovermode"], layout["dragmode"], layout["bargap"], layout["barmode"] = False, False, 1 - BAR, "overlay"
    layout["xaxis"] |= {"range": [-0.5, len(falls) - 0.5], "fixedrange": True, "showspikes": False, **_names([fall.label for fall in falls])}
    layout["yaxis"] |= {"range": [low, high], "visible": False, "showgrid": False}
    layout["shapes"] = [_ground(low if is_cut else 0.0), *_connectors(falls), *(_breaks(falls, low, high) if is_cut else [])]
    layout["annotations"] = [_amount(place, fall, _points(fall)) for place, fall in enumerate(falls)]
    layout["uirevision"] = revision
    layout["meta"] = {"narrow": {"margin": layout["margin"], "xaxis": _names([SHORT.get(fall.label, fall.label) for fall in falls]),
                                 "annotations": [_amount(place, fall, _short(fall)) for place, fall in enumerate(falls)]}}
    return {"data": _bars(falls, low), "layout": layout}


def empty_waterfall() -> dict[str, Any]:
    """Frame of the waterfall before there is one."""
    layout = frame(margin={"l": 8, "r": 8, "t": 14, "b": 26})
    layout["xaxis"] |= {"visible": False}
    layout["yaxis"] |= {"visible": False}
    return {"data": [{"type": "bar", "x": [], "y": []} for _ in ROLES], "layout": layout}


def _range(falls: Sequence[Fall]) -> tuple[float, float, bool]:
    edges = [edge for fall in falls for edge in (fall.foot, fall.top)]
    moving = [edge for fall in falls for edge in ((fall.top,) if fall.role != "effect" else (fall.foot, fall.top))]
    high, lowest = max(edges), min(moving)
    is_cut = lowest > CUT_FROM * high > 0
    low = lowest - (high - lowest) * 0.35 if is_cut else min(0.0, *edges)
    room = (high - low) or 0.01
    return low - (0.0 if is_cut or low == 0 else room * 0.12), high + room * 0.12, is_cut


def _role(fall: Fall) -> str:
    return fall.role if fall.role != "effect" else "loss" if fall.value < 0 else "gain"


def _bars(falls: Sequence[Fall], low: float) -> list[dict[str, Any]]:
    """One trace a role, in a fixed order for the stylesheet; one without bars has a bar of no height out of sight, so that colours do not shift."""
    found = []
    for role in ROLES:
        rows = [(place, max(fall.foot, low), fall.top) for place, fall in enumerate(falls) if _role(fall) == role] or [(UNSEEN, low, low)]
        found.append({"type": "bar", "name": role, "x": [row[0] for row in rows], "base": [row[1] for row in rows],
                      "y": [row[2] - row[1] for row in rows], "width": BAR, "hoverinfo": "none"})
    return found


def _connectors(falls: Sequence[Fall]) -> list[dict[str, Any]]:
    return [{"type": "line", "xref": "x", "yref": "y", "x0": place + BAR / 2, "x1": place + 1 - BAR / 2, "y0": fall.top, "y1": fall.top,
             "line": {"width": 1}, "layer": "below"} for place, fall in enumerate(falls[:-1])]


def _ground(low: float) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": low, "y1": low, "line": {"width": 1}, "layer": "below"}


def _breaks(falls: Sequence[Fall], low: float, high: float) -> list[dict[str, Any]]:
    """Slanted gap through the foot of each return."""
    unit, found = (high - low) / 100, []
    for place in (place for place, fall in enumerate(falls) if fall.role != "effect"):
        left, right, at = place - BAR / 2 - 0.04, place + BAR / 2 + 0.04, low + 7 * unit
        path = f"M{left} {at - 1.6 * unit}L{right} {at + 1.2 * unit}V{at + 2.8 * unit}L{left} {at}Z"
        found.append({"type": "path", "path": path, "xref": "x", "yref": "y", "line": {"width": 0}, "layer": "above"})
    return found


def _names(names: Sequence[str]) -> dict[str, Any]:
    return {"tickmode": "array", "tickvals": [*range(len(names))], "ticktext": [*names]}


def _points(fall: Fall) -> str:
    return theme.percent(fall.value) if fall.role != "effect" else theme.number(fall.value * 100, signed=True)


def _short(fall: Fall) -> str:
    return theme.number(fall.value * 100, decimals=1, signed=True)


def _amount(place: int, fall: Fall, text: str) -> dict[str, Any]:
    return {"x": place, "y": max(fall.foot, fall.top), "xref": "x", "yref": "y", "yanchor": "bottom", "yshift": 2, "showarrow": False, "text": text}


# ------------------------------------------------------------------------------------------------------------------------ loadings


def loadings_figure(estimates: Sequence[Estimate], *, revision: str) -> dict[str, Any]:
    """Draw a dot for each loading with its interval, the first factor on top; what does not reach zero is told from zero."""
    low, high = bounds([edge for each in estimates for edge in (each.value, each.low, each.high)], 0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    ticks, rows = value_ticks(low, high, 6), [*reversed(estimates)]
    layout = frame(margin={"l": 112, "r": 60, "t": 6, "b": 26})
    layout["hovermode"], layout["dragmode"] = False, False
    layout["xaxis"] |= {"range": [low, high], "visible": True, "showgrid": True, "fixedrange": True, "showspikes": False, "tickmode": "array",
                        "tickvals": ticks, "ticktext": [theme.number(tick, decimals=_places(ticks)) for tick in ticks]}
    layout["yaxis"] |= {"range": [-0.6, len(rows) - 0.4], "visible": True, "showgrid": False, **_names([cut(each.label, 17) for each in rows])}
    layout["shapes"] = [{"type": "line", "xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "line": {"width": 1}, "layer": "below"}]
    layout["annotations"] = [{"x": 1, "xref": "paper", "xanchor": "left", "xshift": 10, "y": place, "yref": "y", "showarrow": False,
                              "text": theme.number(each.value, signed=True)} for place, each in enumerate(rows)]
    layout["uirevision"] = revision
    layout["meta"] = {"narrow": {"margin": layout["margin"] | {"l": 84, "r": 48}, "annotations": layout["annotations"], "xaxis": {},
                                 "yaxis": _names([cut(each.label, 12) for each in rows])}}
    return {"data": [_dots(rows)], "layout": layout}


def empty_loadings() -> dict[str, Any]:
    """Frame before there are loadings."""
    layout = frame()
    layout["xaxis"] |= {"visible": False}
    layout["yaxis"] |= {"visible": False}
    return {"data": [{"type": "scatter", "x": [], "y": []}], "layout": layout}


def _places(ticks: Sequence[float]) -> int:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    return next((places for places in range(4) if abs(round(step, places) - step) < 1e-9), 3)


def _dots(rows: Sequence[Estimate]) -> dict[str, Any]:
    known = [theme.known(each.low) and theme.known(each.high) for each in rows]
    return {
        "type": "scatter", "mode": "markers", "name": "Loading", "hoverinfo": "none", "x": [each.value for each in rows], "y": [*range(len(rows))],
        "marker": {"size": 9, "symbol": ["circle" if there and each.low * each.high > 0 else "circle-open" for each, there in
                                         zip(rows, known, strict=True)], "line": {"width": 1.5}},
        "error_x": {"type": "data", "symmetric": False, "thickness": 1.5, "width": 4,
                    "array": [each.high - each.value if there else 0.0 for each, there in zip(rows, known, strict=True)],
                    "arrayminus": [each.value - each.low if there else 0.0 for each, there in zip(rows, known, strict=True)]},
    }
