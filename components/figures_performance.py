"""Figures of the Performance page as plain dictionaries: growth against the benchmark, and the bridge of the value.

Like `components.figures` they hold shapes, never colours; `assets/performance.css` paints every trace with the tokens, and
`layout.meta.narrow` holds what a phone needs otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme
from components.figures import (
    FLOW_MARKS,
    LABEL_DISTANCE,
    NARROW_TICKS,
    WIDE_TICKS,
    Flow,
    date_axis,
    flow_texts,
    frame,
    merged_flows,
    value_ticks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

MAIN, LANE, STRIP = (0.35, 1.0), (0.26, 0.31), (0.0, 0.16)  # parts of the plot's height: growth, flows, active return
MAIN_ALONE, LANE_ALONE = (0.1, 1.0), (0.0, 0.07)  # without a benchmark there is no active return
HEIGHT = 380  # px; a guess that only decides whether two labels must part
CUT_FROM = 0.35  # of the highest: where all bars reach higher than that, the foot of the bridge is cut off
UNSEEN = -9  # left of every bar
BAR = 0.68  # of the room of one bar
NARROW_DISTANCE = 14  # px between two labels of one line each


class Growth(NamedTuple):
    """Growth of one unit by day, 1.0 at the start; the benchmark's as long, or empty."""

    days: Sequence[date]
    own: Sequence[float]
    benchmark: Sequence[float]
    flows: Sequence[Flow]

    @property
    def active(self) -> list[float]:
        """Cumulative active return: own less benchmark."""
        return [own - other for own, other in zip(self.own, self.benchmark, strict=True)] if self.benchmark else []


class Step(NamedTuple):
    """One bar of the bridge. `kind`: total, flow or gain; a total stands on the ground, the others on what came before."""

    name: str
    short: str
    amount: float
    kind: str


# -------------------------------------------------------------------------------------------------------------------------- growth


def growth_index_figure(growth: Growth, *, name: str, benchmark: str, revision: str) -> dict[str, Any]:
    """Draw growth in percent with the benchmark, the flows on a lane below, and the active return under it.

    Parameters
    ----------
    growth : Growth
        At least two days.
    name, benchmark : str
        What the lines are of: they label their ends.
    revision : str
        As long as it stays the same, a reader's zoom stays.
    """
    own, other, active = ([value - 1 for value in growth.own], [value - 1 for value in growth.benchmark], growth.active)
    (low, high), flows = _bounds([*own, *other, 0.0]), merged_flows(growth.flows, FLOW_MARKS)
    main, lane = (MAIN, LANE) if active else (MAIN_ALONE if flows else (0.0, 1.0), LANE_ALONE)
    layout = frame(margin={"b": 26, "r": 104})
    layout["xaxis"] |= {"type": "date", "visible": True, "anchor": "free", "position": 0,
                        "range": [growth.days[0].isoformat(), growth.days[-1].isoformat()], **date_axis(growth.days, WIDE_TICKS)}
    layout["yaxis"] |= {"visible": True, "range": [low, high], "domain": [*main], **_percent_axis(low, high, 5)}
    layout["yaxis2"] = _lane(lane)
    layout["yaxis3"] = _strip(active)
    layout["shapes"] = [*(_stem(flow, growth, low) for flow in flows), _zero("y"), *([_zero("y3")] if active else [])]
    layout["annotations"] = _labels(growth, [(own, name), (other, benchmark)], low, high)
    layout["uirevision"] = revision
    layout["meta"] = {"narrow": _narrow(growth, layout)}
    return {"data": [*_lines(growth, [own, other, active], [name, benchmark, "Active"]), _marks(flows, growth)], "layout": layout}


def empty_growth_index() -> dict[str, Any]:
    """Frame before there is a growth, with the axes it will have: Plotly cannot add one to a drawn plot."""
    layout = frame()
    layout["xaxis"] |= {"type": "date", "visible": False}
    layout["yaxis"] |= {"visible": False}
    layout["yaxis2"], layout["yaxis3"] = _lane(LANE), _strip([])
    return {"data": [{"type": "scatter", "x": [], "y": [], "yaxis": axis} for axis in ("y", "y", "y3", "y2")], "layout": layout}


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if theme.known(value)]
    low, high = min(known), max(known)
    pad = (high - low) * 0.06 or 0.01
    return low - pad, high + pad


def percent_texts(ticks: Sequence[float]) -> list[str]:
    """Texts of fractions on an axis, with just the decimals that tell them apart."""
    step = (ticks[1] - ticks[0]) * 100 if len(ticks) > 1 else 1.0
    decimals = next((places for places in range(4) if abs(round(step, places) - step) < 1e-9), 4)
    return [theme.percent(tick, decimals=decimals, signed=False) for tick in ticks]


def _percent_axis(low: float, high: float, count: int) -> dict[str, Any]:
    ticks = value_ticks(low, high, count)
    return {"tickmode": "array", "tickvals": ticks, "ticktext": percent_texts(ticks)}


def _lane(domain: tuple[float, float]) -> dict[str, Any]:
    return {"range": [-1, 1], "domain": [*domain], "visible": False, "fixedrange": True, "anchor": "x"}


def _strip(active: Sequence[float]) -> dict[str, Any]:
    axis = frame()["yaxis"] | {"domain": [*STRIP], "anchor": "x", "visible": bool(active)}
    if not active:
        return axis
    low, high = _bounds([*active, 0.0])
    return axis | {"range": [low, high], **_percent_axis(low, high, 2)}


def _lines(growth: Growth, lines: Sequence[Sequence[float]], names: Sequence[str]) -> list[dict[str, Any]]:
    days = [day.isoformat() for day in growth.days]
    looks: list[dict[str, Any]] = [
        {"line": {"width": 1.75}, "fill": "tozeroy"},
        {"line": {"width": 1.5, "dash": "4px,3px"}},
        {"line": {"width": 1.25}, "fill": "tozeroy", "yaxis": "y3"},
    ]
    return [{"type": "scatter", "mode": "lines", "hoverinfo": "none", "name": name, "x": days if line else [], "y": [_short(value) for value in line]}
            | look for line, name, look in zip(lines, names, looks, strict=True)]


def _short(value: float) -> float | None:
    """Six decimals of a fraction are a hundredth of a pixel; unknown is a hole in the line."""
    return round(value, 6) if theme.known(value) else None


def _marks(flows: Sequence[Flow], growth: Growth) -> dict[str, Any]:
    span = (growth.days[-1] - growth.days[0]).days
    return {
        "type": "scatter", "mode": "markers+text", "name": "Deposit, withdrawal", "yaxis": "y2", "hoverinfo": "skip", "cliponaxis": False,
        "x": [flow.date.isoformat() for flow in flows], "y": [0] * len(flows), "text": flow_texts(flows, span), "textposition": "middle right",
        "customdata": [flow.amount for flow in flows],
        "marker": {"size": 8, "symbol": ["triangle-up" if flow.amount > 0 else "triangle-down-open" for flow in flows], "line": {"width": 1.25}},
    }


def _stem(flow: Flow, growth: Growth, low: float) -> dict[str, Any]:
    at = max((index for index, day in enumerate(growth.days) if day <= flow.date), default=0)
    top = growth.own[at] - 1
    day = flow.date.isoformat()
    return {"type": "line", "xref": "x", "yref": "y", "x0": day, "x1": day, "y0": low, "y1": top if theme.known(top) else low,
            "line": {"width": 1, "dash": "1px,3px"}, "layer": "below"}


def _zero(axis: str) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": 0, "y1": 0, "line": {"width": 1}, "layer": "below"}


def _labels(growth: Growth, ends: Sequence[tuple[Sequence[float], str]], low: float, high: float) -> list[dict[str, Any]]:
    """Return and name where each line ends, kept apart; then the active return's end and the strip's title."""
    known = [(_last(line), name) for line, name in ends if line]
    last, day = [value for value, _ in known], growth.days[-1].isoformat()
    height = HEIGHT * ((MAIN[1] - MAIN[0]) if growth.benchmark else 1)
    push = max(0.0, LABEL_DISTANCE - abs(last[0] - last[-1]) / (high - low) * height) / 2 if len(last) > 1 else 0.0
    upper = 0 if last[0] >= last[-1] else 1
    notes = [_note(day, value, name, "y", push if index == upper else -push) for index, (value, name) in enumerate(known)]
    if not growth.benchmark:
        return notes
    title = {"x": 0, "y": STRIP[1], "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": -44, "yshift": 8,
             "showarrow": False, "text": "Active return, cumulative"}
    return [*notes, _note(day, _last(growth.active), "Active", "y3", 0), title]


def _last(line: Sequence[float]) -> float:
    return next((value for value in reversed(line) if theme.known(value)), 0.0)


def _note(day: str, value: float, name: str, axis: str, shift: float) -> dict[str, Any]:
    return {"x": day, "y": value, "xref": "x", "yref": axis, "xanchor": "left", "xshift": 8, "yshift": round(shift), "showarrow": False,
            "align": "left", "text": f"<b>{theme.percent(value, decimals=1)}</b><br>{_cut(name, 16)}"}


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _narrow(growth: Growth, layout: dict[str, Any]) -> dict[str, Any]:
    """Change what a phone needs otherwise: no names at the lines' ends, fewer dates, no amounts on the lane."""
    labels = [note | {"text": note["text"].partition("<br>")[0], "xshift": note["xshift"] + (8 if note["xshift"] < 0 else -3),
                      "yshift": round(note["yshift"] * NARROW_DISTANCE / LABEL_DISTANCE)} for note in layout["annotations"]]
    return {"margin": layout["margin"] | {"l": 36, "r": 52}, "annotations": labels, "xaxis": date_axis(growth.days, NARROW_TICKS)}


# -------------------------------------------------------------------------------------------------------------------------- bridge


def bridge_figure(steps: Sequence[Step], *, revision: str) -> dict[str, Any]:
    """Draw what moved the value: two totals and the steps between them, each from where the one before ended.

    Where everything happens high above zero the totals are cut off at their feet, with a visible break.
    """
    spans = bridge_spans(steps)
    highest = max(edge for span in spans for edge in span)
    lowest = min(span[1] if step.kind == "total" else min(span) for step, span in zip(steps, spans, strict=True))
    cut = lowest > CUT_FROM * highest > 0
    low = lowest - (highest - lowest) * 0.22 if cut else min(0.0, lowest)
    high = highest + ((highest - low) * 0.09 or 1.0)
    layout = frame(margin={"l": 8, "r": 8, "t": 8, "b": 40})
    layout["hovermode"], layout["dragmode"] = False, False
    names = _names([step.name.replace(", ", "<br>") for step in steps])
    layout["xaxis"] |= {"range": [-0.5, len(steps) - 0.5], "fixedrange": True, "showspikes": False, **names}
    layout["yaxis"] |= {"range": [low, high], "visible": False, "showgrid": False}
    layout["bargap"] = 1 - BAR
    layout["barmode"] = "overlay"
    layout["shapes"] = [_ground(low if cut else 0.0), *_connectors(steps, spans), *(_breaks(steps, low, high) if cut else [])]
    layout["annotations"] = [_amount(index, step, span) for index, (step, span) in enumerate(zip(steps, spans, strict=True))]
    layout["uirevision"] = revision
    layout["meta"] = {"narrow": _narrow_bridge(steps, layout)}
    return {"data": _bars(steps, spans, low), "layout": layout}


def empty_bridge() -> dict[str, Any]:
    """Frame of the bridge before there is one."""
    layout = frame(margin={"l": 8, "r": 8, "t": 8, "b": 40})
    layout["xaxis"] |= {"visible": False}
    layout["yaxis"] |= {"visible": False}
    return {"data": [{"type": "bar", "x": [], "y": []} for _ in ROLES], "layout": layout}


ROLES = ("total", "flow", "gain", "loss")


def bridge_spans(steps: Sequence[Step]) -> list[tuple[float, float]]:
    """Give where each bar begins and ends."""
    spans: list[tuple[float, float]] = []
    for step in steps:
        before = spans[-1][1] if spans else 0.0
        spans.append((0.0, step.amount) if step.kind == "total" else (before, before + step.amount))
    return spans


def _role(step: Step) -> str:
    return step.kind if step.kind != "gain" else "loss" if step.amount < 0 else "gain"


def _bars(steps: Sequence[Step], spans: Sequence[tuple[float, float]], low: float) -> list[dict[str, Any]]:
    """One trace a role, in a fixed order, for the stylesheet to colour; a total starts at the bottom of the plot.

    Plotly leaves out a trace without bars, which would shift the colours: such a one has a bar of no height out of sight.
    """
    found = []
    for role in ROLES:
        own = [index for index, step in enumerate(steps) if _role(step) == role]
        rows = [(index, max(spans[index][0], low), spans[index][1], steps[index].amount) for index in own] or [(UNSEEN, low, low, 0.0)]
        found.append({"type": "bar", "name": role, "x": [row[0] for row in rows], "base": [row[1] for row in rows],
                      "y": [row[2] - row[1] for row in rows], "width": BAR, "hoverinfo": "none", "customdata": [row[3] for row in rows]})
    return found


def _connectors(steps: Sequence[Step], spans: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    return [{"type": "line", "xref": "x", "yref": "y", "x0": index + BAR / 2, "x1": index + 1 - BAR / 2, "y0": span[1], "y1": span[1],
             "line": {"width": 1}, "layer": "below"} for index, (_, span) in enumerate(zip(steps[:-1], spans[:-1], strict=True))]


def _ground(low: float) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": low, "y1": low, "line": {"width": 1}, "layer": "below"}


def _breaks(steps: Sequence[Step], low: float, high: float) -> list[dict[str, Any]]:
    """Slanted gap through the foot of every total."""
    unit, found = (high - low) / 100, []
    for index, step in enumerate(steps):
        if step.kind == "total":
            left, right, at = index - BAR / 2 - 0.04, index + BAR / 2 + 0.04, low + 6 * unit
            path = f"M{left} {at - 1.6 * unit}L{right} {at + 1.2 * unit}V{at + 2.8 * unit}L{left} {at}Z"
            found.append({"type": "path", "path": path, "xref": "x", "yref": "y", "line": {"width": 0}, "layer": "above"})
    return found


def _names(names: Sequence[str]) -> dict[str, Any]:
    return {"tickmode": "array", "tickvals": [*range(len(names))], "ticktext": [*names]}


def _amount(index: int, step: Step, span: tuple[float, float]) -> dict[str, Any]:
    text = theme.money(step.amount, decimals=0, signed=step.kind != "total")
    return {"x": index, "y": max(span), "xref": "x", "yref": "y", "yanchor": "bottom", "yshift": 2, "showarrow": False, "text": text}


def _narrow_bridge(steps: Sequence[Step], layout: dict[str, Any]) -> dict[str, Any]:
    """Short names and amounts for a phone."""
    notes = [note | {"text": theme.compact(step.amount, signed=step.kind != "total")}
             for note, step in zip(layout["annotations"], steps, strict=True)]
    return {"margin": layout["margin"], "annotations": notes, "xaxis": _names([step.short for step in steps])}
