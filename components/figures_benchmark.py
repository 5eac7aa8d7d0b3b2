"""Figures of the Benchmark page as plain dictionaries: lines beside each other, and the periods of a portfolio against those of a benchmark.

Like `components.figures` they hold shapes, never colours: `assets/benchmark.css` paints the lines by their order, and `layout.meta.narrow`
holds what a phone needs otherwise. `layout.meta.form` is how the box beside the crosshair writes a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme
from components.figures import NARROW_TICKS, WIDE_TICKS, axis_texts, date_axis, frame, value_ticks
from components.figures_performance import percent_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

MAIN, STRIP = (0.3, 1.0), (0.0, 0.16)  # parts of the plot's height, where a strip stands below the lines
HEIGHT = 340  # px; a guess that only decides whether two labels must part
TALL, LOW = 31, 15  # px between two labels of two lines, and of one
MOST_TALL = 3  # lines whose ends are labelled with their names too
LABEL_WIDTH, LOW_WIDTH = 15, 14  # characters of a name at the end of a line
SMALL = 0.1  # a return under it keeps a decimal on a phone


class Line(NamedTuple):
    """One line: NaN is a hole in it. `kind`: own, bench, effect, step (what was put in, which jumps)."""

    name: str
    values: Sequence[float]
    kind: str = "bench"


class Form(NamedTuple):
    """How values of a figure are written: on the axis, at the end of a line, and under which name the browser knows it."""

    name: str
    axis: Callable[[Sequence[float]], list[str]]
    end: Callable[[float], str]
    short: Callable[[float], str]


def _plain_texts(ticks: Sequence[float]) -> list[str]:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    decimals = next((places for places in range(5) if abs(round(step, places) - step) < 1e-9), 4)
    return [theme.number(tick, decimals=decimals) for tick in ticks]


def _money_texts(ticks: Sequence[float]) -> list[str]:
    return [text if tick else "0" for tick, text in zip(ticks, axis_texts(ticks), strict=True)]


PERCENT = Form("percent", percent_texts, lambda value: theme.percent(value, decimals=1),
               lambda value: theme.percent(value, decimals=0 if abs(value) >= SMALL else 1))
LEVEL = Form("share", percent_texts, theme.share, lambda value: theme.share(value, decimals=0))
MONEY = Form("whole", _money_texts, lambda value: theme.money(value, decimals=0), theme.compact)
RATIO = Form("money", _plain_texts, theme.number, theme.number)


# --------------------------------------------------------------------------------------------------------------------------- lines


def lines_figure(days: Sequence[date], lines: Sequence[Line], *, form: Form = PERCENT, revision: str, strip: Line | None = None,
                 level: float | None = 0.0) -> dict[str, Any]:
    """Draw lines over the same days, the first one the most important.

    Parameters
    ----------
    days : sequence of date
        At least two.
    lines : sequence of Line
        Each as long as the days.
    form : Form
        How their values are written.
    revision : str
        As long as it stays the same, a reader's zoom stays.
    strip : Line, optional
        What stands in a strip below them, in percent.
    level : float, optional
        Where a stronger line is drawn across, if it is in sight.
    """
    low, high = bounds([value for line in lines for value in line.values], level)
    layout = frame(margin={"b": 26, "r": 112 if len(lines) <= MOST_TALL else 148})
    layout["xaxis"] |= {"type": "date", "visible": True, "anchor": "free", "position": 0, **date_axis(days, WIDE_TICKS),
                        "range": [days[0].isoformat(), days[-1].isoformat()]}
    ticks = value_ticks(low, high)
    layout["yaxis"] |= {"visible": True, "range": [low, high], "domain": [*(MAIN if strip else (0.0, 1.0))], "tickmode": "array",
                        "tickvals": ticks, "ticktext": form.axis(ticks)}
    layout["yaxis2"] = _strip(strip)
    layout["shapes"] = [*([_across(level, "y")] if level is not None and low <= level <= high else []), *([_across(0.0, "y2")] if strip else [])]
    layout["annotations"] = [*_labels(days, lines, form, low, high, strip), *(_strip_labels(days, strip) if strip else [])]
    layout["uirevision"] = revision
    layout["meta"] = {"form": form.name, "narrow": _narrow(days, lines, form, layout)}
    drawn = [_trace(days, line, look) for line, look in zip(lines, looks_of(lines), strict=True)]
    return {"data": [*drawn, *([_strip_trace(days, strip)] if strip else [])], "layout": layout}


def empty_lines() -> dict[str, Any]:
    """Frame before there are lines, with the axes it will have: Plotly cannot add one to a drawn plot."""
    layout = frame()
    layout["xaxis"] |= {"type": "date", "visible": False}
    layout["yaxis"] |= {"visible": False}
    layout["yaxis2"] = _strip(None)
    return {"data": [{"type": "scatter", "x": [], "y": []}, {"type": "scatter", "x": [], "y": [], "yaxis": "y2"}], "layout": layout}


def bounds(values: Sequence[float], level: float | None = None) -> tuple[float, float]:
    """Give the range of an axis: what is known, the level that it is measured from, and some air."""
    known = [value for value in values if theme.known(value)] or [0.0]
    low, high = min(known), max(known)
    if level is not None and min(abs(low - level), abs(high - level)) < (high - low) * 0.6:
        low, high = min(low, level), max(high, level)
    pad = (high - low) * 0.06 or abs(high) * 0.05 or 0.01
    return low - pad, high + pad


def short(value: float) -> float | None:
    """Six digits are a hundredth of a pixel; unknown is a hole in the line."""
    return float(f"{value:.7g}") if theme.known(value) else None


def looks_of(lines: Sequence[Line]) -> list[str]:
    """Name the colour of each line, as the stylesheet has them by the same order: k0 own, k1 the first benchmark, k2 and on for the others.

    Examples
    --------
    >>> looks_of([Line("own", [], "own"), Line("a", []), Line("b", [])]), looks_of([Line("x", [], "effect")])
    (['k0', 'k1', 'k2'], ['k2'])
    """
    found: list[str] = []
    for line in lines:
        before = sum(look not in {"k0", "step"} for look in found)
        found.append("k0" if line.kind == "own" else "step" if line.kind == "step" else f"k{before + (2 if line.kind == 'effect' else 1)}")
    return found


def _trace(days: Sequence[date], line: Line, look: str) -> dict[str, Any]:
    looks: dict[str, dict[str, Any]] = {
        "own": {"line": {"width": 1.75}}, "bench": {"line": {"width": 1.5, "dash": "4px,3px" if look == "k1" else "solid"}},
        "effect": {"line": {"width": 1.5}}, "step": {"line": {"width": 1.25, "shape": "hv"}},
    }
    return {"type": "scatter", "mode": "lines", "hoverinfo": "none", "name": line.name, "connectgaps": False, "meta": look,
            "x": [day.isoformat() for day in days], "y": [short(value) for value in line.values], **looks[line.kind]}


def _strip_trace(days: Sequence[date], strip: Line) -> dict[str, Any]:
    return _trace(days, strip._replace(kind="effect"), "strip") | {"yaxis": "y2", "fill": "tozeroy", "line": {"width": 1.25}}


def _strip(strip: Line | None) -> dict[str, Any]:
    axis = frame()["yaxis"] | {"domain": [*STRIP], "anchor": "x", "visible": strip is not None}
    if strip is None:
        return axis
    low, high = bounds([*strip.values, 0.0])
    ticks = value_ticks(low, high, 2)
    return axis | {"range": [low, high], "tickmode": "array", "tickvals": ticks, "ticktext": percent_texts(ticks)}


def _across(value: float, axis: str) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": value, "y1": value, "line": {"width": 1}, "layer": "below"}


# -------------------------------------------------------------------------------------------------------------------------- labels


def _labels(days: Sequence[date], lines: Sequence[Line], form: Form, low: float, high: float, strip: Line | None) -> list[dict[str, Any]]:
    """Say where each line ends, in the order of the lines, kept apart."""
    ends = [last_of(line.values) for line in lines]
    is_tall = len(lines) <= MOST_TALL
    height = HEIGHT * (MAIN[1] - MAIN[0] if strip else 1)
    shifts = apart([(end - low) / (high - low) * height for end in ends], TALL if is_tall else LOW)
    gap, most = ("<br>", LABEL_WIDTH) if is_tall else (" ", LOW_WIDTH)
    return [_note(days[-1], end, "y", shift, f"<b>{form.end(end)}</b>{gap}{cut(line.name, most)}")
            for line, end, shift in zip(lines, ends, shifts, strict=True)]


def last_of(values: Sequence[float]) -> float:
    """Give the last number that is known, 0 where none is."""
    return next((value for value in reversed(values) if theme.known(value)), 0.0)


def apart(places: Sequence[float], distance: float) -> list[float]:
    """Give by how much labels at some heights are moved so that none lies on another; their order stays.

    Examples
    --------
    >>> apart([0.0, 100.0, 10.0], 30)
    [-10.0, 0.0, 10.0]
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    groups = [[index] for index in order]
    centre = {index: places[index] for index in order}

    def spots(group: list[int]) -> list[float]:
        middle = sum(centre[index] for index in group) / len(group)
        return [middle + (place - (len(group) - 1) / 2) * distance for place in range(len(group))]

    at = 1
    while at < len(groups):
        if spots(groups[at])[0] - spots(groups[at - 1])[-1] < distance:
            groups[at - 1 : at + 1] = [groups[at - 1] + groups[at]]
            at = max(1, at - 1)
        else:
            at += 1
    moved = {index: spot - places[index] for group in groups for index, spot in zip(group, spots(group), strict=True)}
    return [moved[index] for index in range(len(places))]


def cut(name: str, most: int) -> str:
    """Shorten a name."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _note(day: date, value: float, axis: str, shift: float, text: str) -> dict[str, Any]:
    return {"x": day.isoformat(), "y": value, "xref": "x", "yref": axis, "xanchor": "left", "xshift": 8, "yshift": round(shift), "showarrow": False,
            "align": "left", "text": text}


def _strip_labels(days: Sequence[date], strip: Line) -> list[dict[str, Any]]:
    end = last_of(strip.values)
    title = {"x": 0, "y": STRIP[1], "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": -44, "yshift": 8,
             "showarrow": False, "text": strip.name}
    return [_note(days[-1], end, "y2", 0, f"<b>{theme.percent(end, decimals=1)}</b>"), title]


def _narrow(days: Sequence[date], lines: Sequence[Line], form: Form, layout: dict[str, Any]) -> dict[str, Any]:
    """Change what a phone needs otherwise: no names at the lines' ends, fewer dates."""
    own, rest = layout["annotations"][: len(lines)], layout["annotations"][len(lines) :]
    shifts = apart([note["yshift"] for note in own], LOW) if len(own) <= MOST_TALL else [0] * len(own)
    labels = [note | {"text": f"<b>{form.short(last_of(line.values))}</b>", "xshift": 5, "yshift": round(note["yshift"] + shift)}
              for note, line, shift in zip(own, lines, shifts, strict=True)]
    return {"margin": layout["margin"] | {"l": 38, "r": 50}, "annotations": [*labels, *rest], "xaxis": date_axis(days, NARROW_TICKS)}


# ------------------------------------------------------------------------------------------------------------------------- scatter


class Pairs(NamedTuple):
    """Periods that both have: the portfolio's return and the benchmark's, with what each period is called."""

    names: Sequence[str]
    own: Sequence[float]
    benchmark: Sequence[float]
    slope: float  # of the line through them
    through: tuple[float, float]  # a point that it goes through: the benchmark's mean, the portfolio's


def scatter_figure(pairs: Pairs, *, own: str, benchmark: str, revision: str) -> dict[str, Any]:
    """Draw a dot for each period: the benchmark's return across, the portfolio's up, and the line through them.

    Dots right of the middle are periods in which the benchmark rose; above the thin diagonal the portfolio did better.
    """
    low, high = bounds([*pairs.own, *pairs.benchmark], 0.0)
    ticks = value_ticks(low, high)
    layout = frame(margin={"l": 48, "r": 12, "t": 12, "b": 40})
    layout["hovermode"], layout["dragmode"] = "closest", "zoom"
    axis = {"visible": True, "range": [low, high], "tickmode": "array", "tickvals": ticks, "ticktext": percent_texts(ticks), "showspikes": False}
    layout["xaxis"] |= axis | {"title": {"text": cut(benchmark, 40), "standoff": 8}, "showgrid": True, "fixedrange": True}
    layout["yaxis"] |= axis | {"title": {"text": cut(own, 30), "standoff": 4}}
    zero = {"type": "line", "line": {"width": 1}, "layer": "below"}
    layout["shapes"] = [_across(0.0, "y"), zero | {"xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1},
                        zero | {"xref": "x", "yref": "y", "x0": low, "x1": high, "y0": low, "y1": high, "line": {"width": 1, "dash": "2px,3px"}}]
    layout["uirevision"] = revision
    layout["meta"] = {"form": "percent", "own": own, "benchmark": benchmark, "narrow": {
        "margin": layout["margin"] | {"l": 40}, "annotations": [], "xaxis": {}, "yaxis": {"title": {"text": ""}}}}
    return {"data": [*_dots(pairs, low - (high - low)), _fit(pairs, low, high)], "layout": layout}


def empty_scatter() -> dict[str, Any]:
    """Frame before there are dots."""
    layout = frame()
    layout["xaxis"] |= {"visible": False}
    layout["yaxis"] |= {"visible": False}
    return {"data": [{"type": "scatter", "x": [], "y": []} for _ in range(3)], "layout": layout}


def _dots(pairs: Pairs, unseen: float) -> list[dict[str, Any]]:
    """Give periods in which the portfolio did better, then those in which it did not.

    Plotly leaves out a trace without dots, which would shift the colours: such a one has a dot out of sight.
    """
    rows = list(zip(pairs.benchmark, pairs.own, pairs.names, strict=True))
    size = 7 if len(rows) <= 60 else 5 if len(rows) <= 300 else 4
    kinds = (("Better", [row for row in rows if row[1] > row[0]], "circle"), ("Not better", [row for row in rows if row[1] <= row[0]], "circle-open"))
    shown = [(name, found or [(unseen, unseen, "")], symbol) for name, found, symbol in kinds]
    return [{"type": "scatter", "mode": "markers", "name": name, "hoverinfo": "none", "x": [short(row[0]) for row in kept],
             "y": [short(row[1]) for row in kept], "customdata": [row[2] for row in kept],
             "marker": {"size": size, "symbol": symbol, "line": {"width": 1}}} for name, kept, symbol in shown]


def _fit(pairs: Pairs, low: float, high: float) -> dict[str, Any]:
    across, up = pairs.through
    ends = [low, high] if theme.known(pairs.slope) else []
    return {"type": "scatter", "mode": "lines", "name": "Beta", "hoverinfo": "skip", "x": ends, "line": {"width": 1.5},
            "y": [short(up + pairs.slope * (end - across)) for end in ends]}
