"""Why each trade is proposed, what was left out, and which constraints contradict each other: in sentences."""

from __future__ import annotations

from math import isfinite

import numpy as np

from engine.advice.legs import Leg, is_allowed
from engine.advice.search import Scene
from engine.advice.settling import Settled
from engine.advice.standing import Aims
from engine.advice.trades import BUY, Conflict


def reason_of(scene: Scene, aims: Aims, leg: Leg) -> str:
    """Say why a symbol is bought or sold."""
    standing, at = scene.standing, leg.symbol
    name, weight = standing.symbols[at], float(standing.values[at]) / scene.worth
    if name in scene.ways.constraints.excluded:
        return f"{name} is excluded by the policy."
    group = next((aim for aim in aims.groups if aim.members[at]), None)
    if group is not None:
        now = float(standing.values[group.members].sum()) / scene.worth
        called = f"{group.name[:1].upper()}{group.name[1:]}"
        return f"{called} weighs {now:.1%}, its target is {group.weight:.1%}{_band(group.low, group.high, group.weight)}."
    target = float(aims.weight[at])
    if leg.side == BUY and weight == 0:
        return f"{name} is not held yet, its target is {target:.1%}."
    inside = aims.low[at] <= weight <= aims.high[at] and aims.low[at] < aims.high[at]
    if inside and abs(weight - target) > 1e-9 and (leg.side == BUY) != (weight < target):
        return f"{name} weighs {weight:.1%}, within its band: {'it takes what is left over' if leg.side == BUY else 'it pays for what is bought'}."
    return f"{name} weighs {weight:.1%}, its target is {target:.1%}{_band(float(aims.low[at]), float(aims.high[at]), target)}."


def notes_of(scene: Scene, aims: Aims, after: Settled) -> tuple[str, ...]:
    """Say what was left alone or left out."""
    standing, limits = scene.standing, scene.ways.constraints
    notes = [*aims.notes, *(f"{name} is sold short: it is left alone" for name in sorted(standing.shorts))]
    if not after.trades:
        notes.append("Nothing is worth a trade: every weight is within its band, or what is off is smaller than the smallest trade")
    washed = sorted({trade.symbol for trade in after.trades if trade.symbol in standing.washed and any(part.gain < 0 for part in trade.lots)})
    notes += [f"{name} was bought in the last {scene.ways.taxes.wash_days} days: the loss on it saves no tax" for name in washed]
    notes += _barred(scene, aims, after)
    traded = {trade.symbol for trade in after.trades}
    small = [name for at, name in enumerate(standing.symbols) if limits.min_trade and name not in traded and _is_off(scene, after, at)]
    if small:
        notes.append(f"Left as they are, because a trade would be below {limits.min_trade:,.0f} {standing.base_currency}: {', '.join(small)}")
    return tuple(notes)


def _barred(scene: Scene, aims: Aims, after: Settled) -> list[str]:
    """Say what stays below its target because it may not be bought."""
    standing, limits = scene.standing, scene.ways.constraints
    short = [at for at in range(len(standing.symbols)) if aims.weight[at] > after.weights[at] + 1e-6 and not is_allowed(standing, limits, at)]
    bare = [standing.symbols[at] for at in short if standing.symbols[at] not in limits.excluded]
    out = [standing.symbols[at] for at in short if standing.symbols[at] in limits.excluded]
    told = [f"Not bought, because the tag {limits.required_tag} is missing: {', '.join(bare)}"] if bare else []
    return [*told, *([f"Not bought, because it is excluded: {', '.join(out)}"] if out else [])]


def conflict_told(scene: Scene, name: str, slack: float, subject: str | None = None, *, jointly: bool = False) -> Conflict:
    """Word a constraint that cannot hold together with others."""
    if name.startswith("at "):
        return _of_group(scene, name, slack, jointly=jointly)
    limits, base = scene.ways.constraints, scene.standing.base_currency
    whole = scene.worth if name == "tax_budget" else 1.0
    limit = float(getattr(limits, name, 0.0) or 0.0) if name not in {"excluded", "required_tag"} else 0.0
    lowers = name in {"cash_buffer", "min_trade", "lot"}
    relaxed = limit - slack * whole if lowers else limit + slack * whole
    words = {
        "max_weight": f"no holding above {limit:.1%}", "max_turnover": f"turnover of at most {limit:.1%}",
        "tax_budget": f"at most {limit:,.2f} {base} tax",
        "cash_buffer": f"at least {limit:.1%} in cash", "max_tracking_error": f"a tracking error of at most {limit:.2%} a year",
        "excluded": f"nothing of {', '.join(limits.excluded)}", "required_tag": f"only what carries the tag {limits.required_tag}",
        "min_trade": f"no trade below {limit:,.2f} {base}", "lot": f"whole lots of {limit:g}",
        "cash": "no cash below nothing" + (f" ({subject})" if subject else ""),
    }
    return Conflict(name, words.get(name, name), limit, max(relaxed, 0.0) if isfinite(slack) else float("nan"), subject, jointly)


def _of_group(scene: Scene, name: str, slack: float, *, jointly: bool) -> Conflict:
    """Word a limit of a group: `name` is "at most sector Technology", or "at least"."""
    words, _, group = name.removeprefix("at ").partition(" ")
    bound = next(each for each in scene.ways.constraints.groups if each.name == group)
    limit, sign = (bound.most, 1.0) if words == "most" else (bound.least, -1.0)
    return Conflict("groups", f"at {words} {limit:.1%} in {bound.key}", limit, max(limit + sign * slack, 0.0), group, jointly)


def _band(low: float, high: float, target: float) -> str:
    return f", with {low:.1%} to {high:.1%} left alone" if np.isfinite(low) and (low < target or high > target) else ""


def _is_off(scene: Scene, after: Settled, at: int) -> bool:
    """Tell whether a symbol stays outside of its band although it could be traded."""
    weight = float(after.weights[at])
    off = max(weight - float(scene.aims.high[at]), float(scene.aims.low[at]) - weight)
    return 1e-6 * scene.worth < off * scene.worth < scene.ways.constraints.min_trade
