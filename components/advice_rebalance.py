"""From targets to trades: the list with its reasons and lots, what it changes, how far everything is from its target, what contradicts what.

Every text is written here; `assets/advice_rebalance.js` lays it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import cards, theme
from components.advice import figure
from components.ids import AdviceRebalanceIds as Ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from components.advice import Order, Shift

HEADS = ("Trade", "Quantity", "Price", "Amount", "Weight now", "Weight after", "Tax", "Cost")
LOT_HEADS = ("Bought", "Quantity", "Cost", "Proceeds", "Gain", "Tax")
WEIGHT_HEADS = ("Holding", "Now", "After", "Target", "Left alone")
BRINGS = (("targets", "Everything to its target"), ("breached", "Only what left its band"), ("edge", "Only back to the edge of its band"))
SELL = "SELL"
MOST_BARS = 15
FRACTIONS = frozenset({"max_weight", "max_turnover", "cash_buffer", "max_tracking_error", "min_weight", "min_return", "groups"})


class Lot(NamedTuple):
    """What a sale takes of a lot; base currency."""

    opened: date | None
    quantity: float
    cost: float
    proceeds: float
    gain: float
    tax: float
    term: str


class Line(NamedTuple):
    """A trade with its account and lots."""

    order: Order
    name: str
    account: str
    lots: Sequence[Lot]


class Weight(NamedTuple):
    """What a holding weighs, should weigh, and between which weights it is left alone; fractions."""

    key: str
    name: str
    now: float
    after: float
    target: float
    low: float
    high: float


class Clash(NamedTuple):
    """A constraint that cannot hold together with the others, and the limit with which it could."""

    name: str
    what: str
    relaxed: float
    jointly: bool = False


class Preview(NamedTuple):
    """Everything the tab shows."""

    portfolio: str
    name: str
    currency: str
    revision: int
    simulated: bool
    accounts: Sequence[str]
    lines: Sequence[Line]
    conversions: Sequence[str]
    shifts: Sequence[Shift]
    sums: Sequence[tuple[str, float, str]]  # label, value, unit
    weights: Sequence[Weight]
    clashes: Sequence[Clash]
    notes: Sequence[str]
    findings: Sequence[str]
    days: int


def pane() -> html.Div:
    """Tab of rebalancing, before it is drawn."""
    bones = html.Section(cards.bones("title", "row", "row", "row", "row"), className="panel padded bones-of")
    stores = [dcc.Store(id=store) for store in (Ids.QUERY, Ids.FOUND, Ids.ACTION, Ids.RESULT)]
    return html.Div([*stores, html.Div(id=Ids.BODY, className="drawn"), bones], className="pane", **{"data-pane": "rebalance"})


def told(one: Preview) -> dict[str, Any]:
    """Write a list of trades out."""
    return {
        **head(one.portfolio, one.name, one.accounts), "state": "ready", "currency": one.currency, "revision": one.revision,
        "simulated": one.simulated, "days": one.days, "heads": [*HEADS], "lotHeads": [*LOT_HEADS], "weightHeads": [*WEIGHT_HEADS],
        "trades": [_line(line) for line in one.lines], "sum": _sum(one.lines), "conversions": [*one.conversions],
        "shifts": shifts_told(one.shifts), "sums": sums_told(one.sums, one.currency),
        "bars": bars(one.weights), "weights": [_weight(each) for each in one.weights],
        "clashes": [{"what": each.what, "mend": mend(each, one.currency)} for each in one.clashes],
        "notes": [*one.notes], "findings": [*one.findings],
    }


def shifts_told(shifts: Sequence[Shift]) -> list[dict[str, str]]:
    """Write figures out before and after."""
    return [{"label": each.label, "before": figure(each.before, each.unit), "text": figure(each.value, each.unit)} for each in shifts]


def sums_told(sums: Sequence[tuple[str, float, str]], currency: str) -> list[dict[str, str]]:
    """Write sums out, money with its currency."""
    return [{"label": label, "text": figure(value, unit), "unit": currency if unit == "money" else ""} for label, value, unit in sums]


def head(portfolio: str, name: str, accounts: Sequence[str]) -> dict[str, Any]:
    """Write out what the form of the question needs."""
    return {"portfolio": portfolio, "name": name, "brings": [*BRINGS], "accounts": [["", "Any"], *([each, each] for each in accounts)]}


def _line(line: Line) -> dict[str, Any]:
    order = line.order
    sign = -1.0 if order.side == SELL else 1.0
    cells = [theme.quantity(order.quantity, decimals=4), theme.price(order.price), theme.money(sign * order.amount), theme.share(order.before),
             theme.share(order.after), theme.money(order.tax) if order.tax else "", theme.money(order.cost) if order.cost else ""]
    return {"side": order.side.capitalize(), "symbol": order.symbol, "name": line.name, "currency": order.currency, "cells": cells,
            "why": order.reason, "account": line.account, "lots": [_lot(lot) for lot in line.lots]}


def _lot(lot: Lot) -> list[str]:
    bought = f"{theme.day(lot.opened)}, {lot.term} term" if lot.opened else "pooled at average cost"
    amounts = [theme.money(each) for each in (lot.cost, lot.proceeds)]
    return [bought, theme.quantity(lot.quantity, decimals=4), *amounts, theme.money(lot.gain, signed=True), theme.money(lot.tax) if lot.tax else ""]


def _sum(lines: Sequence[Line]) -> list[str]:
    """Add the trades up: what is bought less what is sold; taxes are told below, where gains and losses are set off."""
    orders = [line.order for line in lines]
    net, cost = sum(-each.amount if each.side == SELL else each.amount for each in orders), sum(each.cost for each in orders)
    return ["Net purchase" if net >= 0 else "Net proceeds", "", "", theme.money(net), "", "", "", theme.money(cost)]


def _weight(each: Weight) -> list[str]:
    band = f"{theme.share(each.low)} to {theme.share(each.high)}" if theme.known(each.low) and each.high > each.low else ""
    return [each.key, each.name, theme.share(each.now), theme.share(each.after), theme.share(each.target), band]


def bars(weights: Sequence[Weight]) -> list[dict[str, Any]]:
    """Give the distances to the targets now, the farthest first; widths are percent of half the track."""
    far = sorted((each for each in weights if theme.known(each.now) and theme.known(each.target)), key=lambda each: -abs(each.now - each.target))
    shown = [each for each in far[:MOST_BARS] if each.now or each.target]
    longest = max((abs(each.now - each.target) for each in shown), default=0.0) or 1.0
    return [{"label": each.key, "title": each.name, "width": round(50 * abs(each.now - each.target) / longest, 2), "over": each.now >= each.target,
             "out": not each.low <= each.now <= each.high if theme.known(each.low) else False,
             "text": theme.number((each.now - each.target) * 100, decimals=1, signed=True), "of": f"of {theme.share(each.target)}"} for each in shown]


def mend(clash: Clash, currency: str) -> str:
    """Say with which limit a constraint could stay."""
    if not theme.known(clash.relaxed):
        return "Loosening it alone mends nothing."
    limit = theme.share(clash.relaxed, decimals=2) if clash.name in FRACTIONS else theme.money(clash.relaxed)
    money = "" if clash.name in FRACTIONS or clash.name == "lot" else f" {currency}".rstrip()
    return f"{limit}{money} in its place, and the others likewise." if clash.jointly else f"With {limit}{money} in its place all of them hold."


def question(asked: Mapping[str, Any]) -> dict[str, str]:
    """Write what was asked, as the fields of the form hold it."""
    usual = {"bring": "targets", "new_money": "", "cost_aversion": "", "account": "", "symbols": ""}
    return {**{name: str(asked.get(name) or text) for name, text in usual.items()}, "buy_only": "1" if asked.get("buy_only") else ""}
