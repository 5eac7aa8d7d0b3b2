"""Several changes of one ledger as one: all of them or none, in the transaction of a write.

An operation is what a fix proposes (see `engine.Fix`): record a draft, correct or void a transaction of a version, put a price; and what an
undo does: rewind transactions to what they were before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from data import calendar
from data.database import Unit
from engine.types import Actor, Bar, Portfolio, Transaction
from services import fields
from services.fields import Place
from services.ledger.guards import rules_kept
from services.ledger.transactions import brought_back, corrected, newest, recorded, refuse_fixed, taken_out
from services.writes import Told, ledger_changed

MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Price:
    """A close that an operation put, and the one that stood there."""

    symbol: str
    instrument_id: UUID
    date: str
    close: str
    before: str | None


@dataclass(slots=True)
class Deed:
    """What operations did: ids that are new, versions that moved on, prices that were put."""

    stored: list[Transaction] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    moved: dict[str, tuple[int, int]] = field(default_factory=dict)
    prices: list[Price] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)  # other portfolios, where the other leg of a transfer is

    def told(self, portfolio_id: UUID) -> dict[str, Any]:
        """Tell it as the audit trail keeps it."""
        prices = [{"symbol": each.symbol, "instrument_id": str(each.instrument_id), "date": each.date, "close": each.close, "before": each.before}
                  for each in self.prices]
        return {"portfolio": str(portfolio_id), "ids": self.ids, "moved": {key: list(pair) for key, pair in self.moved.items()},
                **({"prices": prices} if prices else {})}


def done(unit: Unit, actor: Actor, portfolio: Portfolio, operations: Sequence[Mapping[str, Any]], deed: Deed | None = None) -> Deed:
    """Do operations on a ledger, in a transaction that has taken the portfolio's next revision; `deed` is what was done before.

    Raises
    ------
    Conflict
        A transaction has another version than the operation knows; the context holds both.
    InvalidInput
        An operation whose result could not be booked.
    OversoldPosition, NegativeCash
        The portfolio refuses what the operations would leave.
    """
    deed = deed or Deed()
    with rules_kept(unit, portfolio):
        for row, operation in enumerate(operations, start=1):
            _DOING[fields.choice(Place("op", row), operation.get("op"), _DOING)](unit, actor, portfolio, operation, deed)
    return deed


def _record(unit: Unit, actor: Actor, portfolio: Portfolio, operation: Mapping[str, Any], deed: Deed) -> None:
    stored = recorded(unit, actor, portfolio, [operation["draft"]])
    deed.stored += stored
    deed.ids += [str(entry.id) for entry in stored]


def _correct(unit: Unit, actor: Actor, portfolio: Portfolio, operation: Mapping[str, Any], deed: Deed) -> None:
    current, changes = _current(unit, portfolio, operation), operation["changes"]
    refuse_fixed(changes)
    _store(unit, actor, deed, current, corrected(unit, actor, portfolio, current, changes))


def _void(unit: Unit, actor: Actor, portfolio: Portfolio, operation: Mapping[str, Any], deed: Deed) -> None:
    if str(operation["id"]) not in deed.moved:  # else the other leg took it along
        current = _current(unit, portfolio, operation)
        _store(unit, actor, deed, current, taken_out(current))


def _rewind(unit: Unit, actor: Actor, portfolio: Portfolio, operation: Mapping[str, Any], deed: Deed) -> None:
    """Bring back what transactions were before, all at once; the legs of transfers one by one, because they go together."""
    moved: Mapping[str, Sequence[int]] = operation["moved"]
    found = unit.ledger.by_ids([UUID(key) for key in moved])
    alone: list[Transaction] = []
    for key, (origin, known) in moved.items():
        if key in deed.moved:
            continue  # the other leg took it along
        versions = found.get(UUID(key), [])
        current = versions[-1] if versions and versions[-1].version == known else newest(unit, portfolio.id, UUID(key), known)
        before = versions[origin - 1] if origin else current
        following = brought_back(current, before, voided=before.voided if origin else True)
        if current.transfer_id:
            _store(unit, actor, deed, current, following)
        else:
            alone.append(following)
    stored = unit.ledger.add(alone, actor.workspace_id, actor.user_id)
    deed.moved |= {str(each.id): (each.version - 1, each.version) for each in stored}
    deed.stored += stored


def _price(unit: Unit, actor: Actor, _portfolio: Portfolio, operation: Mapping[str, Any], deed: Deed) -> None:
    place = Place("close")
    day = fields.trading_date(Place("date"), operation["date"], today=calendar.today())
    instrument = unit.instruments.get(actor.workspace_id, str(operation["symbol"]))
    there = unit.instruments.bars_on(instrument.id, [day]).get(day)
    close = operation.get("close")
    if close is None:
        unit.instruments.remove_bars(instrument.id, [day])
    else:
        unit.instruments.put_bars(instrument.id, [Bar(day, fields.number(place, close, zero=False), source=MANUAL)])
    deed.prices.append(Price(instrument.symbol, instrument.id, day.isoformat(), "" if close is None else str(close), _text(there)))


def _text(bar: Bar | None) -> str | None:
    return None if bar is None else format(bar.close, "f")


def _current(unit: Unit, portfolio: Portfolio, operation: Mapping[str, Any]) -> Transaction:
    """Read the newest version, which must be the one that the operation knows."""
    key, expected = fields.uuid(Place("id"), operation["id"]), operation.get("version")
    return unit.ledger.get(portfolio.id, key) if expected is None else newest(unit, portfolio.id, key, int(expected))


def _store(unit: Unit, actor: Actor, deed: Deed, current: Transaction, following: Transaction) -> None:
    """Append a version; the other leg of a transfer is voided and brought back with it."""
    stored = unit.ledger.supersede(following, place=following.sequence or None)
    first = deed.moved.get(str(current.id), (current.version, 0))[0]
    deed.moved[str(current.id)] = (first, stored.version)
    deed.stored.append(stored)
    for leg in unit.ledger.legs(actor.workspace_id, stored.transfer_id) if stored.transfer_id else ():
        if leg.id != stored.id and leg.voided != stored.voided:
            deed.touched.add(leg.portfolio_id)
            _store(unit, actor, deed, leg, brought_back(leg, leg, voided=stored.voided))


_DOING = {"record": _record, "correct": _correct, "void": _void, "rewind": _rewind, "price": _price}


def others_told(unit: Unit, actor: Actor, own: UUID, deed: Deed, told: list[Told]) -> None:
    """Give the other ledgers that were touched their next revision."""
    told.extend(ledger_changed(actor, each, unit.portfolios.bump(each)) for each in sorted(deed.touched - {own}))


def taking_back(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the operations that undo what an entry of the audit trail says was done; what was recorded goes back to nothing, version 0."""
    moved = {**dict.fromkeys(told.get("ids", ()), (0, 1)), **{key: tuple(pair) for key, pair in told.get("moved", {}).items()}}
    prices = [{"op": "price", "symbol": each["symbol"], "date": each["date"], "close": each["before"]} for each in told.get("prices", ())]
    return [*prices, *([{"op": "rewind", "moved": moved}] if moved else [])]
