"""Rules on prices that are old or missing, and on dividends that may not last."""

from __future__ import annotations

import math

from engine.advice.policy import Policy
from engine.advice.rules_facts import Facts
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice, Answer, Evidence, money, number, percent
from engine.types import Severity


def missing_price(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings without any price."""
    unknown = [symbol for symbol, each in facts.held.items() if not math.isfinite(each.value)]
    return [Advice(
        "missing_price", symbol, Severity.WARNING, f"{symbol} has no price",
        f"{facts.held[symbol].quantity:,.6g} of it, which cost {money(facts.held[symbol].cost, facts.base_currency)}, are in "
        "no value, weight or risk that you see here.",
        f"Enter a price of {symbol}, or name the source that knows it.", "It is worth nothing, and you know it: book it out.",
        (Evidence("cost", "Its cost", facts.held[symbol].cost, unit="money", symbol=symbol),),
        worth=limit(policy, "unknown_price") * abs(facts.held[symbol].cost), link="markets") for symbol in unknown]


def stale_price(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings whose price is old."""
    most = limit(policy, "stale_days")
    ages = {symbol: facts.held[symbol].price_age_days for symbol in facts.priced}
    old = {symbol: days for symbol, days in ages.items() if days > most}
    return [Advice(
        "stale_price", symbol, Severity.WARNING if abs(facts.weight(symbol)) > 0.05 else Severity.INFO,
        f"The price of {symbol} is {number(days)} days old",
        f"{percent(facts.weight(symbol))} of the value rests on it, and so do its risk and every advice about it.",
        f"Enter a price of {symbol}, or name another source for it.", "It is traded so seldom that there is no newer price.",
        (Evidence("price_age_days", "Age", days, most, "days", symbol), Evidence("weight", "Weight", facts.weight(symbol), symbol=symbol)),
        worth=limit(policy, "unknown_price") * abs(facts.weight(symbol)) * facts.value, link="markets") for symbol, days in old.items()]


def dividends_at_risk(facts: Facts, policy: Policy) -> Answer:
    """Tell of dividends that fell, stopped, or are too good to last."""
    return [advice for symbol in facts.priced if (advice := _dividends(facts, policy, str(symbol))) is not None]


def _dividends(facts: Facts, policy: Policy, symbol: str) -> Advice | None:
    paid, before = facts.held[symbol].dividends, facts.held[symbol].dividends_before
    price, most = facts.held[symbol].price, limit(policy, "max_dividend_fall")
    fall, high = (1.0 - paid / before if before > 0 else 0.0), paid / price if price > 0 else 0.0
    if not (fall > most or high > limit(policy, "max_yield")):
        return None
    amount = facts.weight(symbol) * facts.value
    title = f"{symbol} paid no dividend for a year" if paid == 0 else f"The dividend of {symbol} fell by {percent(fall)}" if fall > most else \
        f"{symbol} yields {percent(high)}"
    return Advice(
        "dividends_at_risk", symbol, Severity.WARNING if paid == 0 or fall > 2 * most else Severity.INFO, title,
        f"A share paid {paid:,.4g} in the last year and {before:,.4g} in the year before; at today's price that yields {percent(high)}. What fell "
        "once often falls again, and a yield that high says that others expect it to.",
        f"Look at what {facts.held[symbol].name} earns, and do not count on {money(high * amount, facts.base_currency)} a year.",
        "A payment was moved to another day, or the year before held a special dividend.",
        (Evidence("fall" if fall > most else "yield", "Fall of the dividend" if fall > most else "Yield", fall if fall > most else high,
                  most if fall > most else limit(policy, "max_yield"), symbol=symbol),
         Evidence("dividends", "A share, last year", paid, unit="number", symbol=symbol),
         Evidence("dividends_before", "A share, the year before", before, unit="number", symbol=symbol)),
        link="holdings")
