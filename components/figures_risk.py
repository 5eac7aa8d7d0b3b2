"""Figures of the Risk page over dates, as plain dictionaries: under water, the backtest, figures over moving windows.

They hold shapes, never colours; `assets/risk.css` paints every trace with the tokens by its place. `layout.meta.tip` tells
`assets/risk.js` how the box beside the crosshair writes numbers, `meta.tip` of a trace whose colour its row has there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme
from components.figures import WIDE_TICKS, axis_texts, date_axis, frame, value_ticks
from components.figures_performance import percent_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

LABEL_PX, NARROW_LABEL_PX = 31, 15  # between two labels at the ends of lines
DAY_BAR_MS = 0.75 * 86_400_000  # of a day: a trace with few bars would else draw them wide
MOST_BARS = 260  # of a backtest; beyond it bars would be thinner than a pixel


class Line(NamedTuple):
    """One line of a chart over dates. `kind`: own, bench or other, which is also its colour."""

    name: str
    values: Sequence[float | None]
    kind: str = "own"


class Screen(NamedTuple):
    """What a figure is drawn for."""

    narrow: bool
    revision: str
    height: int = 300  # px; a guess that only decides whether two labels must part
    ticks: int = WIDE_TICKS  # most dates on an axis


# ------------------------------------------------------------------------------------------------------------------- lines over dates


def under_water_figure(days: Sequence[date], lines: Sequence[Line], screen: Screen) -> dict[str, Any]:
    """Draw falls from the running peak, 0 at the top, the deepest of the first line named at its place.

    Parameters
    ----------
    days
        At least two, ascending.
    lines
        Own first; fractions of 0 or less.
    """
    low = min((value for line in lines for value in line.values if _is_known(value)), default=-0.01) or -0.01
    layout = _over_dates(days, (low * 1.08, 0.0), percent=True, screen=screen)
    layout["annotations"] = [*_end_notes(days, lines, (low * 1.08, 0.0), screen, percent=True), *_deepest_note(days, lines[0])]
    layout["meta"] = {"tip": {"form": "percent", "x": "date"}}
    return {"data": [*[_line(days, line, fill=line.kind == "own") for line in lines], _deepest_dot(days, lines[0])], "layout": layout}


def lines_figure(days: Sequence[date], lines: Sequence[Line], screen: Screen, *, form: str = "share") -> dict[str, Any]:
    """Draw lines over dates on one axis; `form` is that of their numbers: share, percent, ratio or money."""
    known = [value for line in lines for value in line.values if _is_known(value)]
    low, high = padded(min(known, default=0.0), max(known, default=1.0))
    if 0 < low < 0.5 * high:
        low = 0.0
    layout = _over_dates(days, (low, high), percent=form in {"share", "percent"}, screen=screen)
    layout["shapes"] = [_level(0.0)] if low < 0 < high else []
    layout["annotations"] = _end_notes(days, lines, (low, high), screen, percent=form in {"share", "percent"}, signed=form == "percent")
    layout["meta"] = {"tip": {"form": form, "x": "date"}}
    return {"data": [_line(days, line) for line in lines], "layout": layout}


def _over_dates(days: Sequence[date], span: tuple[float, float], *, percent: bool, screen: Screen) -> dict[str, Any]:
    layout = frame(margin={"l": 44, "r": 58 if screen.narrow else 104, "b": 26, "t": 12})
    ticks = value_ticks(*span, 5)
    layout["xaxis"] |= {"type": "date", "visible": True, "range": [days[0].isoformat(), days[-1].isoformat()],
                        **date_axis(days, screen.ticks)}
    layout["yaxis"] |= {"visible": True, "range": [*span], "tickmode": "array", "tickvals": ticks,
                        "ticktext": percent_texts(ticks) if percent else axis_texts(ticks)}
    layout["uirevision"] = screen.revision
    return layout


def _line(days: Sequence[date], line: Line, *, fill: bool = False) -> dict[str, Any]:
    look: dict[str, Any] = {"line": {"width": 1.75}} if line.kind == "own" else {"line": {"width": 1.25, "dash": "4px,3px"}}
    look = {"line": {"width": 1.25}} if line.kind.startswith("other") else look
    return {"type": "scatter", "mode": "lines", "hoverinfo": "none", "name": line.name, "x": [day.isoformat() for day in days],
            "y": [short(value) for value in line.values], "meta": {"tip": line.kind}, **look, **({"fill": "tozeroy"} if fill else {})}


def _end_notes(days: Sequence[date], lines: Sequence[Line], span: tuple[float, float], screen: Screen, *, percent: bool,
               signed: bool = True) -> list[dict[str, Any]]:
    """Name each line at its end with its last value, kept apart from the others."""
    ends = [(line, _last(line.values)) for line in lines]
    known = sorted(((value, line) for line, value in ends if value is not None), key=lambda each: -each[0])
    room = (NARROW_LABEL_PX if screen.narrow else LABEL_PX) * (span[1] - span[0]) / screen.height
    places: list[float] = []
    for value, _ in known:
        places.append(min(value, places[-1] - room) if places else min(value, span[1]))
    lowest = span[0] + room / 2
    if places and places[-1] < lowest:
        places = _pushed_up(places, lowest, room)
    return [_end_note(days[-1], place, value, line, screen, percent=percent, signed=signed)
            for place, (value, line) in zip(places, known, strict=True)]


def _pushed_up(places: Sequence[float], lowest: float, room: float) -> list[float]:
    found = [lowest]
    for place in [*places][-2::-1]:
        found.append(max(place, found[-1] + room))
    return found[::-1]


def _end_note(day: date, place: float, value: float, line: Line, screen: Screen, *, percent: bool, signed: bool) -> dict[str, Any]:
    text = theme.percent(value, decimals=1, signed=signed) if percent else theme.number(value, decimals=2)
    name = "" if screen.narrow else f"<br>{line.name if len(line.name) <= 16 else line.name[:15] + '…'}"
    return {"x": day.isoformat(), "y": place, "xref": "x", "yref": "y", "xanchor": "left", "xshift": 8, "showarrow": False, "align": "left",
            "text": f"<b>{text}</b>{name}", "name": line.kind}


def _deepest(line: Line) -> int:
    known = [(value, at) for at, value in enumerate(line.values) if _is_known(value)]
    return min(known)[1] if known else 0


def _deepest_dot(days: Sequence[date], line: Line) -> dict[str, Any]:
    at = _deepest(line)
    return {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "name": "Deepest", "x": [days[at].isoformat()],
            "y": [line.values[at]], "marker": {"size": 7}, "cliponaxis": False}


def _deepest_note(days: Sequence[date], line: Line) -> list[dict[str, Any]]:
    at = _deepest(line)
    value = line.values[at]
    if not _is_known(value) or not value:
        return []
    side = "right" if at > 0.7 * len(days) else "left"
    text = f"{theme.percent(value, decimals=1)}  {theme.day(days[at])}"
    return [{"x": days[at].isoformat(), "y": value, "xref": "x", "yref": "y", "xanchor": side, "yanchor": "top",
             "xshift": -8 if side == "right" else 8, "yshift": 2, "showarrow": False, "text": text, "name": "deepest"}]


# --------------------------------------------------------------------------------------------------------------------------- backtest


def backtest_figure(days: Sequence[date], pnl: Sequence[float | None], loss: Sequence[float | None], screen: Screen) -> dict[str, Any]:
    """Draw what each day brought against the loss that was foretold for it; a hit is a day that lost more.

    Parameters
    ----------
    days
        Ascending; the last ones are shown where there are more than can be told apart.
    pnl, loss
        Money, or fractions; `loss` positive, as it was foretold the day before.
    """
    days, pnl, loss = days[-MOST_BARS:], pnl[-MOST_BARS:], loss[-MOST_BARS:]
    hits = [at for at, (made, told) in enumerate(zip(pnl, loss, strict=True)) if made is not None and told is not None and made < -told]
    others = [at for at in range(len(days)) if at not in set(hits)]
    known = [value for value in (*pnl, *[-each for each in loss if each is not None]) if _is_known(value)]
    low, high = padded(min(known, default=-1.0), max(known, default=1.0))
    layout = _over_dates(days, (low, high), percent=False, screen=screen)
    layout["margin"] |= {"r": 12, "l": 52}
    layout["bargap"] = 0.25
    layout["barmode"] = "overlay"
    layout["shapes"] = [_level(0.0)]
    layout["meta"] = {"tip": {"form": "money", "x": "date"}}
    stamps = [day.isoformat() for day in days]
    bars = [{"type": "bar", "hoverinfo": "none", "name": name, "x": [stamps[at] for at in places] or stamps[:1],
             "y": [_rounded(pnl[at]) for at in places] or [0], "width": DAY_BAR_MS, "meta": {"tip": kind}}
            for name, places, kind in (("Day", others, ""), ("Hit", hits, "loss"))]
    line = {"type": "scatter", "mode": "lines", "hoverinfo": "none", "name": "VaR", "x": stamps, "line": {"width": 1.5}, "meta": {"tip": "own"},
            "y": [None if told is None else _rounded(-told) for told in loss]}
    dots = {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "name": "Hits", "x": [stamps[at] for at in hits] or [None],
            "y": [_rounded(pnl[at]) for at in hits] or [None], "marker": {"size": 5}, "cliponaxis": False}
    return {"data": [*bars, line, dots], "layout": layout}


# ------------------------------------------------------------------------------------------------------------------------------ shared


def _is_known(value: float | None) -> bool:
    return value is not None and theme.known(value)


def _last(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None and theme.known(value)), None)


def short(value: float | None) -> float | None:
    """Six decimals of a fraction are a hundredth of a pixel; unknown is a hole in the line."""
    return round(value, 6) if value is not None and theme.known(value) else None


def _rounded(value: float | None) -> float | None:
    return round(value, 2) if value is not None and theme.known(value) else None


def padded(low: float, high: float) -> tuple[float, float]:
    """Give an axis some room at both ends."""
    pad = (high - low) * 0.06 or abs(high) * 0.1 or 0.01
    return low - pad, high + pad


def _level(at: float) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": at, "y1": at, "line": {"width": 1}, "layer": "below"}
