"""Panels, figures and states: what a page is built from. Pure functions from values to elements; no service, no arithmetic.

A number that can change stands in `live(...)`: its first text is written here, later ones by the stream, by the same rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dash_bootstrap_components as dbc
from dash import html

from components import quick, theme
from components.controls import button, tool
from components.icons import Icon

if TYPE_CHECKING:
    from collections.abc import Sequence


EXPLAINED = frozenset({"value", "market_value", "cash", "cost_basis", "unrealised", "realised", "income", "fees", "taxes", "fx_gain", "total_pnl",
                       "day_pnl", "day_return", "net_contributions", "on_cost", "weight", "price"})
OF_CASH_ROW = {"market_value": "value"}


def live(value: theme.Number, path: str | None = None, form: str = "money", *, toned: bool = False, className: str = "", **data: object) -> html.Span:  # noqa: N803
    """Show a number that the stream may repaint.

    Parameters
    ----------
    value : number or None
        What is known now.
    path : str, optional
        Key of the scope's totals in the stream (`data-live`).
    form : str
        Name of a format of `components.theme.FORMATS`.
    toned : bool
        Colour it by its sign.
    data : str
        Further `data-*` attributes, by name without the prefix.
    """
    attributes = {f"data-{key}": text for key, text in data.items()} | explained(path)
    if path:
        attributes["data-live"] = path
    if toned:
        attributes["data-tone"] = ""
    names = [className, "num", theme.tone(value, decimals=4 if form.startswith("percent") else 2) if toned else ""]
    return quick.Span(theme.text(value, form), className=" ".join(filter(None, names)), **{"data-format": form, "data-v": _raw(value)}, **attributes)


def explained(figure: str | None) -> dict[str, str]:
    """Give the attribute of a figure that can be asked how it comes about; a path of the stream names the same figure."""
    held = (figure or "").removeprefix("holdings.")
    symbol, _, field = held.rpartition(".") if held != figure else ("", "", held)
    name = OF_CASH_ROW.get(field, field) if symbol.startswith("cash:") else field
    return {"data-explain": f"{name}:{symbol}" if symbol else name} if field in EXPLAINED else {}


def _raw(value: theme.Number) -> str:
    return repr(float(value)) if value is not None and theme.known(value) else ""


def unit(text: str) -> html.Span:
    """Currency or unit after a number."""
    return quick.Span(text, className="unit")


# ---------------------------------------------------------------------------------------------------------------- panels and states


def panel(title: str, body: object, *, note: object = None, tools: Sequence[object] = (), span: str = "c12", flush: bool = False) -> html.Section:
    """Section with a title, a note that says what and in which unit, tools at the end, and a body.

    Parameters
    ----------
    span : str
        Class names: how many of the twelve columns it takes (`c8`), and what else it is.
    flush : bool
        The body, a table, reaches the panel's edges.
    """
    told = html.Span(note, className="note") if isinstance(note, str) or note is None else note
    head = html.Header([html.H2(title), told, html.Div([*tools], className="tools")])
    return html.Section([head, html.Div(body, className="flush" if flush else "body")], className=f"panel {span}", **{"aria-label": title})


def table_tool() -> html.Button:
    """Switch of a chart between picture and table."""
    return tool(Icon.TABLE, "Show as table", do="table", **{"aria-pressed": "false"})


def bones(*heights: str) -> html.Div:
    """Grey shapes in the place of what is being read; they appear after 300 ms, so a quick answer never flickers."""
    return html.Div([html.Div(className=f"bone {height}") for height in heights or ("fill",)], className="bones", **{"aria-hidden": "true"})


def blank(title: str, sentence: str, *actions: object) -> html.Div:
    """Empty panel: what will be here, and at most two ways to get there."""
    return html.Div(
        [
            html.I(className="compass", **{"data-icon": Icon.COMPASS}),
            html.B(title),
            html.P(sentence),
            *([html.Div([*actions], className="acts")] if actions else []),
        ],
        className="blank",
    )


def failed(title: str, sentence: str) -> html.Div:
    """Panel whose answer did not come: what failed and what to do; the rest of the page lives on."""
    return html.Div(
        [html.B(title), html.P(sentence), html.Div(button("Try again", do="retry"), className="acts")], className="blank failed", role="alert"
    )


def notice(head: str, sentence: str = "", *, kind: str = "warn") -> dbc.Alert:
    """One line that says what is odd about what stands below it, read out when it appears. `kind`: info, warn or crit."""
    return dbc.Alert([html.B(head), f" {sentence}"], className=f"notice {kind}", color="", fade=False)


def tag(text: str, kind: str = "") -> html.Span:
    """Small word beside a value. `kind`: ok, warn, crit or brass."""
    return quick.Span(text, className=f"tag {kind}".strip())


def stale_tag() -> html.Span:
    """Word at a panel's head while its prices are old; `assets/overview.js` writes the age and shows it."""
    return html.Span(className="tag warn stale-tag", hidden=True)


def age_mark(state: str, title: str) -> html.I:
    """Mark after a price: dot live, half dot delayed, ring stale, dash closed."""
    return quick.Mark(className="age", title=title, **{"data-state": state})


def spark(values: Sequence[float | None]) -> html.Span:
    """Small line without axes, drawn by `assets/overview.js`; nothing where fewer than two values are known."""
    points = [f"{value:.6g}" for value in values if value is not None and theme.known(value)]
    return quick.Span(className="spark", **{"data-y": " ".join(points) if len(points) > 1 else "", "aria-hidden": "true"})


# ------------------------------------------------------------------------------------------------------------------- hero and figures


def hero(value: theme.Number, currency: str, day_pnl: theme.Number, day_return: theme.Number, *, simulated: bool, today: bool = True) -> list[Any]:
    """Total value, and what today, or the day one looks back to, made of it."""
    whole, cents = theme.hero_parts(value)
    figure = html.Span([html.Span(whole), html.Small(cents)], className="num",
                       **{"data-live": "value", "data-format": "hero", "data-v": _raw(value), **explained("value")})
    return [
        html.Div("Total value", className="soft"),
        html.Div([figure, unit(currency)], className="value"),
        html.Div(
            [
                live(day_pnl, "day_pnl", "signed", toned=True),
                live(day_return, "day_return", "percent", toned=True),
                html.Span(["today" if today else "on that day", *([" · simulated prices"] if simulated else [])], className="dim"),
            ],
            className="day",
        ),
    ]


class Term(NamedTuple):
    """One term of the identity: sign before it, name, key in the stream, value."""

    sign: str
    name: str
    key: str
    value: theme.Number


def identity(terms: Sequence[Term], value: theme.Number) -> list[html.Span]:
    """Say where the value comes from: the terms, their signs, and the sum they make. A sign stays with what follows it."""
    parts = [_term(term.sign, term.name, live(term.value, term.key)) for term in terms]
    return [*parts, _term("=", "Value", live(value, "value"))]


def _term(sign: str, name: str, figure: html.Span) -> html.Span:
    return html.Span([html.Span(sign, className="op"), html.Span(name, className="dim"), html.B(figure)], className="term")


def kpi(label: str, figure: object, context: object) -> html.Div:
    """One figure of the strip: label, value, one line of context."""
    return html.Div([html.Dt(label), html.Dd(figure), html.Dd(context, className="sub")], className="kpi")


# -------------------------------------------------------------------------------------------------------------- status and quarantine


class Source(NamedTuple):
    """A provider as the status popover lists it."""

    name: str
    state: str
    age_seconds: float | None
    instruments: int
    simulated: bool
    message: str | None


class Doubt(NamedTuple):
    """A quote that waits for a person."""

    id: str
    symbol: str
    price: float | None
    last_price: float | None
    source: str | None
    message: str


def status_sheet(
    *, sources: Sequence[Source], doubts: Sequence[Doubt], services: Sequence[tuple[str, bool]], counts: Sequence[tuple[str, int]]
) -> list[Any]:
    """Where prices come from, how old they are, which were not believed."""
    return [
        html.H3("Sources", className="caps"),
        html.Ul([_source(source) for source in sources] or [html.Li("No source is configured.", className="dim")], className="rows"),
        html.H3("Prices", className="caps"),
        html.Div(
            [tag(f"{count} {state}") for state, count in counts if count] or [html.Span("No instrument has a price yet.", className="dim")],
            className="parts",
        ),
        html.H3("Quotes not believed", className="caps"),
        html.Ul([_doubt(doubt) for doubt in doubts] or [html.Li("None waits for you.", className="dim")], className="rows"),
        html.H3("Parts", className="caps"),
        html.Div([tag(name if works else f"{name}: no answer", "ok" if works else "crit") for name, works in services], className="parts"),
    ]


_MARKED = {"live", "delayed", "stale", "closed"}


def _source(source: Source) -> html.Li:
    words = [
        html.B(source.name),
        *([tag("simulated", "brass")] if source.simulated and source.name != "simulated" else []),
        html.Span(source.message or "", className="dim"),
    ]
    facts = [
        f"{source.instruments} prices · " if source.instruments else "",
        theme.age(source.age_seconds) if source.age_seconds is not None else source.state,
        *([age_mark(source.state, source.state)] if source.state in _MARKED else []),
    ]
    return html.Li([html.Span(words, className="words"), html.Span(facts, className="soft num")])


def _doubt(doubt: Doubt) -> html.Li:
    act = {"data-quarantine": doubt.id}
    return html.Li(
        [
            html.Span(
                [
                    html.B(doubt.symbol),
                    html.Span([theme.price(doubt.price), " after ", theme.price(doubt.last_price)], className="num"),
                    html.Span(f"{doubt.source or 'unknown source'} · {doubt.message}", className="dim"),
                ],
                className="words",
            ),
            html.Span(
                [button("Release", **act, **{"data-action": "release"}), button("Reject", look="quiet", **act, **{"data-action": "reject"})],
                className="acts",
            ),
        ],
        className="doubt",
    )
