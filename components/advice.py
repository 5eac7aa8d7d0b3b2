"""Recommendations in words: what to do, why, what it would change, what it costs, and what would make it wrong.

A page of cards has thousands of cells, more than the screen's own tree can follow beside a live stream. So cards are told here, every
number written, and `assets/advice.js` draws them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, theme
from components.controls import button

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

SELL = "SELL"
GRAVITY = {"error": ("urgent", "crit"), "warning": ("worth doing", "warn"), "info": ("worth a look", "")}
RULE_STATES = {"fired": ("spoke", "warn"), "quiet": ("quiet", "ok"), "off": ("off", ""), "unknown": ("not known", "")}
STATE_WORDS = {"open": ("open", "warn"), "dismissed": ("put aside", ""), "done": ("done", "ok"), "gone": ("no more so", "")}
TAB_WORDS = {"rebalance": "Rebalance", "what-if": "Try it in a what-if", "plan": "See the plan", "policy": "Set the policy", "rules": "See the rule"}
PAGE_WORDS = {"risk": "See the risk", "markets": "See the markets", "gains": "See the gains", "transactions": "See the transactions",
              "benchmark": "See the benchmark", "holdings": "See the holdings"}
HEADS = ("Trade", "Quantity", "Price", "Amount", "Weight now", "Weight after", "Tax", "Cost")


class Shift(NamedTuple):
    """One figure. `before` NaN: it has no past; `limit` NaN: nothing to hold it against. `unit`: fraction, money, days or number."""

    label: str
    unit: str
    value: float
    before: float = math.nan
    limit: float = math.nan


class Order(NamedTuple):
    """One trade of a fix. Amount, tax and cost are base currency, the price is in its own; weights are fractions."""

    side: str
    symbol: str
    quantity: float
    price: float
    currency: str
    amount: float
    before: float
    after: float
    tax: float
    cost: float
    reason: str


class Limit(NamedTuple):
    """What a rule goes by: a field of the policy, what it is called there, and what it is now. `value` NaN: told by its name alone."""

    field: str
    label: str
    unit: str = "fraction"
    value: float = math.nan


class Card(NamedTuple):
    """A suggestion as a card shows it. Cost, tax and benefit are base currency; the benefit a year's."""

    key: str
    portfolio: str
    portfolio_name: str
    title: str
    severity: str
    reason: str
    fix: str
    wrong_if: str
    rule: str
    evidence: Sequence[Shift]
    effect: Sequence[Shift]
    orders: Sequence[Order]
    cost: float
    tax: float
    benefit: float
    link: str | None = None
    dismissed: str | None = None  # the reason
    until: date | None = None
    limits: Sequence[Limit] = ()
    tried: dict[str, Any] | None = None  # its evidence, as `advice_replay.told` writes it


class Rule(NamedTuple):
    """What came of a rule: fired, quiet, off or unknown."""

    label: str
    meaning: str
    state: str
    count: int
    limits: Sequence[Limit] = ()


class Past(NamedTuple):
    """A suggestion of the past: what happened when, and what came of it."""

    title: str
    state: str
    steps: Sequence[tuple[str, date, str | None]]
    outcome: str | None
    owner: str = ""  # portfolio, where several are shown


def told(one: Card, currency: str, *, many: bool) -> dict[str, Any]:
    """Write a card out: every text of it, as `assets/advice.js` lays it.

    Parameters
    ----------
    one : Card
    currency : str
        Base currency of the scope.
    many : bool
        Several portfolios are shown: each card names its own.
    """
    word, kind = GRAVITY[one.severity]
    return {
        "key": one.key, "portfolio": one.portfolio, "owner": one.portfolio_name if many else "", "title": one.title, "word": word, "kind": kind,
        "reason": one.reason, "fix": one.fix, "wrong": one.wrong_if, "rule": one.rule, "way": way(one.link),
        "limits": [limit_told(each) for each in one.limits],
        "evidence": [_evidence(each) for each in one.evidence if theme.known(each.value)],
        "effect": [*[_effect(each) for each in one.effect if theme.known(each.value)], *_sums(one, currency)],
        "heads": [*HEADS], "trades": [_trade(each) for each in one.orders], "sum": _sum(one.orders), "currency": currency,
        "tried": one.tried,
    }


def way(link: str | None) -> dict[str, str] | None:
    """Tell where something is mended: a tab of this page, or another page."""
    if link is None:
        return None
    return {"tab": link, "word": TAB_WORDS[link]} if link in TAB_WORDS else {"page": f"/{link}", "word": PAGE_WORDS.get(link, "Go there")}


def limit_told(each: Limit) -> dict[str, str]:
    """Write a limit out, with the field of the policy in which it is changed."""
    return {"field": each.field, "text": f"{each.label} {figure(each.value, each.unit)}" if theme.known(each.value) else each.label}


def _evidence(each: Shift) -> dict[str, str]:
    return {"label": each.label, "text": figure(each.value, each.unit),
            "limit": f"limit {figure(each.limit, each.unit)}" if theme.known(each.limit) else ""}


def _effect(each: Shift) -> dict[str, str]:
    return {"label": each.label, "before": figure(each.before, each.unit), "text": figure(each.value, each.unit)}


def _sums(one: Card, currency: str) -> list[dict[str, str]]:
    """Tell what the fix costs and what it is expected to bring; a tax below zero is saved."""
    sums = [("Cost", one.cost), ("Tax", one.tax), ("Expected benefit a year", one.benefit)]
    return [{"label": name, "text": theme.money(amount), "unit": currency} for name, amount in sums if theme.known(amount) and amount]


def figure(value: float, unit: str) -> str:
    """Write a figure of the rules by its unit: fraction, money, days or number."""
    return {"fraction": theme.share, "money": theme.money}.get(unit, _plain)(value) if theme.known(value) else theme.UNKNOWN


def _plain(value: float) -> str:
    return theme.number(value, decimals=0 if abs(value) >= 100 or value == math.floor(value) else 2)  # three digits are enough


def _trade(trade: Order) -> dict[str, Any]:
    sign = -1.0 if trade.side == SELL else 1.0
    cells = [theme.quantity(trade.quantity, decimals=4), theme.price(trade.price), theme.money(sign * trade.amount), theme.share(trade.before),
             theme.share(trade.after), theme.money(trade.tax) if trade.tax else "", theme.money(trade.cost) if trade.cost else ""]
    return {"side": trade.side.capitalize(), "symbol": trade.symbol, "currency": trade.currency, "cells": cells, "why": trade.reason}


def _sum(trades: Sequence[Order]) -> list[str]:
    """Add the trades up: what is bought less what is sold, and what they cost."""
    net = sum(-trade.amount if trade.side == SELL else trade.amount for trade in trades)
    tax, cost = (sum(getattr(trade, name) for trade in trades) for name in ("tax", "cost"))
    return ["Net purchase" if net >= 0 else "Net proceeds", "", "", theme.money(net), "", "", theme.money(tax) if tax else "", theme.money(cost)]


# ---------------------------------------------------------------------------------------------------------------------- beside the cards


def nothing(asked: int) -> list[Any]:
    """Build the state in which nothing is to be done. `asked`: how many rules had an answer."""
    return [cards.panel("Suggestions", cards.blank("Nothing to do", f"{asked} rules were asked, and none of them has anything to say."))]


def rules(found: Sequence[Rule]) -> list[Any]:
    """List what came of every rule: those that spoke on top, then those that could not be asked, with the reason."""
    if not found:
        return [html.P("Each rule says here what came of it, as soon as something is held.", className="soft")]
    ranked = sorted(found, key=lambda rule: rule.label)
    return [part for state in RULE_STATES if (part := _of_state([rule for rule in ranked if rule.state == state], state)) is not None]


def _of_state(found: Sequence[Rule], state: str) -> html.Ul | html.Details | None:
    """List rules of which the same came: open where they spoke, else folded under their number."""
    if not found:
        return None
    listed = html.Ul([_rule(rule) for rule in found], className="rows rule-runs")
    return listed if state == "fired" else html.Details([html.Summary(f"{len(found)} {RULE_STATES[state][0]}"), listed], className="rule-state")


def _rule(rule: Rule) -> html.Li:
    word, kind = RULE_STATES[rule.state]
    count = f"{word} {rule.count} times" if rule.state == "fired" and rule.count > 1 else word
    limits = [html.Span([_limit(each) for each in rule.limits], className="limits-of")] if rule.limits else []
    return html.Li([html.Span([html.B(rule.label), html.Span(rule.meaning, className="soft"), *limits], className="words"), cards.tag(count, kind)])


def _limit(each: Limit) -> html.Button:
    told_ = limit_told(each)
    return html.Button(told_["text"], type="button", className="limit", title="Change it in the policy",
                       **{"data-advice": "limit", "data-field-of": told_["field"]})


def dismissed(found: Sequence[Card], *, many: bool) -> list[Any]:
    """List what was put aside and still holds, with the reason and the day on which it is asked again."""
    if not found:
        return [html.P("What you dismiss stands here with its reason, until it is asked again.", className="soft")]
    return [html.Ul([_dismissed(one, many=many) for one in found], className="rows")]


def _dismissed(one: Card, *, many: bool) -> html.Li:
    until = f"until {theme.day(one.until)}" if one.until else "for good"
    words = [html.B(one.title), html.Span(" · ".join(filter(None, [one.dismissed, until])), className="soft"),
             *([html.Span(one.portfolio_name, className="dim")] if many else [])]
    ask = button("Ask again", look="quiet", **{"data-advice": "undo", "data-key": one.key, "data-portfolio-of": one.portfolio})
    return html.Li([html.Span(words, className="words"), ask])


def history(found: Sequence[Past]) -> list[Any]:
    """List what was suggested, what was decided, and what came of what was done; the newest first."""
    if not found:
        return [cards.blank("Nothing was suggested yet", "What is suggested, dismissed and done stands here, with what came of it.")]
    return [html.Ul([_past(one) for one in found], className="rows past")]


def _past(one: Past) -> html.Li:
    word, kind = STATE_WORDS[one.state]
    steps = " · ".join(f"{what} {theme.day(when)}" + (f" ({why})" if why else "") for what, when, why in one.steps)
    came = [html.Span(one.outcome, className="came")] if one.outcome else []
    owner = [html.Span(one.owner, className="dim")] if one.owner else []
    title = html.Span([html.B(one.title), *owner], className="titled")
    return html.Li([html.Span([title, html.Span(steps, className="soft"), *came], className="words"), cards.tag(word, kind)])


def done(sentence: str, *, key: str, portfolio: str) -> list[Any]:
    """Build the line that says what was done and offers to take it back; without a key there is nothing to take back."""
    back = button("Undo", look="quiet", **{"data-advice": "undo", "data-key": key, "data-portfolio-of": portfolio})
    return [html.Span(sentence), *([back] if key else []), html.Span(className="grow"), button("Close", look="quiet", **{"data-advice": "close"})]
