"""What a list of quantities comes to, exactly: trades with their lots, purses, cost, tax and weights after, and which constraint it breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.legs import Leg, fee_of, is_allowed, lots_of
from engine.advice.lot_choice import Realised, realised, tax_due
from engine.advice.search import Cut, Scene, floor_of, members_of, money_purse, most_of, most_of_group
from engine.advice.standing import Purse
from engine.advice.trades import BUY, SELL, Conversion, Trade

Floats = NDArray[np.float64]
NEAR: Final = 1e-7  # of the value: what sums of floats may differ by
CENTS: Final = 8  # decimals of what is converted


@dataclass(frozen=True, slots=True)
class Tracking:
    """What the tracking error is measured with: a year's covariance of the symbols, theirs with the reference, and its variance.

    Attributes
    ----------
    covariance : ndarray of shape (n_symbols, n_symbols)
    cross : ndarray of shape (n_symbols,)
    variance : float
    """

    covariance: Floats
    cross: Floats
    variance: float

    def error(self, weights: Floats) -> float:
        """Give the tracking error of weights, a year, fraction."""
        return float(np.sqrt(max(0.0, float(weights @ self.covariance @ weights - 2 * self.cross @ weights) + self.variance)))

    def cut(self, weights: Floats, limit: float) -> Cut:
        """Give the plane that touches the tracking error at some weights: no weights below the limit lie beyond it."""
        error = self.error(weights)
        slope = (self.covariance @ weights - self.cross) / error
        return Cut(slope, error - float(slope @ weights), limit)


@dataclass(frozen=True, slots=True)
class Breach:
    """A constraint that does not hold."""

    name: str
    subject: str | None
    limit: float
    found: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Trades and what is there after them; base currency, weights by symbol of the scene."""

    trades: tuple[Trade, ...]
    conversions: tuple[Conversion, ...]
    purses: Mapping[Purse, float]  # in the purse's currency
    value: float
    weights: Floats
    cost: float
    tax: float
    gains: Realised
    turnover: float
    uncovered: Mapping[Purse, float]  # what is lacking, base currency


def settled(scene: Scene, units: Sequence[float], reasons: Sequence[str] | None = None) -> Settled:
    """Work out what a quantity of each leg comes to.

    Parameters
    ----------
    scene
        The question.
    units
        Of each leg, positive; 0 leaves it out.
    reasons
        A sentence a leg.

    Returns
    -------
    Settled
        Sales first, then purchases.
    """
    standing, ways = scene.standing, scene.ways
    told = reasons or [""] * len(scene.legs)
    done = [(leg, float(count), reason) for leg, count, reason in zip(scene.legs, units, told, strict=True) if count > 0]
    purses = dict(standing.cash)
    _move(purses, money_purse(standing, ways), ways.new_money / standing.rates[standing.base_currency])
    gains = Realised()
    for leg, count, _ in done:
        amount = count * leg.unit
        _move(purses, leg.purse, (-leg.sign() * amount - fee_of(ways.costs, amount)) / standing.rates[leg.purse[1]])
        if leg.side == SELL:
            gains += realised(lots_of(leg, count, ways.costs, ways.taxes, standing), spoiled=leg.washed)
    conversions, uncovered = _converted(scene, purses)
    held = standing.units.copy()
    for leg, count, _ in done:
        held[leg.symbol] += leg.sign() * count
    values = held * standing.unit
    value = float(values.sum()) + sum(amount * standing.rates[currency] for (_, currency), amount in purses.items())
    weights = values / value
    trades = tuple(_trade(scene, leg, count, reason, weights) for leg, count, reason in sorted(done, key=lambda each: each[0].side == BUY))
    so_far = standing.realised
    tax = tax_due(so_far.short + gains.short, so_far.long + gains.long, ways.taxes) - tax_due(so_far.short, so_far.long, ways.taxes)
    return Settled(trades, conversions, purses, value, weights, scene.worth - value, tax, gains,
                   sum(trade.amount for trade in trades) / 2 / scene.worth, uncovered)


def breaches(scene: Scene, after: Settled, tracking: Tracking | None = None) -> list[Breach]:
    """List the constraints that what was settled does not keep.

    Parameters
    ----------
    scene
        The question with its constraints.
    after
        What was settled.
    tracking
        Of the tracking error, where that is limited.

    Returns
    -------
    list of Breach
        Empty where all of them hold.
    """
    limits = scene.ways.constraints
    found = [Breach("cash", f"{purse[0] or ''} {purse[1]}".strip(), 0.0, -lack) for purse, lack in after.uncovered.items()]
    found += [*_of_holdings(scene, after), *_of_groups(scene, after)]
    cash = sum(amount * scene.standing.rates[currency] for (_, currency), amount in after.purses.items()) / after.value
    if limits.cash_buffer and cash < limits.cash_buffer - NEAR:
        found.append(Breach("cash_buffer", None, limits.cash_buffer, cash))
    if limits.max_turnover is not None and after.turnover > limits.max_turnover + NEAR:
        found.append(Breach("max_turnover", None, limits.max_turnover, after.turnover))
    if limits.tax_budget is not None and after.tax > limits.tax_budget + NEAR * scene.worth:
        found.append(Breach("tax_budget", None, limits.tax_budget, after.tax))
    if limits.max_tracking_error is not None and tracking is not None and tracking.error(after.weights) > limits.max_tracking_error * (1 + 1e-6):
        found.append(Breach("max_tracking_error", None, limits.max_tracking_error, tracking.error(after.weights)))
    return found


def _of_holdings(scene: Scene, after: Settled) -> list[Breach]:
    limits, standing = scene.ways.constraints, scene.standing
    found = []
    for symbol, name in enumerate(standing.symbols):
        weight, most = float(after.weights[symbol]), most_of(scene, symbol)
        if weight > most + NEAR:
            found.append(Breach("max_weight", name, most, weight))
        if name in limits.excluded and weight > NEAR and not scene.ways.buy_only:
            found.append(Breach("excluded", name, 0.0, weight))
    for trade in after.trades:
        if trade.amount < limits.min_trade - NEAR * scene.worth:
            found.append(Breach("min_trade", trade.symbol, limits.min_trade, trade.amount))
        if trade.side == BUY and not is_allowed(standing, limits, standing.symbols.index(trade.symbol)):
            found.append(Breach("required_tag", trade.symbol, 0.0, trade.amount))
    return found


def _of_groups(scene: Scene, after: Settled) -> list[Breach]:
    found = []
    for bound in scene.ways.constraints.groups:
        weight, most = float(after.weights[members_of(scene.standing, bound)].sum()), most_of_group(scene, bound)
        if weight > most + NEAR:
            found.append(Breach(f"at most {bound.name}", None, most, weight))
        if weight < bound.least - NEAR:
            found.append(Breach(f"at least {bound.name}", None, bound.least, weight))
    return found


def _move(purses: dict[Purse, float], purse: Purse, amount: float) -> None:
    if amount:
        purses[purse] = purses.get(purse, 0.0) + amount


def _converted(scene: Scene, purses: dict[Purse, float]) -> tuple[tuple[Conversion, ...], dict[Purse, float]]:
    """Fill purses that lack something out of others of the same account, the base currency's first, then the fullest."""
    standing, loss = scene.standing, scene.ways.conversion_rate
    found: list[Conversion] = []
    uncovered: dict[Purse, float] = {}
    for purse in sorted(purses, key=_order):
        account, currency = purse
        lack = _floor(scene, purse) - purses[purse]
        rate = standing.rates[currency]
        for other in sorted((each for each in purses if each[0] == account and each != purse), key=lambda each: _first(scene, purses, each)):
            spare = purses[other] - _floor(scene, other)
            if lack * rate <= NEAR * NEAR * scene.worth or spare <= 0:
                continue
            received = min(_up(lack), spare * standing.rates[other[1]] * (1 - loss) / rate)
            given = received * rate / (1 - loss) / standing.rates[other[1]]
            purses[purse] += received
            purses[other] -= given
            lack -= received
            found.append(Conversion(other[1], given, currency, received, given * standing.rates[other[1]] * loss, account,
                                    f"{currency} for what is bought in it, out of {other[1]}"))
        if lack * rate > NEAR * scene.worth:
            uncovered[purse] = lack * rate
    return tuple(found), uncovered


def _floor(scene: Scene, purse: Purse) -> float:
    rate = scene.standing.rates[purse[1]]
    before = scene.standing.cash.get(purse, 0.0) * rate
    money = scene.ways.new_money if purse == money_purse(scene.standing, scene.ways) else 0.0
    return floor_of(scene, purse, before + money) / rate


def _order(purse: Purse) -> tuple[str, str]:
    return purse[0] or "", purse[1]


def _first(scene: Scene, purses: Mapping[Purse, float], purse: Purse) -> tuple[bool, float, str]:
    return purse[1] != scene.standing.base_currency, -purses[purse] * scene.standing.rates[purse[1]], purse[1]


def _up(amount: float) -> float:
    return float(ceil(amount * 10**CENTS)) / 10**CENTS


def _trade(scene: Scene, leg: Leg, units: float, reason: str, weights: Floats) -> Trade:
    standing, ways, at = scene.standing, scene.ways, leg.symbol
    amount = units * leg.unit
    lots = tuple(lots_of(leg, units, ways.costs, ways.taxes, standing)) if leg.side == SELL else ()
    return Trade(
        side=leg.side, symbol=standing.symbols[at], quantity=units, price_local=leg.price, currency=standing.currencies[at],
        fx_rate=float(standing.rate[at]), amount=amount, fee=fee_of(ways.costs, amount), spread=abs(leg.unit - leg.mark) * units,
        tax=sum(part.tax for part in lots), account=leg.account, weight_before=float(standing.values[at]) / standing.value if standing.value else 0.0,
        weight_after=float(weights[at]), target=float(scene.aims.weight[at]), reason=reason, lots=lots, multiplier=float(standing.multiplier[at]),
    )
