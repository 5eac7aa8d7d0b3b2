"""The Markets page's lower half and its form: what is held back, how providers fare, what the feed did, and an instrument's fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import dcc, html

from components import cards, controls, theme
from components.cards import tag
from components.controls import button
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

BREAKERS = {"ok": ("well", "ok"), "unasked": ("not asked yet", ""), "used_up": ("used up for today", "warn"), "left_alone": ("left alone", "crit"),
            "probing": ("is tried again", "warn"), "unavailable": ("not available", "")}
LINES = {"connected": ("live line up", "ok"), "down": ("live line down", "warn"), "unknown": ("live line not told of", "")}
FAILED = {"failed": "crit", "open": "warn", "released": "ok", "rejected": ""}


class Fare(NamedTuple):
    """How a provider fares."""

    name: str
    state: str
    offers: str
    left_today: int | None
    per_day: int | None
    per_minute: float | None
    latency_ms: float | None
    last_ok_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    retry_at: datetime | None
    failures: int
    reason: str | None
    simulated: bool
    line: str | None = None
    line_since: datetime | None = None
    line_error: str | None = None


class Line(NamedTuple):
    """One line of the feed's log."""

    at: datetime
    status: str
    message: str
    detail: str


def providers(fares: Sequence[Fare]) -> html.Div:
    """Tell how each provider fares, in the order of preference."""
    if not fares:
        return cards.blank("No provider", "MARKET_DATA names none: prices come by POST /quotes and from files alone.")
    return small_table(["Provider", "State", "Left today", "A minute", "Answers in", "Last answer", "Last error"], [_fare(fare) for fare in fares],
                       starts=2)


def _fare(fare: Fare) -> html.Tr:
    word, kind = BREAKERS.get(fare.state, (fare.state, ""))
    until = f" until {fare.retry_at:%H:%M:%S}" if fare.retry_at and fare.state in {"left_alone", "used_up"} else ""
    left = theme.UNKNOWN if fare.per_day is None else f"{theme.number(fare.left_today, decimals=0)} of {theme.number(fare.per_day, decimals=0)}"
    error = f"{fare.last_error_at:%d %b %H:%M} {fare.last_error}" if fare.last_error and fare.last_error_at else fare.reason or ""
    again = [html.Span(f"{fare.failures} failures in a row", className="sub")] if fare.failures else []
    made_up = [tag("simulated", "brass")] if fare.simulated and fare.name != "simulated" else []
    name = [html.B(fare.name), *made_up, html.Span(fare.offers, className="sub")]
    line = [html.Span([tag(*LINES[fare.line]), _of_line(fare)], className="sub")] if fare.line else []
    last = f"{fare.last_ok_at:%d %b %H:%M:%S}" if fare.last_ok_at else theme.UNKNOWN
    return html.Tr([html.Td(name, className="l"), html.Td([tag(f"{word}{until}", kind), *again, *line], className="l"), html.Td(left),
                    html.Td(theme.number(fare.per_minute, decimals=0)), html.Td(theme.with_unit(theme.number(fare.latency_ms, decimals=0), "ms")),
                    html.Td(last), html.Td(error, className="l wrap")])


def _of_line(fare: Fare) -> str:
    return f" since {fare.line_since:%d %b %H:%M}" if fare.line_since else f" {fare.line_error}" if fare.line_error else ""


def doubts(found: Sequence[cards.Doubt]) -> html.Div:
    """List the prices that wait for a person."""
    if not found:
        return cards.blank("No price waits for you", "What cannot be believed is held back here until somebody decides.")
    rows = [html.Tr([html.Td(html.B(each.symbol), className="l"), html.Td(each.message, className="l wrap"),
                     html.Td(each.source or "", className="l"), html.Td(theme.price(each.price)), html.Td(theme.price(each.last_price)),
                     html.Td(_decide(each))]) for each in found]
    return small_table(["Instrument", "Why", "Source", "Price", "Last price", ""], rows, starts=3)


def _decide(doubt: cards.Doubt) -> html.Span:
    act = {"data-id": doubt.id, "data-symbol": doubt.symbol}
    return html.Span([button("Release", **act, **{"data-markets": "release"}), button("Reject", look="quiet", **act, **{"data-markets": "reject"})],
                     className="decide")


def log(lines: Sequence[Line]) -> html.Div:
    """List what the feed did, newest first."""
    if not lines:
        return cards.blank("Nothing happened yet", "Polls, closes that were stored, histories and prices held back are told here.")
    rows = [html.Tr([html.Td(f"{line.at:%d %b %H:%M:%S}", className="l num"), html.Td(tag(line.status, FAILED.get(line.status, "")), className="l"),
                     html.Td(line.message, className="l wrap"), html.Td(line.detail, className="l wrap dim")]) for line in lines]
    return small_table(["When, UTC", "", "What", ""], rows, starts=4)


# -------------------------------------------------------------------------------------------------------------------------- the form


def form(fields: Mapping[str, str], *, version: int | None, classes: Sequence[tuple[str, str]]) -> html.Form:
    """Build the form of an instrument.

    Parameters
    ----------
    fields : Mapping
        symbol name asset_class currency sector exchange isin tags sources, as text.
    version : int, optional
        That was read; None: the instrument is new.
    classes : sequence of (str, str)
        Classes to choose from: value and word.
    """
    known = version is not None
    pick = html.Select([html.Option(word, value=value) for value, word in classes], name="asset_class", className="input",
                       **{"data-value": fields.get("asset_class", "")})
    hint = "Another symbol is taken over by every ledger" if known else None
    pairs = [
        controls.field("Symbol", _text("symbol", fields, required=True, maxLength=64), hint=hint),
        controls.field("Name", _text("name", fields)),
        controls.field("Class", pick),
        controls.field("Currency", _text("currency", fields, required=True, maxLength=3), hint="Of its price: three letters, as USD"),
        controls.field("Sector", _text("sector", fields)),
        controls.field("Exchange", _text("exchange", fields)),
        controls.field("ISIN", _text("isin", fields, maxLength=12)),
        controls.field("Tags", _text("tags", fields), hint="With commas between"),
    ]
    sources = controls.field("Sources", _text("sources", fields),
                             hint="provider:SYMBOL, the most preferred first, with commas between; empty: each provider's own rule")
    send = html.Button("Save" if known else "Add", className="ctl primary", type="submit")
    acts = html.Div([button("Cancel", look="quiet", do="close"), send], className="acts end")
    told = {"data-form": "instrument", "data-symbol": fields["symbol"] if known else "", "data-version": str(version) if known else ""}
    return html.Form([html.Div(pairs, className="two-of"), sources, acts], className="form", **told)


def _text(name: str, fields: Mapping[str, str], **attributes: object) -> dcc.Input:
    return dcc.Input(name=name, type="text", className="text-input", autoComplete="off", value=fields.get(name, ""), **attributes)
