"""Figures as plain dictionaries. They hold shapes, never colours: `assets/screen.css` paints every trace with the tokens.

So a chart follows the theme at once, without being drawn again. A figure that must look different on a phone comes with the
changes of its layout under `layout.meta.narrow`; `assets/overview.js` merges them when the screen is narrow.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CONFIG = {"displayModeBar": False, "responsive": True, "doubleClick": "reset", "showTips": False, "scrollZoom": False, "displaylogo": False}
CLEAR = "rgba(0,0,0,0)"
WIDE_TICKS, NARROW_TICKS, FLOW_MARKS = 12, 5, 14
FLOW_TEXT_WIDTH = 0.06  # of the plot
FLATTENED = 0.2  # of the axis: a line lower than this cannot be read
LABEL_DISTANCE, PLOT_HEIGHT = 31, 250  # px; the height is a guess that only decides whether two labels must part


class Flow(NamedTuple):
    """External money that crossed the boundary on or around a day; positive in."""

    date: date
    amount: float


class History(NamedTuple):
    """Value and net contributions by day, oldest first."""

    days: Sequence[date]
    value: Sequence[float]
    contributed: Sequence[float]

    @property
    def flows(self) -> list[Flow]:
        """Days on which contributions moved."""
        steps = zip(self.days[1:], self.contributed[1:], self.contributed[:-1], strict=True)
        return [Flow(day, now - before) for day, now, before in steps if abs(now - before) >= 0.01]


# ---------------------------------------------------------------------------------------------------------------------- the frame


def frame(*, margin: dict[str, int] | None = None) -> dict[str, Any]:
    """Layout that every chart starts from: no frame, no ticks, horizontal grid only, nothing moves by itself."""
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 44, "r": 96, "t": 10, "b": 24, "pad": 0} | (margin or {}),
        "font": {"size": 11},
        "showlegend": False,
        "hovermode": "x",
        "dragmode": "zoom",
        "autosize": True,
        "xaxis": {
            "showgrid": False,
            "zeroline": False,
            "showline": False,
            "ticks": "",
            "fixedrange": False,
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "data",
            "spikethickness": 1,
            "spikedash": "2px,2px",
            "tickangle": 0,
        },
        "yaxis": {"showgrid": True, "zeroline": False, "showline": False, "ticks": "", "fixedrange": True, "ticklabelstandoff": 6},
    }


# -------------------------------------------------------------------------------------------------------------------------- growth


def growth_figure(history: History, *, name: str, revision: str) -> dict[str, Any]:
    """Draw value and net contributions over a period, with the flows on a lane below.

    Parameters
    ----------
    history : History
        At least two days.
    name : str
        What the value is of: it labels the end of its line.
    revision : str
        As long as it stays the same, a reader's zoom stays.
    """
    low, high = _range(history)
    ticks = value_ticks(low, high)
    flows = merged_flows(history.flows, FLOW_MARKS)
    layout = frame(margin={"b": 26})
    layout["xaxis"] |= {
        "type": "date",
        "visible": True,
        "anchor": "free",
        "position": 0,
        "range": [_iso(history.days[0]), _iso(history.days[-1])],
        **date_axis(history.days, WIDE_TICKS),
    }
    layout["yaxis"] |= {"visible": True, "range": [low, high], "domain": [0.1 if flows else 0, 1], "tickvals": ticks, "ticktext": axis_texts(ticks)}
    layout["yaxis2"] = _lane()
    layout["shapes"] = [_stem(flow, history, low) for flow in flows]
    layout["annotations"] = _end_labels(history, name, low, high)
    layout["uirevision"] = revision
    layout["meta"] = {"narrow": _narrow(history, layout)}
    return {"data": [*_lines(history, name), _flow_trace(flows, history)], "layout": layout}


def empty_growth() -> dict[str, Any]:
    """Frame of the growth figure before there is a history, with the axes it will have: Plotly cannot add one to a drawn plot."""
    layout = frame()
    layout["xaxis"] |= {"type": "date", "visible": False}
    layout["yaxis"] |= {"visible": False}
    layout["yaxis2"] = _lane()
    return {
        "data": [{"type": "scatter", "x": [], "y": []}, {"type": "scatter", "x": [], "y": []}, {"type": "scatter", "x": [], "y": [], "yaxis": "y2"}],
        "layout": layout,
    }


def _lane() -> dict[str, Any]:
    return {"range": [-1, 1], "domain": [0, 0.07], "visible": False, "fixedrange": True, "anchor": "x"}


def _iso(day: date) -> str:
    return day.isoformat()


def _range(history: History) -> tuple[float, float]:
    """Bounds of the value axis. Contributions far away would flatten the line of a short period: then the value alone counts."""
    value, paid = ([number for number in line if theme.known(number)] for line in (history.value, history.contributed))
    low, high = min(*value, *paid), max(*value, *paid)
    if max(value) - min(value) < FLATTENED * (high - low):
        low, high = min(value), max(value)
    pad = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return low - pad, high + pad


def _lines(history: History, name: str) -> list[dict[str, Any]]:
    days = [_iso(day) for day in history.days]
    common = {"type": "scatter", "mode": "lines", "x": days, "hoverinfo": "none"}
    return [
        {**common, "name": "Net contributions", "y": list(history.contributed), "line": {"shape": "hv", "width": 1.25}},
        {**common, "name": name, "y": list(history.value), "line": {"width": 1.75}, "fill": "tonexty"},
    ]


def _flow_trace(flows: Sequence[Flow], history: History) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "Deposit, withdrawal",
        "x": [_iso(flow.date) for flow in flows],
        "y": [0] * len(flows),
        "yaxis": "y2",
        "text": flow_texts(flows, (history.days[-1] - history.days[0]).days),
        "textposition": "middle right",
        "hoverinfo": "skip",
        "customdata": [flow.amount for flow in flows],
        "cliponaxis": False,
        "marker": {"size": 8, "symbol": ["triangle-up" if flow.amount > 0 else "triangle-down-open" for flow in flows], "line": {"width": 1.25}},
    }


def flow_texts(flows: Sequence[Flow], span: int) -> list[str]:
    """Amounts beside the marks; left out where they would run into the next."""
    dates = [flow.date for flow in flows]
    free = [(after - before).days >= span * FLOW_TEXT_WIDTH for before, after in pairwise([*dates, date.max])]
    return [f"\u00a0{theme.compact(flow.amount, signed=True)}\u00a0" if there else "" for flow, there in zip(flows, free, strict=True)]


def _stem(flow: Flow, history: History, low: float) -> dict[str, Any]:
    top = history.value[_at(history.days, flow.date)]
    return {
        "type": "line",
        "xref": "x",
        "yref": "y",
        "x0": _iso(flow.date),
        "x1": _iso(flow.date),
        "y0": low,
        "y1": top if theme.known(top) else low,
        "line": {"width": 1, "dash": "1px,3px"},
        "layer": "below",
    }


def _at(days: Sequence[date], day: date) -> int:
    return max((index for index, each in enumerate(days) if each <= day), default=0)


def _end_labels(history: History, name: str, low: float, high: float) -> list[dict[str, Any]]:
    """Name and value where each line ends, kept apart when the ends are close; a line beyond the axis is named at its edge."""
    ends = [(history.value[-1], name), (history.contributed[-1], "Contributed")]
    places = [min(max(value, low), high) for value, _ in ends]
    push = max(0.0, LABEL_DISTANCE - abs(places[0] - places[1]) / (high - low) * PLOT_HEIGHT) / 2
    upper = 0 if ends[0][0] >= ends[1][0] else 1
    return [
        {
            "x": _iso(history.days[-1]),
            "y": place,
            "xref": "x",
            "yref": "y",
            "xanchor": "left",
            "xshift": 8,
            "yshift": round(push if index == upper else -push),
            "showarrow": False,
            "align": "left",
            "text": f"<b>{theme.money(value, decimals=0)}</b>{_beyond(value, low, high)}<br>{label}",
        }
        for index, ((value, label), place) in enumerate(zip(ends, places, strict=True))
    ]


def _beyond(value: float, low: float, high: float) -> str:
    return " ↓" if value < low else " ↑" if value > high else ""


def _narrow(history: History, layout: dict[str, Any]) -> dict[str, Any]:
    """Change what a phone needs otherwise: no names at the lines' ends, fewer dates, no amounts on the lane."""
    labels = [
        note | {"text": note["text"].partition("<br>")[0].replace(theme.money(value, decimals=0), theme.compact(value)), "xshift": 5}
        for note, value in zip(layout["annotations"], (history.value[-1], history.contributed[-1]), strict=True)
    ]
    return {"margin": layout["margin"] | {"l": 38, "r": 46}, "annotations": labels, "xaxis": date_axis(history.days, NARROW_TICKS)}


# ----------------------------------------------------------------------------------------------------------------------------- axes


def value_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round values between two bounds."""
    step = _step((high - low) / count)
    first = math.ceil(low / step - 1e-9)
    return [round(position * step, 10) for position in range(first, math.floor(high / step + 1e-9) + 1)]


def _step(raw: float) -> float:
    """Round step nearest to a wished one, by ratio."""
    power = 10.0 ** math.floor(math.log10(raw))
    return min((multiple * power for multiple in (1, 2, 2.5, 5, 10)), key=lambda step: abs(math.log(step / raw)))


def axis_texts(ticks: Sequence[float]) -> list[str]:
    """Short texts of axis values, with just the decimals that tell them apart."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    unit, scale = ("M", 1e6) if largest >= 1e6 else ("k", 1e3) if largest >= 1e4 else ("", 1.0)
    step = (ticks[1] - ticks[0]) / scale if len(ticks) > 1 else 1.0
    decimals = next((places for places in range(6) if abs(round(step, places) - step) < 1e-9), 6)
    return [theme.number(tick / scale, decimals=decimals) + (unit if tick else "") for tick in ticks]


def date_axis(days: Sequence[date], most: int) -> dict[str, Any]:
    """Put the round dates of a range on its axis."""
    marks = date_ticks(days[0], days[-1], most)
    return {"tickmode": "array", "tickvals": [_iso(day) for day, _ in marks], "ticktext": [text for _, text in marks]}


def date_ticks(start: date, end: date, most: int) -> list[tuple[date, str]]:
    """Give the finest round dates of which at most `most` lie between two days, with their texts."""
    for starts, text in _CALENDAR:
        found = [day for day in _days(start, end) if starts(day)]
        if len(found) <= most:
            return [(day, text(day)) for day in found]
    years = [day for day in _days(start, end) if (day.month, day.day) == (1, 1)]
    every = math.ceil(len(years) / most)
    return [(day, str(day.year)) for day in years if not day.year % every]


def _days(start: date, end: date) -> Iterable[date]:
    return (start + timedelta(days=count) for count in range((end - start).days + 1))


def _day_text(day: date) -> str:
    return f"{day.day} {day:%b}"


def _month_text(day: date) -> str:
    return f"{day:%b %Y}" if day.month == 1 else f"{day:%b}"


_CALENDAR: tuple[tuple[Callable[[date], bool], Callable[[date], str]], ...] = (
    (lambda day: day.weekday() < 5, _day_text),
    (lambda day: day.weekday() == 0, _day_text),
    (lambda day: day.weekday() == 0 and day.toordinal() % 14 < 7, _day_text),
    (lambda day: day.day == 1, _month_text),
    (lambda day: day.day == 1 and day.month % 3 == 1, _month_text),
    (lambda day: (day.month, day.day) in {(1, 1), (7, 1)}, _month_text),
    (lambda day: (day.month, day.day) == (1, 1), lambda day: str(day.year)),
)


# ---------------------------------------------------------------------------------------------------------------------------- flows


def merged_flows(flows: Sequence[Flow], most: int) -> list[Flow]:
    """Add up flows by month, quarter or year until at most `most` marks are left; each stands in the middle of its own."""
    for key in (lambda day: day, lambda day: (day.year, day.month), lambda day: (day.year, (day.month - 1) // 3), lambda day: day.year):
        groups: dict[Any, list[Flow]] = {}
        for flow in flows:
            groups.setdefault(key(flow.date), []).append(flow)
        if len(groups) <= most:
            break
    else:
        return []
    return [Flow(group[len(group) // 2].date, sum(flow.amount for flow in group)) for group in groups.values()]


def thinned(history: History, *, most: int = 70) -> History:
    """Rows for the table view: every day of a short period, the last day of each week or month of a longer one."""
    for key in (lambda day: day, lambda day: day.isocalendar()[:2], lambda day: (day.year, day.month), lambda day: (day.year, (day.month - 1) // 3)):
        last = {key(day): index for index, day in enumerate(history.days)}
        if len(last) <= most:
            break
    kept = list(last.values())
    return History([history.days[i] for i in kept], [history.value[i] for i in kept], [history.contributed[i] for i in kept])
