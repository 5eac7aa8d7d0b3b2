"""Rules on how much hangs on few names, places and bets."""

from __future__ import annotations

import numpy as np

from engine.advice.policy import Policy
from engine.advice.rules_effect import effective
from engine.advice.rules_facts import Facts
from engine.advice.rules_fixes import cap_of, placed, spread, trimmed
from engine.advice.rules_thresholds import limit
from engine.advice.rules_words import Advice, Answer, Evidence, counted, named, number, percent
from engine.columns import Floats
from engine.concentration.bets import effective_number_of_bets
from engine.concentration.contributions import diversification_ratio
from engine.concentration.weights import hhi
from engine.types import Severity

NO_ROOM = "nothing that is held there has room for what would have to be sold"
BEYOND = 1.5  # times a limit at which info becomes a warning


def concentration_holding(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings that weigh more than one may."""
    return [_heavy_holding(facts, policy, symbol, facts.weight(symbol)) for symbol in facts.priced
            if facts.weight(symbol) > cap_of(facts, policy, symbol)]


def _heavy_holding(facts: Facts, policy: Policy, symbol: str, weight: float) -> Advice:
    most = cap_of(facts, policy, symbol)
    own = policy.constraints.max_weight is not None and most == policy.constraints.max_weight
    sold = trimmed(facts, policy, [symbol], most)
    moves = sold if own or any(amount > 0 for amount in sold.values()) else {}  # a limit of one's own holds even where all of it would lie in cash
    return Advice(
        "concentration_holding", symbol, Severity.ERROR if own else _grave(weight, most), f"{symbol} is {percent(weight)} of the portfolio",
        f"{facts.held[symbol].name} alone moves the result: your limit for one {_kind(facts, symbol)} is {percent(most)}.",
        f"Sell {symbol} down to {percent(most)} and spread the money over holdings that have room." if moves else
        f"Put new money into other holdings: nothing that is held has room for what would have to be sold of {symbol}.",
        "You hold so much of it on purpose, or the tax on the sale costs more than the risk is worth.",
        (Evidence("weight", "Weight", weight, most, symbol=symbol),), moves, link="rebalance")


def _kind(facts: Facts, symbol: str) -> str:
    return "fund" if facts.held[symbol].is_fund else "holding"


def _grave(value: float, most: float) -> Severity:
    return Severity.WARNING if value > BEYOND * most else Severity.INFO


def concentration_issuer(facts: Facts, policy: Policy) -> Answer:
    """Tell of issuers whose holdings weigh too much together; one holding alone is told of by the rule on holdings."""
    most = limit(policy, "max_issuer")
    issuers = facts.grouped("issuer")
    if facts.priced and not issuers:
        return "No instrument says whose it is: give them a tag such as issuer:Alphabet"
    several = {key: weight for key, weight in issuers.items() if weight > most and len(facts.members("issuer", key)) > 1}
    return [_heavy_group(facts, policy, ("concentration_issuer", "issuer", key), weight, most) for key, weight in several.items()]


def concentration_sector(facts: Facts, policy: Policy) -> Answer:
    """Tell of sectors that weigh too much."""
    return _groups(facts, policy, "concentration_sector", "sector", "max_sector")


def concentration_country(facts: Facts, policy: Policy) -> Answer:
    """Tell of countries that weigh too much."""
    return _groups(facts, policy, "concentration_country", "country", "max_country")


def _groups(facts: Facts, policy: Policy, rule: str, by: str, threshold: str) -> Answer:
    grouped, most = facts.grouped(by), limit(policy, threshold)
    if facts.priced and not grouped:
        return f"No instrument says its {by}: set it on the page Markets"
    return [_heavy_group(facts, policy, (rule, by, key), weight, most) for key, weight in grouped.items() if weight > most]


def _heavy_group(facts: Facts, policy: Policy, about: tuple[str, str, str], weight: float, most: float) -> Advice:
    rule, by, key = about
    members = facts.members(by, key)
    moves = placed(facts, trimmed(facts, policy, members, most))
    return Advice(
        rule, key, _grave(weight, most), f"{percent(weight)} of the portfolio is {key}",
        f"{named(members)} have that {by} in common: what hits one is likely to hit all. Your limit for one {by} is {percent(most)}.",
        f"Sell {named(members)} down to {percent(most)} together and spread the money outside of {key}." if moves else
        f"Put new money outside of {key}: {NO_ROOM}.",
        f"You want this {by} to weigh so much, or most of what these companies earn comes from elsewhere.",
        (Evidence("weight", f"Weight of {key}", weight, most), Evidence("holdings", "Holdings", float(len(members)), unit="number")), moves,
        link="rebalance")


def concentration_currency(facts: Facts, policy: Policy) -> Answer:
    """Tell of a foreign currency that weighs too much, cash included; the base currency is no risk to who spends it."""
    most, cash = limit(policy, "max_currency"), {code: amount / facts.value for code, amount in facts.cash.items() if facts.value > 0}
    held = facts.grouped("currency")
    whole = {code: held.get(code, 0.0) + cash.get(code, 0.0) for code in {**held, **cash}}
    heavy = [(code, weight) for code, weight in whole.items() if weight > most and code != facts.base_currency]
    return [_heavy_currency(facts, policy, code, weight, cash.get(code, 0.0)) for code, weight in heavy]


def _heavy_currency(facts: Facts, policy: Policy, code: str, weight: float, cash: float) -> Advice:
    most = limit(policy, "max_currency")
    moves = placed(facts, trimmed(facts, policy, facts.members("currency", code), max(most - cash, 0.0)))
    return Advice(
        "concentration_currency", code, _grave(weight, most), f"{percent(weight)} of the portfolio is in {code}",
        f"A fall of {code} against {facts.base_currency} moves all of it. Your limit for one currency is {percent(most)}.",
        f"Sell holdings in {code} down to {percent(most)} and spread the money over other currencies." if moves else
        f"Put new money into other currencies: {NO_ROOM}.",
        "You spend in this currency, or the companies earn elsewhere than where they are traded.",
        (Evidence("weight", f"Weight of {code}", weight, most),), moves, link="rebalance")


def effective_holdings(facts: Facts, policy: Policy) -> Answer:
    """Tell of a portfolio whose value hangs on few holdings."""
    if any(facts.held[symbol].is_fund for symbol in facts.priced):
        return "Funds are many holdings in one, and what they hold is not known here"
    weights = facts.weights.to_numpy()
    count, least = effective(weights), limit(policy, "min_effective_holdings")
    if not count < least:
        return []
    index = float(hhi(weights / np.abs(weights).sum()))
    largest = sorted(facts.priced, key=lambda symbol: (-facts.weight(symbol), symbol))[:3]
    return [Advice(
        "effective_holdings", "", Severity.INFO,
        f"{counted(len(weights), 'holding')} {'counts' if len(weights) == 1 else 'count'} as {number(count)}",
        f"{named(largest)} {'weighs' if len(largest) == 1 else 'weigh'} so much that the portfolio is as concentrated as {number(count)} equal "
        f"{'holding' if number(count) == '1.0' else 'holdings'}; you want {number(least)}.",
        "Bring the largest holdings closer to the others, or add some.", "Few names are what you want, and you know them well.",
        (Evidence("effective_number_of_assets", "Effective holdings", count, least, "number"), Evidence("hhi", "Herfindahl index", index)),
        _levelled(facts, least), link="rebalance")]


def _levelled(facts: Facts, least: float) -> dict[str, float]:
    """Bring all holdings towards their mean by the least step that is enough; nothing where even equal weights are not."""
    held = facts.weights[facts.weights > 0]
    if len(held) != len(facts.weights) or len(held) < least:
        return {}
    mean, wanted = float(held.mean()), float(held.sum()) ** 2 / (least * 1.01)
    off = float(((held - mean) ** 2).sum())
    left = max(wanted - len(held) * mean**2, 0.0)
    step = 1.0 - float(np.sqrt(min(left / off, 1.0))) if off > 0 else 0.0
    return {str(symbol): float(step * (mean - weight)) * facts.value for symbol, weight in held.items() if step > 0}


def effective_bets(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings that are few bets."""
    if not facts.enough_history:
        return facts.too_short
    count, least = bets_of(facts), limit(policy, "min_effective_bets")
    if not count < least:
        return []
    return [Advice(
        "effective_bets", "", Severity.INFO,
        f"{counted(len(facts.weights), 'holding')} {'is one bet' if len(facts.weights) == 1 else f'are {count:.2f} independent bets'}",
        f"Their volatilities cancel so little that they are as diversified as {count:.2f} independent bets of equal size; you want {least:.2f}.",
        "Add something that moves by itself: bonds, commodities, other sectors or regions.",
        "Correlations of the last two years are not those of the next, or one bet is what you want.",
        (Evidence("effective_number_of_bets", "Independent bets, squared diversification ratio", count, least, "number"),
         Evidence("minimum_torsion", "Bets by minimum torsion", torsion_bets(facts), unit="number"),
         Evidence("principal", "Bets by principal components", float(effective_number_of_bets(*_moving(facts), method="pca")), unit="number")),
        link="what-if")]


def bets_of(facts: Facts) -> float:
    """Count bets by the square of the diversification ratio (Choueifaty, Froidure and Reynier 2013): n for n independent ones of equal risk."""
    return float(diversification_ratio(*_moving(facts))) ** 2


def _moving(facts: Facts) -> tuple[Floats, Floats]:
    moving = np.diag(facts.past.covariance) > 0
    return facts.at_risk[moving], facts.past.covariance[np.ix_(moving, moving)]


def torsion_bets(facts: Facts) -> float:
    """Count the bets that are nearest to the holdings themselves; NaN where the covariance is singular."""
    weights, covariance = _moving(facts)
    torsion = facts.past.torsion
    if torsion is None:
        return float("nan")
    parts = np.linalg.solve(torsion.T, weights) * (torsion @ covariance @ weights)
    shares = parts / parts.sum() if parts.sum() > 0 else parts * np.nan
    known = np.where(shares > 0, shares, 1.0)
    return float(np.exp(-(known * np.log(known)).sum()))


def correlation_cluster(facts: Facts, policy: Policy) -> Answer:
    """Tell of holdings that are one bet and weigh too much together."""
    if not facts.enough_history:
        return facts.too_short
    most = limit(policy, "max_cluster")
    parts = [(part, facts.together(part)) for part in facts.past.clusters(limit(policy, "cluster_correlation"))]
    return [_one_bet(facts, policy, part, weight, most) for part, weight in parts if weight > most]


def _one_bet(facts: Facts, policy: Policy, part: list[str], weight: float, most: float) -> Advice:
    places = [facts.past.symbols.index(symbol) for symbol in part]
    inside = facts.past.correlation[np.ix_(places, places)]
    mean = float(inside[np.triu_indices(len(places), 1)].mean())
    moves = placed(facts, trimmed(facts, policy, part, most))
    heaviest = sorted(part, key=lambda symbol: (-facts.weight(symbol), symbol))
    return Advice(
        "correlation_cluster", "+".join(sorted(part)[:6]), _grave(weight, most), f"{named(heaviest)} are one bet of {percent(weight)}",
        f"Their returns of the last two years are correlated at {mean:.2f} on average: together they are one position, and your limit for one "
        f"bet is {percent(most)}.",
        f"Bring them down to {percent(most)} together and spread the money over what moves otherwise." if moves else
        f"Put new money into what moves otherwise: {NO_ROOM}.",
        "They moved together for a reason that is gone.",
        (Evidence("weight", "Weight together", weight, most), Evidence("correlation", "Mean correlation", mean, limit(policy, "cluster_correlation"),
                                                                      "number")),
        moves, link="rebalance")


def home_bias(facts: Facts, policy: Policy) -> Answer:
    """Tell of a home country that weighs far more than it does in the world."""
    home = policy.home_country
    if home is None:
        return "The policy does not say which country is home"
    weight = facts.grouped("country").get(home, 0.0)
    neutral = facts.benchmark_countries.get(home, WORLD.get(home, OTHER))
    most = neutral + limit(policy, "max_home_excess")
    if not weight > most:
        return []
    members = facts.members("country", home)
    abroad = [symbol for symbol in facts.priced if facts.held[symbol].country not in {home, None}]
    moves = placed(facts, trimmed(facts, policy, members, most, into=abroad))
    return [Advice(
        "home_bias", home, Severity.INFO, f"{percent(weight)} of the portfolio is at home in {home}",
        f"{home} is about {percent(neutral)} of the world's shares. Salary, house and pension hang on it already.",
        f"Bring {home} down to {percent(most)} and spread the money abroad." if moves else f"Put new money abroad: {NO_ROOM}.",
        "You will spend at home, and exchange rates worry you more than the economy.",
        (Evidence("weight", f"Weight of {home}", weight, most), Evidence("neutral", "Weight in the world", neutral)),
        moves, link="rebalance")]


# shares of countries in the world's listed shares (MSCI ACWI, 2025, rounded); a benchmark that tells its own beats them
WORLD = {"US": 0.64, "JP": 0.05, "GB": 0.03, "CN": 0.03, "CA": 0.03, "FR": 0.02, "CH": 0.02, "DE": 0.02, "IN": 0.02, "TW": 0.02, "AU": 0.02,
         "KR": 0.01, "NL": 0.01, "SE": 0.01, "ES": 0.01, "IT": 0.01}
OTHER = 0.005


def broken_policy(facts: Facts, policy: Policy) -> Answer:
    """Tell of what the policy does not let be held."""
    rules = policy.constraints
    held = facts.priced
    excluded = [symbol for symbol in held if symbol in rules.excluded and facts.weight(symbol) > 0]
    short = [symbol for symbol in held if rules.long_only and facts.weight(symbol) < 0]
    untagged = [symbol for symbol in held if rules.required_tag and rules.required_tag not in facts.held[symbol].tags]
    told = [(symbol, "is excluded by your policy", f"Sell {symbol}.") for symbol in excluded]
    told += [(symbol, "is short, and your policy is long only", f"Buy {symbol} back.") for symbol in short]
    told += [(symbol, f"does not carry the tag {rules.required_tag}", f"Sell {symbol}, or tag it.") for symbol in untagged if symbol not in excluded]
    return [Advice(
        "broken_policy", symbol, Severity.ERROR, f"{symbol} {why}", f"{facts.held[symbol].name} {why}, and weighs {percent(facts.weight(symbol))}.",
        fix, "The policy is out of date.", (Evidence("weight", "Weight", facts.weight(symbol), 0.0, symbol=symbol),),
        _gone(facts, policy, symbol), link="policy") for symbol, why, fix in told]


def _gone(facts: Facts, policy: Policy, symbol: str) -> dict[str, float]:
    amount = facts.weight(symbol) * facts.value
    return {symbol: -amount, **(spread(facts, policy, amount, {symbol}) if amount > 0 else {})}
