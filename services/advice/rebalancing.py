"""From a portfolio's policy, or targets that are asked for, to a list of trades with what it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final
from uuid import UUID

import numpy as np

from data import calendar
from data.database import Database
from engine.advice.legs import Ways
from engine.advice.policy import CASH, Policy, Target, Taxes
from engine.advice.rebalance import Outcome, rebalance
from engine.advice.settling import Tracking
from engine.advice.standing import Aims, Standing, aims_of
from engine.errors import Conflict, InvalidInput
from engine.types import Actor, CostMethod, Finding, Severity
from services.advice.effects import before_after, tracking_of
from services.advice.orders import broker_csv, orders_of
from services.advice.plain import plain
from services.advice.proposals import Proposals
from services.advice.reading import costs_of, limits_of, taxes_of
from services.advice.standing import Laid, Standings
from services.advice.views_trades import AcceptQuestion, OrderLine, ProposalView, RebalanceQuestion, RebalanceView
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.risk.losses import HISTORY
from services.risk.today import LEAST

PolicyOf = Callable[[Actor, UUID], Policy]
NO_POLICY: Final = Policy()


class Rebalancing:
    """Trade lists for the actor's portfolios. Nothing here is booked.

    Parameters
    ----------
    policy_of
        Gives the policy of a portfolio, its model portfolio laid out as targets.
    """

    def __init__(self, database: Database, standings: Standings, exposures: Exposures, policy_of: PolicyOf) -> None:
        self._database, self._standings, self._exposures, self._policy_of = database, standings, exposures, policy_of

    def preview(self, actor: Actor, portfolio_id: UUID, question: RebalanceQuestion | None = None) -> RebalanceView:
        """Find the trades towards targets, and tell what they change.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        question : RebalanceQuestion, optional
            What differs from the policy.

        Returns
        -------
        RebalanceView
            Without trades where the constraints contradict each other: then `conflicts` says which.

        Raises
        ------
        NotFound
            No such portfolio.
        UnknownInstrument
            A target that the workspace does not know.
        InvalidInput
            No targets, targets that do not sum to one, a constraint, cost or tax rate that is none.
        """
        asked = question or RebalanceQuestion()
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
        policy = self._policy_of(actor, portfolio_id)
        targets, by = _targets(asked, policy)
        ways = _ways(asked, policy)
        also = [*asked.symbols, *(name for name, weight in targets.items() if by == "symbol" and weight > 0 and name != CASH)]
        laid = self._standings.standing(actor, portfolio, also, ways.taxes)
        standing = _placed(laid.standing, ways)
        aims = aims_of(standing, targets, _bands(asked, policy, targets), by)
        exposure = self._exposures.exposure(actor, portfolio_id, ExposureQuestion(also=standing.symbols))
        reference = dict(zip(standing.symbols, aims.weight.tolist(), strict=True))
        found = rebalance(standing, aims, ways, bring=asked.bring, tracking=_tracking(exposure, standing, ways, reference))
        return _view(asked, laid, exposure, found, aims, policy)

    def accept(self, actor: Actor, portfolio_id: UUID, asked: AcceptQuestion, proposals: Proposals, *,
               idempotency_key: str | None = None) -> ProposalView:
        """Keep orders as a proposal, those that are given or those of a question.

        Raises
        ------
        Conflict
            The constraints of the question contradict each other, nothing is to be done, or the ledger has changed.
        """
        orders, effect = asked.orders, dict(asked.effect)
        if asked.question is not None:
            view = self.preview(actor, portfolio_id, asked.question)
            if view.conflicts or not view.orders:
                raise Conflict("There is nothing to propose: " + (" and ".join(each.what for each in view.conflicts) + " contradict each other."
                                                                  if view.conflicts else "no trade is worth it."), field="question",
                               hint="Look at the conflicts of a preview", rule="nothing_to_propose")
            orders, effect = view.orders, plain(view.effect)
        return proposals.propose(actor, portfolio_id, orders or (), source=asked.source, note=asked.note, effect=effect, revision=asked.revision,
                                 idempotency_key=idempotency_key)

    def csv(self, actor: Actor, lines: tuple[OrderLine, ...]) -> bytes:
        """Write orders as a file for the broker."""
        named = {str(line.draft["symbol"]) for line in lines if line.draft.get("symbol")}
        with self._database.read() as unit:
            known = unit.instruments.by_symbols(actor.workspace_id, sorted(named))
        return broker_csv(lines, {symbol: {"name": each.name, "isin": each.isin, "exchange": each.exchange} for symbol, each in known.items()})


def _targets(asked: RebalanceQuestion, policy: Policy) -> tuple[Mapping[str, float], str]:
    if asked.targets is not None:
        return asked.targets, asked.by
    if not policy.targets:
        raise InvalidInput("targets", None, "there are none, neither in the question nor in the portfolio's policy",
                           hint='Send targets such as {"AAPL": 0.6, "MSFT": 0.4}, or set them in the policy', rule="required")
    by = policy.targets_by or "symbol"
    return {target.key: target.weight for target in policy.targets}, "symbol" if by == "model" else by


def _bands(asked: RebalanceQuestion, policy: Policy, targets: Mapping[str, float]) -> dict[str, float]:
    own = {target.key: target for target in policy.targets} if asked.targets is None else {}
    return {name: policy.band(own.get(name) or Target(name, weight)) for name, weight in targets.items() if name != CASH}


def _ways(asked: RebalanceQuestion, policy: Policy) -> Ways:
    limits = limits_of(policy.constraints, asked.constraints)
    if asked.buy_only and asked.new_money < 0:
        raise InvalidInput("new_money", asked.new_money, "cannot be taken out without a sale", hint="Leave buy_only away", rule="contradiction")
    costs = costs_of(policy.costs, asked.costs)
    return Ways(limits, costs, taxes_of(policy.taxes, asked.taxes), asked.new_money, asked.buy_only, asked.account,
                asked.cost_aversion, costs.conversion_rate if asked.conversion_rate is None else asked.conversion_rate)


def _placed(standing: Standing, ways: Ways) -> Standing:
    """Refuse an account that is none."""
    known = {account for _, account in standing.lots} | {account for account, _ in standing.cash}
    if ways.account is not None and ways.account not in known:
        told = sorted(account for account in known if account)
        raise InvalidInput("account", ways.account, "is not an account of this portfolio", hint=f"Use {', '.join(told)}" if told else "Leave it away",
                           rule="unknown_value")
    return standing


def _tracking(exposure: Exposure, standing: Standing, ways: Ways, reference: Mapping[str, float]) -> Tracking | None:
    """Give what a limit of the tracking error is held with; where that cannot be measured, no list could be said to keep it."""
    found, limit = tracking_of(exposure, standing.symbols, reference), ways.constraints.max_tracking_error
    if limit is not None and found is None:
        days = min(len(exposure.returns), HISTORY)
        raise InvalidInput("constraints.max_tracking_error", limit, f"cannot be held: it is measured on {LEAST} days of returns, {days} are there",
                           hint="Lift it, or add prices of the past", rule="insufficient_history", needed=LEAST, found=days)
    return found


def _view(asked: RebalanceQuestion, laid: Laid, exposure: Exposure, found: Outcome, aims: Aims, policy: Policy) -> RebalanceView:
    standing, ways = laid.standing, found.scene.ways
    targets = {symbol: weight for symbol, weight in zip(standing.symbols, aims.weight.tolist(), strict=True) if weight}
    before, after = (dict(zip(standing.symbols, weights.tolist(), strict=True)) for weights in (_weights(standing), found.after.weights))
    values = (standing.value, found.after.value if found.list.trades or found.list.new_money else standing.value)
    conventions: dict[str, Any] = {
        "cost_method": standing.method.value, "by": asked.by if asked.targets is not None else policy.targets_by, "bring": asked.bring,
        "buy_only": ways.buy_only, "constraints": asdict(ways.constraints), "costs": asdict(ways.costs), "taxes": asdict(ways.taxes),
        "conversion_rate": ways.conversion_rate, "cost_aversion": ways.cost_aversion, "pooled_cash": standing.is_pooled,
        "realised_short": standing.realised.short, "realised_long": standing.realised.long}
    return RebalanceView(
        scope=str(laid.portfolio.id), base_currency=standing.base_currency, targets=targets,
        bands={symbol: (float(low), float(high)) for symbol, low, high in zip(standing.symbols, aims.low, aims.high, strict=True) if high or low},
        trade_list=found.list, effect=before_after(exposure, before, after, values, targets=targets, level=asked.level),
        orders=orders_of(found.list, day=calendar.today(), base=standing.base_currency, method=standing.method) if not found.conflicts else (),
        names={symbol: each.name for symbol, each in laid.instruments.items()}, conflicts=found.conflicts, conventions=conventions,
        revision=laid.portfolio.revision, simulated=laid.marked.simulated or exposure.simulated,
        findings=(*laid.findings, *_young(exposure, found), *_own(standing, found, ways.taxes)))


def _weights(standing: Standing) -> np.ndarray[Any, np.dtype[np.float64]]:
    return standing.values / standing.value if standing.value else standing.values * np.nan


def _young(exposure: Exposure, found: Outcome) -> list[Finding]:
    """Name what has too few returns for a limit of the tracking error to see it move."""
    if found.scene.ways.constraints.max_tracking_error is None:
        return []
    counts = exposure.returns.tail(HISTORY).notna().sum()
    held = (found.after.weights > 0) | (found.scene.aims.weight > 0)
    young = [symbol for symbol, is_held in zip(found.scene.standing.symbols, held.tolist(), strict=True)
             if is_held and counts.get(symbol, 0) < LEAST]
    message = f"Fewer than {LEAST} returns: {', '.join(young)}. The tracking error takes a day without one to be a day without a move"
    return [Finding("short_history", message, Severity.WARNING, {"symbols": young})] if young else []


def _own(standing: Standing, found: Outcome, taxes: Taxes) -> list[Finding]:
    """Tell where the book's method keeps a sale from the lots that would cost the least tax."""
    sells = any(trade.lots for trade in found.list.trades)
    if not sells or standing.method is CostMethod.SPECIFIC or not (taxes.short_rate or taxes.long_rate):
        return []
    free = replace(standing, method=CostMethod.SPECIFIC)
    if standing.method is CostMethod.AVERAGE:
        return []
    best = rebalance(free, found.scene.aims, found.scene.ways)
    saved = found.list.tax - best.list.tax
    if best.conflicts or saved <= 0.01:
        return []
    message = (f"The book takes lots by {standing.method.value}: where sales named their lots, the same targets would cost "
               f"{saved:,.2f} {standing.base_currency} less tax")
    return [Finding("lots_not_chosen", message, Severity.INFO, {"saved": saved})]

