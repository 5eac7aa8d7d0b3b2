"""The tab where benchmarks are made: the list of blends, and the form of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, controls, theme
from components.ids import BlendIds as Ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = (("instrument", "Instrument, dividends put back"), ("inflation", "Inflation: an index of prices"), ("rate", "Interest rate, % a year"),
         ("cash", "Fixed rate a year"))
REBALANCINGS = (("monthly", "every month"), ("daily", "every day"), ("quarterly", "every quarter"), ("yearly", "every year"), ("never", "never"))
SAID = dict(REBALANCINGS)
MOST_PARTS = 50


class Part(NamedTuple):
    """One part of a blend: fractions."""

    kind: str
    symbol: str | None
    weight: float
    plus: float
    hedged: bool


class Row(NamedTuple):
    """A blend as the list shows it."""

    key: str
    name: str
    rebalancing: str
    parts: Sequence[Part]
    version: int
    document: str  # the same as JSON, for the form
    chosen: bool


def part_words(part: Part) -> str:
    """Say what a part is.

    Examples
    --------
    >>> part_words(Part("inflation", "CPI", 0.4, 0.03, False))
    '40\u202f% CPI + 3\u202f%'
    """
    share, extra = _percent(part.weight), _percent(abs(part.plus))
    if part.kind == "cash":
        return f"{share} cash at {_percent(part.plus)}"
    plus = f" {'+' if part.plus > 0 else theme.MINUS} {extra}" if part.plus else ""
    return f"{share} {part.symbol or ''}{plus}{' hedged' if part.hedged else ''}"


def _percent(fraction: float) -> str:
    return theme.with_unit(theme.number(fraction * 100, decimals=2, least=0), "%")


def blend_list(rows: Sequence[Row]) -> list[Any]:
    """List the blends, each with what it is made of and what can be done with it."""
    if not rows:
        return [cards.blank("No blend yet", "A blend is a benchmark of your own: 60 % shares and 40 % bonds, inflation + 3 %, a cash rate.",
                            controls.button("New blend", look="primary", **{"data-blend": "new"}))]
    head = html.Tr([html.Th(name, scope="col", className="l") for name in ("Blend", "Made of", "Weights go back")] + [html.Th("")])
    parts = [html.Caption("Blends", className="sr"), html.Thead(head), html.Tbody([_row(row) for row in rows])]
    return [html.Div(html.Table(parts, className="grid-t blends"), className="scroll")]


def _row(row: Row) -> html.Tr:
    told = {"data-key": row.key, "data-version": str(row.version), "data-name": row.name}
    compare = controls.button("Compared" if row.chosen else "Compare", look="quiet", **{"data-vs": row.key, "aria-pressed": str(row.chosen).lower()})
    acts = [compare, controls.button("Edit", look="quiet", **{"data-blend": "edit", "data-document": row.document, **told}),
            controls.button("Remove", look="quiet", **{"data-blend": "remove", **told})]
    return html.Tr([html.Td(html.B(row.name), className="l"), html.Td(", ".join(map(part_words, row.parts)), className="l soft made-of"),
                    html.Td(SAID.get(row.rebalancing, row.rebalancing), className="l soft"), html.Td(html.Span(acts, className="acts"))])


def form() -> html.Dialog:
    """Build the form of a blend; `assets/blends.js` fills it and adds its parts."""
    fields = html.Div([controls.field("Name", controls.text_input("name", required=True, maxLength=80)),
                       controls.field("Weights go back to what they should be", controls.select("rebalancing", REBALANCINGS))], className="pair")
    heads = html.Div([html.Span(word, className="soft") for word in ("What", "Symbol", "Weight %", "Plus % a year", "")], className="part-heads")
    sums = html.Div([controls.button("Add a part", look="quiet", **{"data-blend": "add"}), html.Span(className="grow"),
                     html.Span(["Sum ", html.B("0", **{"data-part": "sum"}), f"{theme.NARROW}%"], className="soft num"),
                     controls.button("Make it 100", look="quiet", **{"data-blend": "scale"})], className="acts part-sum")
    told = html.P("An instrument counts with its dividends put back where they are known, in the portfolio's currency. Inflation takes an "
                  "instrument whose closes are a price index; a rate one whose closes are percent a year.", className="hint")
    acts = html.Div([controls.button("Cancel", look="quiet", do="close"), html.Button("Save", className="ctl primary", type="submit")],
                    className="acts end")
    body = html.Form([fields, heads, html.Div(className="blend-parts", **{"data-part": "parts"}), sums, told,
                      html.Div(id=Ids.ERROR, role="alert"), html.Datalist(id=Ids.NAMES), acts], className="form", **{"data-form": "blend"})
    return controls.dialog("Blend", body, id=Ids.FORM, className="wide-sheet")


def symbol_options(symbols: Sequence[tuple[str, str]]) -> list[html.Option]:
    """Offer symbols while one types."""
    return [html.Option(name, value=symbol) for symbol, name in symbols]


def done(sentence: str, back: Mapping[str, str] | None) -> list[Any]:
    """Build the line that says what was done, with the way to take it back."""
    undo = [controls.button("Undo", look="quiet", **back)] if back else []
    return [html.Span(sentence), *undo, html.Span(className="grow"), controls.button("Close", look="quiet", **{"data-blend": "close"})]
