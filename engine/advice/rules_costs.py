"""Rules on cash that earns nothing, fees, and what funds charge."""

from __future__ import annotations

import math

from engine.advice.policy import Policy
from engine.advice.rules_facts import Facts
from engine.advice.rules_fixes import cash_wanted, invested
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice, Answer, Evidence, money, percent
from engine.types import Severity


def cash_drag(facts: Facts, policy: Policy) -> Answer:
    """Tell of more cash than is meant to be there."""
    wanted, most = cash_wanted(facts, policy), limit(policy, "max_cash")
    if not facts.cash_weight > wanted + most:
        return []
    spare = (facts.cash_weight - wanted) * facts.value
    drag = spare * limit(policy, "premium")
    return [Advice(
        "cash_drag", "", Severity.INFO, f"{percent(facts.cash_weight)} of the portfolio is cash",
        f"{money(spare, facts.base_currency)} more than the {percent(wanted)} that your policy keeps in cash; uninvested it is taken to miss "
        f"{money(drag, facts.base_currency)} a year.",
        "Invest what is beyond the buffer, in what is below its target first.", "You need the money soon, or wait for a price on purpose.",
        (Evidence("cash_weight", "Cash", facts.cash_weight, wanted + most), Evidence("spare", "Beyond the buffer", spare, unit="money"),
         Evidence("drag", "Missed a year", drag, unit="money")), invested(facts, policy, spare * 0.995), link="rebalance")]


def cash_below_buffer(facts: Facts, policy: Policy) -> Answer:
    """Tell of cash below the buffer, or below zero."""
    least = policy.constraints.cash_buffer
    if not facts.cash_weight < least - 1e-9 and not sum(facts.cash.values()) < 0:
        return []
    grave = Severity.ERROR if facts.cash_weight < 0 or facts.cash_weight < least / 2 else Severity.WARNING
    missing = (least - facts.cash_weight) * facts.value
    long = [symbol for symbol in facts.priced if facts.weight(symbol) > 0]
    sold = {symbol: -facts.weight(symbol) / facts.together(long) * missing for symbol in long}
    return [Advice(
        "cash_below_buffer", "", grave, f"Cash is {percent(facts.cash_weight)} of the portfolio",
        f"Your policy keeps {percent(least)} in cash; {money(missing, facts.base_currency)} are missing.",
        "Pay in, or sell a little of everything.", "A payment is on its way.",
        (Evidence("cash_weight", "Cash", facts.cash_weight, least), Evidence("missing", "Missing", missing, unit="money")),
        sold if len(sold) <= 10 else {}, link="rebalance")]


def idle_cash(facts: Facts, policy: Policy) -> Answer:
    """Tell of cash that lay there for a long time."""
    days, least = limit(policy, "idle_days"), limit(policy, "min_idle_cash") * facts.value
    reserve = cash_wanted(facts, policy) * facts.value
    whole = math.fsum(max(amount, 0.0) for amount in facts.idle_cash.values())
    if whole <= reserve or facts.value <= 0:
        return []
    part = 1.0 - reserve / whole
    idle = {code: amount * part for code, amount in facts.idle_cash.items() if amount * part > least}
    return [Advice(
        "idle_cash", code, Severity.INFO, f"{money(amount, facts.base_currency)} in {code} lie idle",
        f"At least so much was in {code} on every one of the last {days:.0f} days, beyond the buffer of your policy.",
        f"Invest it, exchange it, or put it where it earns interest: {percent(limit(policy, 'premium'))} a year are "
        f"{money(amount * limit(policy, 'premium'), facts.base_currency)}.",
        "The account pays interest, or the money is meant for something.",
        (Evidence("idle", f"Idle in {code}", amount, least, "money"), Evidence("idle_days", "Days", days, unit="days")),
        worth=amount * limit(policy, "premium"), link="rebalance") for code, amount in idle.items()]


def fees(facts: Facts, policy: Policy) -> Answer:
    """Tell of fees that eat the return."""
    if not facts.value_year > 0:
        return "Nothing was held over the last year"
    rate, most = facts.fees_year / facts.value_year, limit(policy, "max_fee_rate")
    if not rate > most:
        return []
    spare = facts.fees_year - most * facts.value_year
    return [Advice(
        "fees", "", Severity.WARNING if rate > 2 * most else Severity.INFO, f"Fees took {percent(rate)} in a year",
        f"{money(facts.fees_year, facts.base_currency)} of fees on {money(facts.value_year, facts.base_currency)} held on average; "
        f"{percent(most)} is your limit.",
        "Trade less often and in larger pieces, or with a cheaper broker.", "The fees were paid once, for something that does not come again.",
        (Evidence("fee_rate", "Fees over value", rate, most), Evidence("fees", "Fees of a year", facts.fees_year, unit="money")),
        worth=spare, link="transactions")]


def fund_costs(facts: Facts, policy: Policy) -> Answer:
    """Tell of funds that charge more than a fund needs to."""
    told = {symbol: facts.held[symbol].ter for symbol in facts.priced if math.isfinite(facts.held[symbol].ter)}
    if not told and any(facts.held[symbol].is_fund for symbol in facts.priced):
        return "No fund says what it charges: give it a tag such as ter:0.002"
    most, cheap = limit(policy, "max_ter"), limit(policy, "cheap_ter")
    return [_dear(facts, symbol, rate, (most, cheap)) for symbol, rate in told.items() if rate > most]


def _dear(facts: Facts, symbol: str, rate: float, against: tuple[float, float]) -> Advice:
    most, cheap = against
    amount = facts.weight(symbol) * facts.value
    return Advice(
        "fund_costs", symbol, Severity.WARNING if rate > 2 * most else Severity.INFO, f"{symbol} charges {percent(rate)} a year",
        f"That is {money(rate * amount, facts.base_currency)} a year; a plain fund charges about {percent(cheap)}.",
        f"Look for a cheaper fund of the same kind as {facts.held[symbol].name}; mind the tax on the sale.",
        "It does something that no cheap fund does, and does it well after costs.",
        (Evidence("ter", "Charges a year", rate, most, symbol=symbol), Evidence("cost", "Cost a year", rate * amount, unit="money", symbol=symbol)),
        worth=max(rate - cheap, 0.0) * amount, link="markets")


def yearly_cost(facts: Facts) -> float:
    """Tell what fees and funds cost a year over the value."""
    funds = math.fsum(facts.weight(symbol) * facts.held[symbol].ter for symbol in facts.priced if math.isfinite(facts.held[symbol].ter))
    return funds + (facts.fees_year / facts.value_year if facts.value_year > 0 else 0.0)
