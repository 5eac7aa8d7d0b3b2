"""What may be done with each symbol in each account, and what a unit of it moves: value, cash, cost, gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.lot_choice import HeldLot, Realised, chosen, realised, taken
from engine.advice.policy import Constraints, Costs, Taxes
from engine.advice.standing import Aims, Purse, Standing
from engine.advice.trades import BUY, SELL, LotTaken

Floats = NDArray[np.float64]
DECIMALS: Final = 6  # of the price that a trade is expected to be done at


@dataclass(frozen=True, slots=True)
class Ways:
    """Under which conditions trades are sought."""

    constraints: Constraints
    costs: Costs
    taxes: Taxes
    new_money: float = 0.0  # base currency; comes in before the trades, or is taken out after
    buy_only: bool = False
    account: str | None = None
    cost_aversion: float = 1.0
    conversion_rate: float = 0.0  # of what is converted


@dataclass(frozen=True, slots=True)
class Leg:
    """Purchases or sales of one symbol in one account."""

    side: str
    symbol: int  # place in the standing's symbols
    account: str | None
    purse: Purse
    price: float  # local currency, that it is expected to be done at: half the spread worse than the mark
    unit: float  # base currency a unit, at that price
    mark: float  # the same at the mark
    held: float  # units that can be sold; of a purchase: infinite
    order: tuple[HeldLot, ...] = ()
    washed: bool = False

    def sign(self) -> float:
        """Of the units held."""
        return 1.0 if self.side == BUY else -1.0


@dataclass(frozen=True, slots=True)
class Atoms:
    """What one unit of each variable does; money as a fraction of the value. Arrays over variables."""

    leg: NDArray[np.int64]
    units: Floats  # of the symbol, positive
    value: Floats  # change of what is held, at the mark
    cash: Floats  # change of the purse
    cost: Floats  # what is lost on the way
    gross: Floats  # what is traded
    short: Floats  # gains
    long: Floats


def legs_of(standing: Standing, aims: Aims, ways: Ways) -> list[Leg]:
    """List what may be done: sales of what is held, purchases of what is allowed, in the accounts that can pay."""
    sales = [] if ways.buy_only else [_sale(standing, ways, place) for place in sorted(standing.lots, key=_key) if _is_open(ways, place[1])]
    return [leg for leg in sales if leg is not None] + _purchases(standing, aims, ways)


def _key(place: tuple[str, str | None]) -> tuple[str, str]:
    return place[0], place[1] or ""


def _is_open(ways: Ways, account: str | None) -> bool:
    return ways.account is None or account == ways.account


def _sale(standing: Standing, ways: Ways, place: tuple[str, str | None]) -> Leg | None:
    symbol, account = standing.symbols.index(place[0]), place[1]
    lots = [lot for lot in standing.lots[place] if lot.quantity > 0]
    price = _worse(float(standing.price[symbol]), -ways.costs.spread / 2)
    if not lots or not price > 0:
        return None
    unit = price * float(standing.rate[symbol] * standing.multiplier[symbol])
    order = chosen(lots, standing.method, unit * (1 - ways.costs.fee_rate), ways.taxes, standing.day)
    return Leg(SELL, symbol, account, standing.purse(account, standing.currencies[symbol]), price, unit, float(standing.unit[symbol]),
               sum(lot.quantity for lot in order), tuple(order), standing.symbols[symbol] in standing.washed)


def _purchases(standing: Standing, aims: Aims, ways: Ways) -> list[Leg]:
    wanted = (aims.weight > 0) | np.any([aim.members & (aim.weight > 0) for aim in aims.groups] or [np.zeros(len(aims.weight), np.bool_)], axis=0)
    found = []
    for symbol, name in enumerate(standing.symbols):
        if not wanted[symbol] or not is_allowed(standing, ways.constraints, symbol) or not standing.price[symbol] > 0 or name in standing.shorts:
            continue
        for account in _accounts(standing, ways, name):
            price = _worse(float(standing.price[symbol]), ways.costs.spread / 2)
            unit = price * float(standing.rate[symbol] * standing.multiplier[symbol])
            purse = standing.purse(account, standing.currencies[symbol])
            found.append(Leg(BUY, symbol, account, purse, price, unit, float(standing.unit[symbol]), np.inf))
    return found


def is_allowed(standing: Standing, constraints: Constraints, symbol: int) -> bool:
    """Tell whether a symbol may be bought."""
    if standing.symbols[symbol] in constraints.excluded:
        return False
    return constraints.required_tag is None or constraints.required_tag.lower() in standing.tags[symbol]


def _accounts(standing: Standing, ways: Ways, symbol: str) -> list[str | None]:
    """Name the accounts that a symbol may be bought in: each that has cash of its own, else the one that holds most of it."""
    if ways.account is not None:
        return [ways.account]
    if not standing.is_pooled:
        return sorted({account for account, _ in standing.cash}, key=lambda account: account or "")
    held = {account: sum(lot.quantity for lot in lots) for (name, account), lots in sorted(standing.lots.items(), key=lambda each: _key(each[0]))
            if name == symbol}
    if held:
        return [max(held, key=lambda account: held[account])]
    return [usual_account(standing)]


def usual_account(standing: Standing) -> str | None:
    """Name the account with the most lots."""
    counts: dict[str | None, int] = {}
    for (_, account), lots in sorted(standing.lots.items(), key=lambda each: _key(each[0])):
        counts[account] = counts.get(account, 0) + len(lots)
    return max(counts, key=lambda account: counts[account]) if counts else None


def _worse(price: float, share: float) -> float:
    return round(price * (1 + share), DECIMALS)


def fee_of(costs: Costs, amount: float) -> float:
    """Fee of one trade of an amount, base currency."""
    return costs.fee + costs.fee_rate * amount if amount > 0 else 0.0


def lots_of(leg: Leg, units: float, costs: Costs, taxes: Taxes, standing: Standing) -> list[LotTaken]:
    """Take units out of the lots of a sale."""
    amount = units * leg.unit
    return taken(leg.order, units, amount - fee_of(costs, amount), taxes, standing.day, spoiled=leg.washed)


def gains_of(leg: Leg, units: float, ways: Ways, standing: Standing) -> Realised:
    """Tell what selling so many units realises."""
    if leg.side == BUY or units <= 0:
        return Realised()
    return realised(lots_of(leg, units, ways.costs, ways.taxes, standing), spoiled=leg.washed)


def segments(standing: Standing, legs: Sequence[Leg], ways: Ways, worth: float, near: Mapping[int, float]) -> tuple[Atoms, Floats]:
    """Give one variable a lot of a sale and one a purchase, counted as fractions of the value, and how large each may be.

    Where the book has an order of its own that a cheaper lot could jump, the lots of a leg are one variable, whose gain a unit is that of the
    quantity in `near`, by leg: what was found before.
    """
    rows: list[tuple[float, ...]] = []
    tops: list[float] = []
    for number, leg in enumerate(legs):
        fee, moved = ways.costs.fee_rate, leg.unit / leg.mark
        if leg.side == BUY:
            cash = leg.unit * (1 + fee) / leg.mark
            rows.append((number, worth / leg.mark, 1.0, -cash, cash - 1, moved, 0.0, 0.0))
            tops.append(np.inf)
            continue
        cash = leg.unit * (1 - fee) / leg.mark
        for quantity, short, long in _parts(standing, leg, ways, near.get(number)):
            rows.append((number, worth / leg.mark, -1.0, cash, 1 - cash, moved, short / leg.mark, long / leg.mark))
            tops.append(quantity * leg.mark / worth)
    return _atoms(rows), np.array(tops, dtype=np.float64)


def _parts(standing: Standing, leg: Leg, ways: Ways, near: float | None) -> list[tuple[float, float, float]]:
    """Give units, and short and long gains a unit, part by part."""
    if standing.method.value == "specific":
        taken_ = lots_of(leg, leg.held, _without_fee(ways.costs), ways.taxes, standing)
        return [(part.quantity, *_by_term(part, washed=leg.washed)) for part in taken_]
    units = near or leg.held
    gains = gains_of(leg, units, ways, standing)
    return [(leg.held, gains.short / units, gains.long / units)]


def _by_term(part: LotTaken, *, washed: bool) -> tuple[float, float]:
    gain = 0.0 if washed and part.gain < 0 else part.gain / part.quantity
    return (gain, 0.0) if part.term == "short" else (0.0, gain)


def _without_fee(costs: Costs) -> Costs:
    return Costs(0.0, costs.fee_rate, costs.spread)


def candidates(standing: Standing, legs: Sequence[Leg], ways: Ways, worth: float, choices: Sequence[Sequence[float]]) -> Atoms:
    """Give one variable a quantity that a leg may have, 1 where it has it: everything about it is exact."""
    rows = []
    for number, leg in enumerate(legs):
        for units in choices[number]:
            amount = units * leg.unit
            fee = fee_of(ways.costs, amount)
            gains = gains_of(leg, units, ways, standing)
            value, cash = leg.sign() * units * leg.mark, -leg.sign() * amount - fee
            moved = (value, cash, -(value + cash), amount, gains.short, gains.long)
            rows.append((number, units, *(each / worth for each in moved)))
    return _atoms(rows)


def _atoms(rows: Sequence[tuple[float, ...]]) -> Atoms:
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 8)
    return Atoms(table[:, 0].astype(np.int64), *(table[:, place] for place in range(1, 8)))
