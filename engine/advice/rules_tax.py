"""Rules on losses to take, losses that were spoilt, and gains that are about to be taxed less."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from engine.advice.policy import Policy
from engine.advice.rules_facts import Facts, Loss, OpenLot
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice, Answer, Evidence, money, percent
from engine.types import Severity


def harvest_losses(facts: Facts, policy: Policy) -> Answer:
    """Tell of losses that are worth taking: the most that a sale can realise in the order in which lots are taken."""
    return [advice for symbol in facts.priced if (advice := _harvest(facts, policy, str(symbol))) is not None]


def _harvest(facts: Facts, policy: Policy, symbol: str) -> Advice | None:
    sold = _deepest(facts, symbol)
    if sold is None:
        return None
    units, cost = sold
    unit = facts.held[symbol].unit_value
    loss = cost - units * unit
    if not (loss > limit(policy, "min_loss") * cost and loss > limit(policy, "min_loss_of_value") * facts.value):
        return None
    rate = policy.taxes.short_rate
    worth = loss * rate
    told = f"At {percent(rate)} it saves {money(worth, facts.base_currency)} of tax." if rate > 0 else \
        "Set your tax rates in the policy to see what it saves."
    days, bought = policy.taxes.wash_days, _bought_lately(facts, policy, symbol)
    if bought is not None:
        until = bought + timedelta(days=days + 1)
        told, worth = f"But some was bought on {bought}: sold before {until}, the loss does not count for as many shares.", 0.0
    return Advice(
        "harvest_losses", symbol, Severity.INFO, f"{symbol} holds a loss of {money(loss, facts.base_currency)} that could be taken",
        f"{units:,.4g} of it cost {money(cost, facts.base_currency)} and are worth {money(units * unit, facts.base_currency)}. {told}",
        f"Sell them, and hold something like it for {days} days: buying {symbol} back sooner spoils the loss." if days else "Sell them.",
        f"It was bought within the last {days} days, gains to set it against are missing, or you want to hold it.",
        (Evidence("loss", "Loss", loss, limit(policy, "min_loss_of_value") * facts.value, "money", symbol),
         Evidence("loss_rate", "Of its cost", loss / cost, limit(policy, "min_loss"), symbol=symbol),
         Evidence("saved", "Tax saved", worth, unit="money", symbol=symbol)),
        {symbol: -units * unit}, worth=worth, replaced=True, link="gains")


def _bought_lately(facts: Facts, policy: Policy, symbol: str) -> date | None:
    """Tell when it was bought last, if that was so lately that it spoils a loss."""
    newest = max((lot.opened for lot in facts.lots.get(symbol, ())), default=None)
    return newest if newest is not None and facts.as_of - newest <= timedelta(days=policy.taxes.wash_days) and len(facts.lots[symbol]) > 1 else None


def _deepest(facts: Facts, symbol: str) -> tuple[float, float] | None:
    """Find where the loss is deepest along the lots as a sale takes them: units and their cost; None where nothing is below its cost."""
    lots = [(lot.quantity, lot.cost) for lot in _largest_account(facts, symbol)]
    if not lots or not facts.held[symbol].quantity > 0:
        return None
    quantity, cost = np.cumsum(np.array(lots, dtype=np.float64), axis=0).T
    gains = quantity * facts.held[symbol].unit_value - cost
    deepest = int(np.argmin(gains))
    return (float(quantity[deepest]), float(cost[deepest])) if gains[deepest] < 0 else None


def _largest_account(facts: Facts, symbol: str) -> list[OpenLot]:
    """Give the lots of the account that holds most: a sale begins there."""
    lots = facts.lots.get(symbol, ())
    held: dict[str | None, float] = {}
    for lot in lots:
        held[lot.account] = held.get(lot.account, 0.0) + lot.quantity
    largest = max(held, key=lambda account: held[account], default=None)
    return [lot for lot in lots if lot.account == largest and lot.quantity > 0]


def wash_sale(facts: Facts, policy: Policy) -> Answer:
    """Tell of losses that a purchase has spoilt, or is about to: the window is open and the symbol is still wanted."""
    if policy.taxes.wash_days == 0:
        return "The policy knows no wash sales"
    return [*_spoilt(facts), *_open_windows(facts, policy)]


def _spoilt(facts: Facts) -> list[Advice]:
    return [_put_off(facts, loss) for loss in facts.losses if loss.disallowed > 0]


def _put_off(facts: Facts, loss: Loss) -> Advice:
    again = f" and bought again on {loss.bought_back}" if loss.bought_back else ""
    return Advice(
        "wash_sale", f"{loss.symbol}@{loss.closed}", Severity.WARNING, f"A loss on {loss.symbol} does not count yet",
        f"It was sold at a loss of {money(loss.loss, facts.base_currency)} on {loss.closed}{again}: "
        f"{money(loss.disallowed, facts.base_currency)} are put off and added to the cost of the new shares.",
        "Nothing to do now: the loss counts when the new shares are sold and not bought again.", "Your country knows no such rule.",
        (Evidence("disallowed", "Put off", loss.disallowed, 0.0, "money", loss.symbol),
         Evidence("loss", "Loss", loss.loss, unit="money", symbol=loss.symbol)), link="gains")


def _open_windows(facts: Facts, policy: Policy) -> list[Advice]:
    open_now = [loss for loss in facts.losses if loss.disallowed <= 0 and loss.last_day >= facts.as_of]
    return [_not_yet(facts, loss) for loss in open_now if _wanted(facts, policy, loss.symbol)]


def _not_yet(facts: Facts, loss: Loss) -> Advice:
    return Advice(
        "wash_sale", f"{loss.symbol}@{loss.closed}", Severity.INFO, f"Do not buy {loss.symbol} before {loss.last_day + timedelta(days=1)}",
        f"It was sold at a loss of {money(loss.loss, facts.base_currency)} on {loss.closed}, and your targets ask for more of it: bought "
        "sooner, the loss is put off.",
        f"Wait, or hold something like it until {loss.last_day}.", "Your country knows no such rule.",
        (Evidence("days_left", "Days left", float((loss.last_day - facts.as_of).days), 0.0, "days", loss.symbol),
         Evidence("loss", "Loss", loss.loss, unit="money", symbol=loss.symbol)), link="gains")


def _wanted(facts: Facts, policy: Policy, symbol: str) -> bool:
    return policy.targets_by in {"symbol", "model"} and facts.targets.get(symbol, 0.0) > facts.weight(symbol)


def soon_long_term(facts: Facts, policy: Policy) -> Answer:
    """Tell of gains that are taxed less if one waits some days."""
    taxes = policy.taxes
    if not taxes.short_rate > taxes.long_rate:
        return "The policy taxes short and long gains alike"
    return [advice for symbol in facts.priced if (advice := _waiting(facts, policy, str(symbol))) is not None]


def _waiting(facts: Facts, policy: Policy, symbol: str) -> Advice | None:
    taxes, within, unit = policy.taxes, limit(policy, "term_days"), facts.held[symbol].unit_value
    near = [(taxes.long_days + 1 - (facts.as_of - lot.opened).days, lot.quantity * unit - lot.cost) for lot in facts.lots.get(symbol, ())
            if taxes.long_days - within < (facts.as_of - lot.opened).days <= taxes.long_days and lot.quantity * unit > lot.cost]
    gain = sum(each for _, each in near)
    if not gain > limit(policy, "min_gain_of_value") * facts.value:
        return None
    wait, saved = max(days for days, _ in near), gain * (taxes.short_rate - taxes.long_rate)
    until = facts.as_of + timedelta(days=wait)
    return Advice(
        "soon_long_term", symbol, Severity.INFO, f"Keep {symbol} until {until}",
        f"A gain of {money(gain, facts.base_currency)} in it becomes long-term within {wait:.0f} days; sold after that it costs "
        f"{money(saved, facts.base_currency)} less tax.",
        f"Do not sell these shares of {symbol} before {until}.", "You do not mean to sell it, or it falls by more than the tax before then.",
        (Evidence("days_left", "Days left", float(wait), within, "days", symbol), Evidence("gain", "Gain", gain, unit="money", symbol=symbol),
         Evidence("saved", "Tax saved", saved, unit="money", symbol=symbol)), worth=saved, link="gains")
