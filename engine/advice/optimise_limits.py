"""Constraints of an optimiser: as matrices, and which of them contradict each other where nothing satisfies all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.programme import FIXED, Programme
from engine.advice.rules_words import exact
from engine.advice.trades import Conflict
from engine.errors import InvalidInput

__all__ = ["GroupLimit", "Limits", "Rows", "conflicts_of", "matrices"]

Floats = NDArray[np.float64]
CUTS: Final = 40


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """The least and the most that some symbols may weigh together."""

    name: str  # "sector Technology"
    members: tuple[str, ...]
    least: float = 0.0
    most: float = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What weights must obey; fractions, a year's figures."""

    min_weight: float = 0.0
    max_weight: float = 1.0
    excluded: tuple[str, ...] = ()
    groups: tuple[GroupLimit, ...] = ()
    max_turnover: float | None = None  # half of the sum of changes from the present weights
    min_return: float | None = None
    max_tracking_error: float | None = None

    def told(self) -> dict[str, Any]:
        """Name what is asked for, as models name what they obey."""
        return {"min_weight": self.min_weight, "max_weight": self.max_weight if self.max_weight < 1 else None, "groups": self.groups,
                "max_turnover": self.max_turnover is not None, "min_return": self.min_return is not None,
                "max_tracking_error": self.max_tracking_error is not None}


@dataclass(frozen=True, slots=True)
class Rows:
    """Bounds of each weight, and rows of left @ weights <= right."""

    least: Floats
    most: Floats
    left: Floats | None
    right: Floats | None


def matrices(limits: Limits, symbols: Sequence[str]) -> Rows:
    """Lay constraints out over the symbols.

    Raises
    ------
    InvalidInput
        Bounds that are none, or the wrong way round.
    """
    _check(limits)
    out = np.array([symbol in limits.excluded for symbol in symbols], dtype=np.bool_)
    least, most = np.where(out, 0.0, limits.min_weight), np.where(out, 0.0, limits.max_weight)
    left: list[Floats] = []
    right: list[float] = []
    for group in limits.groups:
        mask = np.array([symbol in group.members for symbol in symbols], dtype=np.float64)
        if group.most < 1:
            left.append(mask)
            right.append(group.most)
        if group.least > 0:
            left.append(-mask)
            right.append(-group.least)
    return Rows(least, most, np.array(left) if left else None, np.array(right) if right else None)


def conflicts_of(limits: Limits, symbols: Sequence[str], present: Floats, mean: Floats,
                 tracked: tuple[Floats, Floats] | None = None) -> tuple[Conflict, ...]:
    """Name the constraints that cannot hold together, with how far each alone would have to give way.

    Parameters
    ----------
    limits
        Constraints.
    symbols
        What is chosen from.
    present, mean
        Weights of now; expected returns of a year.
    tracked
        Returns of the symbols and of the benchmark, scaled so that their deviations are a year's; where the tracking error is limited.

    Returns
    -------
    tuple of Conflict
        Empty where there is a solution.
    """
    told, weights = _programme(limits, symbols, present, mean)
    if tracked is not None and limits.max_tracking_error is not None:
        _track(told, weights, tracked, limits.max_tracking_error)
    if told.solve() is not None:
        return ()
    found = told.conflict()
    clashes = tuple(_conflict(limits, name, slack, jointly=found.jointly) for name, slack in found.slacks.items())
    return clashes or (_conflict(limits, "max_weight", float("nan")),)


def _programme(limits: Limits, symbols: Sequence[str], present: Floats, mean: Floats) -> tuple[Programme, NDArray[np.int64]]:
    rows, told = matrices(limits, symbols), Programme()
    weights = told.variables(np.zeros(len(symbols)), high=1.0)
    told.row(FIXED, [(weights, 1.0)], low=1.0, high=1.0)
    for place, symbol in enumerate(symbols):
        one = [(weights[place : place + 1], 1.0)]
        if symbol in limits.excluded:
            told.row("excluded", one, high=0.0)
        elif rows.least[place] > 0:
            told.row("min_weight", one, low=float(rows.least[place]), slope=1.0)
        if symbol not in limits.excluded and rows.most[place] < 1:
            told.row("max_weight", one, high=float(rows.most[place]), slope=1.0)
    for group in limits.groups:
        mine = weights[[symbol in group.members for symbol in symbols]]
        if group.most < 1:
            told.row(f"at most {group.name}", [(mine, 1.0)], high=group.most, slope=1.0)
        if group.least > 0:
            told.row(f"at least {group.name}", [(mine, 1.0)], low=group.least, slope=1.0)
    if limits.min_return is not None:
        told.row("min_return", [(weights, mean)], low=limits.min_return, slope=1.0)
    if limits.max_turnover is not None:
        _turn(told, weights, present, limits.max_turnover)
    return told, weights


def _turn(told: Programme, weights: NDArray[np.int64], present: Floats, most: float) -> None:
    moved = told.variables(np.zeros(len(present)))
    for place, now in enumerate(present.tolist()):
        told.row(FIXED, [(moved[place : place + 1], 1.0), (weights[place : place + 1], -1.0)], low=-now)
        told.row(FIXED, [(moved[place : place + 1], 1.0), (weights[place : place + 1], 1.0)], low=now)
    told.row("max_turnover", [(moved, 0.5)], high=most, slope=1.0)


def _track(told: Programme, weights: NDArray[np.int64], tracked: tuple[Floats, Floats], limit: float) -> None:
    """Lay planes under the tracking error until the least that the other constraints allow is known, then hold it to its limit."""
    own, other = tracked  # not about their means, as skfolio has it: a steady lead is an error too
    count = len(other) - 1
    error = told.variables(1.0)
    for _ in range(CUTS):
        found = told.solve()
        if found is None:
            return
        gap = own @ found[weights] - other
        true = float(np.sqrt(gap @ gap / count))
        if true - float(found[error][0]) < 1e-5:
            break
        slope = own.T @ gap / count / true
        told.row(FIXED, [(weights, -slope), (error, 1.0)], low=true - float(slope @ found[weights]))
    told.row("max_tracking_error", [(error, 1.0)], high=limit, slope=1.0)


def _conflict(limits: Limits, name: str, slack: float, *, jointly: bool = False) -> Conflict:
    limit, what, lowers = _words(limits, name)
    relaxed = limit - slack if lowers else limit + slack
    subject = name.partition(" ")[2].partition(" ")[2] if name.startswith("at ") else None
    return Conflict("groups" if subject else name, what, limit, relaxed, subject, jointly)


def _words(limits: Limits, name: str) -> tuple[float, str, bool]:
    if name.startswith("at "):
        group = next(each for each in limits.groups if name.endswith(each.name))
        share = group.most if name.startswith("at most") else group.least
        return share, f"{name.replace(group.name, '').strip()} {share:.1%} in {group.name}", name.startswith("at least")
    told: dict[str, tuple[float, str, bool]] = {
        "max_weight": (limits.max_weight, f"no holding above {limits.max_weight:.1%}", False),
        "min_weight": (limits.min_weight, f"no holding below {limits.min_weight:.1%}", True),
        "max_turnover": (limits.max_turnover or 0.0, f"a turnover of at most {limits.max_turnover or 0.0:.1%}", False),
        "min_return": (limits.min_return or 0.0, f"an expected return of at least {limits.min_return or 0.0:.1%} a year", True),
        "max_tracking_error": (limits.max_tracking_error or 0.0, f"a tracking error of at most {limits.max_tracking_error or 0.0:.1%} a year", False),
        "excluded": (0.0, f"nothing of {', '.join(limits.excluded)}", False),
    }
    return told[name]


def _check(limits: Limits) -> None:
    if not 0 <= limits.min_weight <= limits.max_weight <= 1:
        raise InvalidInput("max_weight", limits.max_weight, f"of {exact(limits.max_weight)} and a smallest weight of {exact(limits.min_weight)} are "
                           "not between 0 and 100 %, the smaller first", hint="Exchange the two", rule="out_of_range")
    for group in limits.groups:
        if not 0 <= group.least <= group.most <= 1:
            raise InvalidInput("groups", group.name, f"the limits of {group.name}, {exact(group.least)} to {exact(group.most)}, are not between 0 "
                               "and 100 %, the smaller first", hint="Exchange the two", rule="out_of_range")
        if not group.members and group.least > 0:
            raise InvalidInput("groups", group.name, f"{group.name} is the group of nothing that is chosen from, and should weigh at least "
                               f"{exact(group.least)}", hint="Name another group, or something of it to choose from", rule="unknown_value")


def group_limits(told: Mapping[str, Mapping[str, tuple[float, float]]], keys: Mapping[str, Mapping[str, str]]) -> tuple[GroupLimit, ...]:
    """Lay limits of groups out: dimension to group to least and most; `keys` are dimension to symbol to its group."""
    found = []
    for dimension, groups in told.items():
        if dimension not in keys:
            raise InvalidInput("groups", dimension, "is nothing that holdings are grouped by", hint=f"Use {', '.join(keys)}", rule="unknown_value")
        for name, (least, most) in groups.items():
            members = tuple(symbol for symbol, key in keys[dimension].items() if key.lower() == name.lower())
            found.append(GroupLimit(f"{dimension} {name}", members, least, most))
    return tuple(found)
