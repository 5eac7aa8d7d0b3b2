"""Answers the Recommendations page: suggestions with what is decided about them, rules, and the history."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks import advice_drafts, advice_limits
from components import advice, advice_replay, cards
from components.ids import AdviceIds, Ids
from engine.errors import PortfolioError
from services.advice.views_rules import NOTHING_HELD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services import Services
    from services.advice.views_rules import HistoryView, RuleRun, SuggestionsView, SuggestionView

DONE_WORDS = {
    "dismiss": "Put aside.", "done": "Said to be done. The history tells what comes of it.", "undo": "Taken back.",
    "draft": "Drafted. Nothing is booked until you confirm it.",
}


class Found(NamedTuple):
    """What the suggestions of a scope put on the screen."""

    cards: list[dict[str, Any]]
    state: list[Any]  # in the place of cards
    note: str
    rules: list[Any]
    dismissed: list[Any]
    count: str  # beside the page's name


def register(app: Dash, services: Services) -> None:
    """Wire the suggestions; the other tabs have modules of their own."""
    page = "advice"
    _register_tried(app, services)
    app.clientside_callback(ClientsideFunction(page, "query"), Output(AdviceIds.QUERY, "data"), Input(Ids.SCOPE, "data"),
                            Input(AdviceIds.RETRY, "data"), Input(Ids.LEDGER_SETTLED, "data"), Input(AdviceIds.RESULT, "data"),
                            Input(Ids.URL, "search"), State(AdviceIds.QUERY, "data"))
    app.clientside_callback(ClientsideFunction(page, "drawn"), Input(AdviceIds.CARDS, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "acted"), Input(AdviceIds.RESULT, "data"), prevent_initial_call=True)

    outputs = [Output(place, "children") for place in (AdviceIds.STATE, AdviceIds.NOTE, AdviceIds.RULES, AdviceIds.DISMISSED, AdviceIds.COUNT)]

    @app.callback(Output(AdviceIds.CARDS, "data"), *outputs, Input(AdviceIds.QUERY, "data"), prevent_initial_call=True)
    async def update_suggestions(query: dict[str, Any] | None) -> Found:
        """Ask the rules of a scope."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(found_of, services, str(query.get("scope") or "all"))

    @app.callback(Output(AdviceIds.HISTORY, "children"), Input(AdviceIds.QUERY, "data"), prevent_initial_call=True)
    async def update_history(query: dict[str, Any] | None) -> list[Any]:
        """Read what was suggested before, where the reader looks at it."""
        if not query or query.get("show") != "history":
            raise PreventUpdate
        return await asyncio.to_thread(history_of, services, str(query.get("scope") or "all"))

    @app.callback(Output(AdviceIds.DRAFTED, "children"), Input(AdviceIds.QUERY, "data"), prevent_initial_call=True)
    async def update_drafted(query: dict[str, Any] | None) -> list[Any]:
        """Read what is drafted, where the reader looks at it."""
        if not query or query.get("show") != "drafted":
            raise PreventUpdate
        return await asyncio.to_thread(advice_drafts.drafted, services, str(query.get("scope") or "all"))

    @app.callback(Output(AdviceIds.RESULT, "data"), Output(AdviceIds.DONE, "children"), Input(AdviceIds.ACTION, "data"), prevent_initial_call=True)
    async def record_decision(asked: dict[str, Any] | None) -> tuple[dict[str, Any], list[Any]]:
        """Put aside, call done, draft or take back."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def _register_tried(app: Dash, services: Services) -> None:
    """Follow the trials of the fixes on the past."""
    app.clientside_callback(ClientsideFunction("advice", "triedNow"), Input(AdviceIds.TRIED, "data"), prevent_initial_call=True)

    @app.callback(Output(AdviceIds.TRIED, "data"), Input(AdviceIds.TRIED_ASKED, "data"), prevent_initial_call=True)
    async def update_tried(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Tell what came of trying the fixes on the past since the cards were drawn."""
        if not asked:
            raise PreventUpdate
        return {"n": asked.get("n"), "cards": await asyncio.to_thread(tried_of, services, str(asked.get("scope") or "all"))}


# ------------------------------------------------------------------------------------------------------------------------------- reading


def found_of(services: Services, scope: str) -> Found:
    """Tell the cards, what stands in their place, a note, what came of each rule, what is put aside, and how many are open."""
    try:
        view = services.suggestions.find(services.accounts.local(), scope, begin=True)
    except PortfolioError as error:
        return Found([], [cards.failed("The rules could not be asked", error.message)], "", [], [], "")
    if not view.value:
        start = "Suggestions come with the first holdings: what is concentrated, idle, expensive or off its target, and what to do about it."
        return Found([], [cards.panel("Suggestions", cards.blank("Nothing is held yet", start))], "", [], [], "")
    many = len(view.revisions) > 1
    limits = advice_limits.Limits(services, view)
    told = [advice.told(card(each, limits.of(each.rule, each.portfolio_id)), each.base_currency or view.base_currency, many=many)
            for each in view.suggestions]
    asked = sum(rule.state in {"quiet", "fired"} for rule in view.rules)
    note = f"{len(told)} open, calculated {view.as_of:%H:%M} UTC{' from simulated prices' if view.simulated else ''}"
    return Found(told, [] if told else advice.nothing(asked), note, advice.rules(_rules(view, limits)),
                 advice.dismissed([card(each) for each in view.dismissed], many=many), str(len(told) or ""))


def tried_of(services: Services, scope: str) -> list[dict[str, Any]]:
    """Tell the evidence of every open suggestion; nothing where it cannot be read now: the screen asks again."""
    try:
        view = services.suggestions.find(services.accounts.local(), scope, begin=True)
    except PortfolioError:
        return []
    return [{"key": each.key, "portfolio": str(each.portfolio_id), "tried": _tried(each)} for each in view.suggestions]


def _tried(one: SuggestionView) -> dict[str, Any] | None:
    return advice_replay.told(None if one.replay is None else asdict(one.replay))


def _rules(view: SuggestionsView, limits: advice_limits.Limits) -> list[advice.Rule]:
    """Tell each rule once: what it came to in the portfolio in which it had most to say; its limits where there is one portfolio."""
    order = ["fired", "unknown", "quiet", "off"]  # a portfolio without holdings has least to say
    best: dict[str, RuleRun] = {}
    for rule in sorted(view.rules, key=lambda each: (each.why == NOTHING_HELD, order.index(each.state))):
        best.setdefault(rule.key, rule)
    counts = {key: sum(rule.count for rule in view.rules if rule.key == key) for key in best}
    return [advice.Rule(rule.label, rule.why or rule.meaning, rule.state, counts[key], limits.of_only(key)) for key, rule in best.items()]


def card(one: SuggestionView, limits: Sequence[advice.Limit] = ()) -> advice.Card:
    """Lay a suggestion out for its card."""
    evidence = [advice.Shift(each.label, each.unit, each.value, math.nan, each.limit) for each in one.evidence]
    effect = [advice.Shift(each.label, each.unit, each.after, each.before) for each in one.effect]
    orders = [advice.Order(each.side, each.symbol, each.quantity, each.price_local, each.currency, each.amount, each.weight_before, each.weight_after,
                           each.tax, each.fee + each.spread, each.reason) for each in one.trades]
    return advice.Card(one.key, str(one.portfolio_id), one.portfolio or "", one.title, one.severity.value, one.reason, one.fix, one.wrong_if,
                       one.label, evidence, effect, orders, one.cost, one.tax, one.benefit, one.link, one.reason_dismissed, one.until, limits,
                       _tried(one))


def history_of(services: Services, scope: str) -> list[Any]:
    """Build the list of everything that was suggested."""
    actor = services.accounts.local()
    try:
        found = services.suggestions.history(actor, scope)
    except PortfolioError as error:
        return [cards.failed("The history could not be read", error.message)]
    names = {each.id: each.name for each in services.portfolios.find(actor)} if len({each.portfolio_id for each in found}) > 1 else {}
    return advice.history([_past(each, names.get(each.portfolio_id, "") if each.portfolio_id else "") for each in found])


def _past(one: HistoryView, owner: str) -> advice.Past:
    times = [(what, when.date(), why) for what, when, why in one.times]
    return advice.Past(one.title, one.state, times, one.outcome and one.outcome.sentence, owner)


# ------------------------------------------------------------------------------------------------------------------------------ deciding


def act(services: Services, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Do what was asked; give what became of it and the line that says so."""
    action = str(asked.get("action"))
    if action == "close":
        return {"ok": True, "action": action}, []
    try:
        if action in advice_drafts.WORDS:
            words = advice_drafts.decide(services, action, asked)
            return {"ok": True, "action": action, "at": time.time_ns()}, advice.done(words, key="", portfolio="")
        _decide(services, action, asked)
    except PortfolioError as error:
        words = " ".join(filter(None, [error.message, error.context.get("hint")]))
        return {"ok": False, "action": action, "at": time.time_ns()}, [cards.notice("Not done.", words, kind="crit")]
    back = action != "draft"  # a draft is rejected where it stands
    told = advice.done(DONE_WORDS[action], key=str(asked["key"]) if back else "", portfolio=str(asked["portfolio"]))
    return {"ok": True, "action": action, "at": time.time_ns()}, told


def _decide(services: Services, action: str, asked: Mapping[str, Any]) -> None:
    actor, portfolio, key = services.accounts.local(), UUID(str(asked["portfolio"])), str(asked["key"])
    once = asked.get("once")
    if action == "draft":
        services.drafts.propose(actor, portfolio, key, idempotency_key=once)
    elif action == "undo":
        services.suggestions.undo(actor, portfolio, key, idempotency_key=once)
    elif action == "done":
        services.suggestions.done(actor, portfolio, key, {"note": asked.get("reason") or None}, idempotency_key=once)
    elif action == "dismiss":
        services.suggestions.dismiss(actor, portfolio, key, {"reason": asked.get("reason") or None, "until": _until(services, asked)},
                                     idempotency_key=once)


def _until(services: Services, asked: Mapping[str, Any]) -> str | None:
    """Turn a number of days into the day on which it is asked again; without one it is put aside for good."""
    days = str(asked.get("days") or "")
    return (services.market.sight().day + timedelta(days=int(days))).isoformat() if days else None
