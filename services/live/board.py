"""Last prices of every instrument that somebody watches: one vector, one slot an instrument."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from data.calendar import milliseconds
from engine.types import PriceState, Quote
from services.live.figures import STATES
from services.views import QuoteView

Slots = npt.NDArray[np.int64]
NONE: Slots = np.zeros(0, dtype=np.int64)
CODES = {state: code for code, state in enumerate(STATES)}
Judge = Callable[["Price", datetime], tuple[PriceState, float]]  # state now, and seconds for which it holds if nothing comes


@dataclass(slots=True)
class Price:
    """The last price of one instrument as the stream tells it; instants are milliseconds since 1970. Nobody changes one: it is replaced.

    It is not frozen, because thousands are made a second and a frozen one takes three times as long to make.
    """

    instrument_id: str
    symbol: str
    price: float
    ts: int | None
    received: int | None
    source: str | None
    currency: str
    simulated: bool
    state: PriceState
    mark: str | None = None
    age: float | None = field(default=None, compare=False)  # seconds, when it was told

    def follows(self, older: Price) -> bool:
        """Tell whether this one replaces `older`: time moves forward, and what is simulated never hides what is real."""
        if self.simulated and not older.simulated and math.isfinite(older.price):
            return False
        return (self.ts or 0, self.received or 0) >= (older.ts or 0, older.received or 0)

    def encoded(self) -> str:
        """Give the JSON member of this price: `"AAPL":{...}`."""
        price = repr(self.price) if math.isfinite(self.price) else "null"
        mark = f',"mark":{quoted(self.mark)}' if self.mark else ""
        return (f'{quoted(self.symbol)}:{{"price":{price},"ts":{number(self.ts)},"received":{number(self.received)},"source":{quoted(self.source)},'
                f'"currency":{quoted(self.currency)},"simulated":{"true" if self.simulated else "false"},"state":"{self.state.value}",'
                f'"age":{number(self.age)}{mark}}}')


def number(value: float | None) -> str:
    """Write a number as JSON."""
    return "null" if value is None else repr(value)


quoted = lru_cache(maxsize=65_536)(json.dumps)  # symbols, sources and currencies are few and come again


def price_of_view(view: QuoteView) -> Price:
    """Take over what the services say about an instrument."""
    return Price(str(view.instrument_id), view.symbol, math.nan if view.price is None else view.price,
                 milliseconds(view.ts) if view.ts else None, milliseconds(view.received) if view.received else None,
                 view.source, view.currency, view.simulated, view.state, view.mark)


def instant_ms(value: object) -> int | None:
    """Read an instant of the bus: milliseconds, or RFC 3339 text."""
    if type(value) is int:  # nearly always
        return value
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return milliseconds(value)
    return round(value) if isinstance(value, int | float) else None


class Board:
    """Prices by slot. `changed` holds the flush in which a slot last moved, `dirty` the slots that moved since the last flush."""

    def __init__(self, judge: Judge) -> None:
        self.price: npt.NDArray[np.float64] = np.full(256, np.nan)
        self.changed: Slots = np.zeros(256, dtype=np.int64)
        self.received: Slots = np.zeros(256, dtype=np.int64)  # milliseconds since 1970, 0 where it is a close
        self.state: npt.NDArray[np.int8] = np.zeros(256, dtype=np.int8)  # places in `figures.STATES`
        self.judge_at: npt.NDArray[np.float64] = np.full(256, np.inf)  # when the state of a slot must be judged again, seconds since 1970
        self.prices: list[Price] = []
        self.slots: dict[str, int] = {}
        self.dirty: set[int] = set()
        self._members: list[str | None] = []
        self._judge = judge

    def watch(self, prices: Iterable[Price], now: datetime) -> Slots:
        """Give the slots of instruments, new ones included, brought up to what the services know."""
        return np.array([self._enter(price, now) for price in prices], dtype=np.int64)

    def _enter(self, price: Price, now: datetime) -> int:
        slot = self.slots.get(price.instrument_id)
        if slot is None:
            slot = self._add(price)
            self._put(slot, replace(price), now)
        elif self._supersedes(price, self.prices[slot]):
            self._put(slot, replace(price), now)
            self.dirty.add(slot)
        return slot

    @staticmethod
    def _supersedes(told: Price, held: Price) -> bool:
        """Tell whether what the services read beats a quote that came meanwhile: newer, or real where the board holds a simulation."""
        if told == held:
            return False
        if held.simulated and not told.simulated:
            return True
        return (told.ts or 0, told.received or 0) >= (held.ts or 0, held.received or 0)

    def _add(self, price: Price) -> int:
        slot = len(self.prices)
        if slot == len(self.price):
            self.price = np.concatenate([self.price, np.full(slot, np.nan)])
            self.changed = np.concatenate([self.changed, np.zeros(slot, dtype=np.int64)])
            self.received = np.concatenate([self.received, np.zeros(slot, dtype=np.int64)])
            self.state = np.concatenate([self.state, np.zeros(slot, dtype=np.int8)])
            self.judge_at = np.concatenate([self.judge_at, np.full(slot, np.inf)])
        self.prices.append(price)
        self._members.append(None)
        self.slots[price.instrument_id] = slot
        return slot

    def _put(self, slot: int, price: Price, now: datetime) -> None:
        at = now.timestamp()
        price.state, holds = self._judge(price, now)
        price.age = None if price.ts is None else max(round(at - price.ts / 1000, 3), 0.0)
        self.prices[slot] = price
        self.price[slot] = price.price
        self.received[slot] = price.received or 0
        self.state[slot] = CODES[price.state]
        self.judge_at[slot] = at + holds
        self._members[slot] = None

    def take(self, raw: Mapping[str, Any], now: datetime) -> int | None:
        """Put a quote of the bus in its place; None where nobody watches it or it is not newer."""
        slot = self.slots.get(raw["id"])
        if slot is None:
            return None
        held = self.prices[slot]
        price = Price(held.instrument_id, held.symbol, float(raw["price"]), instant_ms(raw["ts"]), instant_ms(raw["received"]), raw["source"],
                      raw.get("currency") or held.currency, bool(raw["simulated"]), held.state, raw.get("mark"))
        if not price.follows(held):
            return None
        self._put(slot, price, now)
        self.dirty.add(slot)
        return slot

    def age(self, now: datetime) -> list[int]:
        """Judge anew the states whose time is up; give the slots whose state changed."""
        due = np.flatnonzero(self.judge_at[: len(self.prices)] <= now.timestamp())
        return [int(slot) for slot in due if self._aged(int(slot), now)]

    def _aged(self, slot: int, now: datetime) -> bool:
        before = self.prices[slot]
        state, holds = self._judge(before, now)
        self.judge_at[slot] = now.timestamp() + holds
        if state is before.state:
            return False
        self._put(slot, replace(before, state=state), now)
        self.dirty.add(slot)
        return True

    def publish(self, slots: Iterable[int], number: int) -> None:
        """Mark slots as changed in flush `number`."""
        self.changed[np.fromiter(slots, dtype=np.int64)] = number

    def members(self, slots: Slots, since: int, always: Slots = NONE) -> str:
        """Give the JSON members of those slots that changed after flush `since`, and of some in any case."""
        wanted = self.changed[slots] > since
        if always.size:
            wanted |= np.isin(slots, always)
        return ",".join([self._member(slot) for slot in slots[wanted].tolist()])

    def _member(self, slot: int) -> str:
        member = self._members[slot]
        if member is None:
            member = self._members[slot] = self.prices[slot].encoded()
        return member

    def newest(self) -> datetime | None:
        """Tell when the newest quote was received."""
        received = [price.received for price in self.prices if price.received]
        return datetime.fromtimestamp(max(received) / 1000, UTC) if received else None


def batched(items: Iterable[Mapping[str, Any]], size: int) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """Cut into parts of `size`."""
    source = iter(items)
    while part := tuple(islice(source, size)):
        yield part


def raw_quote(quote: Quote) -> dict[str, Any]:
    """Give a stored quote as the bus would have brought it."""
    return {"id": str(quote.instrument_id), "price": quote.price, "ts": quote.ts, "received": quote.received, "source": quote.source,
            "currency": quote.currency, "simulated": quote.simulated}
