"""All portfolios at once: each towards the targets of its own policy, with what that comes to together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Final

from data.database import Database
from engine.advice.trades import BUY, SELL, Trade
from engine.errors import Conflict, InvalidInput, PortfolioError
from engine.types import Actor, Finding, Portfolio, Severity
from services.advice.effects import before_after
from services.advice.plain import plain
from services.advice.proposals import Proposals
from services.advice.rebalancing import Rebalancing
from services.advice.views_trades import AcceptQuestion, HouseholdPart, HouseholdView, ProposalView, RebalanceQuestion, RebalanceView
from services.books.valuation import Valuation
from services.risk.exposures import ExposureQuestion, Exposures
from services.views import ALL

OF_ONE: Final = ("targets", "new_money", "account")  # what is asked of one portfolio at a time


class Households:
    """Trade lists for all of the actor's portfolios. Nothing here is booked."""

    def __init__(self, database: Database, rebalancing: Rebalancing, valuation: Valuation, exposures: Exposures) -> None:
        self._database, self._rebalancing, self._valuation, self._exposures = database, rebalancing, valuation, exposures

    def preview(self, actor: Actor, question: RebalanceQuestion | None = None) -> HouseholdView:
        """Find the trades of every portfolio that has targets, and tell what they change together.

        Parameters
        ----------
        actor : Actor
        question : RebalanceQuestion, optional
            What differs from the policies, for all of them alike.

        Returns
        -------
        HouseholdView
            A portfolio that nothing could be worked out for says why, and is taken to stay as it is.

        Raises
        ------
        InvalidInput
            Targets, new money or an account: those are of one portfolio.
        """
        asked = question or RebalanceQuestion()
        _refuse_of_one(asked)
        with self._database.read() as unit:
            portfolios = unit.portfolios.find(actor.workspace_id)
        parts = tuple(self._part(actor, portfolio, asked) for portfolio in portfolios)
        return self._together(actor, parts, asked)

    def accept(self, actor: Actor, proposals: Proposals, question: RebalanceQuestion | None = None, *,
               revisions: Mapping[str, int] | None = None, idempotency_key: str | None = None) -> tuple[ProposalView, ...]:
        """Keep the orders of every portfolio as a proposal of its own.

        Raises
        ------
        Conflict
            No portfolio has a trade, or the ledger of one has changed since it was looked at; then nothing is kept.
        """
        parts = [part for part in self.preview(actor, question).parts if part.view is not None and part.view.orders]
        told = revisions or {}
        changed = [part for part in parts if part.view and told.get(str(part.portfolio_id), part.view.revision) != part.view.revision]
        if changed:
            raise Conflict(f"The ledger of {changed[0].name} has changed since these trades were worked out.", field="revisions",
                           hint="Ask for the trades again", rule="changed_since")
        if not parts:
            raise Conflict("There is nothing to propose: no portfolio has a trade that is worth it.", field="question",
                           hint="Look at what each portfolio says in a preview", rule="nothing_to_propose")
        return tuple(self._accepted(actor, part, proposals, idempotency_key) for part in parts)

    def _accepted(self, actor: Actor, part: HouseholdPart, proposals: Proposals, key: str | None) -> ProposalView:
        view = part.view
        asked = AcceptQuestion(view.orders if view else (), None, note="Rebalancing of all portfolios", effect=plain(view.effect) if view else {},
                               revision=view.revision if view else None)
        return self._rebalancing.accept(actor, part.portfolio_id, asked, proposals,
                                        idempotency_key=f"{key}:{part.portfolio_id}"[-120:] if key else None)

    def _part(self, actor: Actor, portfolio: Portfolio, asked: RebalanceQuestion) -> HouseholdPart:
        try:
            return HouseholdPart(portfolio.id, portfolio.name, self._rebalancing.preview(actor, portfolio.id, asked), None)
        except InvalidInput as error:
            none = error.context.get("field") == "targets" and error.context.get("rule") == "required"
            return HouseholdPart(portfolio.id, portfolio.name, None, "It has no targets" if none else error.message)
        except PortfolioError as error:
            return HouseholdPart(portfolio.id, portfolio.name, None, error.message)

    def _together(self, actor: Actor, parts: Sequence[HouseholdPart], asked: RebalanceQuestion) -> HouseholdView:
        found = [part.view for part in parts if part.view is not None]
        bought = tuple(sorted({trade.symbol for view in found for trade in view.trade_list.trades}))
        exposure = self._exposures.exposure(actor, ALL, ExposureQuestion(also=bought))
        rates = {view.scope: self._rate(actor, view, exposure.base_currency) for view in found}
        before = {str(symbol): float(weight) for symbol, weight in exposure.weights.fillna(0.0).items()}
        moved = {symbol: value * exposure.value for symbol, value in before.items()}
        value = exposure.value
        for view in found:
            value += rates[view.scope] * (view.effect.after.value - view.effect.before.value)
            for symbol, change in _changes(view).items():
                moved[symbol] = moved.get(symbol, 0.0) + rates[view.scope] * change
        after = {symbol: each / value if value else math.nan for symbol, each in moved.items()}
        effect = before_after(exposure, before, after, (exposure.value, value), targets={}, level=asked.level)
        sums = {name: math.fsum(rates[view.scope] * getattr(view.trade_list, name) for view in found)
                for name in ("cost", "tax", "gain_short", "gain_long")}
        traded = math.fsum(rates[view.scope] * trade.amount for view in found for trade in view.trade_list.trades)
        return HouseholdView(exposure.base_currency, tuple(parts), effect, turnover=traded / 2 / exposure.value if exposure.value else math.nan,
                             orders=sum(len(view.orders) for view in found), simulated=exposure.simulated or any(view.simulated for view in found),
                             findings=tuple(_across(parts)), **sums)

    def _rate(self, actor: Actor, view: RebalanceView, base: str) -> float:
        """Tell what a unit of a portfolio's base currency is worth in that of all."""
        if view.base_currency == base or not view.effect.before.value:
            return 1.0
        return float(self._valuation.holdings(actor, view.scope, base_currency=base).snapshot.totals["value"]) / view.effect.before.value


def _refuse_of_one(asked: RebalanceQuestion) -> None:
    usual = RebalanceQuestion()
    for name in OF_ONE:
        if getattr(asked, name) != getattr(usual, name):
            raise InvalidInput(name, str(getattr(asked, name))[:80], "is of one portfolio, and all were asked for", rule="no_place",
                               hint="Ask that portfolio, or leave it out: each goes by its own policy")


def _changes(view: RebalanceView) -> dict[str, float]:
    """Give how much more of each symbol is held afterwards at the marks, base currency of the portfolio."""
    before, after = view.effect.before, view.effect.after
    symbols = {*before.weights, *after.weights}
    return {symbol: after.weights.get(symbol, 0.0) * after.value - before.weights.get(symbol, 0.0) * before.value for symbol in symbols}


def _across(parts: Sequence[HouseholdPart]) -> list[Finding]:
    """Tell of what one portfolio sells and another one buys: it costs twice, and a loss may save no tax."""
    found = []
    for one, other in permutations([part for part in parts if part.view is not None], 2):
        sold, bought = _of_side(one, SELL), _of_side(other, BUY)
        for symbol in sorted(sold.keys() & bought.keys()):
            lost = any(lot.gain < 0 for trade in sold[symbol] for lot in trade.lots)
            words = f"{one.name} sells {symbol} and {other.name} buys it: moving it between them would save the cost of both"
            words += ". The loss may save no tax, because it is bought again" if lost else ""
            found.append(Finding("sold_and_bought", words, Severity.WARNING if lost else Severity.INFO, {"symbol": symbol}))
    return found


def _of_side(part: HouseholdPart, side: str) -> dict[str, list[Trade]]:
    found: dict[str, list[Trade]] = {}
    for trade in part.view.trade_list.trades if part.view else ():
        if trade.side == side:
            found.setdefault(trade.symbol, []).append(trade)
    return found

