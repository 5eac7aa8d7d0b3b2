"""When a rule fires: the one evaluation of alerts, on the stream and on history alike.

A rule compares a measure (`engine.alert_measures`) with a threshold. It fires as the measure reaches the threshold, not while it stays beyond,
and is armed again once the measure has come back by a margin, so that a price that trembles on the line fires once. With a cool-down it fires
at most once in so many seconds, and again after each while the measure stays beyond. A measure that is beyond when it is first seen has not
crossed: nothing fires. Everything here is arrays of shape (n_rules,), one element a rule: a thousand rules cost what one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InvalidInput

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Sides = NDArray[np.int8]

UNSEEN, WITHIN, BEYOND = 0, 1, 2  # of a threshold: never measured; armed; reached and not come back
_NOISE: Final = 1e-12  # 113 / 100 - 1 is a little less than 0.13


class Measure(StrEnum):
    """What a rule looks at."""

    PRICE = "price"
    MOVE = "move"
    VALUE = "value"
    WEIGHT = "weight"
    DRAWDOWN = "drawdown"
    VAR = "var"
    STALE = "stale"
    FINDING = "finding"


class Direction(StrEnum):
    """Which side of the threshold is beyond; the threshold itself is."""

    ABOVE = "above"
    BELOW = "below"
    EITHER = "either"  # the size of a move counts, not its sign


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule. `margin` is in the unit of the threshold; a `cool_down_seconds` of 0 fires on crossings alone."""

    measure: Measure
    direction: Direction
    threshold: float
    margin: float = 0.0
    cool_down_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """Rules side by side, each an array of shape (n_rules,)."""

    threshold: Floats
    margin: Floats
    cool_down: Floats  # seconds
    above: Flags
    either: Flags
    counting: Flags  # of a number of things: one more is news, though the threshold was reached before


@dataclass(frozen=True, slots=True)
class AlertStates:
    """What each rule remembers, arrays of shape (n_rules,)."""

    side: Sides  # UNSEEN, WITHIN or BEYOND
    fired_at: Floats  # seconds since 1970; NaN: never
    last: Floats  # the measure when it was last known; NaN: never

    @classmethod
    def fresh(cls, count: int) -> AlertStates:
        """Give the states of rules that have seen nothing yet."""
        return cls(np.zeros(count, dtype=np.int8), np.full(count, np.nan), np.full(count, np.nan))


def alert_conditions(rules: Sequence[AlertRule]) -> Conditions:
    """Lay rules out side by side.

    Parameters
    ----------
    rules
        In the order that states and values have.

    Returns
    -------
    Conditions
        Arrays of shape (n_rules,).

    Raises
    ------
    InvalidInput
        A threshold, margin or cool-down that is not finite, or the latter two below 0.

    Examples
    --------
    >>> alert_conditions([AlertRule(Measure.PRICE, Direction.ABOVE, 100.0)]).threshold.tolist()
    [100.0]
    """
    for field in ("threshold", "margin", "cool_down_seconds"):
        for rule in rules:
            value = getattr(rule, field)
            if not np.isfinite(value) or (field != "threshold" and value < 0):
                raise InvalidInput(field, value, "is no usable number", hint="Use a finite one, not below 0")
    return Conditions(
        threshold=np.array([rule.threshold for rule in rules], dtype=np.float64), margin=np.array([rule.margin for rule in rules], dtype=np.float64),
        cool_down=np.array([rule.cool_down_seconds for rule in rules], dtype=np.float64),
        above=np.array([rule.direction is not Direction.BELOW for rule in rules], dtype=np.bool_),
        either=np.array([rule.direction is Direction.EITHER for rule in rules], dtype=np.bool_),
        counting=np.array([rule.measure is Measure.FINDING for rule in rules], dtype=np.bool_),
    )


def alert_crossings(conditions: Conditions, states: AlertStates, values: Floats, at: float) -> tuple[AlertStates, Flags]:
    """Compare measures with their thresholds once.

    Parameters
    ----------
    conditions
        Of `alert_conditions`.
    states
        What the rules remember from the time before.
    values
        ndarray of shape (n_rules,), each in the unit of its threshold; NaN: not known now.
    at
        Seconds since 1970.

    Returns
    -------
    tuple of AlertStates and ndarray of shape (n_rules,)
        What the rules remember now, and which of them fired.

    Notes
    -----
    Convention: reaching the threshold exactly is beyond it. What is not known changes nothing.

    Examples
    --------
    >>> conditions, states = alert_conditions([AlertRule(Measure.PRICE, Direction.ABOVE, 100.0)]), AlertStates.fresh(1)
    >>> fired = []
    >>> for at, price in enumerate([99.0, 100.0, 101.0, 99.0, 100.5]):
    ...     states, now = alert_crossings(conditions, states, np.array([price]), float(at))
    ...     fired.append(bool(now[0]))
    >>> fired
    [False, True, False, False, True]
    """
    measured = np.where(conditions.either, np.abs(values), values)
    gap = np.where(conditions.above, measured - conditions.threshold, conditions.threshold - measured)
    known = np.isfinite(gap)
    gap = np.where(known, gap, -np.inf)
    reached = gap >= -_NOISE * np.maximum(1.0, np.abs(conditions.threshold))
    returned = known & (gap < -conditions.margin) & ~reached
    was_beyond = states.side == BEYOND
    news = (states.side == WITHIN) | (was_beyond & conditions.counting & (measured > states.last))
    with np.errstate(invalid="ignore"):
        waited = np.isnan(states.fired_at) | (at - states.fired_at >= conditions.cool_down)
    again = was_beyond & (conditions.cool_down > 0) & ~np.isnan(states.fired_at)
    fired = reached & (news | again) & waited
    settled = returned | (known & (states.side == UNSEEN))
    side = np.where(reached, BEYOND, np.where(settled, WITHIN, states.side)).astype(np.int8)
    return AlertStates(side, np.where(fired, at, states.fired_at), np.where(known, measured, states.last)), fired


def alert_firings(rule: AlertRule, measures: pd.Series) -> pd.Series:
    """Try a rule on history: the days on which it would have fired.

    Parameters
    ----------
    rule
        What is tried.
    measures
        The rule's measure by date, ascending, in the unit of its threshold; NaN where it is not known.

    Returns
    -------
    Series
        The measure on the days on which the rule fired, by date.

    Notes
    -----
    Convention: one evaluation a day, by `alert_crossings`; cool-downs run in calendar time.

    Raises
    ------
    InvalidInput
        The dates do not ascend.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=5)
    >>> rule = AlertRule(Measure.PRICE, Direction.BELOW, 100.0, margin=1.0)
    >>> alert_firings(rule, pd.Series([103.0, 99.0, 100.5, 99.5, 102.0], index=days)).to_dict()
    {Timestamp('2024-01-02 00:00:00'): 99.0}
    """
    if not measures.index.is_monotonic_increasing:
        raise InvalidInput("measures", measures.index[0], "the dates do not ascend", hint="Sort them first: sort_index()")
    conditions, states = alert_conditions([rule]), AlertStates.fresh(1)
    cells = measures.to_numpy(dtype=np.float64)
    seconds = measures.index.to_numpy().astype("datetime64[s]").astype(np.int64).astype(np.float64)
    fired = np.zeros(len(cells), dtype=np.bool_)
    for place in range(len(cells)):
        states, now = alert_crossings(conditions, states, cells[place : place + 1], float(seconds[place]))
        fired[place] = now[0]
    return measures[fired]


def default_margin(measure: Measure, threshold: float) -> float:
    """Give the margin of a rule that names none.

    Parameters
    ----------
    measure
        What the rule looks at.
    threshold
        In its unit.

    Returns
    -------
    float
        A thousandth of the threshold for prices and values, a twentieth of it for fractions, 0 for counts and ages.

    Examples
    --------
    >>> default_margin(Measure.PRICE, 200.0), round(default_margin(Measure.MOVE, -0.05), 6)
    (0.2, 0.0025)
    """
    if measure in {Measure.PRICE, Measure.VALUE}:
        return abs(threshold) * 0.001
    return 0.0 if measure in {Measure.STALE, Measure.FINDING} else abs(threshold) * 0.05
