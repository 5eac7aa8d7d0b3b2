"""`/portfolios/{id}/plan`: what may come of the money."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from api.analytics import Scope
from api.dependencies import Asks, ExactRoute, parsed
from api.known import known
from api.plan_schemas import PlanAsked, PlanPublic
from services.advice.plan_questions import plan_of
from services.advice.views_evidence import PlanView

routes = APIRouter(tags=["advice"], route_class=ExactRoute)
NUMBERS = ("value", "probability", "probability_low", "probability_high", "shortfall", "ruin", "ruin_year", "below_floor", "sustainable_withdrawal",
           "contribution_needed", "median_return", "worst_fall", "paid_in", "taken_out", "fees", "taxes")
TOLD = ("scope", "label", "base_currency", "sentence", "months_of_history", "conventions", "simulated", "revisions", "findings")


@routes.post("/portfolios/{portfolio_id}/plan", response_model=PlanPublic)
def plan(call: Asks, portfolio_id: Scope, body: PlanAsked) -> dict[str, Any]:
    """Carry a plan through many futures, drawn in blocks from the past of what is held. The same question gives the same answer."""
    return told(call.services.plans.plan(call.actor, portfolio_id, plan_of(parsed(body))))


def told(view: PlanView) -> dict[str, Any]:
    """Lay a plan out for JSON."""
    fan = [{"month": int(month), **row} for month, row in zip(view.fan.index, view.fan.to_dict("records"), strict=True)]
    return {**{name: getattr(view, name) for name in TOLD}, **known({name: getattr(view, name) for name in NUMBERS}), "fan": fan,
            "question": asdict(view.question), "final": {f"p{100 * float(str(share)):g}": float(value) for share, value in view.final.items()}}
