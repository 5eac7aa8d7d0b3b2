"""The empty panels of the tabs Against and Same cash flows: where things stand before there is an answer."""

from __future__ import annotations

from dash import dcc, html

from components import cards, controls, figures, figures_benchmark
from components.ids import BenchmarkIds as Ids

ROLLED = (
    ("beta", "Beta"),
    ("alpha", "Alpha"),
    ("correlation", "Correlation"),
    ("tracking_error", "Tracking error"),
    ("active_return", "Active return"),
    ("information_ratio", "Information ratio"),
)


# ----------------------------------------------------------------------------------------------------------------------- one chart


def chart(name: str, empty: dict[str, object], kind: str, *, still: bool = False) -> html.Div:
    """Build a chart with what may stand in its place: bones, a reason, or its table. `kind`: how its traces are coloured."""
    config = figures.CONFIG | ({"staticPlot": True} if still else {})
    graph = dcc.Graph(id=name, figure=empty, config=config, className=f"plot {kind}")
    return html.Div(
        [
            html.Div(cards.bones(), id=f"{name}-state", className="state-of"),
            html.Div(graph, className="chart fill as-chart", role="img", id=f"{name}-body"),
            html.Div(id=f"{name}-table", className="scroll as-rows"),
        ],
        className="stack",
    )


def legend_of(name: str) -> html.Div:
    """Build the place of a chart's legend."""
    return html.Div(id=f"{name}-legend", className="legend")


def note_of(name: str) -> html.Span:
    """Build the place of a panel's note."""
    return html.Span(id=f"{name}-note", className="note")


def bare_rows(name: str, count: int) -> html.Div:
    """Build the place of a table."""
    return html.Div(cards.bones(*["row"] * count), id=name, className="scroll")


# ------------------------------------------------------------------------------------------------------------------------- against


def growth() -> html.Section:
    """Growth of the portfolio and of each benchmark, with the return above the first one below."""
    return cards.panel(
        "Growth",
        chart(Ids.GROWTH, figures_benchmark.empty_lines(), "lines own-first"),
        note="time-weighted, from the start",
        tools=[legend_of(Ids.GROWTH), cards.table_tool()],
        span="c7 tall",
    )


def scatter() -> html.Section:
    """Periods against periods."""
    return cards.panel(
        "Ups and downs",
        chart(Ids.SCATTER, figures_benchmark.empty_scatter(), "scatter"),
        note=note_of(Ids.SCATTER),
        tools=[html.Div([html.Span([html.I(className="dot"), "Better"]), html.Span([html.I(className="dot hollow"), "Not better"]),
                         html.Span([html.I(className="k0"), "Beta"])], className="legend"), cards.table_tool()],
        span="c5 tall",
    )


def rolling() -> html.Section:
    """Show a rolling figure, one of six."""
    body = html.Div(
        [
            html.Div(controls.segments(ROLLED, attribute="roll", label="Rolling", current="beta"), className="by"),
            chart(Ids.ROLLING, figures_benchmark.empty_lines(), "lines bench-first"),
        ],
        className="with-by",
    )
    return cards.panel("Rolling", body, note=note_of(Ids.ROLLING), tools=[legend_of(Ids.ROLLING), cards.table_tool()], span="c12 rolling-panel")


def months() -> html.Section:
    """Months above the first benchmark."""
    return cards.panel("Above the benchmark by month", bare_rows(Ids.MONTHS, 3), note=note_of(Ids.MONTHS), span="c7 months-panel")


def pieces() -> html.Section:
    """Tell what the first benchmark is made of."""
    return cards.panel("What it is made of", bare_rows(Ids.PARTS, 4), note=note_of(Ids.PARTS), span="c5 pieces-panel", flush=True)


def figures_panel() -> html.Section:
    """Every figure, beside each other for every benchmark."""
    search = dcc.Input(type="search", name="figures-search", placeholder="Find a figure", className="text-input find-figure", autoComplete="off")
    return cards.panel(
        "All figures",
        html.Div(cards.bones(*["row"] * 12), id=Ids.FIGURES, className="scroll"),
        note=note_of(Ids.FIGURES),
        tools=[search],
        span="c12 figures-panel",
        flush=True,
    )


# ---------------------------------------------------------------------------------------------------------------------- same flows


def money() -> html.Section:
    """Draw what the same deposits would be worth."""
    panel = cards.panel(
        "Had every deposit bought it",
        chart(Ids.MONEY, figures_benchmark.empty_lines(), "lines own-first money"),
        note="value of the same cash flows",
        tools=[legend_of(Ids.MONEY), cards.table_tool()],
        span="c8 tall",
    )
    panel.children.append(
        html.Footer(
            "Each deposit buys the benchmark at the close of its day, each withdrawal sells as much; the value at the start "
            "is the first deposit (Long and Nickels)."
        )
    )
    return panel


def moves() -> html.Section:
    """Money in and out."""
    return cards.panel("Money in and out", bare_rows(Ids.MOVES, 8), note="of the window", span="c4 moves-panel", flush=True)


def multiples() -> html.Section:
    """Every benchmark with the same flows."""
    panel = cards.panel("Beside each other", bare_rows(Ids.MULTIPLES, 3), note="the same flows in each", flush=True)
    panel.children.append(
        html.Footer(
            "KS-PME: what came out and is left, over what went in, both grown with the benchmark; above 1 you did better. "
            "Direct alpha: the rate a year by which the flows beat it."
        )
    )
    return panel
