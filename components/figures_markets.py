"""The chart of a price: candles with their volume, splits and payments marked. Shapes only; `assets/markets.css` paints them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from components import theme
from components.figures import frame

if TYPE_CHECKING:
    from collections.abc import Sequence

VOLUME_SHARE, LANE_SHARE = 0.16, 0.08  # of the plot's height; the lane is for marks where no volume is known
MARGIN = {"l": 10, "r": 64, "t": 12, "b": 24}
STEPS = (1, 2, 3, 6, 12)  # months, or three hours
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Bar(NamedTuple):
    """One candle. `at`: a date or an instant as text."""

    at: str
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    mark: str | None

    @property
    def is_dash(self) -> bool:
        """Whether nothing but a close is known, or nothing moved."""
        return self.low == self.high

    @property
    def rises(self) -> bool:
        """Whether it ended no lower than it began."""
        return self.close >= self.open


class Mark(NamedTuple):
    """A split or a payment on the chart."""

    at: str
    letter: str  # S, D
    text: str


def candle_figure(bars: Sequence[Bar], marks: Sequence[Mark], *, revision: str, within: bool) -> dict[str, Any]:
    """Draw candles, volume below, and marks on its lane; where sources told hardly more than closes, a line through them.

    Rising and falling candles are two traces, so that each is painted by its place and not by a colour; `assets/markets.js` replaces
    the last candle while the market moves.

    Parameters
    ----------
    bars : sequence of Bar
        Oldest first, at least one.
    marks : sequence of Mark
    revision : str
        As long as it stays the same, a reader's zoom stays.
    within : bool
        Whether candles are of a part of a day: nights and weekends are then left out, as they are for days.
    """
    places = [bar.at for bar in bars]
    layout = frame(margin=MARGIN)
    layout |= {"uirevision": revision, "hovermode": "x", "bargap": 0.3, "boxgap": 0.3, "shapes": [_last_line(bars[-1])],
               "annotations": [_last_label(bars[-1])], "meta": {"narrow": {"xaxis": ticks(places, within=within, most=4)}}}
    layout["xaxis"] |= {"type": "category", "visible": True, "anchor": "y2", "rangeslider": {"visible": False}, "categoryorder": "array",
                        "categoryarray": places, "tickmode": "array", **ticks(places, within=within)}
    foot = VOLUME_SHARE if any(bar.volume for bar in bars) else LANE_SHARE if marks else 0.0
    layout["yaxis"] |= {"visible": True, "side": "right", "domain": [foot + (0.06 if foot else 0.02), 1], "nticks": 6,
                        "tickformat": ",.2~f" if _high(bars) >= 1 else ",.6~f"}
    layout["yaxis2"] = {"visible": False, "domain": [0, foot or 0.01], "fixedrange": True, "range": [0, _most(bars)], "anchor": "x"}
    return {"data": [*_traces(bars), _marks(marks, bars), _line(bars)], "layout": layout}


def empty_candles() -> dict[str, Any]:
    """Frame of the chart before there is a price, with the axes it will have."""
    layout = frame(margin=MARGIN)
    layout["xaxis"] |= {"type": "category", "visible": False, "rangeslider": {"visible": False}}
    layout["yaxis"] |= {"visible": False}
    layout["yaxis2"] = {"visible": False, "domain": [0, VOLUME_SHARE]}
    return {"data": [*_traces([]), {"type": "scatter", "x": [], "y": []}, {"type": "scatter", "x": [], "y": []}], "layout": layout}


def _traces(bars: Sequence[Bar]) -> list[dict[str, Any]]:
    rising, falling = [bar for bar in bars if bar.rises], [bar for bar in bars if not bar.rises]
    drawn = [[bar for bar in part if not (bar.is_dash and _are_closes(bars))] for part in (rising, falling)]
    return [_candles(drawn[0], "Rising"), _candles(drawn[1], "Falling"), _volume(rising), _volume(falling)]


def _are_closes(bars: Sequence[Bar]) -> bool:
    return sum(bar.is_dash for bar in bars) * 2 > len(bars)


def _line(bars: Sequence[Bar]) -> dict[str, Any]:
    """Join closes where candles would be dashes."""
    shown = bars if _are_closes(bars) else []
    return {"type": "scatter", "mode": "lines", "x": [bar.at for bar in shown], "y": [bar.close for bar in shown], "hoverinfo": "none",
            "name": "Close", "line": {"width": 1.75}}


def _candles(bars: Sequence[Bar], name: str) -> dict[str, Any]:
    return {
        "type": "candlestick", "x": [bar.at for bar in bars], "open": [bar.open for bar in bars], "high": [bar.high for bar in bars],
        "low": [bar.low for bar in bars], "close": [bar.close for bar in bars], "hoverinfo": "none", "name": name, "line": {"width": 1},
        "whiskerwidth": 0,
    }


def _volume(bars: Sequence[Bar]) -> dict[str, Any]:
    return {"type": "bar", "x": [bar.at for bar in bars if bar.volume], "y": [bar.volume for bar in bars if bar.volume], "yaxis": "y2",
            "hoverinfo": "none", "name": "Volume"}


def _marks(marks: Sequence[Mark], bars: Sequence[Bar]) -> dict[str, Any]:
    """Stand on the lane of the volume, where they hide no price; a mark of a day without a candle is on the next one."""
    found = [(next((bar.at for bar in bars if bar.at >= mark.at), bars[-1].at), mark) for mark in marks]
    return {"type": "scatter", "mode": "markers+text", "x": [at for at, _ in found], "y": [_most(bars) * 0.5] * len(found), "yaxis": "y2",
            "text": [mark.letter for _, mark in found], "customdata": [mark.text for _, mark in found], "hoverinfo": "none",
            "name": "Splits, payments", "marker": {"symbol": "circle", "size": 15}, "textfont": {"size": 9}, "textposition": "middle center",
            "cliponaxis": False}


def _last_line(last: Bar) -> dict[str, Any]:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": last.close, "y1": last.close,
            "line": {"width": 1, "dash": "1px,3px"}, "layer": "below"}


def _last_label(last: Bar) -> dict[str, Any]:
    return {"xref": "paper", "x": 1, "xanchor": "left", "yref": "y", "y": last.close, "text": theme.price(last.close), "showarrow": False,
            "xshift": 3, "borderpad": 2, "bgcolor": "rgba(0,0,0,0)"}


def _most(bars: Sequence[Bar]) -> float:
    return max((bar.volume or 0.0 for bar in bars), default=0.0) or 1.0


def _high(bars: Sequence[Bar]) -> float:
    return max(bar.high for bar in bars)


def ticks(places: Sequence[str], *, within: bool, most: int = 8) -> dict[str, Any]:
    """Choose labels that begin something: a day or an hour where candles are of parts of a day, else a month or a year.

    Examples
    --------
    >>> ticks(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"], within=False)
    {'tickvals': ['2024-02-01'], 'ticktext': ['Feb']}
    """
    labels = [(at, word) for before, at in pairwise(places) if (word := _word(before, at, within=within))]
    kept = next((chosen for step in STEPS if len(chosen := [each for each in labels if _is_round(each[0], step, within=within)]) <= most), [])
    if not kept:  # more years than there is room for
        years = [each for each in labels if each[1].isdigit()]
        kept = years[:: -(-len(years) // most) or 1]
    return {"tickvals": [at for at, _ in kept], "ticktext": [word for _, word in kept]}


def _is_round(at: str, step: int, *, within: bool) -> bool:
    """Tell whether a label stands at every so many hours or months: of 3 hours those of 0, 3, 6 ..., of 12 months January."""
    return not int(at[11:13]) % (3 * step) if within else not (int(at[5:7]) - 1) % step


def _word(before: str, at: str, *, within: bool) -> str:
    """Name what begins at a place: a day, an hour, a month, a year; nothing where nothing does."""
    if within:
        if before[:10] != at[:10]:
            return f"{int(at[8:10])} {MONTHS[int(at[5:7]) - 1]}"
        return at[11:16] if before[11:13] != at[11:13] and int(at[11:13]) % 3 == 0 else ""
    if before[:4] != at[:4]:
        return at[:4]
    return MONTHS[int(at[5:7]) - 1] if before[5:7] != at[5:7] else ""


def spoken(bars: Sequence[Bar], name: str, currency: str) -> str:
    """Say what the chart shows, for those who do not see it."""
    if not bars:
        return f"{name}: no price in this range"
    first, last = bars[0], bars[-1]
    change = last.close / first.open - 1 if first.open else None
    return (f"{name} from {first.at} to {last.at}: {theme.price(first.open)} to {theme.price(last.close)} {currency}, "
            f"{theme.percent(change)}, highest {theme.price(_high(bars))}, lowest {theme.price(min(bar.low for bar in bars))}")
