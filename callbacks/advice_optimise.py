"""Answers the tab of optimisers: a run is begun, followed and stopped, and what it found becomes the targets of the policy."""

from __future__ import annotations

import asyncio
import math
import re
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.advice_policy import ALL, CASH, choice, errors_of, keys_of
from components import advice_optimise as parts
from components.advice_policy import GROUPINGS
from components.advice_rebalance import Clash
from components.ids import AdviceIds, Ids
from components.ids import AdviceOptimiseIds as Mine
from engine.errors import Conflict, PortfolioError
from services.advice.optimise_tasks import optimise_question
from services.advice.policy_reading import kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor
    from services import Services
    from services.advice.views_trades import FrontierPoint, OptimiseResult, OptimiseView

POINTS = 24  # of the frontier
DIGITS = 6  # of a weight that becomes a target


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    page = "adviceOptimise"
    app.clientside_callback(ClientsideFunction(page, "query"), Output(Mine.QUERY, "data"), Input(AdviceIds.QUERY, "data"), Input(Ids.URL, "search"),
                            State(Mine.QUERY, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "drawn"), Input(Mine.FOUND, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "acted"), Input(Mine.RESULT, "data"), prevent_initial_call=True)

    @app.callback(Output(Mine.FOUND, "data"), Input(Mine.QUERY, "data"), prevent_initial_call=True)
    async def update_optimiser(query: dict[str, Any] | None) -> dict[str, Any]:
        """Tell which optimisers there are, and the run that is looked at."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(found_of, services, query)

    @app.callback(Output(Mine.RESULT, "data"), Input(Mine.ACTION, "data"), prevent_initial_call=True)
    async def record_run(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Begin a run, follow it, stop it, or use what it found."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


def found_of(services: Services, query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the form, and the run that is asked for or the newest one."""
    if str(query.get("scope") or ALL) == ALL:
        return choice(services)
    actor = services.accounts.local()
    try:
        portfolio = services.portfolios.get(actor, UUID(str(query["scope"])))
        models = [parts.Model(*(getattr(each, name) for name in parts.Model._fields)) for each in services.optimising.models()]
        run = _run(services, actor, portfolio.id, str(query.get("run") or ""))
    except (PortfolioError, ValueError) as error:
        return {"state": "failed", "message": getattr(error, "message", "There is no such portfolio or run.")}
    return {"state": "ready", **parts.head(str(portfolio.id), portfolio.name, models), "keys": keys_of(services, actor),
            "groupings": [*GROUPINGS], "run": run and parts.told(shown(run))}


def _run(services: Services, actor: Actor, portfolio: UUID, asked: str) -> OptimiseView | None:
    if asked:
        return services.optimising.get(actor, portfolio, UUID(asked))
    return next(iter(services.optimising.find(actor, portfolio, limit=1).items), None)


def shown(run: OptimiseView) -> parts.Run:
    """Lay a run out."""
    problem = run.problem or {}
    context = problem.get("context") or {}
    message = str(problem.get("message") or "").removeprefix(f"{context.get('field')}: ")
    words = " ".join(filter(None, [message, str(context.get("hint") or "")]))
    return parts.Run(str(run.id), run.status, run.phase, run.done, run.total, run.question, words, run.result and _found(run.result))


def _found(result: OptimiseResult) -> parts.Found:
    line = result.frontier
    return parts.Found(parts.Point(result.expected_return, result.risk, result.ratio), _point(result.present_point), result.turnover,
                       result.observations, result.weights, result.present, result.contributions,
                       [_point(each) for each in line.points] if line else [], line.best if line else 0,
                       [Clash(each.name, each.what, each.relaxed, each.jointly) for each in result.conflicts], result.views, result.notes)


def _point(point: FrontierPoint) -> parts.Point:
    return parts.Point(point.expected_return, point.risk, point.ratio)


# ------------------------------------------------------------------------------------------------------------------------------- deciding


def act(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was asked; give the run as it is now, or what is wrong and where."""
    actor, portfolio, action = services.accounts.local(), UUID(str(asked["portfolio"])), str(asked["action"])
    told = {"action": action, "portfolio": str(portfolio), "at": time.time_ns()}
    try:
        if action == "begin":
            question = optimise_question(raw_of(asked["fields"]))
            run = services.optimising.begin(actor, portfolio, question, idempotency_key=asked.get("once"))
        elif action == "cancel":
            run = services.optimising.cancel(actor, portfolio, UUID(str(asked["run"])))
        else:
            run = services.optimising.get(actor, portfolio, UUID(str(asked["run"])))
        if action == "use":
            use(services, actor, run, asked.get("once"))
    except PortfolioError as error:
        return {**told, "ok": False, "errors": [placed(each) for each in errors_of(error)]}
    return {**told, "ok": True, "run": parts.told(shown(run))}


def placed(wrong: dict[str, str]) -> dict[str, str]:
    """Give an error the field of the form that it is about: all limits of groups are one."""
    return {**wrong, "field": "groups"} if wrong["field"].startswith("groups") else wrong


def raw_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of the form as the service reads them: a view a line, budgets by symbol, the frontier in points."""
    views = [line.strip() for line in str(fields.get("views") or "").splitlines() if line.strip()]
    told = re.findall(r"([^\s,;=:]+)[\s=:]+(\d+(?:\.\d+)?)", str(fields.get("budgets") or ""))
    budgets = {symbol: str(round(float(share) / 100, 10)) for symbol, share in told}
    own = {name: value for name, value in fields.items() if name not in {"views", "budgets", "frontier", "groups"}}
    groups: dict[str, dict[str, list[Any]]] = {}
    for each in fields.get("groups") or []:
        groups.setdefault(str(each["by"]), {})[str(each.get("key") or "")] = [each.get("least") or "0", each.get("most") or "1"]
    return {**own, "groups": groups or None, "views": views or None, "budgets": budgets or None, "frontier": POINTS if fields.get("frontier") else 0}


def use(services: Services, actor: Actor, run: OptimiseView, once: str | None) -> None:
    """Make what a run found the targets of the policy, cash as it is."""
    if run.result is None or not run.result.targets:
        raise Conflict("This run found no weights.", field="run", hint="Begin another", rule="nothing_found")
    view = services.policies.get(actor, run.portfolio_id)
    raw = {name: value for name, value in kept(view.policy).items() if name not in {"targets", "targets_by", "model"}}
    targets = [{"key": key, "weight": weight} for key, weight in targets_of(run.result.targets).items()]
    services.policies.put(actor, run.portfolio_id, view.version or None, {**raw, "targets_by": "symbol", "targets": targets}, idempotency_key=once)


def targets_of(weights: Mapping[str, float]) -> dict[str, float]:
    """Round weights so that they sum to one with what is left for cash.

    Examples
    --------
    >>> targets_of({"AAA": 0.3333333333, "BBB": 0.5})
    {'AAA': 0.333333, 'BBB': 0.5, 'cash': 0.166667}
    """
    found = {key: round(weight, DIGITS) for key, weight in weights.items() if round(weight, DIGITS) > 0}
    rest = round(1.0 - math.fsum(found.values()), DIGITS)
    if rest <= len(found) * 10.0**-DIGITS:  # rounding alone: the largest takes it
        largest = max(found, key=lambda key: found[key])
        return {**found, largest: round(found[largest] + rest, DIGITS)}
    return {**found, CASH: rest}
