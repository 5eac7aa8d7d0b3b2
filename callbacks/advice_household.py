"""All portfolios on the tab of rebalancing: each towards its own targets, and what that comes to together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callbacks import advice_trades
from callbacks.advice_policy import errors_of
from components import advice_rebalance as parts
from components.advice import Shift
from engine.errors import InvalidInput, PortfolioError
from services.advice.reading import household_accepted, rebalance_question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services import Services
    from services.advice.views_trades import HouseholdPart, HouseholdView

ALL = "all"
ASKED = ("bring", "cost_aversion")


def found_of(services: Services, query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the lists of all portfolios, or what stands in their place."""
    common = {**parts.head(ALL, "All portfolios", ()), "asked": parts.question(query), "of_all": True}
    try:
        view = services.households.preview(services.accounts.local(), rebalance_question(raw_of(query)))
    except InvalidInput as error:
        return {**common, "state": "wrong", "errors": errors_of(error)}
    except PortfolioError as error:
        return {**common, "state": "failed", "message": error.message}
    return {**common, **told(view), "question": raw_of(query)}


def raw_of(query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the question of the address, without what is of one portfolio."""
    return {**{name: query[name] for name in ASKED if query.get(name)}, "buy_only": bool(query.get("buy_only"))}


def told(view: HouseholdView) -> dict[str, Any]:
    """Write all of it out."""
    before, after = view.effect.before, view.effect.after
    shifts = [Shift(label, unit, getattr(after, name), getattr(before, name)) for label, name, unit in advice_trades.FIGURES
              if name not in {"drift", "tracking_error"}]
    sums = [("Turnover", view.turnover, "fraction"), ("Cost", view.cost, "money"), ("Tax, each by itself", view.tax, "money"),
            ("Gains, short term", view.gain_short, "money"), ("Gains, long term", view.gain_long, "money")]
    revisions = {str(part.portfolio_id): part.view.revision for part in view.parts if part.view}
    return {"state": "household", "currency": view.base_currency, "days": view.effect.days, "shifts": parts.shifts_told(shifts),
            "sums": parts.sums_told(sums, view.base_currency), "parts": [_part(part) for part in view.parts], "count": view.orders,
            "revisions": revisions, "findings": [each.message for each in view.findings]}


def _part(part: HouseholdPart) -> dict[str, Any]:
    if part.view is None:
        return {"portfolio": str(part.portfolio_id), "name": part.name, "reason": part.reason or ""}
    own = parts.told(advice_trades.preview(part.view, str(part.portfolio_id), part.name, []))
    return {**own, "reason": "", "orders": [{"draft": line.draft, "reason": line.reason} for line in part.view.orders]}


def accept(services: Services, asked: Mapping[str, Any]) -> None:
    """Keep the orders of every portfolio as a proposal of its own."""
    question, revisions = household_accepted({"question": asked.get("question") or {}, "revisions": asked.get("revisions") or {}})
    services.households.accept(services.accounts.local(), services.proposals, question, revisions=revisions, idempotency_key=asked.get("once"))
