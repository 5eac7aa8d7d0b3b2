"""Answers the tab of rebalancing: trades towards the targets of one portfolio, kept as a proposal."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.advice_policy import ALL, choice, errors_of
from components import advice_rebalance as parts
from components.advice import Order, Shift
from components.ids import AdviceIds, Ids
from components.ids import AdviceRebalanceIds as Mine
from engine.errors import InvalidInput, PortfolioError
from services.advice.plain import plain
from services.advice.reading import accept_question, rebalance_question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor, Portfolio
    from services import Services
    from services.advice.views_trades import RebalanceView, Trade

CASH = "cash"
FIGURES = (("Value", "value", "money"), ("Cash", "cash_weight", "fraction"), ("Distance to targets", "drift", "fraction"),
           ("Volatility a year", "volatility", "fraction"), ("VaR, 1 day", "value_at_risk", "fraction"),
           ("Expected shortfall, 1 day", "expected_shortfall", "fraction"), ("Tracking error to targets", "tracking_error", "fraction"),
           ("Tracking error to benchmark", "benchmark_tracking_error", "fraction"), ("Beta", "beta", "number"),
           ("Largest holding", "largest", "fraction"), ("Effective holdings", "effective_number", "number"))


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    page = "adviceRebalance"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(Mine.QUERY, "data"), Input(AdviceIds.QUERY, "data"), Input(Ids.URL, "search"),
                            State(Mine.QUERY, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "drawn"), Input(Mine.FOUND, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "acted"), Input(Mine.RESULT, "data"), prevent_initial_call=True)

    @app.callback(Output(Mine.FOUND, "data"), Input(Mine.QUERY, "data"), prevent_initial_call=True)
    async def update_rebalance(query: dict[str, Any] | None) -> dict[str, Any]:
        """Work the trades out."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(found_of, services, query)

    @app.callback(Output(Mine.RESULT, "data"), Input(Mine.ACTION, "data"), prevent_initial_call=True)
    async def record_proposal(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Keep the orders that were looked at as a proposal."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def found_of(services: Services, query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the list of trades of a question, or what stands in its place."""
    if str(query.get("scope") or ALL) == ALL:
        return choice(services)
    actor = services.accounts.local()
    try:
        portfolio = services.portfolios.get(actor, UUID(str(query["scope"])))
    except (PortfolioError, ValueError) as error:
        return {"state": "failed", "message": getattr(error, "message", "There is no such portfolio.")}
    accounts = [each for each in services.portfolios.accounts(actor, portfolio.id) if each]
    common = {**parts.head(str(portfolio.id), portfolio.name, accounts), "asked": parts.question(query)}
    try:
        return {**_told(services, actor, portfolio, accounts, query), **common}
    except InvalidInput as error:
        if error.context.get("field") == "targets" and error.context.get("rule") == "required":
            return {**common, "state": "empty"}
        return {**common, "state": "wrong", "errors": errors_of(error)}
    except PortfolioError as error:
        return {**common, "state": "failed", "message": error.message}


def _told(services: Services, actor: Actor, portfolio: Portfolio, accounts: list[str], query: Mapping[str, Any]) -> dict[str, Any]:
    raw = {name: query.get(name) for name in ("bring", "new_money", "cost_aversion", "account") if query.get(name)}
    view = services.rebalancing.preview(actor, portfolio.id, rebalance_question({**raw, "buy_only": bool(query.get("buy_only"))}))
    orders = [{"draft": line.draft, "reason": line.reason} for line in view.orders]
    file = services.rebalancing.csv(actor, view.orders).decode() if view.orders else ""
    return {**parts.told(preview(view, portfolio, accounts)), "orders": orders, "effect": plain(view.effect), "file": file}


def preview(view: RebalanceView, portfolio: Portfolio, accounts: list[str]) -> parts.Preview:
    """Lay a list of trades out for the tab."""
    trades, before, after = view.trade_list, view.effect.before, view.effect.after
    shifts = [Shift(label, unit, getattr(after, name), getattr(before, name)) for label, name, unit in FIGURES]
    sums = [("Turnover", trades.turnover, "fraction"), ("Cost", trades.cost, "money"), ("Tax, losses set off", trades.tax, "money"),
            ("Gains, short term", trades.gain_short, "money"), ("Gains, long term", trades.gain_long, "money")]
    conversions = [f"{each.amount:,.2f} {each.currency} into {each.to_amount:,.2f} {each.to_currency}: {each.reason}" for each in trades.conversions]
    clashes = [parts.Clash(each.name, each.what, each.relaxed, each.jointly) for each in view.conflicts]
    return parts.Preview(str(portfolio.id), portfolio.name, view.base_currency, view.revision, view.simulated, accounts,
                         [_line(trade, view.names) for trade in trades.trades], conversions, shifts, sums, weights(view), clashes, trades.notes,
                         [each.message for each in view.findings], view.effect.days)


def _line(trade: Trade, names: Mapping[str, str]) -> parts.Line:
    order = Order(trade.side, trade.symbol, trade.quantity, trade.price_local, trade.currency, trade.amount, trade.weight_before,
                  trade.weight_after, trade.tax, trade.fee + trade.spread, trade.reason)
    lots = [parts.Lot(lot.opened, lot.quantity, lot.cost, lot.proceeds, lot.gain, lot.tax, lot.term) for lot in trade.lots]
    return parts.Line(order, names.get(trade.symbol, ""), trade.account or "", lots)


def weights(view: RebalanceView) -> list[parts.Weight]:
    """Give what everything weighs before and after, beside its target; cash comes last."""
    before, after = view.effect.before, view.effect.after
    keys = sorted({*before.weights, *after.weights, *view.targets} - {CASH}, key=lambda key: -view.targets.get(key, 0.0))
    rows = [parts.Weight(key, view.names.get(key, ""), before.weights.get(key, 0.0), after.weights.get(key, 0.0), view.targets.get(key, 0.0),
                         *view.bands.get(key, (0.0, 0.0))) for key in keys]
    rest = 1.0 - math.fsum(weight for key, weight in view.targets.items() if key != CASH)
    rest = rest if abs(rest) > 1e-9 else 0.0
    return [*[each for each in rows if each.now or each.after or each.target],
            parts.Weight("Cash", "", before.cash_weight, after.cash_weight, rest, math.nan, math.nan)]


def act(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Keep orders as a proposal; nothing is booked by it."""
    told = {"at": time.time_ns()}
    try:
        question = accept_question({"orders": asked.get("orders") or [], "effect": asked.get("effect") or {}, "revision": asked.get("revision"),
                                    "source": "rebalance", "note": "Rebalancing to targets"})
        services.rebalancing.accept(services.accounts.local(), UUID(str(asked["portfolio"])), question, services.proposals,
                                    idempotency_key=asked.get("once"))
    except PortfolioError as error:
        return {**told, "ok": False, "message": " ".join(filter(None, [error.message, str(error.context.get("hint") or "")]))}
    return {**told, "ok": True}
