"""Answers the tab of what is drafted: proposals of a scope, booked, rejected and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from components import advice_drafts, cards, dialogs
from engine.errors import PortfolioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Portfolio
    from services import Services
    from services.advice.views_trades import ProposalLine, ProposalView

ALL = "all"
SHOWN = 20  # proposals of a portfolio
WORDS = {"confirm": "Booked.", "reject": "Rejected.", "take-back": "Taken back."}


def drafted(services: Services, scope: str) -> list[Any]:
    """Build the proposals of a scope; a failure is told in their place."""
    actor = services.accounts.local()
    try:
        asked = [each for each in services.portfolios.find(actor) if scope in {ALL, str(each.id)}]
        found = [_told(one, portfolio) for portfolio in asked for one in services.proposals.find(actor, portfolio.id, limit=SHOWN).items]
    except PortfolioError as error:
        return [cards.failed("The drafts could not be read", error.message)]
    ranked = sorted(found, key=lambda one: (one.status != "open", -one.made.toordinal()))
    return advice_drafts.proposals(ranked, many=len(asked) > 1)


def _told(one: ProposalView, portfolio: Portfolio) -> advice_drafts.Proposal:
    return advice_drafts.Proposal(str(one.id), str(portfolio.id), portfolio.name, one.version, one.note or "Rebalancing", one.status,
                                  one.created_at.date(), one.is_outdated, [_line(line) for line in one.lines])


def _line(line: ProposalLine) -> advice_drafts.Line:
    draft = line.draft
    quantity, price, fee, amount = (None if draft.get(name) is None else float(draft[name]) for name in ("quantity", "price", "fee", "amount"))
    worth = quantity * price if amount is None and quantity is not None and price is not None else amount
    return advice_drafts.Line(line.number, dialogs.name_of(str(draft["kind"])), str(draft.get("symbol") or draft.get("to_currency") or ""),
                              str(draft.get("account") or ""), quantity, price, fee, worth, str(draft["currency"]), line.state)


def decide(services: Services, action: str, asked: Mapping[str, Any]) -> str:
    """Book a proposal, reject it, or take the last of both back; give the sentence that says so."""
    actor, portfolio, proposal = services.accounts.local(), UUID(str(asked["portfolio"])), UUID(str(asked["proposal"]))
    if action == "take-back":
        services.proposals.undo(actor, portfolio, proposal, idempotency_key=asked.get("once"))
    elif action == "confirm":
        services.proposals.confirm(actor, portfolio, proposal, int(asked["version"]), idempotency_key=asked.get("once"))
    else:
        services.proposals.reject(actor, portfolio, proposal, int(asked["version"]), idempotency_key=asked.get("once"))
    return WORDS[action]
