"""The programme whose solution is a list of trades: distance from the targets, costs and tax, under every constraint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.advice.legs import Atoms, Leg, Ways
from engine.advice.lot_choice import tax_due, tax_upper
from engine.advice.policy import GroupBound
from engine.advice.programme import FIXED, Programme
from engine.advice.standing import Aims, Purse, Standing

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
PIECES = ((0.01, 1.0), (0.02, 1.5), (np.inf, 2.0))  # width of a distance from a target, and what a unit of it weighs: far is worse than near
SECOND = 0.1  # weight of a symbol's own distance where the target is its group's
FRICTION = 1e-6  # what a conversion weighs beside its cost, so that none goes in a circle
CASH_ROWS = "cash"
NONE = np.zeros(0, dtype=np.int64)
TIGHTER = 1e-9  # of the value: what the bounds of cash are kept above nothing, for sums of floats


@dataclass(frozen=True, slots=True)
class Cut:
    """A plane that holds the tracking error below its limit: the slope by symbol, and where it is."""

    slope: Floats
    offset: float
    limit: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What every programme of one question has in common."""

    standing: Standing
    aims: Aims
    ways: Ways
    legs: tuple[Leg, ...]
    worth: float  # value with new money, base currency
    cuts: tuple[Cut, ...] = ()


def programme(scene: Scene, atoms: Atoms, tops: Floats | None, *, charges: Mapping[Purse, float] | None = None) -> tuple[Programme, Places]:
    """Lay a question out for the solver.

    Parameters
    ----------
    scene
        The question.
    atoms
        What its variables do.
    tops
        How large each may be; None: they are choices between whole candidates, one of each leg.
    charges
        Fees that do not depend on how much is traded and are known to be paid, fraction of the value, by purse.

    Returns
    -------
    programme, places of the variables of the atoms
    """
    told = Programme()
    chosen = told.variables(scene.ways.cost_aversion * atoms.cost, high=1.0 if tops is None else tops, whole=tops is None)
    if tops is None:
        for number in range(len(scene.legs)):
            mine = chosen[atoms.leg == number]
            told.row(FIXED, [(mine, 1.0)], low=1.0, high=1.0)
    symbols = np.array([leg.symbol for leg in scene.legs], dtype=np.int64)[atoms.leg]
    by_symbol = {int(symbol): np.flatnonzero(symbols == symbol) for symbol in np.unique(symbols)}
    lost = told.variables(0.0, high=np.inf if tops is None else _most_lost(scene, atoms))
    draft = _Draft(scene, told, chosen, atoms, lost, charges or {}, by_symbol)
    moved = _purses(draft)
    told.row(FIXED, [(chosen, atoms.cost), (moved, scene.ways.conversion_rate), (draft.lost, -1.0)], low=0.0, high=0.0)
    _distances(draft)
    _weights(draft)
    _tax(draft)
    return told, chosen


def _most_lost(scene: Scene, atoms: Atoms) -> float:
    """Give what selling and buying everything would lose: nobody trades to and fro so that what is held weighs more of what is left."""
    gross = float(np.abs(scene.standing.values).sum()) + sum(abs(amount) for amount in opening(scene).values())
    rate = float(np.max(atoms.cost / np.maximum(np.abs(atoms.value), 1e-12), initial=0.0)) + scene.ways.conversion_rate
    return 2.0 * rate * max(1.0, gross / scene.worth)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A programme in the making."""

    scene: Scene
    told: Programme
    chosen: Places
    atoms: Atoms
    lost: Places  # the variable of what is lost on the way, fraction of the value: the value after is 1 less it
    charges: Mapping[Purse, float]
    by_symbol: Mapping[int, Places]

    @property
    def left(self) -> float:
        """Give the value after what is lost for certain."""
        return 1.0 - sum(self.charges.values())

    def of_value(self, share: float) -> list[tuple[Places, Floats]]:
        """Give the terms that make a share of the value after out of a share of the value before, on the left side of a row."""
        return [(self.lost, np.array([share]))] if share else []

    def atoms_of(self, symbol: int) -> tuple[Places, Floats]:
        """Give the variables of a symbol, and what each adds to its value."""
        mine = self.by_symbol.get(symbol, NONE)
        return self.chosen[mine], self.atoms.value[mine]

    def distance(self, parts: Sequence[tuple[Places, Floats]], held: float, low: float, high: float, weight: float) -> None:
        """Add what a weight is above `high` and below `low`, piece by piece."""
        slopes = np.array([slope for _, slope in PIECES]) * weight
        widths = np.array([width for width, _ in PIECES])
        over, under = self.told.variables(slopes, high=widths), self.told.variables(slopes, high=widths)
        self.told.row(FIXED, [*parts, *self.of_value(high), (over, -1.0)], high=high * self.left - held)
        self.told.row(FIXED, [*parts, *self.of_value(low), (under, 1.0)], low=low * self.left - held)


def opening(scene: Scene) -> dict[Purse, float]:
    """Give the purses before the trades, base currency, new money in them: that comes in, or goes out, of the base currency's first."""
    standing = scene.standing
    found = {purse: amount * standing.rates[purse[1]] for purse, amount in standing.cash.items()}
    for leg in scene.legs:
        found.setdefault(leg.purse, 0.0)
    if scene.ways.new_money:
        found[money_purse(scene.standing, scene.ways)] = found.get(money_purse(scene.standing, scene.ways), 0.0) + scene.ways.new_money
    return found


def money_purse(standing: Standing, ways: Ways) -> Purse:
    """Name the purse that new money comes into: of the base currency, in the account asked for or the fullest one."""
    if standing.is_pooled:
        return (None, standing.base_currency)
    own = {account: 0.0 for account, _ in standing.cash}
    for (account, currency), amount in standing.cash.items():
        own[account] += amount * standing.rates[currency]
    account = ways.account if ways.account in own or ways.account is not None else max(sorted(own, key=lambda each: each or ""), key=own.__getitem__)
    return (account, standing.base_currency)


def _purses(draft: _Draft) -> Places:
    """Let no purse fall below nothing, or below where it was; cash of one currency can become another within an account."""
    scene, told, chosen, atoms = draft.scene, draft.told, draft.chosen, draft.atoms
    before, loss = opening(scene), scene.ways.conversion_rate
    pairs = [(one, other) for one in before for other in before if one != other and one[0] == other[0]]
    moved = told.variables(np.full(len(pairs), scene.ways.cost_aversion * loss + FRICTION)) if pairs else np.zeros(0, dtype=np.int64)
    of_leg = [scene.legs[number].purse for number in atoms.leg.tolist()]
    for purse, amount in before.items():
        mine = np.array([each == purse for each in of_leg], dtype=np.bool_)
        flows = np.array([(1 - loss) * (other == purse) - (one == purse) for one, other in pairs], dtype=np.float64)
        lowest = (floor_of(scene, purse, amount) - amount) / scene.worth + draft.charges.get(purse, 0.0) + TIGHTER
        told.row(CASH_ROWS, [(chosen[mine], atoms.cash[mine]), (moved, flows)], low=lowest)
    buffer = scene.ways.constraints.cash_buffer
    if buffer:
        whole = sum(before.values()) / scene.worth - sum(draft.charges.values())
        parts = [(chosen, atoms.cash), (moved, np.full(len(pairs), -loss)), *draft.of_value(buffer)]
        told.row("cash_buffer", parts, low=buffer * draft.left - whole + TIGHTER, slope=1.0)
    return moved


def floor_of(scene: Scene, purse: Purse, amount: float) -> float:
    """Tell how low a purse may go: to nothing, or where it was already if that is lower; what is taken out must be raised."""
    taken_out = min(scene.ways.new_money, 0.0) if purse == money_purse(scene.standing, scene.ways) else 0.0
    return min(0.0, amount - taken_out)


def _distances(draft: _Draft) -> None:
    """Let distances from the targets cost, far ones more than near ones."""
    aims, groups = draft.scene.aims, draft.scene.aims.groups
    held = draft.scene.standing.values / draft.scene.worth
    for symbol in range(len(held)):
        mine = draft.atoms_of(symbol)
        low, high = float(aims.low[symbol]), float(aims.high[symbol])
        draft.distance([mine], float(held[symbol]), low, high, SECOND if groups else 1.0)
    for aim in groups:
        members = [draft.atoms_of(int(symbol)) for symbol in np.flatnonzero(aim.members)]
        draft.distance(members, float(held[aim.members].sum()), aim.low, aim.high, 1.0)


def _weights(draft: _Draft) -> None:
    """Rows of the constraints on what is held and traded."""
    scene, limits, standing = draft.scene, draft.scene.ways.constraints, draft.scene.standing
    held = standing.values / scene.worth
    for symbol, name in enumerate(standing.symbols):
        mine = draft.atoms_of(symbol)
        if limits.max_weight is not None and (held[symbol] > 0 or len(mine[0])):
            top = most_of(scene, symbol)
            draft.told.row("max_weight", [mine, *draft.of_value(top)], high=top * draft.left - held[symbol], slope=1.0)
        if name in limits.excluded and held[symbol] > 0 and not scene.ways.buy_only:
            draft.told.row("excluded", [mine], high=-held[symbol] + TIGHTER)
    _groups(draft, held)
    if limits.max_turnover is not None:
        draft.told.row("max_turnover", [(draft.chosen, draft.atoms.gross / 2)], high=limits.max_turnover - TIGHTER, slope=1.0)
    for cut in scene.cuts:
        slopes = cut.slope[[scene.legs[number].symbol for number in draft.atoms.leg.tolist()]]
        most = cut.limit - cut.offset - float(cut.slope @ held)
        draft.told.row("max_tracking_error", [(draft.chosen, draft.atoms.value * slopes)], high=most, slope=1.0)


def _groups(draft: _Draft, held: Floats) -> None:
    """Rows of the limits of groups, each with a name of its own."""
    for bound in draft.scene.ways.constraints.groups:
        members = members_of(draft.scene.standing, bound)
        parts = [draft.atoms_of(int(symbol)) for symbol in np.flatnonzero(members)]
        now, most = float(held[members].sum()), most_of_group(draft.scene, bound)
        if most < 1 and parts:
            draft.told.row(f"at most {bound.name}", [*parts, *draft.of_value(most)], high=most * draft.left - now - TIGHTER, slope=1.0)
        if bound.least > 0:
            lost = draft.of_value(bound.least) if any(len(places) for places, _ in parts) else []  # what cannot grow does not by losing the rest
            low = bound.least * draft.left - now + TIGHTER
            draft.told.row(f"at least {bound.name}", [*parts, *lost], low=low, slope=1.0)


def members_of(standing: Standing, bound: GroupBound) -> NDArray[np.bool_]:
    """Tell which symbols a limit of a group is about."""
    return np.array([name.lower() == bound.key.lower() for name in standing.groups.get(bound.by, ("",) * len(standing.symbols))], dtype=np.bool_)


def most_of_group(scene: Scene, bound: GroupBound) -> float:
    """Give the most that a group may weigh: where nothing is sold, not below what it has already."""
    now = float(scene.standing.values[members_of(scene.standing, bound)].sum()) / scene.worth
    return max(bound.most, now) if scene.ways.buy_only else bound.most


def most_of(scene: Scene, symbol: int) -> float:
    """Give the largest weight of a symbol: where nothing is sold, not below what it has already."""
    most = scene.ways.constraints.max_weight
    most = np.inf if most is None else most
    return max(most, float(scene.standing.values[symbol]) / scene.worth) if scene.ways.buy_only else float(most)


def _tax(draft: _Draft) -> None:
    """Tax is not below any of its planes; what the year has realised so far is in it."""
    scene, taxes = draft.scene, draft.scene.ways.taxes
    if not (taxes.short_rate or taxes.long_rate):
        return
    so_far = scene.standing.realised
    due = draft.told.variables(scene.ways.cost_aversion)
    for short, long in tax_upper(taxes).tolist():
        known = (short * so_far.short + long * so_far.long) / scene.worth
        draft.told.row(FIXED, [(due, 1.0), (draft.chosen, -short * draft.atoms.short - long * draft.atoms.long)], low=known)
    budget = scene.ways.constraints.tax_budget
    if budget is not None:
        known = tax_due(so_far.short, so_far.long, taxes)
        draft.told.row("tax_budget", [(due, 1.0)], high=(budget + known) / scene.worth - TIGHTER, slope=1.0)
