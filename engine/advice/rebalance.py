"""From targets to trades: lots by their tax, costs, bands, new money first, small trades left out, whole lots, several accounts.

A linear programme finds how much; small trades are then left out, quantities set to whole lots, and among the quantities next to each
solution the best are chosen, for which fee, gain and tax are exact. What comes out is held against every constraint once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.legs import Atoms, Ways, candidates, legs_of, segments
from engine.advice.programme import Core
from engine.advice.reasons import conflict_told, notes_of, reason_of
from engine.advice.search import Cut, Scene, money_purse, programme
from engine.advice.settling import Breach, Settled, Tracking, breaches, settled
from engine.advice.standing import Aims, Purse, Standing
from engine.advice.trades import BUY, SELL, Conflict, TradeList
from engine.errors import InvalidInput

__all__ = ["BRINGS", "Outcome", "rebalance"]

Floats = NDArray[np.float64]
BRINGS: Final = ("targets", "breached", "edge")
DUST: Final = 1e-7  # of the value: no trade is that small
STEPS: Final = 8  # decimals of a quantity where fractions are allowed
CUTS: Final = 25
ROUNDS: Final = 4
PROBES: Final = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """Trades, or the constraints that leave none."""

    list: TradeList
    conflicts: tuple[Conflict, ...]
    after: Settled
    scene: Scene


def rebalance(standing: Standing, aims: Aims, ways: Ways, *, bring: str = "targets", tracking: Tracking | None = None) -> Outcome:
    """Find the trades that bring a portfolio to its targets.

    Parameters
    ----------
    standing
        What is held, at its marks.
    aims
        Where it should be.
    ways
        Constraints, costs, taxes, new money, and whether anything may be sold.
    bring
        ``targets``: everything to its target; ``breached``: what left its band to its target; ``edge``: what left its band back to the edge.
    tracking
        What a limit of the tracking error is measured with.

    Returns
    -------
    Outcome
        No trades where the constraints contradict each other: then `conflicts` names those that do, and how far each would have to give way.

    Raises
    ------
    InvalidInput
        Nothing is there to trade with, or `bring` is none of the three.

    Notes
    -----
    Convention: weights are of the value after costs, new money in it; a distance is linear and dearer the larger it is. Nothing is sold
    short and no purse falls below nothing, or below where it was. A constraint that is broken already and that purchases alone cannot mend
    is not made worse.
    """
    if bring not in BRINGS:
        raise InvalidInput("bring", bring, "is not a way to rebalance", hint=f"Use one of {', '.join(BRINGS)}", rule="unknown_value")
    worth = standing.value + ways.new_money
    if not worth > 0:
        raise InvalidInput("new_money", ways.new_money, f"leaves {worth:,.2f} {standing.base_currency}: there is nothing to put into targets",
                           hint="Take less out, or put money in", rule="nothing_there")
    scene = Scene(standing, _narrowed(standing, aims, bring), ways, tuple(legs_of(standing, aims, ways)), worth)
    return _searched(scene, aims, tracking)


def _searched(scene: Scene, aims: Aims, tracking: Tracking | None) -> Outcome:
    limit = scene.ways.constraints.max_tracking_error
    for _ in range(CUTS):
        units, after, broken = _once(scene, tracking)
        if units is None:
            return _nothing(scene, broken, tracking)
        if not broken:
            return _told(scene, aims, units)
        if tracking is None or limit is None or {each.name for each in broken} != {"max_tracking_error"}:
            break
        scene = replace(scene, cuts=(*scene.cuts, tracking.cut(after.weights, limit * (1 - 1e-5))))
    return _nothing(scene, broken, tracking)


def _once(scene: Scene, tracking: Tracking | None) -> tuple[list[float] | None, Settled, list[Breach]]:
    """Search once under the planes known so far: first without whole lots, then among the quantities nearby."""
    loose = _loose(scene)
    if loose is None:
        return None, settled(scene, [0.0] * len(scene.legs)), [Breach("min_trade", None, scene.ways.constraints.min_trade, 0.0)]
    units = [0.0] * len(scene.legs)
    after, broken = settled(scene, units), [Breach("lot", None, scene.ways.constraints.lot, 0.0)]
    for choices in _choices(scene, loose):
        found = _chosen(scene, choices)
        if found is None:
            continue
        units, after = found, settled(scene, found)
        broken = breaches(scene, after, tracking)
        if not broken or {each.name for each in broken} == {"max_tracking_error"}:
            return units, after, broken
    return units, after, broken


def _loose(scene: Scene) -> Floats | None:
    """Find quantities without regard to whole lots; trades that are too small left out, or made large enough where it does not go without."""
    units = _solved(scene, np.full(len(scene.legs), np.inf), np.zeros(len(scene.legs)))
    for _ in range(ROUNDS):
        if units is None:
            return None
        found = next((each for each in _narrower(scene, units) if each is not None), None)
        if found is not None and np.allclose(found, units, rtol=1e-6):
            return found
        units = found
    return units


def _narrower(scene: Scene, units: Floats) -> Iterable[Floats | None]:
    """Solve again with nothing bought and sold at once, and no trade that is too small, in one way after the other until one has an answer."""
    smallest = scene.ways.constraints.min_trade
    small = (units > _dust(scene)) & (_amounts(scene, units) < smallest)
    for one_way in (_netted(scene, units), ~_both(scene, units, BUY), ~_both(scene, units, SELL)):
        for most in (one_way & (units > _dust(scene)), one_way):
            top = np.where(most, np.inf, 0.0)
            yield _solved(scene, np.where(small, 0.0, top), np.zeros(len(units)), near=units)
            if small.any():
                yield _solved(scene, top, np.where(small & most, smallest, 0.0), near=units)


def _netted(scene: Scene, units: Floats) -> NDArray[np.bool_]:
    """Tell which legs go the way that their symbol goes over all accounts."""
    signs, symbols = np.array([leg.sign() for leg in scene.legs]), np.array([leg.symbol for leg in scene.legs], dtype=np.int64)
    net = np.zeros(len(scene.standing.symbols))
    np.add.at(net, symbols, signs * units)
    allowed: NDArray[np.bool_] = signs * net[symbols] >= 0
    return allowed


def _both(scene: Scene, units: Floats, side: str) -> NDArray[np.bool_]:
    """Tell which legs of a side are of symbols that are bought and sold at once."""
    ways = {way: {leg.symbol for leg, count in zip(scene.legs, units.tolist(), strict=True) if leg.side == way and count > 0} for way in (BUY, SELL)}
    return np.array([leg.side == side and leg.symbol in ways[BUY] & ways[SELL] for leg in scene.legs], dtype=np.bool_)


def _solved(scene: Scene, most: Floats, least: Floats, near: Floats | None = None) -> Floats | None:
    """Solve the loose programme; `most` of a leg is 0 or infinite, `least` an amount. Fees that are certain are in it."""
    standing, costs = scene.standing, scene.ways.costs
    known = {} if near is None else {number: float(count) for number, count in enumerate(near) if count > 0}
    atoms, tops = segments(standing, scene.legs, scene.ways, scene.worth, known)
    tops = np.minimum(tops, most[atoms.leg])
    charges: dict[Purse, float] = {}
    for number in known:
        if most[number] > 0 and costs.fee:
            purse = scene.legs[number].purse
            charges[purse] = charges.get(purse, 0.0) + costs.fee / scene.worth
    told, places = programme(scene, atoms, tops, charges=charges)
    for number in np.flatnonzero(least > 0).tolist():
        mine = atoms.leg == number
        told.row("min_trade", [(places[mine], atoms.gross[mine])], low=float(least[number]) / scene.worth)
    found = told.solve()
    if found is None:
        return None
    units = np.zeros(len(scene.legs))
    np.add.at(units, atoms.leg, np.maximum(found[places], 0.0) * atoms.units)
    return units


def _choices(scene: Scene, units: Floats) -> Iterable[list[tuple[float, ...]]]:
    """Give the quantities that each leg may have: first those next to the solution, then more of them."""
    lot, every = scene.ways.constraints.lot, range(len(scene.legs))
    near = [_next_to(scene, number, float(units[number]), lot) for number in every]
    yield near
    yield [tuple(sorted({0.0, *_steps(scene, number, near[number], lot)})) for number in every]
    yield [tuple(sorted({0.0, *near[number], *(_fit(scene, number, float(units[number]) * part, lot) for part in (0.25, 0.5, 0.75, 0.9, 0.97))}))
           for number in every]


def _next_to(scene: Scene, number: int, units: float, lot: float) -> tuple[float, ...]:
    """Give the whole lots below and above a quantity; what would be too small a trade is none."""
    if units <= _dust(scene)[number]:
        return (0.0,)
    leg = scene.legs[number]
    if lot <= 0 or leg.held - units <= 1e-9 * units:
        return (_large_enough(scene, number, _fit(scene, number, units, lot)),)
    low = floor(units / lot + 1e-9) * lot
    return tuple(sorted({_large_enough(scene, number, each) for each in (low, min(low + lot, leg.held))}))


def _steps(scene: Scene, number: int, near: Sequence[float], lot: float) -> list[float]:
    if lot <= 0 or max(near) == 0:
        return [*near]
    wider = [*near, (ceil(min(near) / lot - 1e-9) - 1) * lot, (floor(max(near) / lot + 1e-9) + 1) * lot]  # all that is held may be no whole lot
    return [_large_enough(scene, number, each) for each in wider if 0 <= each <= scene.legs[number].held]


def _fit(scene: Scene, number: int, units: float, lot: float) -> float:
    """Cut a quantity to what can be traded: whole lots, or eight decimals; all that is held stays all of it."""
    held = scene.legs[number].held
    if held - units <= 1e-9 * units:
        return held
    return floor(units / lot + 1e-9) * lot if lot > 0 else floor(units * 10**STEPS + 0.5e-3) / 10**STEPS


def _large_enough(scene: Scene, number: int, units: float) -> float:
    return units if units * scene.legs[number].unit >= max(scene.ways.constraints.min_trade, DUST * scene.worth) else 0.0


def _chosen(scene: Scene, choices: Sequence[Sequence[float]]) -> list[float] | None:
    """Choose among quantities; None where no choice keeps the constraints."""
    if all(len(each) == 1 for each in choices):
        return [each[0] for each in choices]
    atoms = candidates(scene.standing, scene.legs, scene.ways, scene.worth, choices)
    told, places = programme(scene, atoms, None)
    found = told.solve()
    if found is None:
        return None
    units = np.zeros(len(scene.legs))
    np.add.at(units, atoms.leg, np.round(found[places]) * atoms.units)
    return [float(each) for each in units]


def _narrowed(standing: Standing, aims: Aims, bring: str) -> Aims:
    """Draw each band together to its target where that is what is wanted."""
    if bring == "edge":
        return aims
    weights = standing.values / standing.value if standing.value else standing.values
    near = 1e-9 if bring == "breached" else -np.inf
    out = np.full(len(weights), True) if bring == "targets" else (weights > aims.high + near) | (weights < aims.low - near)
    groups = tuple(
        replace(aim, low=aim.weight, high=aim.weight)
        if bring == "targets" or not aim.low - near <= float(weights[aim.members].sum()) <= aim.high + near else aim for aim in aims.groups)
    return replace(aims, low=np.where(out, aims.weight, aims.low), high=np.where(out, aims.weight, aims.high), groups=groups)


def _amounts(scene: Scene, units: Floats) -> Floats:
    return units * np.array([leg.unit for leg in scene.legs], dtype=np.float64)


def _dust(scene: Scene) -> Floats:
    return DUST * scene.worth / np.array([leg.unit for leg in scene.legs], dtype=np.float64)


def _told(scene: Scene, aims: Aims, units: Sequence[float]) -> Outcome:
    """Word a solution."""
    after = settled(scene, units, [reason_of(scene, aims, leg) for leg in scene.legs])
    return Outcome(_list(scene, after, notes_of(scene, aims, after)), (), after, scene)


def _nothing(scene: Scene, broken: Sequence[Breach], tracking: Tracking | None) -> Outcome:
    """Tell why there is no list: constraints that contradict each other, or whole lots that keep none of them."""
    still = settled(scene, [0.0] * len(scene.legs))
    core = _core(scene, tracking)
    conflicts = [conflict_told(scene, name, slack, jointly=core.jointly) for name, slack in core.slacks.items()]
    conflicts = conflicts or [conflict_told(scene, each.name, abs(each.found - each.limit), each.subject) for each in broken]
    return Outcome(_list(scene, still, ("No list of trades keeps every constraint: nothing is proposed",)), tuple(conflicts), still, scene)


def _core(scene: Scene, tracking: Tracking | None) -> Core:
    """Name what conflicts. Planes are laid under the tracking error until what would mend the rest keeps that too."""
    for _ in range(PROBES):
        atoms, tops = segments(scene.standing, scene.legs, scene.ways, scene.worth, {})
        told, places = programme(scene, atoms, tops)
        core = told.conflict()
        cuts = _missed(scene, tracking, core, [_reached(scene, atoms, told.solve(giving=names, nodes=50), places) for names in core.mends()])
        if not cuts:
            break
        scene = replace(scene, cuts=(*scene.cuts, *cuts))
    return core


def _reached(scene: Scene, atoms: Atoms, found: Floats | None, places: NDArray[np.int64]) -> Floats:
    """Give the weights of a solution, of the value before costs as the planes take them."""
    weights = scene.standing.values / scene.worth
    if found is not None:
        np.add.at(weights, np.array([leg.symbol for leg in scene.legs], dtype=np.int64)[atoms.leg], found[places] * atoms.value)
    return weights


def _missed(scene: Scene, tracking: Tracking | None, core: Core, reached: Sequence[Floats]) -> list[Cut]:
    """Give planes for what the weights that would mend a conflict break of the tracking error."""
    limit = scene.ways.constraints.max_tracking_error
    if tracking is None or limit is None:
        return []
    cuts = []
    for names, weights in zip(core.mends(), reached, strict=True):
        most = limit + (core.slacks["max_tracking_error"] if "max_tracking_error" in names else 0.0)
        if tracking.error(weights) > most * (1 + 1e-4) + 1e-9:
            cuts.append(tracking.cut(weights, limit))
    return cuts


def _list(scene: Scene, after: Settled, notes: tuple[str, ...]) -> TradeList:
    account = money_purse(scene.standing, scene.ways)[0] or scene.ways.account
    return TradeList(after.trades, after.conversions, scene.ways.new_money, account, after.cost, after.tax, after.gains.short, after.gains.long,
                     after.turnover, notes)
