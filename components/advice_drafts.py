"""Proposals: drafts that wait for a person, line by line, with the way into the ledger and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, theme
from components.controls import button
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

STATES = {"open": ("waits for you", "warn"), "confirmed": ("booked", "ok"), "rejected": ("rejected", "")}
LINES = {"open": "", "confirmed": "booked", "skipped": "left out"}
HEADS = ("", "Kind", "Instrument", "Account", "Quantity", "Price", "Fee", "Amount", "")
STARTS = 4  # columns of text


class Line(NamedTuple):
    """One draft."""

    number: int
    kind: str
    symbol: str
    account: str
    quantity: float | None
    price: float | None
    fee: float | None
    amount: float | None
    currency: str
    state: str


class Proposal(NamedTuple):
    """Drafts that belong together."""

    id: str
    portfolio: str
    portfolio_name: str
    version: int
    title: str
    status: str
    made: date
    is_outdated: bool
    lines: Sequence[Line]


def proposals(found: Sequence[Proposal], *, many: bool) -> list[Any]:
    """Build the proposals of a scope, the newest first, or say what will stand here."""
    if not found:
        words = "Orders that you draft from a suggestion stand here until you confirm them. Nothing is booked before that."
        return [cards.panel("Drafted", cards.blank("Nothing is drafted", words))]
    return [_proposal(one, many=many, primary=one.id == _first(found)) for one in found]


def _first(found: Sequence[Proposal]) -> str:
    return next((one.id for one in found if one.status == "open"), "")


def _proposal(one: Proposal, *, many: bool, primary: bool) -> html.Article:
    word, kind = STATES[one.status]
    owner = [html.Span(one.portfolio_name, className="dim")] if many else []
    head = html.Div([html.H3(one.title), cards.tag(word, kind), html.Span(theme.day(one.made), className="dim"), *owner], className="heading")
    is_old = one.is_outdated and one.status == "open"
    old = [cards.notice("The ledger has changed since.", "Look at prices and quantities once more before you confirm.")] if is_old else []
    rows = [_line(line) for line in one.lines]
    table = html.Div(small_table(HEADS, rows, starts=STARTS), className="ruled")
    head_of = html.Div([head, *old], className="advice")
    return html.Article([head_of, table, _acts(one, primary=primary)], className="panel suggestion proposal", **{"aria-label": one.title})


def _line(line: Line) -> html.Tr:
    texts = [str(line.number), line.kind, line.symbol, line.account]
    price = [theme.price(line.price), cards.unit(line.currency)] if line.price is not None else ""
    fee, amount = (theme.money(each) if each else "" for each in (line.fee, line.amount))
    quantity = theme.quantity(line.quantity) if line.quantity is not None else ""
    return html.Tr([*[html.Td(text, className="l") for text in texts], html.Td(quantity), html.Td(price), html.Td(fee), html.Td(amount),
                    html.Td(LINES[line.state], className="soft")])


def _acts(one: Proposal, *, primary: bool) -> html.Div:
    about = {"data-proposal": one.id, "data-portfolio-of": one.portfolio, "data-version": str(one.version)}
    address = f"/api/v1/portfolios/{one.portfolio}/proposals/{one.id}?format=csv"
    file = html.A("For the broker (CSV)", href=address, className="ctl quiet", download=f"orders-{one.made.isoformat()}.csv")
    if one.status != "open":
        return html.Div([button("Undo", look="quiet", **{"data-advice": "take-back", **about}), file], className="acts ruled")
    count = sum(line.state == "open" for line in one.lines)
    book = button(f"Book {count} {'line' if count == 1 else 'lines'}", look="primary" if primary else "", **{"data-advice": "confirm", **about})
    return html.Div([book, button("Reject", look="quiet", **{"data-advice": "reject", **about}), file,
                     html.Span("Booked at the drafted prices; correct them in Transactions to what the broker did.", className="dim hide-s")],
                    className="acts ruled")
