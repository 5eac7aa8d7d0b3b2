"""Every active rule as one line of a sheet: a batch of quotes moves a vector of prices, and all lines are compared at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from data.alert_records import StoredRule
from engine.alerts import UNSEEN, AlertStates, Measure, alert_conditions, alert_crossings
from engine.types import PriceState
from services.alerts.reading import Basis, scope_key
from services.alerts.rule_fields import rule_of
from services.live import figures
from services.live.board import Board, Price, Slots
from services.live.reader import Loaded
from services.live.scope import facts_of, worth_of

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NOWHERE: Final = -1
AGED: Final = frozenset({PriceState.STALE, PriceState.DELAYED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one evaluation came to, line by line."""

    at: datetime
    values: Floats
    states: AlertStates
    fired: Flags
    moved: Flags  # what a line remembers is another, and is to be kept

    @property
    def is_news(self) -> bool:
        """Whether anything is to be kept."""
        return bool(self.moved.any())


class ScopeLine:
    """A scope at the prices of a board. Where a price is missing nothing of the whole is known: half a portfolio has not fallen."""

    def __init__(self, loaded: Loaded, board: Board, now: datetime) -> None:
        self._facts = facts_of(loaded, board, now)
        self.slots: Slots = self._facts.slots
        self.moved_by = frozenset(self._facts.slots.tolist()) | frozenset(self._facts.pair_slots.tolist())
        self.rows = {symbol: place for place, symbol in enumerate(loaded.live.symbols)}
        self.value, self.factor = math.nan, math.nan  # factor: growth since the last close
        self.worth: Floats = np.full(len(self.rows), np.nan)

    def revalue(self, board: Board) -> None:
        """Value every row."""
        fixed, worth = self._facts.fixed, worth_of(self._facts, board)
        told = figures.totals(fixed, worth, figures.rows(fixed, worth))
        complete, moved = told["missing"] == 0, told["day_return"]
        self.worth = worth.market_value
        self.value = float(told["value"]) if complete else math.nan
        self.factor = 1.0 + float(moved) if complete and moved is not None else math.nan


class Sheet:
    """Rules laid out over a board.

    Parameters
    ----------
    basis : Basis
        What was read.
    board : Board
        Takes the quotes; instruments and scopes of the rules are put on it.
    now : datetime
    """

    def __init__(self, basis: Basis, board: Board, now: datetime) -> None:
        self.basis, self.rules, self._board = basis, basis.rules, board
        self.conditions = alert_conditions([rule_of(rule) for rule in self.rules])
        self.states = stored_states(self.rules)
        self.scopes = {key: ScopeLine(loaded, board, now) for key, loaded in basis.scopes.items()}
        self._lay(now)
        self.revalue(None)

    def _lay(self, now: datetime) -> None:
        """Tell for each line where on the board, in which scope and in which of its rows it looks."""
        count, places = len(self.rules), {key: place for place, key in enumerate(self.scopes)}
        self.slot = np.full(count, NOWHERE, dtype=np.int64)
        self.scope = np.full(count, NOWHERE, dtype=np.int64)
        self.row = np.full(count, NOWHERE, dtype=np.int64)
        offsets = np.cumsum([0, *(len(each.rows) for each in self.scopes.values())])
        slots = dict(zip(self.basis.prices, self._board.watch(self.basis.prices.values(), now).tolist(), strict=True))
        for line, rule in enumerate(self.rules):
            key = scope_key(rule)
            if key is None:
                self.slot[line] = slots.get(rule.instrument_id, NOWHERE) if rule.instrument_id else NOWHERE
            elif key in places:
                self.scope[line] = places[key]
                if rule.symbol in self.scopes[key].rows:
                    self.row[line] = offsets[places[key]] + self.scopes[key].rows[rule.symbol]
        self._of_row = np.array([rule.symbol is not None and scope_key(rule) is not None for rule in self.rules], dtype=np.bool_)
        self._is = {measure: np.array([rule.measure == measure.value for rule in self.rules], dtype=np.bool_) for measure in Measure}
        self._base, self._start, self._peak, self._var = (
            np.array([getattr(each, name) for each in self.basis.backing], dtype=np.float64) for name in ("base", "start", "peak", "var"))
        self.findings = np.array(self.basis.findings, dtype=np.float64)
        self._stale = np.flatnonzero(self._is[Measure.STALE])

    # --------------------------------------------------------------------------------------------------------------------- evaluating

    def adopt(self, older: Sheet) -> None:
        """Take over what the sheet before remembered of the same versions of rules: it knows more than what was read."""
        known = {(rule.id, rule.version): line for line, rule in enumerate(older.rules)}
        pairs = {line: known[key] for line, rule in enumerate(self.rules) if (key := (rule.id, rule.version)) in known}
        mine, theirs = np.array([*pairs], dtype=np.int64), np.array([*pairs.values()], dtype=np.int64)
        for name in ("side", "fired_at", "last"):
            getattr(self.states, name)[mine] = getattr(older.states, name)[theirs]
        self.rules = tuple(replace(rule, fired_at=older.rules[pairs[line]].fired_at) if line in pairs else rule
                           for line, rule in enumerate(self.rules))

    def revalue(self, slots: Iterable[int] | None) -> None:
        """Value the scopes that some slots of the board move; all of them with None."""
        moved = None if slots is None else frozenset(slots)
        for each in self.scopes.values():
            if moved is None or moved & each.moved_by:
                each.revalue(self._board)
        self._value = np.array([*(each.value for each in self.scopes.values()), np.nan])
        self._factor = np.array([*(each.factor for each in self.scopes.values()), np.nan])
        self._worth = np.concatenate([*(each.worth for each in self.scopes.values()), [0.0]])  # the last: what is not held

    def values(self, now: datetime) -> Floats:
        """Give what each line looks at, in the unit of its threshold."""
        level = np.where(self.slot >= 0, self._board.price[self.slot], self._base * self._factor[self.scope])
        whole = self._value[self.scope]
        part = np.where(np.isfinite(whole), self._worth[self.row], np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            told = {
                Measure.PRICE: level, Measure.MOVE: level / self._start - 1.0, Measure.DRAWDOWN: level / np.maximum(self._peak, level) - 1.0,
                Measure.VALUE: np.where(self._of_row, part, whole), Measure.WEIGHT: np.where(whole > 0, part / whole, np.nan),
                Measure.VAR: self._var, Measure.FINDING: self.findings,
            }
        found = np.full(len(self.rules), np.nan)
        for measure, values in told.items():
            np.copyto(found, values, where=self._is[measure])
        for line in self._stale.tolist():
            found[line] = self._age(line, now)
        return found

    def evaluate(self, now: datetime) -> Outcome:
        """Compare every line with its threshold; nothing is remembered before `accept`."""
        values = self.values(now)
        states, fired = alert_crossings(self.conditions, self.states, values, now.timestamp())
        counted = self.conditions.counting & (states.last != self.states.last) & np.isfinite(states.last)
        return Outcome(now, values, states, fired, (states.side != self.states.side) | fired | counted)

    def accept(self, outcome: Outcome) -> None:
        """Remember what an evaluation came to, once it is kept."""
        self.states = outcome.states
        if outcome.fired.any():
            self.rules = tuple(replace(rule, fired_at=outcome.at) if fired else rule
                               for rule, fired in zip(self.rules, outcome.fired.tolist(), strict=True))

    def simulated(self, line: int) -> bool:
        """Tell whether a line looks at prices that are made up."""
        return any(price.simulated for price in self._prices(line))

    def _prices(self, line: int) -> list[Price]:
        if self.slot[line] >= 0:
            return [self._board.prices[self.slot[line]]]
        if self.scope[line] < 0:
            return []
        scope = list(self.scopes.values())[self.scope[line]]
        return [self._board.prices[slot] for slot in scope.slots.tolist()]

    def _age(self, line: int, now: datetime) -> float:
        """Give the age of a price in minutes, of a scope that of its oldest; 0 while its market is closed."""
        prices = self._prices(line)
        ages = [_minutes(price, now) for price in prices]
        return max(ages) if ages else math.nan


def _minutes(price: Price, now: datetime) -> float:
    if price.ts is None or price.state not in AGED:
        return 0.0 if price.ts is not None else math.nan
    return max(now.timestamp() - price.ts / 1000, 0.0) / 60


def stored_states(rules: Sequence[StoredRule]) -> AlertStates:
    """Give what rules remember as it was kept; what a former version remembered of its firing does not make it fire again."""
    fired = [rule.fired_at.timestamp() if rule.fired_at and rule.side != UNSEEN else math.nan for rule in rules]
    last = [math.nan if rule.last is None else rule.last for rule in rules]
    return AlertStates(np.array([rule.side for rule in rules], dtype=np.int8), np.array(fired, dtype=np.float64), np.array(last, dtype=np.float64))
