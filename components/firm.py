"""Firm-wide runs on the Risk page: begin one, see how far it is, and every portfolio beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import cards, controls, theme
from components.risk import days, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash.development.base_component import Component

STATES = {"running": ("info", "At work"), "done": ("ok", "Done"), "failed": ("crit", "Failed"), "cancelled": ("warn", "Stopped"),
          "interrupted": ("warn", "Interrupted")}
PHASES = {"waiting": "waits for its turn", "reading": "reads portfolios", "computing": "works figures out", "done": "is done"}


class Run(NamedTuple):
    """A run as its panel shows it."""

    id: str
    status: str  # of STATES
    phase: str  # of PHASES
    done: int
    total: int
    portfolios: int  # that can be read
    asked: str  # what was asked, in words
    when: str
    place: str
    problem: str


class Column(NamedTuple):
    """One figure of the table."""

    name: str
    label: str
    unit: str
    meaning: str
    minimum: int


class Line(NamedTuple):
    """One portfolio of the table."""

    id: str
    name: str
    currency: str
    observations: int
    benchmark: str
    figures: Sequence[float | None]
    findings: Sequence[str]


def panel(run: Run | None, body: Component, *, question: str, runs: Sequence[tuple[str, str]], tools: Sequence[Component]) -> html.Section:
    """Panel of a run: begin or stop it, choose an earlier one, take it as a file; `question` is what a new one is asked, as JSON."""
    at_work = run is not None and run.status == "running"
    begin = controls.button("Measure every portfolio", look="primary", do="firm-begin", **{"data-body": question})
    stop = controls.button("Stop", do="firm-cancel", **{"data-run": run.id if run else ""})
    earlier = html.Label([html.Span("Runs", className="sr"), html.Select([html.Option(words, value=key, selected=run is not None and key == run.id)
                                                                         for key, words in runs], name="run", className="input")])
    file = html.A("CSV", href=f"/api/v1/risk/runs/{run.id}/portfolios.csv", className="ctl", download=f"portolan-risk-{run.id}.csv") if run else None
    acts = [stop if at_work else begin, *([earlier] if len(runs) > 1 else []), *tools, *([file] if file and run and run.portfolios else [])]
    note = f"{run.asked}, {run.when}" if run else "none yet"
    shown = cards.panel("Every portfolio", html.Div([*([progress(run)] if run else []), body], className="scroll"), note=note, span="c12 firm-panel",
                        flush=True)
    shown.children.insert(1, html.Div(acts, className="choices firm-acts"))
    shown.children.append(html.Footer("Each portfolio over its own days, in its own currency, against its own benchmark unless one is chosen above. "
                                      "A press explains a figure as it is now. Runs are kept for 30 days; GET /api/v1/risk/runs tells the same."))
    return shown


def progress(run: Run) -> html.Div:
    """Say how far a run is, or how it ended."""
    look, word = STATES.get(run.status, ("info", run.status))
    share = run.done / run.total if run.total else 0.0
    bar = html.Progress(value=f"{100 * share:.1f}", max="100", **{"aria-label": "How far the run is"})
    told = f"{PHASES.get(run.phase, run.phase)}, {theme.number(run.done, decimals=0)} of {theme.number(run.total, decimals=0)}"
    ended = f"{theme.number(run.portfolios, decimals=0)} portfolios{f', {run.place}' if run.place else ''}"
    words = told if run.status == "running" else run.problem or ended
    parts = [html.Span(word, className=f"tag {look}"), *([bar] if run.status == "running" else []),
             html.Span(words, className="soft", **{"data-part": "firm-words"})]
    return html.Div(parts, className="firm-progress", role="status",
                    **{"data-part": "firm-progress", "data-run": run.id, "data-status": run.status})


def figures_table(columns: Sequence[Column], lines: Sequence[Line], *, sort: str, asked: str = "{}") -> html.Table:
    """Lay portfolios out beside each other; a press on a head sorts by it, a press on a name opens the portfolio.

    `asked` is what the run was asked, as JSON in the page's words: under it a figure is explained.
    """
    heads = [html.Th(_head("name", "Portfolio", sort), scope="col", className="l"), html.Th("Days", scope="col"),
             *(html.Th(_head(column.name, column.label, sort), scope="col", title=column.meaning) for column in columns)]
    return html.Table([html.Caption("Figures of every portfolio", className="sr"), html.Thead(html.Tr(heads)),
                       html.Tbody([_line(line, columns) for line in lines])], className="grid-t firm-table", **{"data-explain-with": asked})


def _head(name: str, label: str, sort: str) -> html.Button:
    way = {name: "ascending", f"-{name}": "descending"}.get(sort, "none")
    then = name if sort == f"-{name}" or name == "name" != sort else f"-{name}"
    mark = {"ascending": " \u2191", "descending": " \u2193"}.get(way, "")
    return html.Button(f"{label}{mark}", type="button", className="as-text", title=f"Sort by {label.lower()}", **{"data-firm-sort": then})


def _line(line: Line, columns: Sequence[Column]) -> html.Tr:
    name = html.Button(line.name, type="button", className="as-text", title="Open the risk of this portfolio", **{"data-portfolio": line.id})
    under = ", ".join(part for part in (line.currency, f"vs {line.benchmark}" if line.benchmark else "") if part)
    cells = [_cell(value, column, line) for value, column in zip(line.figures, columns, strict=True)]
    return html.Tr([html.Td([name, html.Span(under, className="dim")], className="l who", title="; ".join(line.findings) or None),
                    html.Td(theme.number(line.observations, decimals=0), className="soft"), *cells], **{"data-scope": line.id})


def _cell(value: float | None, column: Column, line: Line) -> html.Td:
    missing = max(0, column.minimum - line.observations)
    if value is None or not theme.known(value):
        return html.Td(theme.UNKNOWN, className="dim", title=f"{days(missing)} missing" if missing else "No answer for these returns")
    number = html.Span(value_text(value, column.unit), className="num", **{"data-explain": f"risk.{column.name}"})
    if not missing:
        return html.Td(number)
    lacking = f"{days(missing)} missing"
    return html.Td([html.Span(lacking, className="lacks"), number], className="few", title=f"{lacking} to say something")
