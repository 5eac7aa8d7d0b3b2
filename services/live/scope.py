"""One portfolio, or all of a workspace: what a batch of quotes does to it, and which of its rows changed in which flush."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.revaluation import revalue
from engine.types import Actor
from services.live import figures
from services.live.board import Board, Price, Slots, price_of_view
from services.live.figures import STATES, Fixed, Floats, Worth
from services.live.layout import Facts, Layout, Valued, rates_at
from services.live.reader import Loaded
from services.live.risk import LoadedRisk, ScopeRisk
from services.views import ALL, HoldingsView, LiveTerms

BODIES: Final = 16  # encoded at once for readers that are behind
_STATES: Final = tuple(f',"state":"{state.value}"' for state in STATES)


@dataclass(slots=True)
class Shown:
    """What clients see: the figures of the last flush, and for each row the flush in which it last changed."""

    facts: Facts
    table: Floats
    totals: dict[str, Any]
    changed: npt.NDArray[np.int64]
    head_changed: int
    states: npt.NDArray[np.int8]  # of the holdings' prices
    members: list[str | None]  # encoded rows
    risk: str  # encoded, empty where nobody asked


def facts_of(loaded: Loaded, board: Board, now: datetime) -> Facts:
    """Put a scope that was read on the board."""
    live, pairs = loaded.live, {**{pair: live_price(pair, loaded.live) for pair in loaded.live.rate_ids.values()}, **loaded.silent_pairs}
    held = [symbol for symbol, key in zip(live.symbols, live.instrument_ids, strict=True) if key is not None]
    slots = board.watch((price_of_view(live.quotes[symbol]) for symbol in held), now)
    pair_slots = board.watch(pairs.values(), now)
    return Facts(live, fixed_of(loaded), slots, pair_slots, tuple(pairs), np.full(len(pair_slots), np.nan), rates_of(live, {}))


def live_price(pair: str, live: LiveTerms) -> Price:
    """Give a quoted rate as a price of the board."""
    return replace(price_of_view(live.quotes[pair]), price=live.pairs[pair])


def rates_of(live: LiveTerms, moved: Mapping[str, float]) -> Floats:
    """Give base units per unit of each currency, with some pairs at a newer rate than when the scope was read."""
    known = {pair: rate for pair, rate in moved.items() if np.isfinite(rate)}
    return rates_at(live.base_currency, live.terms.currencies, tuple(sorted({**live.pairs, **known}.items())))


def fixed_of(loaded: Loaded) -> Fixed:
    """Collect what stays between two ledger changes."""
    live, terms, settled = loaded.live, loaded.live.terms, settled_of(loaded.view)
    return Fixed(
        is_cash=terms.is_cash,
        held=terms.units != 0,
        cost=np.where(terms.is_cash, 0.0, np.array(live.on_cost, dtype=np.float64)),
        settled=np.array([settled.get(symbol, 0.0) for symbol in live.symbols]),
        opening=terms.opening_value,
        moved_in=terms.moved_in,
        constants=live.constants,
    )


def settled_of(view: HoldingsView) -> dict[str, float]:
    """Give realised + income - fees - taxes by symbol, of open positions and of closed ones."""
    found: dict[str, float] = {}
    for rows in (view.figures.closed, view.figures.holdings):
        amounts = rows["realised"] + rows["income"] - rows["fees"] - rows["taxes"]
        found |= dict(zip(rows["symbol"].tolist(), amounts.tolist(), strict=True))
    return found


class Scope:
    """A scope on the board. `load` and `revalue` prepare, `commit` shows; clients read only what is shown."""

    def __init__(self, actor: Actor, name: str, at: float) -> None:
        self.actor = actor
        self.name = name
        self.left_at = at  # when the last client went
        self.read_on: Any = None  # the date on which it was read
        self.stale = False  # it is to be read again
        self.reloading = False
        self.rest_until = at  # not to be read again before
        self.gone = False
        self.loaded = 0  # flush in which it was shown anew, whole
        self.changed = 0  # flush in which anything of it last changed
        self.revisions: dict[str, int] = {}
        self.slots: Slots = np.zeros(0, dtype=np.int64)  # whose quotes clients see
        self.moved_by: frozenset[int] = frozenset()  # whose quotes change a figure here
        self.risk_wanted = False  # somebody follows it with its risk
        self.risk_left_at = at  # when the last of those went
        self.risk_changed = 0  # flush in which its risk last changed
        self.risk: ScopeRisk | None = None
        self.risk_next = ""  # encoded, to be shown with the next flush
        self._past: LoadedRisk | None = None
        self._benchmark: int | None = None  # slot
        self._valued: tuple[Worth, Floats, float] | None = None  # kept where risk is wanted
        self._ledger: dict[str, int] = {}  # portfolio -> flush in which its revision was shown
        self._facts: Facts | None = None
        self._next: tuple[Facts, Valued] | None = None
        self._shown: Shown | None = None
        self._names: list[str] = []  # symbols of the rows, encoded
        self._cache: dict[tuple[int, bool], str] = {}

    def concerns(self, portfolio: str) -> bool:
        """Tell whether a change of a portfolio's ledger changes this scope."""
        return self.name in {ALL, portfolio}

    def behind(self, revisions: Mapping[str, int]) -> bool:
        """Tell whether the ledgers have moved on, or portfolios came or went, since this was read."""
        if self.name == ALL:
            return self.revisions != revisions
        return not self.gone and self.revisions.get(self.name) != revisions.get(self.name)

    # ------------------------------------------------------------------------------------------------------------------ preparing

    def load(self, loaded: Loaded, board: Board, now: datetime) -> None:
        """Take over what was read; shown with the next flush."""
        self._facts = facts_of(loaded, board, now)
        self.revisions = dict(loaded.live.revisions)
        self._bind()
        self.read_on = now.date()

    def take_risk(self, loaded: LoadedRisk, board: Board, now: datetime) -> None:
        """Take over the past that risk is counted on; shown with the next flush."""
        self._past = loaded
        self._benchmark = None if loaded.benchmark is None else int(board.watch([price_of_view(loaded.benchmark)], now)[0])
        self._bind()

    def _bind(self) -> None:
        """Lay risk over the rows, and note whose quotes move anything here."""
        facts = self._facts
        if facts is None:
            return
        self.risk = None if self._past is None else ScopeRisk(self._past, facts)
        against = frozenset() if self._benchmark is None else frozenset([self._benchmark])
        self.moved_by = frozenset(facts.slots.tolist()) | frozenset(facts.pair_slots.tolist()) | against

    def vanish(self) -> None:
        """Show from the next flush on that the portfolio is no more."""
        self.gone, self._facts, self._next, self.risk = True, None, None, None
        self.moved_by = frozenset()

    @property
    def facts(self) -> Facts | None:
        """Give what is to be valued; None where the portfolio is no more."""
        return self._facts

    @property
    def table(self) -> Floats | None:
        """Give the table that clients see now."""
        return None if self._shown is None else self._shown.table

    def revalue(self, board: Board) -> None:
        """Value every row at the prices of the board."""
        if self._facts is not None:
            self.take(self._facts, Layout([self._facts]).value(board, [self.table])[0], board)

    def take(self, facts: Facts, valued: Valued, board: Board) -> None:
        """Take over a valuation; shown with the next flush."""
        self._next = (facts, valued)
        if self.risk_wanted:
            self._valued = (valued.worth, facts.rate, float("nan") if self._benchmark is None else float(board.price[self._benchmark]))

    def worth_now(self) -> tuple[Worth, Floats, float] | None:
        """Give the last valuation for the board of risks: rows, the rates in it, the price of the benchmark."""
        return self._valued

    # -------------------------------------------------------------------------------------------------------------------- showing

    def commit(self, number: int) -> None:
        """Show what was prepared as of flush `number`."""
        self._cache.clear()
        if self._next is None:
            self.changed = self.loaded = number
            self._shown = None
            return
        (facts, valued), self._next = self._next, None
        risk = self.risk_next or (self._shown.risk if self._shown else "")
        if risk and (self._shown is None or risk != self._shown.risk):
            self.risk_changed = number
        if self._shown is None or self._shown.facts is not facts:
            self._show_anew(facts, valued, number)
        else:
            self._show_changes(self._shown, valued, number)
        if self._shown is not None:
            self._shown.risk = risk

    def _show_anew(self, facts: Facts, valued: Valued, number: int) -> None:
        before = self._shown.facts.live.revisions if self._shown else {}
        revisions, count = facts.live.revisions, len(valued.table)
        self._ledger = {key: self._ledger.get(key, number) if before.get(key) == revisions[key] else number for key in revisions}
        self._shown = Shown(facts, valued.table, valued.totals, np.full(count, number, dtype=np.int64), number, valued.states, [None] * count, "")
        self._names = [json.dumps(symbol) for symbol in facts.live.symbols]
        self.slots = facts.slots
        self.changed = self.loaded = number

    def _show_changes(self, shown: Shown, valued: Valued, number: int) -> None:
        moved = valued.moved
        moved[: len(valued.states)] |= valued.states != shown.states
        rows = np.flatnonzero(moved)
        for row, known in zip(rows.tolist(), valued.table[rows].tolist(), strict=True):
            shown.members[row] = self._member(row, known, valued.states)
        shown.changed[rows] = number
        if valued.totals != shown.totals:
            shown.head_changed = self.changed = number
        if rows.size:
            self.changed = number
        shown.table, shown.totals, shown.states = valued.table, valued.totals, valued.states

    def totals(self) -> dict[str, Any] | None:
        """Give what clients see of the whole, and the names of the rows under `holdings`; None where the portfolio is no more."""
        shown = self._shown
        if shown is None:
            return None
        return {"currency": shown.facts.live.base_currency, **shown.totals, "holdings": shown.facts.live.symbols}

    def changed_at(self, *, risk: bool = False) -> int:
        """Give the flush in which anything that is followed last changed."""
        return max(self.changed, self.risk_changed) if risk else self.changed

    def member(self, since: int, *, risk: bool = False) -> str:
        """Give the JSON member with what changed after flush `since`: `"<id>":{...}`, with its risk where that is followed."""
        member = self._cache.get((since, risk))
        if member is None:
            member = f"{json.dumps(self.name)}:{{{self._body(since, risk=risk)}}}"
            if len(self._cache) < BODIES:
                self._cache[since, risk] = member
        return member

    def _body(self, since: int, *, risk: bool) -> str:
        shown, whole = self._shown, since < self.loaded
        if shown is None:
            return '"full":true,"gone":true,"holdings":{}'
        facts, parts = shown.facts, []
        if whole:
            parts.append(f'"full":true,"currency":{json.dumps(facts.live.base_currency)}')
        if whole or shown.head_changed > since:
            parts.append(figures.encode(shown.totals)[1:-1])
        if risk and shown.risk and (whole or self.risk_changed > since):
            parts.append(f'"risk":{shown.risk}')
        rows = range(len(shown.members)) if whole else np.flatnonzero(shown.changed > since).tolist()
        parts.append(f'"holdings":{{{",".join(self._row(shown, row) for row in rows)}}}')
        return ",".join(parts)

    def _row(self, shown: Shown, row: int) -> str:
        member = shown.members[row]
        if member is None:
            member = shown.members[row] = self._member(row, shown.table[row].tolist(), shown.states)
        return member

    def _member(self, row: int, known: list[float], states: npt.NDArray[np.int8]) -> str:
        state = _STATES[states[row]] if row < len(states) else ""
        return f"{self._names[row]}:{{{figures.encoded_row(known)}{state}}}"

    def ledger_members(self, since: int) -> str:
        """Give the JSON members of the ledger revisions shown after flush `since`."""
        if self._shown is None:
            return ""
        revisions = self._shown.facts.live.revisions
        return ",".join(f"{json.dumps(key)}:{revisions[key]}" for key, shown_in in self._ledger.items() if shown_in > since)


def worth_of(facts: Facts, board: Board) -> Worth:
    """Value the rows of a scope: the engine does it, the board says at which prices."""
    terms, rate = facts.live.terms, facts.rates(board)
    price = np.full(len(terms.symbols), np.nan)
    price[: len(facts.slots)] = board.price[facts.slots]
    result = revalue(terms, price, rate)
    return Worth(result.market_value, result.unrealised, result.day_pnl, price, rate[terms.currency_index])
