"""Answers the tab of plans: a goal and the way to it, carried through many futures."""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from components import advice_plan as words
from components import theme
from components.ids import AdviceIds, AdviceTrialIds, Ids
from engine.errors import PortfolioError
from services.advice.plan_questions import plan_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from services import Services
    from services.advice.views_evidence import PlanView

PERCENT = frozenset({"inflation", "fee", "tax", "expected_return", "confidence"})
NUMBERS = re.compile(r"-?\d+(\.\d+)?")


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    page = "advice_plan"
    app.clientside_callback(ClientsideFunction(page, "ask"), Output(AdviceTrialIds.PLAN_ASKED, "data"), Input(AdviceIds.QUERY, "data"),
                            Input(Ids.URL, "search"))
    app.clientside_callback(ClientsideFunction(page, "told"), Input(AdviceTrialIds.PLAN_TOLD, "data"), prevent_initial_call=True)

    @app.callback(Output(AdviceTrialIds.PLAN_TOLD, "data"), Input(AdviceTrialIds.PLAN_ASKED, "data"), prevent_initial_call=True)
    async def update_plan(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Carry a plan through."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(planned, services, asked)


def planned(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what may come of a plan, or which of its fields cannot be read."""
    number = asked.get("n")
    try:
        question = plan_of(asked_of(str(asked.get("text") or "")))
        view = services.plans.plan(services.accounts.local(), str(asked.get("scope") or "all"), question)
    except PortfolioError as error:
        return {"n": number, "ok": False, **refused(error, PERCENT)}
    return {"n": number, "ok": True, **_told(view)}


def refused(error: PortfolioError, percent: Collection[str]) -> dict[str, str]:
    """Tell what is wrong in the unit of its field: the screen asks for percent where the service reads fractions."""
    field, reason, hint = (str(error.context.get(name) or "") for name in ("field", "reason", "hint"))
    if field in percent and reason:
        return {"field": field, "words": f"{NUMBERS.sub(lambda found: f'{100 * float(found[0]):g}', reason)} (in percent)".capitalize(), "hint": ""}
    return {"field": field, "words": error.message, "hint": hint}


def asked_of(text: str) -> dict[str, Any]:
    """Read the text of an address, ``goal=500000,years=20,nominal=1``; what is no number stays, for the service to refuse."""
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        found[name] = value not in {"", "0"} if name == "nominal" else _number(value)
    return found


def _number(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _told(view: PlanView) -> dict[str, Any]:
    one, currency = _outcome(view), view.base_currency
    columns = {name: view.fan[name].tolist() for name in words.BANDS}
    kind = "as the years come" if view.question.nominal else "money of today"
    note = f"{view.question.draws:,} draws of {view.months_of_history} months{', simulated prices' if view.simulated else ''}; {currency}, {kind}"
    return {
        "currency": currency, "value": theme.money(view.value, decimals=0), "goal": view.question.goal, "sentence": f"{view.sentence}.", "note": note,
        "figures": words.headline(one, currency), "rest": words.rest(one, currency), "fan": words.fan(view.fan["date"].tolist(), columns),
        "findings": [each.message for each in view.findings], "conventions": [*view.conventions.values()],
    }


def _outcome(view: PlanView) -> words.Outcome:
    asked = view.question
    return words.Outcome(
        goal=math.nan if asked.goal is None else asked.goal, confidence=asked.confidence, final=float(view.final[0.5]),
        lowest=float(view.final[0.05]), highest=float(view.final[0.95]), probability=view.probability,
        probability_low=view.probability_low, probability_high=view.probability_high,
        shortfall=view.shortfall, sustainable=view.sustainable_withdrawal, needed=view.contribution_needed, ruin=view.ruin, ruin_year=view.ruin_year,
        below_floor=view.below_floor, has_floor=asked.floor > 0, median_return=view.median_return, worst_fall=view.worst_fall, paid_in=view.paid_in,
        taken_out=view.taken_out, fees=view.fees, taxes=view.taxes)
