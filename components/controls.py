"""Buttons, segments, menus and fields: the pieces a reader presses or fills in.

What a control does stands in a `data-*` attribute that `assets/shell.js` listens to once for the whole document, so that a
control needs neither an id nor a callback of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import dcc, html

from components.icons import Icon, icon
from components.theme import DEFAULT_PERIOD, PERIODS
from engine.types import CostMethod

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dash.development.base_component import Component

CURRENCIES = (
    ("USD", "US dollar"),
    ("EUR", "Euro"),
    ("GBP", "Pound sterling"),
    ("CHF", "Swiss franc"),
    ("JPY", "Japanese yen"),
    ("CAD", "Canadian dollar"),
    ("AUD", "Australian dollar"),
    ("NZD", "New Zealand dollar"),
    ("SEK", "Swedish krona"),
    ("NOK", "Norwegian krone"),
    ("DKK", "Danish krone"),
    ("PLN", "Polish zloty"),
    ("CZK", "Czech koruna"),
    ("HUF", "Hungarian forint"),
    ("RON", "Romanian leu"),
    ("CNY", "Chinese yuan"),
    ("HKD", "Hong Kong dollar"),
    ("SGD", "Singapore dollar"),
    ("INR", "Indian rupee"),
    ("KRW", "South Korean won"),
    ("ILS", "Israeli shekel"),
    ("BRL", "Brazilian real"),
    ("MXN", "Mexican peso"),
    ("ZAR", "South African rand"),
    ("TRY", "Turkish lira"),
)
COST_METHODS = {
    CostMethod.FIFO: "First in, first out",
    CostMethod.AVERAGE: "Average cost",
    CostMethod.LIFO: "Last in, first out",
    CostMethod.HIFO: "Highest cost first",
    CostMethod.LOFO: "Lowest cost first",
    CostMethod.SPECIFIC: "Lots named in each sale",
}


def button(label: str, *, look: str = "", do: str | None = None, name: Icon | None = None, **attributes: object) -> html.Button:
    """Button with a word on it. `look`: primary, quiet or danger; `do`: what `shell.js` does on a press."""
    children = [icon(name, small=True), label] if name else label
    data = {"data-do": do} if do else {}
    return html.Button(children, className=f"ctl {look}".strip(), type="button", **data, **attributes)


def tool(name: Icon, label: str, *, do: str | None = None, className: str = "", **attributes: object) -> html.Button:  # noqa: N803 (Dash's word)
    """Button that is only an icon; the label is its tooltip and its spoken name."""
    data = {"data-do": do} if do else {}
    return html.Button(icon(name), className=f"tool {className}".strip(), type="button", title=label, **{"aria-label": label}, **data, **attributes)


def link(label: str, href: str) -> html.A:
    """Link to another page that carries portfolio and period on."""
    return html.A(label, href=href, className="link", **{"data-nav": href})


def export_links(subject: str) -> html.Div:
    """Links that download a subject of the chosen scope, as CSV and as XLSX; `assets/imports.js` puts the portfolio into their addresses."""
    files = [f"{subject}.{form}" for form in ("csv", "xlsx")]
    links = [html.A(file.rpartition(".")[2].upper(), href=f"/api/v1/portfolios/all/exports/{file}", title=f"Download {file}", **{"data-export": file})
             for file in files]
    parts = [html.Span("Export", className="soft"), html.Div(links, className="seg")]
    return html.Div(parts, className="export", role="group", **{"aria-label": "Export"})


def segments(options: Iterable[tuple[str, str]], *, attribute: str, label: str, current: str | None = None) -> html.Div:
    """Row of choices of which one holds. `options`: value and word; `attribute`: the data attribute that carries the value."""
    return html.Div(
        [html.Button(word, type="button", **{f"data-{attribute}": value, "aria-pressed": str(value == current).lower()}) for value, word in options],
        className="seg",
        role="group",
        **{"aria-label": label},
    )


def period_control() -> html.Div:
    """Choose the period of everything that shows a history."""
    return segments([(period, period) for period in PERIODS], attribute="period", label="Period", current=DEFAULT_PERIOD)


def popover(children: object, *, id: str, label: str, className: str = "") -> html.Div:  # noqa: A002, N803 (Dash's words)
    """Sheet that opens under the button whose `data-menu` names it."""
    return html.Div(children, id=id, className=f"pop {className}".strip(), hidden=True, role="dialog", tabIndex="-1", **{"aria-label": label})


def field(label: str, control: Component, *, hint: str | None = None) -> html.Label:
    """Label, control and hint of one field of a form."""
    return html.Label([html.Span(label, className="soft"), control, *([html.Span(hint, className="hint")] if hint else [])], className="field")


def text_input(name: str, **attributes: object) -> dcc.Input:
    """One line of text."""
    return dcc.Input(name=name, type="text", className="text-input", autoComplete="off", **attributes)


def select(name: str, options: Sequence[tuple[str, str]]) -> html.Select:
    """Choice of one from a closed list, the browser's own."""
    return html.Select([html.Option(word, value=value) for value, word in options], name=name, className="input")


def dialog(title: str, children: object, *, id: str, className: str = "") -> html.Dialog:  # noqa: A002, N803 (Dash's words)
    """Modal sheet, opened by `portolan.shell.open(id)`; Esc and the cross close it."""
    head = html.Header([html.H2(title, id=f"{id}-title"), html.Span(className="grow"), tool(Icon.CLOSE, "Close", do="close")])
    return html.Dialog(
        [head, html.Div(children, className="in")], id=id, className=f"sheet {className}".strip(), **{"aria-labelledby": f"{id}-title"}
    )
