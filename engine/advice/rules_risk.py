"""Rules on risk: who carries it, how deep it may go, and how it hangs on the benchmark."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from engine.advice.policy import Policy
from engine.advice.rules_costs import yearly_cost
from engine.advice.rules_facts import Facts
from engine.advice.rules_fixes import MARGIN, Moves, placed, spread, trimmed
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice, Answer, Evidence, money, named, number, percent
from engine.columns import Floats
from engine.types import Severity

HALVINGS: Final = 24
FEW: Final = (1, 2, 3, 5, 10)  # holdings that are sold, the fewest that are enough
MONTH: Final = 21
ALIKE: Final = 0.97  # correlation with the benchmark


def risk_contribution(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings whose share of the volatility is far above their weight."""
    if not facts.enough_history:
        return facts.too_short
    shares, most = facts.risk_shares(facts.at_risk), limit(policy, "max_risk_excess")
    heavy = [(symbol, place) for place, symbol in enumerate(facts.past.symbols) if shares[place] - facts.at_risk[place] > most]
    return [_risky(facts, policy, symbol, place, float(shares[place])) for symbol, place in heavy]


def _risky(facts: Facts, policy: Policy, symbol: str, place: int, share: float) -> Advice:
    most, weight, moves = limit(policy, "max_risk_excess"), float(facts.at_risk[place]), _calmed(facts, policy, symbol, place)
    return Advice(
        "risk_contribution", symbol, Severity.WARNING if share > 2 * (weight + most) else Severity.INFO,
        f"{symbol} is {percent(weight)} of the value and {percent(share)} of the risk",
        f"It moves more than the rest, or with it: {percent(share - weight)} points more of the volatility than of the value; "
        f"you allow {percent(most)}.",
        f"Sell {symbol} until its share of the risk is no more than {percent(most)} above its weight." if moves else
        f"Add something that moves otherwise: {symbol} is all the risk there is, however little of it is held.",
        "The last two years were unusually wild for it.",
        (Evidence("excess", "Risk beyond weight", share - weight, most, symbol=symbol),
         Evidence("share", "Share of the volatility", share, symbol=symbol),
         Evidence("weight", "Weight", weight, symbol=symbol)), moves, link="rebalance")


def _calmed(facts: Facts, policy: Policy, symbol: str, place: int) -> Moves:
    """Find the weight at which the share of risk is within bounds; nothing where it alone moves, for then no weight is."""
    if np.count_nonzero((np.diag(facts.past.covariance) > 0) & (facts.at_risk != 0)) < 2:
        return {}
    most = limit(policy, "max_risk_excess") * (1.0 - MARGIN)

    def too_much(part: float) -> bool:
        then = _moved(facts, trimmed(facts, policy, [symbol], part * float(facts.at_risk[place]) / (1.0 - MARGIN)))
        return bool(facts.risk_shares(then)[place] - then[place] > most)

    part = _least(too_much)
    return {} if part is None else trimmed(facts, policy, [symbol], part * float(facts.at_risk[place]) / (1.0 - MARGIN))


def _least(too_much: Callable[[float], bool]) -> float | None:
    """Halve down to the largest part at which it is not too much; None where none is small enough."""
    low, high = 0.0, 1.0
    if too_much(low):
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if too_much(middle) else (middle, high)
    return low


def _moved(facts: Facts, moves: Moves) -> Floats:
    """Give weights after money has moved, in the order of the past."""
    found = facts.at_risk.copy()
    places = {symbol: place for place, symbol in enumerate(facts.past.symbols)}
    for symbol, amount in moves.items():
        if symbol in places:
            found[places[symbol]] += amount / facts.value
    return found


def tail_risk(facts: Facts, policy: Policy) -> Answer:
    """Tell of a tail that is deeper than the budget."""
    if not facts.enough_history:
        return facts.too_short
    loss, most = facts.shortfall(facts.at_risk), limit(policy, "max_expected_shortfall")
    if not loss > most:
        return []
    moves = _reduced(facts, lambda weights: facts.shortfall(weights) > most * (1.0 - MARGIN), facts.at_risk * _tail_betas(facts))
    return [Advice(
        "tail_risk", "", Severity.WARNING if loss > 1.25 * most else Severity.INFO, f"A bad day costs {percent(loss)}",
        f"On the worst twentieth of days of the last two years today's holdings would have lost {percent(loss)} on average, "
        f"{money(loss * facts.value, facts.base_currency)}; your budget is {percent(most)}.",
        f"Bring the holdings that lose most on such days down until it is {percent(most)}: {named(list(moves))}." if moves else
        "Move part of it into something that does not fall with the rest.",
        "The two years hold a crisis that is not likely to come again so soon.",
        (Evidence("expected_shortfall", "Expected shortfall, 95 %, a day", loss, most),
         Evidence("expected_shortfall_money", "The same in money", loss * facts.value, most * facts.value, "money")), moves, link="risk")]


def _tail_betas(facts: Facts) -> Floats:
    """Tell what each holding lost on the worst days of the whole."""
    gained = facts.past.cells @ facts.at_risk
    worst = np.argsort(gained, kind="stable")[: max(len(gained) // 20, 1)]
    found: Floats = -facts.past.cells[worst].mean(axis=0)
    return found


def _reduced(facts: Facts, too_much: Callable[[Floats], bool], order: Floats) -> Moves:
    """Sell alike of the fewest holdings that are enough, those first that are first in `order`; the money becomes cash."""
    ranked = [int(place) for place in np.argsort(-order, kind="stable") if facts.at_risk[place] > 0 and order[place] > 0]
    for count in (*FEW, len(ranked)):
        chosen = ranked[:count]

        def then(part: float, chosen: list[int] = chosen) -> Floats:
            weights = facts.at_risk.copy()
            weights[chosen] *= part
            return weights

        part = _least(lambda part: too_much(then(part))) if chosen else None
        if part is not None:
            return {facts.past.symbols[place]: -(1.0 - part) * float(facts.at_risk[place]) * facts.value for place in chosen}
    return {}


def beta_band(facts: Facts, policy: Policy) -> Answer:
    """Tell of a beta outside of its band."""
    if facts.past.benchmark is None:
        return "The portfolio has no benchmark: choose one in its settings"
    if not facts.enough_history or facts.past.betas.empty:
        return facts.too_short if not facts.enough_history else "The benchmark has too little history in common with what is held"
    beta = float(facts.at_risk @ facts.past.betas.to_numpy(dtype=np.float64))
    low, high = limit(policy, "min_beta"), limit(policy, "max_beta")
    if low <= beta <= high:
        return []
    name = facts.benchmark or "the benchmark"
    bound = high if beta > high else low
    moves = _less_beta(facts, high) if beta > high else _more_beta(facts, policy, low - beta)
    return [Advice(
        "beta_band", "", Severity.WARNING if beta > high else Severity.INFO, f"Beta is {beta:.2f}",
        f"When {name} moves by 1 %, today's holdings move by {beta:.2f} %; your band is {low:.2f} to {high:.2f}.",
        f"Sell of what moves most with {name}: {named(list(moves))}." if beta > high else f"Invest cash, or change into what moves more with {name}.",
        "The benchmark is not the market that you are exposed to.",
        (Evidence("beta", "Beta", beta, bound, "number"),), moves, link="rebalance")]


def _less_beta(facts: Facts, high: float) -> Moves:
    betas = facts.past.betas.to_numpy(dtype=np.float64)
    return _reduced(facts, lambda weights: float(weights @ betas) > high * (1.0 - MARGIN), facts.at_risk * betas)


def _more_beta(facts: Facts, policy: Policy, missing: float) -> Moves:
    """Lay spare cash out over what moves at least as much as the benchmark."""
    spare = max(facts.cash_weight - policy.constraints.cash_buffer, 0.0) * facts.value
    lively = set(facts.past.betas.index[(facts.past.betas >= 1.0).to_numpy()])
    return spread(facts, policy, min(spare * 0.995, missing * facts.value * 1.05), set(facts.priced) - lively)


def currency_exposure(facts: Facts, policy: Policy) -> Answer:
    """Tell of much that is not in the base currency."""
    foreign = [symbol for symbol in facts.priced if facts.held[symbol].currency != facts.base_currency]
    cash = sum(amount for code, amount in facts.cash.items() if code != facts.base_currency) / facts.value if facts.value > 0 else 0.0
    weight, most = facts.together(foreign) + cash, limit(policy, "max_foreign")
    if not weight > most:
        return []
    home = [symbol for symbol in facts.priced if symbol not in foreign]
    codes = sorted({str(facts.held[symbol].currency) for symbol in foreign})
    return [Advice(
        "currency_exposure", "", Severity.INFO, f"{percent(weight)} of the portfolio is not in {facts.base_currency}",
        f"{named(codes)} against {facts.base_currency} move it beside what the holdings do themselves; you allow {percent(most)}.",
        f"Hedge the currencies, take hedged shares of the same funds, or hold more in {facts.base_currency}.",
        f"You spend in these currencies, or falls of {facts.base_currency} are what you fear.",
        (Evidence("weight", "Foreign currency", weight, most), Evidence("cash", "Of that cash", cash)),
        placed(facts, trimmed(facts, policy, foreign, max(most - cash, 0.0), into=home)) if home else {}, link="rebalance")]


def illiquidity(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings that take long to sell."""
    most = limit(policy, "max_days_to_sell")
    told = {symbol: facts.held[symbol].days_to_sell for symbol in facts.priced if math.isfinite(facts.held[symbol].days_to_sell)}
    if facts.priced and not told:
        return "No price of what is held comes with a volume"
    slow = {symbol: days for symbol, days in told.items() if days > most}
    return [Advice(
        "illiquidity", symbol, Severity.WARNING if days > 3 * most else Severity.INFO, f"{symbol} takes {number(days)} days to sell",
        f"At a fifth of its daily volume it takes {number(days)} trading days; you allow {number(most)}.",
        f"Sell {symbol} down to what {number(most)} days can take, a little each day.",
        "You will hold it for years, or sell it in one block to one buyer.",
        (Evidence("days_to_sell", "Days to sell", days, most, "days", symbol), Evidence("weight", "Weight", facts.weight(symbol), symbol=symbol)),
        trimmed(facts, policy, [symbol], facts.weight(symbol) * most / days), link="risk") for symbol, days in slow.items()]


def drawdown_limit(facts: Facts, policy: Policy) -> Answer:
    """Tell of a fall from the peak beyond the limit."""
    fall, most = -facts.drawdown, limit(policy, "max_drawdown")
    if np.isnan(fall):
        return "Nothing was held long enough to fall"
    if not fall > most:
        return []
    shares = facts.risk_shares(facts.at_risk) if facts.enough_history else np.empty(0)
    first = [facts.past.symbols[place] for place in np.argsort(-np.nan_to_num(shares))[:3]] if len(shares) else []
    told = f" {named(first)} carry most of the risk now." if first else ""
    return [Advice(
        "drawdown_limit", "", Severity.ERROR, f"The portfolio is {percent(fall)} below its peak",
        f"Your limit is {percent(most)}.{told} It takes {percent(1.0 / (1.0 - fall) - 1.0)} to be back.",
        "Decide by what you wrote down before: hold on, or lower the risk; look at the stress tests first.",
        "The fall is the market's, and you can wait: selling now makes it final.",
        (Evidence("drawdown", "Below the peak", fall, most),), link="risk")]


def value_floor(facts: Facts, policy: Policy) -> Answer:
    """Tell of a value near the floor of the goals."""
    floor, margin = policy.goals.floor, limit(policy, "floor_margin")
    if floor is None:
        return "The policy has no floor"
    if not facts.value < floor * (1.0 + margin):
        return []
    broken = facts.value < floor
    return [Advice(
        "value_floor", "", Severity.ERROR if broken else Severity.WARNING, f"The value is {money(facts.value, facts.base_currency)}",
        f"The floor of your goals is {money(floor, facts.base_currency)}: it is {'broken' if broken else 'near'}.",
        "Lower the risk, pay in, or lower the floor.", "The floor was set for another time.",
        (Evidence("value", "Value", facts.value, floor, "money"),), link="plan")]


def benchmark_hugging(facts: Facts, policy: Policy) -> Answer:
    """Tell of a portfolio that is its benchmark at a higher price."""
    if facts.past.benchmark is None:
        return "The portfolio has no benchmark: choose one in its settings"
    if not facts.enough_history:
        return facts.too_short
    market = facts.past.benchmark.reindex(facts.past.recent.index).to_numpy(dtype=np.float64)
    known = ~np.isnan(market)
    mine = facts.past.cells[known] @ facts.at_risk
    if known.sum() < 3 * MONTH or not mine.std() > 0 or not market[known].std() > 0:
        return "The benchmark has too little history in common with what is held"
    error = float((mine - market[known]).std(ddof=1) * np.sqrt(facts.past.periods_per_year))
    alike, cost = float(np.corrcoef(mine, market[known])[0, 1]), yearly_cost(facts)
    if not (error < limit(policy, "hugging_tracking_error") and alike > ALIKE and cost > limit(policy, "hugging_cost")):
        return []
    return [Advice(
        "benchmark_hugging", "", Severity.INFO, f"It is {facts.benchmark or 'the benchmark'} for {percent(cost)} a year",
        f"Today's holdings would have been {percent(error)} a year away from it, with a correlation of {alike:.2f}, and cost {percent(cost)} a year.",
        "Hold a plain fund of the benchmark instead, or differ from it where you know why.", "You own single shares for their votes or their taxes.",
        (Evidence("tracking_error", "Tracking error a year", error, limit(policy, "hugging_tracking_error")),
         Evidence("correlation", "Correlation", alike, ALIKE, "number"), Evidence("cost", "Cost a year", cost, limit(policy, "hugging_cost"))),
        worth=max(cost - limit(policy, "cheap_ter"), 0.0) * facts.value, link="benchmark")]
