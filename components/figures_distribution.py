"""Figures of how returns are distributed, as plain dictionaries: the histogram, quantiles against a normal, the volatility cone.

As those of `components.figures_risk` they hold shapes, never colours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme
from components.figures import axis_texts, frame, value_ticks
from components.figures_performance import percent_texts
from components.figures_risk import padded, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.figures_risk import Screen

BAR = 0.92  # of the room of one bar of a histogram


class Bins(NamedTuple):
    """A histogram of returns: one more edge than counts, ascending."""

    edges: Sequence[float]
    counts: Sequence[float]

    @property
    def middles(self) -> list[float]:
        """Middle of each bin."""
        return [(low + high) / 2 for low, high in zip(self.edges[:-1], self.edges[1:], strict=True)]


class Curve(NamedTuple):
    """A fitted density, in counts of a bin, at some returns."""

    name: str
    at: Sequence[float]
    density: Sequence[float]
    kind: str


class Mark(NamedTuple):
    """A return that is marked on the axis: VaR, expected shortfall, mean."""

    name: str
    at: float


def histogram_figure(bins: Bins, curves: Sequence[Curve], marks: Sequence[Mark], screen: Screen) -> dict[str, Any]:
    """Draw how often each size of return came, losses beyond the first mark in the colour of loss, and densities fitted to all."""
    layout = frame(margin={"l": 52, "r": 12, "b": 28, "t": 26})
    span = (bins.edges[0], bins.edges[-1])
    ticks = value_ticks(*span, 5 if screen.narrow else 9)
    high = max(*bins.counts, *(value for curve in curves for value in curve.density), 1.0) * 1.04
    layout["xaxis"] |= {"type": "linear", "visible": True, "range": [*span], "tickmode": "array", "tickvals": ticks, "ticktext": percent_texts(ticks)}
    counts = value_ticks(0.0, high, 4)
    layout["yaxis"] |= {"visible": True, "range": [0, high], "tickmode": "array", "tickvals": counts, "ticktext": axis_texts(counts)}
    layout["yaxis"]["title"] = _axis_title("Days")
    layout["bargap"], layout["barmode"], layout["uirevision"] = 1 - BAR, "overlay", screen.revision
    beyond = marks[0].at if marks else float("-inf")
    width = bins.edges[1] - bins.edges[0]
    names = [f"{theme.percent(low)} to {theme.percent(high)}" for low, high in zip(bins.edges[:-1], bins.edges[1:], strict=True)]
    layout["shapes"] = [_upright(mark.at) for mark in marks if span[0] <= mark.at <= span[1]]
    layout["annotations"] = _mark_notes([mark for mark in marks if span[0] <= mark.at <= span[1]], span, screen)
    layout["meta"] = {"tip": {"form": "count", "x": "number", "names": names}}
    sides = [[at for at, middle in enumerate(bins.middles) if (middle < beyond) is tail] for tail in (False, True)]
    bars = [{"type": "bar", "hoverinfo": "none", "name": name, "x": [bins.middles[at] for at in places] or [span[0]],
             "y": [bins.counts[at] for at in places] or [0], "width": width * BAR, "meta": {"tip": kind}}
            for name, places, kind in (("Days", sides[0], ""), ("Days beyond VaR", sides[1], "loss"))]
    fitted = [{"type": "scatter", "mode": "lines", "hoverinfo": "skip", "name": curve.name, "x": [*curve.at], "y": [*curve.density],
               "line": {"width": 1.75} if curve.kind == "own" else {"width": 1.25, "dash": "4px,3px"}} for curve in curves]
    return {"data": [*bars, *fitted], "layout": layout}


def _axis_title(text: str) -> dict[str, Any]:
    """Name an axis in the size of its numbers."""
    return {"text": text, "standoff": 6, "font": {"size": 11}}


def _mark_notes(marks: Sequence[Mark], span: tuple[float, float], screen: Screen) -> list[dict[str, Any]]:
    """Name the marks over the plot; two that are near each other lean away from each other."""
    order = sorted(marks, key=lambda mark: mark.at)
    near = (0.3 if screen.narrow else 0.12) * (span[1] - span[0])
    notes = []
    for place, mark in enumerate(order):
        before = place > 0 and mark.at - order[place - 1].at < near
        after = place + 1 < len(order) and order[place + 1].at - mark.at < near
        anchor = "right" if after and not before else "left" if before else "center"
        notes.append({"x": mark.at, "y": 1, "xref": "x", "yref": "paper", "yanchor": "bottom", "xanchor": anchor, "showarrow": False,
                      "text": f"{mark.name} {theme.percent(mark.at, decimals=1)}"})
    return notes


def quantiles_figure(points: Sequence[tuple[float, float]], fitted: Sequence[tuple[float, float]], screen: Screen) -> dict[str, Any]:
    """Draw observed quantiles over those of a normal, on whose line a normal would lie, and those of a fitted Student-t."""
    values = [value for point in points for value in point]
    low, high = padded(min(values), max(values))
    ticks = value_ticks(low, high, 5)
    axis = {"visible": True, "range": [low, high], "tickmode": "array", "tickvals": ticks, "ticktext": percent_texts(ticks)}
    layout = frame(margin={"l": 58, "r": 16, "b": 42, "t": 12})
    layout["xaxis"] |= {"type": "linear", **axis, "title": _axis_title("As a normal would have it")}
    layout["yaxis"] |= axis | {"title": _axis_title("Observed")}
    layout["uirevision"] = screen.revision
    layout["shapes"] = [{"type": "line", "xref": "x", "yref": "y", "x0": low, "y0": low, "x1": high, "y1": high,
                         "line": {"width": 1, "dash": "4px,3px"}}]
    layout["meta"] = {"tip": {"form": "percent", "x": "number", "names": [f"Normal {theme.percent(normal)}" for normal, _ in points]}}
    line = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "name": "Student-t", "x": [x for x, _ in fitted], "y": [y for _, y in fitted],
            "line": {"width": 1.5}}
    dots = {"type": "scatter", "mode": "markers", "hoverinfo": "none", "name": "Observed", "x": [x for x, _ in points], "y": [y for _, y in points],
            "marker": {"size": 4}, "meta": {"tip": "own"}}
    return {"data": [line, dots], "layout": layout}


# ------------------------------------------------------------------------------------------------------------------------------- cone


class Band(NamedTuple):
    """Volatilities over one horizon: how low and high they were, half of them between `lower` and `upper`, and the last."""

    horizon: int
    least: float
    lower: float
    median: float
    upper: float
    most: float
    last: float


def cone_figure(bands: Sequence[Band], screen: Screen) -> dict[str, Any]:
    """Draw the volatility cone: the range of past volatilities by horizon, and where the last one stands in it."""
    values = [value for band in bands for value in band[1:] if theme.known(value)]
    high = max(values, default=0.1) * 1.08
    ticks = value_ticks(0.0, high, 5)
    layout = frame(margin={"l": 44, "r": 24, "b": 42, "t": 12})
    places = [*range(len(bands))]
    layout["xaxis"] |= {"type": "linear", "visible": True, "range": [-0.15, len(bands) - 0.85], "tickmode": "array", "tickvals": places,
                        "ticktext": [f"{band.horizon} d" for band in bands], "fixedrange": True,
                        "title": _axis_title("Trading days of each window")}
    layout["yaxis"] |= {"visible": True, "range": [0, high], "tickmode": "array", "tickvals": ticks, "ticktext": percent_texts(ticks)}
    layout["uirevision"] = screen.revision
    layout["meta"] = {"tip": {"form": "share", "x": "number", "names": [f"{band.horizon} trading days" for band in bands]}}
    edges = [_edge(places, [band.most for band in bands], "Highest"),
             _edge(places, [band.least for band in bands], "Lowest", fill=True),
             _edge(places, [band.upper for band in bands], "Upper quarter"),
             _edge(places, [band.lower for band in bands], "Lower quarter", fill=True),
             _edge(places, [band.median for band in bands], "Median", dash=True),
             _edge(places, [band.last for band in bands], "Last", own=True)]
    return {"data": edges, "layout": layout}


def _edge(places: Sequence[int], values: Sequence[float], name: str, *, fill: bool = False, dash: bool = False, own: bool = False) -> dict[str, Any]:
    line: dict[str, Any] = {"width": 1.75 if own else 1.25 if dash else 0} | ({"dash": "4px,3px"} if dash else {})
    return {"type": "scatter", "mode": "lines+markers" if own else "lines", "hoverinfo": "none", "name": name, "x": [*places],
            "y": [short(value) for value in values], "line": line, "marker": {"size": 6}, "meta": {"tip": "own" if own else "bench" if dash else ""},
            **({"fill": "tonexty"} if fill else {})}


def _upright(at: float) -> dict[str, Any]:
    return {"type": "line", "xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 1, "dash": "2px,2px"},
            "layer": "above"}
