"""Endpoints of one's own on the Markets page: which there are, the form of one, and what a trial brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import dcc, html

from components import cards, controls, theme
from components.controls import button
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

FORMATS = (("json", "JSON"), ("csv", "CSV"))
TIMES = (("auto", "by their size"), ("iso", "written as dates"),
         ("s", "seconds"), ("ms", "milliseconds"), ("us", "microseconds"), ("ns", "nanoseconds"))
HEADERS = (("yes", "Its first line names the columns"), ("no", "Columns are numbered from 0"))


class Row(NamedTuple):
    """An endpoint in the list."""

    id: str
    version: int
    name: str
    url: str
    price: str
    format: str


class Trial(NamedTuple):
    """What one call brought."""

    symbol: str
    price: Decimal | None
    currency: str | None
    ts: datetime | None
    problem: str | None
    excerpt: str | None


def listing(rows: Sequence[Row]) -> html.Div:
    """List endpoints, or say what one is good for."""
    new = button("New endpoint", **{"data-markets": "endpoint-new"})
    if not rows:
        words = "Have prices read from an address of your own: JSON or CSV over https, of a host that ENDPOINT_HOSTS allows."
        return html.Div([cards.blank("No endpoint", words), html.Div(new, className="acts")], className="endpoints")
    table = small_table(["Name", "Address", "Price at", "Format", ""], [_row(each) for each in rows], starts=4)
    hint = html.P(["An instrument is priced by it with ", html.Code(f"endpoint:{rows[0].name}"), " among its sources, or ",
                   html.Code(f"endpoint:{rows[0].name}/SYMBOL"), " where it has another symbol there."], className="hint")
    return html.Div([table, html.Div([hint, html.Span(className="grow"), new], className="acts")], className="endpoints")


def _row(each: Row) -> html.Tr:
    act = {"data-id": each.id, "data-version": str(each.version), "data-name": each.name}
    acts = html.Span([button("Edit", **act, **{"data-markets": "endpoint-edit"}),
                      button("Delete", look="quiet", **act, **{"data-markets": "endpoint-remove"})], className="decide")
    return html.Tr([html.Td(html.B(each.name), className="l"), html.Td(each.url, className="l wrap"), html.Td(html.Code(each.price), className="l"),
                    html.Td(each.format.upper(), className="l"), html.Td(acts)])


def form(fields: Mapping[str, str], *, key: str = "", version: str = "") -> html.Form:
    """Build the form of an endpoint; `key` and `version` are empty for a new one."""
    pairs = [
        controls.field("Name", _text("name", fields, required=True, maxLength=40), hint="Small letters and digits, as desk"),
        controls.field("Format", _pick("format", FORMATS, fields)),
        controls.field("Price at", _text("price", fields, required=True), hint="A path as data.last, or a column of the CSV"),
        controls.field("Time at", _text("time", fields), hint="Empty: the moment of asking"),
        controls.field("Currency at", _text("currency", fields)),
        controls.field("or of unit", _text("unit", fields, maxLength=6), hint="USD, or GBp for pence"),
        controls.field("Volume at", _text("volume", fields)),
        controls.field("Symbol at", _text("symbol", fields), hint="Where one answer tells several"),
    ]
    more = [
        controls.field("Times are", _pick("time_unit", TIMES, fields)),
        controls.field("In the zone", _text("time_zone", fields, placeholder="UTC")),
        controls.field("CSV separated by", _text("delimiter", fields, maxLength=1, placeholder=",")),
        controls.field("Decimals after", _pick("decimal", ((".", "a point"), (",", "a comma")), fields)),
        controls.field("CSV heads", _pick("header", HEADERS, fields)),
    ]
    address = controls.field("Address", _text("url", fields, required=True, maxLength=2000, placeholder="prices.example.com/last?s={symbol}"),
                             hint="Begins with https; {symbol} stands for the instrument's")
    tried = html.Div([controls.field("Try it with", _text("try_symbol", fields, placeholder="AAPL")),
                      button("Try", **{"data-markets": "endpoint-try"})], className="try-of")
    acts = html.Div([button("Cancel", look="quiet", do="close"), html.Button("Save", className="ctl primary", type="submit")], className="acts end")
    details = html.Details([html.Summary("Times, decimals, CSV"), html.Div(more, className="two-of")])
    told = {"data-form": "endpoint", "data-id": key, "data-version": version}
    return html.Form([address, html.Div(pairs, className="two-of"), details, tried, acts], className="form", **told)


def tried(told: Trial) -> list[html.Div]:
    """Say which price a trial read, or why none, with the beginning of the answer."""
    if told.problem is None:
        at = f" of {told.ts:%d %b %Y %H:%M:%S} UTC" if told.ts else ", of the moment it was asked for"
        head = f"{told.symbol}: {theme.price(told.price)} {told.currency or ''}".strip()
        return [cards.notice(f"{head}{at}.", "Nothing was stored.", kind="info"), *_beginning(told)]
    return [cards.notice(told.problem, "Nothing was stored.", kind="warn"), *_beginning(told)]


def _beginning(told: Trial) -> list[html.Pre]:
    return [html.Pre(told.excerpt, className="excerpt")] if told.excerpt else []


def _text(name: str, fields: Mapping[str, str], **attributes: object) -> dcc.Input:
    return dcc.Input(name=name, type="text", className="text-input", autoComplete="off", value=fields.get(name, ""), **attributes)


def _pick(name: str, options: Sequence[tuple[str, str]], fields: Mapping[str, str]) -> html.Select:
    return html.Select([html.Option(word, value=value) for value, word in options], name=name, className="input",
                       **{"data-value": fields.get(name, "") or options[0][0]})
