"""A suggestion as drafts that wait for a person: its trades, in lots that can be traded, kept as a proposal."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final
from uuid import UUID

from data import calendar
from data.database import Database
from engine.advice.trades import Trade, TradeList
from engine.errors import Conflict, NotFound
from engine.types import Actor
from services.advice.orders import orders_of
from services.advice.plain import plain
from services.advice.policy import Policies
from services.advice.proposals import Proposals
from services.advice.suggestions import Suggestions
from services.advice.views_rules import SuggestionView
from services.advice.views_trades import ProposalView

SHARES: Final = 1e-9  # of a lot: a quantity that misses a whole one by rounding alone is a whole one


class Drafts:
    """Proposals out of suggestions. Nothing here is booked."""

    def __init__(self, database: Database, suggestions: Suggestions, policies: Policies, proposals: Proposals) -> None:
        self._database, self._suggestions, self._policies, self._proposals = database, suggestions, policies, proposals

    def propose(self, actor: Actor, portfolio_id: UUID, key: str, *, idempotency_key: str | None = None) -> ProposalView:
        """Keep the trades of a suggestion as a proposal, its quantities in lots of the policy; fractions where it names none.

        Raises
        ------
        NotFound
            No such portfolio, or the suggestion holds no longer.
        Conflict
            It has no trades, or less than a lot of each.
        """
        view = self._suggestions.find(actor, portfolio_id)
        found = next((each for each in view.suggestions if each.key == key), None)
        if found is None:
            raise NotFound("suggestion", key)
        trades = in_lots(found, self._policies.get(actor, portfolio_id).policy.constraints.lot)
        if not trades:
            raise Conflict("It has no trade that can be drafted.", key=key, hint="Do it by hand, then say that it is done", rule="nothing_to_propose")
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
        lines = orders_of(TradeList(trades), day=calendar.today(), base=portfolio.base_currency, method=portfolio.cost_method)
        effect = {"suggestion": plain(found.effect)}
        return self._proposals.propose(actor, portfolio_id, lines, source=key, note=found.title, effect=effect, revision=portfolio.revision,
                                       idempotency_key=idempotency_key)


def in_lots(found: SuggestionView, lot: float) -> tuple[Trade, ...]:
    """Round the quantities of trades down to lots, money in proportion; what is less than a lot is left out. A lot of 0: fractions."""
    return tuple(told for each in found.trades if (told := _rounded(each, lot)).quantity > 0)


def _rounded(trade: Trade, lot: float) -> Trade:
    if not lot:
        return trade
    quantity = math.floor(trade.quantity / lot + SHARES) * lot
    share = quantity / trade.quantity
    names = ("quantity", "cost", "proceeds", "gain", "tax")
    parts = tuple(replace(each, **{name: getattr(each, name) * share for name in names}) for each in trade.lots)
    return replace(trade, quantity=quantity, amount=trade.amount * share, spread=trade.spread * share, tax=trade.tax * share, lots=parts)
