"""The sheet "How this number comes about": formula, inputs, prices, flows, and the call that gives the number again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from dash import dcc, html

from components import cards, controls, theme
from components.ids import ExplainIds as Ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

SHOWN = 12  # rows of a list before the rest is a count


class Part(Protocol):
    """One of several amounts of an input."""

    name: str
    value: float
    figure: str | None


class Term(Protocol):
    """An input of the formula."""

    title: str
    value: float | None
    unit: str
    figure: str | None
    parts: Sequence[Part]
    is_table: bool


def sheet() -> html.Dialog:
    """Build the sheet without a number; a press on a figure fills it (`assets/explain.js`)."""
    back = controls.button("Back", look="quiet", do="explain-back")
    body = [
        html.Div(back, className="explain-back", hidden=True, **{"data-part": "back"}),
        html.Div(id=Ids.BODY, **{"aria-live": "polite"}),
        dcc.Store(id=Ids.ASKED),
    ]
    return controls.dialog("How this number comes about", body, id=Ids.SHEET, className="explain-sheet")


def refused(message: str, hint: str) -> list[html.Div]:
    """Say why there is no explanation."""
    return [cards.failed("This number cannot be explained here", f"{message} {hint}".strip())]


def number(value: float | None, unit: str) -> str:
    """Write a number in its unit, with more digits than the screen has."""
    if value is None or not theme.known(value):
        return theme.UNKNOWN
    if unit == "fraction":
        return f"{theme.number(value * 100, decimals=4)}{theme.NARROW}%"
    decimals = {"money": 2, "local": 2, "count": 0, "units": 4}.get(unit, 6)
    return theme.number(value, decimals=decimals)


def head(title: str, value: float | None, unit: str, currency: str) -> html.Div:
    """Give title and number."""
    of_money = [cards.unit(currency)] if unit in {"money", "local", "price"} else []
    return html.Div(
        [
            html.Div(title, className="soft"),
            html.Div([html.Span(number(value, unit), className="num"), *of_money], className="explain-value"),
        ],
        className="explain-head",
    )


def section(title: str, body: object, note: str = "") -> html.Section:
    """Build one part of the sheet."""
    return html.Section([html.H3([title, html.Span(note, className="dim")]), html.Div(body)], className="drawer-part")


def formula(words: str, numbers: str) -> html.Section:
    """Write the formula in words, and with the numbers put in."""
    return section("Formula", [html.P(words, className="formula"), html.P(numbers, className="formula num soft")])


def inputs(terms: Sequence[Term]) -> html.Section:
    """List inputs; a press on one explains it."""
    rows: list[html.Tr] = []
    for term in terms:
        text = f"{len(term.parts)} parts" if term.is_table else number(term.value, term.unit)
        rows.append(html.Tr([html.Td(_named(term.title, term.figure), className="l"), html.Td(text)]))
        rows += [
            html.Tr([html.Td(_named(part.name, part.figure), className="l part"), html.Td(number(part.value, term.unit))])
            for part in term.parts[:SHOWN]
        ]
        more = len(term.parts) - SHOWN
        rows += [html.Tr([html.Td(f"and {more} more", className="l part dim"), html.Td("")])] if more > 0 else []
    return section("Inputs", _table(["Input", "Value"], rows))


def _named(title: str, figure: str | None) -> object:
    return (
        html.Button(title, type="button", className="link", title="Explain this input", **{"data-explain-input": figure})
        if figure
        else title
    )


def _table(heads: Sequence[str], rows: Sequence[html.Tr]) -> html.Div:
    cells = [html.Th(name, scope="col", className="" if index else "l") for index, name in enumerate(heads)]
    return html.Div(html.Table([html.Thead(html.Tr(cells)), html.Tbody([*rows])], className="grid-t"), className="scroll")


def prices(rows: Sequence[tuple[str, float | None, str, str | None, datetime | None, str, bool, date | None]], count: int) -> html.Section:
    """List prices and rates with source and time."""
    lines = [
        html.Tr(
            [
                html.Td(
                    [
                        html.B(symbol),
                        html.Span(
                            f" {source or 'no source'}{', simulated' if simulated and source != 'simulated' else ''}", className="dim"
                        ),
                    ],
                    className="l",
                ),
                html.Td([theme.price(value), cards.unit(currency)]),
                html.Td([_time(at), cards.age_mark(state, state), *_filled(filled_from)], className="soft"),
            ]
        )
        for symbol, value, currency, source, at, state, simulated, filled_from in rows[:SHOWN]
    ]
    return section("Prices and rates", _table(["Price of", "Value", "Time (UTC)"], lines), _of(len(lines), count))


def _time(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y %H:%M") if at else theme.UNKNOWN


def _filled(day: date | None) -> list[html.Span]:
    """Say that a close or a rate is of an earlier day."""
    return [html.Span(f"filled forward from {theme.day(day)}", className="filled")] if day else []


def _of(shown: int, count: int) -> str:
    return f"{shown} of {count}" if count > shown else ""


def flows(rows: Sequence[tuple[date, str, float, float | None]], count: int) -> html.Section:
    """List flows, newest first, with their weights."""
    lines = [
        html.Tr(
            [
                html.Td([theme.day(day), html.Span(f" {kind.replace('_', ' ').lower()}", className="dim")], className="l"),
                html.Td(theme.money(amount, signed=True)),
                html.Td("" if weight is None else theme.number(weight, decimals=4), className="soft"),
            ]
        )
        for day, kind, amount, weight in [*rows][::-1][:SHOWN]
    ]
    return section("Cash flows", _table(["Date", "Amount", "Weight"], lines), _of(len(lines), count))


def facts(rows: Sequence[tuple[date, str, str | None, float, float | None]], count: int) -> html.Section:
    """List transactions, newest first."""
    lines = [
        html.Tr(
            [
                html.Td(theme.day(day), className="l"),
                html.Td(f"{kind.replace('_', ' ').capitalize()} {symbol or ''}".strip(), className="l"),
                html.Td(theme.money(amount)),
                html.Td("" if rate is None else theme.number(rate, decimals=4), className="soft"),
            ]
        )
        for day, kind, symbol, amount, rate in rows[:SHOWN]
    ]
    return section("Transactions", _table(["Date", "Kind", "Amount", "Rate"], lines), _of(len(lines), count))


def words(title: str, lines: Sequence[str]) -> html.Section:
    """Conventions, findings, or the source, a line each."""
    return section(title, html.Ul([html.Li(line) for line in lines], className="explain-lines"))


def call(address: str, path: str) -> html.Section:
    """Tell the call that gives the number again, with a button that copies it."""
    copy = controls.button("Copy", do="explain-copy", title="Copy the call")
    return section(
        "The same number by REST",
        [
            html.Div([html.Code(f"GET {address}", **{"data-part": "call"}), copy], className="explain-call"),
            html.P(["in the answer: ", html.Code(path)], className="dim"),
        ],
    )
