"""Answers the tab of targets and limits: the policy of one portfolio is read, set and taken back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from components import advice_policy as parts
from components.ids import AdviceIds
from components.ids import AdvicePolicyIds as Ids
from engine.errors import PortfolioError
from services.advice.policy_reading import CHOICES, OF_FRACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor
    from services import Services
    from services.advice.views_rules import PolicyView

ALL, SHOW = "all", "policy"
CASH = "cash"  # a target for the cash itself
MOST_READ = 1000


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    app.clientside_callback(ClientsideFunction("advicePolicy", "drawn"), Input(Ids.SHEET, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction("advicePolicy", "acted"), Input(Ids.RESULT, "data"), prevent_initial_call=True)

    @app.callback(Output(Ids.SHEET, "data"), Input(AdviceIds.QUERY, "data"), prevent_initial_call=True)
    async def update_policy(query: dict[str, Any] | None) -> dict[str, Any]:
        """Read the policy of the chosen portfolio, where the reader looks at it."""
        if not query or query.get("show") != SHOW:
            raise PreventUpdate
        return await asyncio.to_thread(sheet_of, services, str(query.get("scope") or ALL))

    @app.callback(Output(Ids.RESULT, "data"), Input(Ids.ACTION, "data"), prevent_initial_call=True)
    async def record_policy(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Set the policy, or take the last change back."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def sheet_of(services: Services, scope: str) -> dict[str, Any]:
    """Write the form of a portfolio out, or what stands in its place."""
    if scope == ALL:
        return choice(services)
    try:
        return _sheet(services, services.policies.get(services.accounts.local(), UUID(scope)))
    except (PortfolioError, ValueError) as error:
        return {"state": "failed", "message": getattr(error, "message", "There is no such portfolio.")}


def choice(services: Services) -> dict[str, Any]:
    """Offer the portfolios, where one has to be chosen."""
    return {"state": "choose", "portfolios": [[str(each.id), each.name] for each in services.portfolios.find(services.accounts.local())]}


def _sheet(services: Services, view: PolicyView) -> dict[str, Any]:
    actor, policy = services.accounts.local(), view.policy
    thresholds = [parts.Threshold(each.name, each.label, each.meaning, each.unit, each.default, each.value, each.own)
                  for each in services.policies.thresholds(policy)]
    models = [*((blend.key, blend.name) for blend in services.blends.find(actor)),
              *((str(each.id), each.name) for each in services.portfolios.find(actor) if each.id != view.portfolio_id)]
    resolved = view.resolved if policy.targets_by == "model" else {}
    return parts.told(parts.Sheet(str(view.portfolio_id), view.portfolio, view.base_currency, view.version, view.changed_at, policy, resolved,
                                  thresholds, services.policies.rules(policy), models, keys_of(services, actor),
                                  [each.message for each in view.findings]))


def keys_of(services: Services, actor: Actor) -> dict[str, list[str]]:
    """Tell what targets can be of, for those who type."""
    known = services.instruments.find(actor, None, limit=MOST_READ).items
    own = {"symbol": [each.symbol for each in known], "sector": sorted({each.sector for each in known if each.sector}),
           "currency": sorted({each.currency for each in known}), **{name: words() for name, words in CHOICES.items()}}
    return {name: [CASH, *words] for name, words in own.items()}


def act(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was asked; give the form as it is now, or what is wrong and where."""
    actor, portfolio, once = services.accounts.local(), UUID(str(asked["portfolio"])), asked.get("once")
    told = {"action": str(asked["action"]), "at": time.time_ns()}
    try:
        if told["action"] == "undo":
            view = services.policies.undo(actor, portfolio, idempotency_key=once)
        else:
            view = services.policies.put(actor, portfolio, asked.get("version") or None, asked["fields"], idempotency_key=once)
    except PortfolioError as error:
        return {**told, "ok": False, "errors": errors_of(error)}
    return {**told, "ok": True, "sheet": _sheet(services, view)}


def errors_of(error: PortfolioError) -> list[dict[str, str]]:
    """Tell what is wrong, each with its field and how to mend it."""
    every = error.context.get("errors") or [{"message": error.message, **error.context}]
    return [_wrong(str(each.get("field") or ""), str(each.get("message") or error.message), str(each.get("hint") or "")) for each in every]


def _wrong(field: str, message: str, hint: str) -> dict[str, str]:
    """Tell one thing that is wrong; the field stands beside it and need not be named, and is in percent where a program sends fractions."""
    return {"field": field, "message": message.removeprefix(f"{field}: "), "hint": "" if hint == OF_FRACTIONS else hint}
