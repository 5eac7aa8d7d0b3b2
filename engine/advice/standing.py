"""What a portfolio holds and where it should be, laid out for the search of trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.lot_choice import HeldLot, Realised
from engine.advice.policy import CASH
from engine.advice.rules_words import exact
from engine.errors import InvalidInput
from engine.types import CostMethod

__all__ = ["Aims", "GroupAim", "Standing", "aims_of"]

Floats = NDArray[np.float64]
Place = tuple[str, str | None]  # symbol, account
Purse = tuple[str | None, str]  # account (None where cash is one pool), currency
NEAR: Final = 1e-9


@dataclass(frozen=True)
class Standing:
    """A portfolio at its marks; arrays run over `symbols`, which are those held and those that may be bought.

    Attributes
    ----------
    price, rate, multiplier
        Of one unit, local currency; base units per local one; contract multiplier.
    lots
        Open lots by symbol and account, in the order held.
    shorts
        Units sold short, negative; they are left alone.
    cash
        Balances by account and currency, in that currency; the account is None where all accounts pay out of one pool.
    rates
        Base units per unit of each currency of cash and prices.
    groups
        Dimension to the name of each symbol's group; symbols without one have "".
    washed
        Symbols bought lately: a loss realised on them now saves no tax.
    realised
        What the year has realised so far.
    """

    day: date
    base_currency: str
    symbols: tuple[str, ...]
    currencies: tuple[str, ...]
    price: Floats
    rate: Floats
    multiplier: Floats
    lots: Mapping[Place, Sequence[HeldLot]]
    cash: Mapping[Purse, float]
    rates: Mapping[str, float]
    method: CostMethod
    shorts: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tags: Sequence[frozenset[str]] = ()
    washed: frozenset[str] = frozenset()
    realised: Realised = field(default_factory=Realised)

    @cached_property
    def unit(self) -> Floats:
        """What one unit is worth, base currency."""
        return self.price * self.rate * self.multiplier

    @cached_property
    def units(self) -> Floats:
        """Units held of each symbol, over all accounts."""
        found = {symbol: self.shorts.get(symbol, 0.0) for symbol in self.symbols}
        for (symbol, _), lots in self.lots.items():
            found[symbol] += sum(lot.quantity for lot in lots)
        return np.array([found[symbol] for symbol in self.symbols], dtype=np.float64)

    @cached_property
    def values(self) -> Floats:
        """What is held of each symbol, base currency."""
        return self.units * self.unit

    @cached_property
    def cash_value(self) -> float:
        """All cash, base currency."""
        return float(sum(amount * self.rates[currency] for (_, currency), amount in self.cash.items()))

    @cached_property
    def value(self) -> float:
        """Holdings and cash, base currency."""
        return float(self.values.sum()) + self.cash_value

    @cached_property
    def is_pooled(self) -> bool:
        """Whether every account pays out of the same cash."""
        return all(account is None for account, _ in self.cash)

    def purse(self, account: str | None, currency: str) -> Purse:
        """Name the cash that a trade in an account moves."""
        return (None if self.is_pooled else account, currency)


@dataclass(frozen=True, slots=True)
class GroupAim:
    """What the symbols of a group should weigh together."""

    name: str
    members: NDArray[np.bool_]
    weight: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Aims:
    """Where each symbol should be, and its group where targets are of groups; fractions of the value."""

    weight: Floats
    low: Floats
    high: Floats
    groups: tuple[GroupAim, ...] = ()
    notes: tuple[str, ...] = ()


def aims_of(standing: Standing, targets: Mapping[str, float], bands: Mapping[str, float], by: str = "symbol") -> Aims:
    """Lay targets out by symbol.

    Parameters
    ----------
    standing
        What there is; a target that is of symbols must name some of it.
    targets
        Name to weight, fractions of the value; they sum to one at most, ``cash`` counted, and what is missing is cash.
    bands
        Name to how far off either way is left alone.
    by
        ``symbol``, or a dimension of `Standing.groups`: the target of a group is spread over its members as they are now, evenly where none
        is held.

    Returns
    -------
    Aims
        What has no target is meant to be 0.

    Raises
    ------
    InvalidInput
        Targets that are negative, not finite or sum to more than one; a name that nothing has.
    """
    check_targets(targets)
    named = {name: weight for name, weight in targets.items() if name != CASH}
    if by == "symbol":
        return _of_symbols(standing, named, bands)
    return _of_groups(standing, named, bands, by)


def check_targets(targets: Mapping[str, float]) -> None:
    """Refuse targets that cannot all be: negative ones, or more than all of it."""
    wrong = [name for name, weight in targets.items() if not (np.isfinite(weight) and weight >= 0)]
    if wrong:
        raise InvalidInput("targets", float(targets[wrong[0]]), f"{wrong[0]} has a weight that is not between 0 and 100 %: nothing is sold short",
                           hint="Fractions: 0.1 is 10 %", rule="out_of_range")
    total = float(sum(targets.values()))
    if total > 1 + NEAR or (CASH in targets and abs(total - 1) > 1e-6):
        raise InvalidInput("targets", round(total, 6), f"sum to {exact(total)}, which is not 100 %",
                           hint="Scale them so that they sum to 100 %, with what is meant for cash as cash", rule="not_one")


def _of_symbols(standing: Standing, targets: Mapping[str, float], bands: Mapping[str, float]) -> Aims:
    unknown = [name for name in targets if name not in standing.symbols]
    if unknown:
        raise InvalidInput("targets", unknown[0], f"{unknown[0]} has no price", hint="Name instruments that have one", rule="unknown_symbol")
    weight = np.array([targets.get(symbol, 0.0) for symbol in standing.symbols])
    band = np.array([bands.get(symbol, 0.0) for symbol in standing.symbols])
    return Aims(weight, np.maximum(weight - band, 0.0), weight + band)


def _of_groups(standing: Standing, targets: Mapping[str, float], bands: Mapping[str, float], by: str) -> Aims:
    if by not in standing.groups:
        raise InvalidInput("by", by, "is not what targets can be of", hint=f"Use symbol, {', '.join(sorted(standing.groups))}", rule="unknown_value")
    names = np.array([name.lower() for name in standing.groups[by]], dtype=object)
    found, notes, weight = [], [], np.zeros(len(standing.symbols))
    for name, part in targets.items():
        members = (names == name.lower()).astype(np.bool_)
        if not members.any() and part > 0:
            notes.append(f"Nothing of the {by.replace('_', ' ')} {name} is held or offered: its {part:.1%} stay in cash. "
                         "Name what may be bought")
            continue
        weight[members] = part * _shares(standing.values[members])
        band = bands.get(name, 0.0)
        found.append(GroupAim(name, members, part, max(part - band, 0.0), part + band))
    rest = ~np.any([aim.members for aim in found], axis=0) if found else np.ones(len(standing.symbols), dtype=np.bool_)
    if rest.any():
        found.append(GroupAim("what has no target", rest, 0.0, 0.0, 0.0))
    return Aims(weight, weight, weight, tuple(found), tuple(notes))


def _shares(values: Floats) -> Floats:
    held = np.maximum(values, 0.0)
    total = float(held.sum())
    return held / total if total > 0 else np.full(len(held), 1.0 / max(len(held), 1))
