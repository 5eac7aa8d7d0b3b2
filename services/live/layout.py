"""Scopes laid out side by side, as one sparse matrix over the prices of the board: one gather, one revaluation, one table for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.currencies import rates_to
from engine.revaluation import Terms, revalue
from services.live import figures
from services.live.board import Board, Slots
from services.live.figures import Abreast, Fixed, Floats, Worth
from services.views import LiveTerms

NOWHERE: Final = -1


@dataclass(slots=True, eq=False)
class Facts:
    """A scope as it was read: fixed until it is read again, but for the rates, which move with their pairs."""

    live: LiveTerms
    fixed: Fixed
    slots: Slots  # of the holdings, row by row
    pair_slots: Slots
    pairs: tuple[str, ...]  # pair by pair, as `pair_slots`
    pair_prices: Floats  # those the rates were made from
    rate: Floats  # base units per unit of each of `terms.currencies`

    def rates(self, board: Board) -> Floats:
        """Give the rate of each currency with the pairs as the board has them."""
        prices = board.price[self.pair_slots]
        if not np.array_equal(prices, self.pair_prices, equal_nan=True):
            self.pair_prices = prices
            moved = {pair: rate for pair, rate in zip(self.pairs, prices.tolist(), strict=True) if np.isfinite(rate)}
            known = tuple(sorted({**self.live.pairs, **moved}.items()))
            self.rate = rates_at(self.live.base_currency, self.live.terms.currencies, known)
        return self.rate


@lru_cache(maxsize=256)
def rates_at(base: str, currencies: tuple[str, ...], pairs: tuple[tuple[str, float], ...]) -> Floats:
    """Give base units per unit of each currency; worked out once for all scopes that ask the same."""
    found: Floats = rates_to(base, currencies, dict(pairs)).reindex(currencies).to_numpy(dtype=np.float64)
    found.flags.writeable = False
    return found


@dataclass(frozen=True, slots=True)
class Valued:
    """One scope at the prices of a moment, ready to be shown."""

    table: Floats  # of shape (n_rows, len(FIELDS))
    totals: dict[str, Any]
    states: npt.NDArray[np.int8]  # of the holdings, places in `figures.STATES`
    worth: Worth
    moved: npt.NDArray[np.bool_]  # rows that differ from the table before, all where there was none


class Layout:
    """Scopes side by side; laid out anew when another set of them is to be valued, or one was read again."""

    def __init__(self, facts: Sequence[Facts]) -> None:
        self.facts = tuple(facts)
        terms = [each.live.terms for each in self.facts]
        self.fixed = Abreast([each.fixed for each in self.facts])
        self.terms = side_by_side(terms)
        self.bounds = self.fixed.bounds.tolist()
        self.holdings = [len(each.slots) for each in self.facts]
        holding, slots = ~self.fixed.is_cash, np.concatenate([each.slots for each in self.facts])
        self.slots: Slots = np.full(len(holding), NOWHERE, dtype=np.int64)
        self.slots[holding] = slots
        self.holding = holding
        pairs = [each.pair_slots for each in self.facts]
        self.pair_slots = np.concatenate(pairs)
        self.pair_group = np.repeat(np.arange(len(pairs)), [len(each) for each in pairs])
        self.pair_prices: Floats = np.full(len(self.pair_slots), np.inf)
        self.rates: Floats = np.concatenate([each.rate for each in self.facts])
        self._rate_bounds = np.cumsum([0, *(len(each.currencies) for each in terms)]).tolist()

    def value(self, board: Board, before: Sequence[Floats | None]) -> list[Valued]:
        """Value every row at the prices of the board; `before` are the tables to be compared with."""
        self._follow_rates(board)
        price = np.where(self.holding, board.price[self.slots], np.nan)
        result = revalue(self.terms, price, self.rates)
        worth = Worth(result.market_value, result.unrealised, result.day_pnl, price, self.rates[self.terms.currency_index])
        table = figures.rows(self.fixed, worth)
        states = np.where(self.holding, board.state[self.slots], np.int8(-1))
        totals = figures.all_totals(self.fixed, worth, table)
        old = figures.all_stale(table, states == figures.STALE, self.fixed.group, self.fixed.count)
        whole = [total | stale | {"received": stamp} for total, stale, stamp in zip(totals, old, self._received(board), strict=True)]
        return self._apart(table, states, worth, whole, self._moved(table, before))

    def _follow_rates(self, board: Board) -> None:
        prices = board.price[self.pair_slots]
        moved = (prices != self.pair_prices) & ~(np.isnan(prices) & np.isnan(self.pair_prices))
        self.pair_prices = prices
        for place in np.unique(self.pair_group[moved]).tolist():
            self.rates[self._rate_bounds[place]:self._rate_bounds[place + 1]] = self.facts[place].rates(board)

    def _received(self, board: Board) -> list[int | None]:
        """Tell when the newest quote behind each scope's figures was received."""
        newest = np.zeros(len(self.facts), dtype=np.int64)
        np.maximum.at(newest, self.fixed.group, np.where(self.holding, board.received[self.slots], 0))
        np.maximum.at(newest, self.pair_group, board.received[self.pair_slots])
        return [stamp or None for stamp in newest.tolist()]

    def _moved(self, table: Floats, before: Sequence[Floats | None]) -> npt.NDArray[np.bool_]:
        blank = [np.full((stop - start, table.shape[1]), np.inf) if known is None or len(known) != stop - start else known
                 for start, stop, known in zip(self.bounds, self.bounds[1:], before, strict=False)]
        former = np.concatenate(blank)
        differs: npt.NDArray[np.bool_] = ((table != former) & ~(np.isnan(table) & np.isnan(former))).any(axis=1)
        return differs

    def _apart(self, table: Floats, states: npt.NDArray[np.int8], worth: Worth, totals: list[dict[str, Any]],
               moved: npt.NDArray[np.bool_]) -> list[Valued]:
        spans = zip(self.bounds, self.bounds[1:], self.holdings, totals, strict=False)
        return [Valued(table[start:stop], total, states[start:start + held], part_of(worth, start, stop), moved[start:stop])
                for start, stop, held, total in spans]


def part_of(worth: Worth, start: int, stop: int) -> Worth:
    """Give the rows of one scope."""
    return Worth(worth.market_value[start:stop], worth.unrealised[start:stop], worth.day_pnl[start:stop], worth.price[start:stop],
                 worth.rate[start:stop])


def side_by_side(terms: Sequence[Terms]) -> Terms:
    """Put the rows of several books into one."""
    offsets = np.cumsum([0, *(len(each.currencies) for each in terms[:-1])])
    arrays = {name: np.concatenate([getattr(each, name) for each in terms])
              for name in ("is_cash", "units", "cost_base", "opening_value", "moved_in")}
    index = np.concatenate([each.currency_index + offset for each, offset in zip(terms, offsets, strict=True)])
    return Terms(base_currency=terms[0].base_currency, symbols=tuple(name for each in terms for name in each.symbols),
                 currencies=tuple(code for each in terms for code in each.currencies), currency_index=index, **arrays)
