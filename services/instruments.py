"""Instruments and what a person tells of their market: bars, corporate actions, exchange rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.providers.symbols import check_symbol
from data.records import Rate
from engine.currencies import CURRENCIES
from engine.errors import InvalidInput
from engine.types import Actor, AssetClass, Bar, CorporateAction, Instrument, Source
from services import fields
from services.fields import Place, Reader
from services.price_tables import replaced
from services.views import Page
from services.writes import Request, Told, Writes, audit, market_changed, touch_ledgers

Row = TypeVar("Row")
MAX_ROWS = 20_000
MAX_TAGS = 50
MAX_SOURCES = 20
PUT: TypeAdapter[tuple[Instrument, bool]] = TypeAdapter(tuple[Instrument, bool])
COUNT: TypeAdapter[int] = TypeAdapter(int)
ACTIONS = ("split", "dividend", "special_dividend", "spin_off", "merger", "stock_dividend", "return_of_capital", "symbol_change", "delisting")
CLEARABLE = frozenset({"sector", "country", "exchange", "isin"})
BOOKED_WITH = ("currency", "multiplier", "asset_class")


def _short(place: Place, value: object) -> str | None:
    return fields.text(place, value, limit=200)


def _positive(place: Place, value: object) -> Decimal:
    return fields.number(place, value, zero=False)


def _day(place: Place, value: object) -> date:
    return fields.trading_date(place, value, today=calendar.today())


def _tags(place: Place, value: object) -> tuple[str, ...]:
    """Read tags: a list of words, each once, in the order given."""
    if not isinstance(value, list | tuple) or len(value) > MAX_TAGS:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MAX_TAGS} tags", 'Send ["core", "income"]')
    return tuple(dict.fromkeys(tag for each in value if (tag := fields.text(place, each, limit=60))))


def _sources(place: Place, value: object) -> tuple[Source, ...]:
    """Read where prices come from: at most one symbol a provider, in the order of preference."""
    if not isinstance(value, list | tuple) or len(value) > MAX_SOURCES:
        hint = 'Send [{"provider": "yahoo", "symbol": "SAP.DE"}]'
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MAX_SOURCES} sources", hint)
    told = [asdict(each) if isinstance(each, Source) else each for each in value]
    found = [fields.record(each, SOURCE_READERS, required=("provider", "symbol"), row=row) for row, each in enumerate(told, start=1)]
    return tuple({each["provider"]: Source(each["provider"], each["symbol"]) for each in found}.values())


def _provider_symbol(place: Place, value: object) -> str:
    if not isinstance(value, str):
        raise place.refusal(value, "not_text", "must be text", "Send the symbol in quotation marks")
    return check_symbol(value.strip())


SOURCE_READERS: dict[str, Reader] = {"provider": fields.provider, "symbol": _provider_symbol}
READERS: dict[str, Reader] = {
    "name": _short, "asset_class": lambda place, value: AssetClass(fields.choice(place, value, [each.value for each in AssetClass])),
    "currency": fields.currency, "sector": _short, "country": _short, "exchange": _short, "isin": _short, "multiplier": _positive,
    "tags": _tags, "sources": _sources,
}
BAR_READERS: dict[str, Reader] = {
    "date": _day, "close": _positive, "open": _positive, "high": _positive, "low": _positive, "volume": fields.number, "adjusted_close": _positive,
    "source": lambda place, value: fields.text(place, value, limit=40),
}
ACTION_READERS: dict[str, Reader] = {
    "date": _day, "kind": lambda place, value: fields.choice(place, value, ACTIONS), "ratio": _positive, "amount": _positive,
    "currency": fields.currency, "source": lambda place, value: fields.text(place, value, limit=40),
}
RATE_READERS: dict[str, Reader] = {"date": _day, "rate": _positive, "source": lambda place, value: fields.text(place, value, limit=40)}


class Instruments:
    """Instruments of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def put(self, actor: Actor, symbol: str, raw: Mapping[str, Any], *, version: int | None = None,
            idempotency_key: str | None = None) -> tuple[Instrument, bool]:
        """Add an instrument, or change the given fields of the one that is there.

        Returns
        -------
        Instrument, bool
            As it is now, and whether it is new.

        Raises
        ------
        InvalidInput
            What cannot be read, with field and hint.
        Conflict
            `version` is given and is not the newest.
        """
        name = fields.symbol(Place("symbol"), symbol)
        found = {key: value for key, value in fields.record(raw, READERS).items() if value is not None or key in CLEARABLE}

        def effect(unit: Unit, told: list[Told]) -> tuple[Instrument, bool]:
            before = unit.instruments.by_symbols(actor.workspace_id, [name]).get(name)
            put, created = unit.instruments.put(actor.workspace_id, actor.user_id, name, version=version, **found)
            if before != put:
                audit(unit, actor, "put", "instrument", put.id, before=_shown(before) if before else None, after=_shown(put))
                told.append(market_changed(actor))
            if before and any(getattr(before, field) != getattr(put, field) for field in BOOKED_WITH):
                touch_ledgers(unit, actor, told)
            return put, created

        return self._writes.once(actor, Request("instruments.put", (name, version, dict(raw)), PUT, idempotency_key), effect)

    def get(self, actor: Actor, symbol: str) -> Instrument:
        """Give the instrument of a symbol; `NotFound` where there is none."""
        with self._database.read() as unit:
            return unit.instruments.get(actor.workspace_id, symbol.strip().upper())

    def find(self, actor: Actor, query: str | None = None, *, limit: int = 100, after: str | None = None) -> Page[Instrument]:
        """List instruments whose symbol, name or ISIN holds a text, by symbol, behind the symbol `after`."""
        with self._database.read() as unit:
            found = unit.instruments.find(actor.workspace_id, query, limit + 1, after)
        return Page(tuple(found[:limit]), found[limit - 1].symbol if len(found) > limit else None)

    def put_bars(self, actor: Actor, symbol: str, raw: object, *, idempotency_key: str | None = None) -> int:
        """Store daily prices; one of the same date is replaced. Gives how many were sent."""
        bars = _read_rows(raw, _bar, ("date",))

        def store(unit: Unit, instrument: Instrument) -> None:
            unit.instruments.put_bars(instrument.id, bars)

        return self._put_rows(actor, symbol, "bars", raw, [bar.date.isoformat() for bar in bars], store, idempotency_key)

    @staticmethod
    def check_bars(raw: object) -> None:
        """Raise what `put_bars` would about these rows; nothing is stored."""
        _read_rows(raw, _bar, ("date",))

    def bars(self, actor: Actor, symbol: str, start: date | None = None, end: date | None = None, *, limit: int | None = None,
             after: date | None = None) -> Page[Bar]:
        """List daily prices by date, behind the date `after`."""
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            found = unit.instruments.bars(instrument.id, _later(start, after), end)
        return _dated_page([bar for bar in found if after is None or bar.date > after], limit)

    def put_actions(self, actor: Actor, symbol: str, raw: object, *, idempotency_key: str | None = None) -> int:
        """Store what a company did to its shares; one of the same date and kind is replaced. Gives how many were sent."""
        actions = _read_rows(raw, _action, ("date", "kind"))

        def store(unit: Unit, instrument: Instrument) -> None:
            unit.instruments.put_actions(instrument.id, actions)

        keys = [f"{action.date.isoformat()} {action.kind}" for action in actions]
        return self._put_rows(actor, symbol, "actions", raw, keys, store, idempotency_key)

    def actions(self, actor: Actor, symbol: str, start: date | None = None, end: date | None = None) -> list[CorporateAction]:
        """List corporate actions by date."""
        with self._database.read() as unit:
            return unit.instruments.actions(unit.instruments.get(actor.workspace_id, symbol.strip().upper()).id, start, end)

    def put_rates(self, actor: Actor, pair: str, raw: object, *, idempotency_key: str | None = None) -> int:
        """Store exchange rates: EURUSD is USD for one EUR; one of the same date is replaced. Gives how many were sent."""
        name = read_pair(pair)
        rates = _read_rows(raw, _rate, ("date",))

        def effect(unit: Unit, told: list[Told]) -> int:
            with replaced(unit, actor, "fx", name, [rate.date.isoformat() for rate in rates], name):
                unit.instruments.put_rates(actor.workspace_id, name, rates, owner_id=actor.user_id)
            told.append(market_changed(actor))
            touch_ledgers(unit, actor, told)
            return len(rates)

        return self._writes.once(actor, Request("fx.put", (name, raw), COUNT, idempotency_key), effect)

    def rates(self, actor: Actor, pair: str, start: date | None = None, end: date | None = None, *, limit: int | None = None,
              after: date | None = None) -> Page[Rate]:
        """List the rates of a pair by date, behind the date `after`."""
        with self._database.read() as unit:
            found = unit.instruments.rates(actor.workspace_id, read_pair(pair), _later(start, after), end)
        return _dated_page([rate for rate in found if after is None or rate.date > after], limit)

    def _put_rows(self, actor: Actor, symbol: str, what: str, raw: object, keys: list[str], store: Callable[[Unit, Instrument], None],
                  key: str | None) -> int:
        name = symbol.strip().upper()

        def effect(unit: Unit, told: list[Told]) -> int:
            instrument = unit.instruments.get(actor.workspace_id, name)
            with replaced(unit, actor, what, str(instrument.id), keys, name):
                store(unit, instrument)
            told.append(market_changed(actor))
            touch_ledgers(unit, actor, told)
            return len(keys)

        return self._writes.once(actor, Request(f"instruments.{what}", (name, raw), COUNT, key), effect)


def read_pair(value: str) -> str:
    """Read the name of a pair of currencies."""
    pair = value.strip().upper()
    if len(pair) != 6 or pair[:3] not in CURRENCIES or pair[3:] not in CURRENCIES or pair[:3] == pair[3:]:
        hint = "Name it by six letters: EURUSD is USD for one EUR"
        raise InvalidInput("pair", value, "is not a pair of currencies", hint=hint, rule="unknown_currency")
    return pair


def _read_rows(raw: object, read: Callable[[object, int], Row], key: Sequence[str]) -> list[Row]:
    """Read every row, or tell all that is wrong with them; two rows of one key contradict each other."""
    errors: list[InvalidInput] = []
    found: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    for place, each in enumerate(fields.rows(raw, limit=MAX_ROWS), start=1):
        try:
            row = read(each, place)
            mark = tuple(getattr(row, name) for name in key)
            if mark in seen:
                raise Place(key[0], place).refusal(mark[0], "twice", "is there twice", "Send one row for each")
            seen.add(mark)
            found.append(row)
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return found


def _bar(raw: object, row: int) -> Bar:
    found = fields.record(raw, BAR_READERS, required=("date", "close"), row=row)
    bar = Bar(**{name: value for name, value in found.items() if value is not None})
    if bar.high is not None and bar.low is not None and bar.high < bar.low:
        raise Place("high", row).refusal(bar.high, "contradiction", "is below low", "Exchange high and low")
    return bar


def _action(raw: object, row: int) -> CorporateAction:
    found = fields.record(raw, ACTION_READERS, required=("date", "kind"), row=row)
    if found.get("ratio") is None and found.get("amount") is None:
        name = "ratio" if found["kind"] == "split" else "amount"
        raise Place(name, row).refusal(None, "required", "is missing", "Send ratio (new per old) of a split, or amount a share of a dividend")
    return CorporateAction(**{name: value for name, value in found.items() if value is not None})


def _rate(raw: object, row: int) -> Rate:
    found = fields.record(raw, RATE_READERS, required=("date", "rate"), row=row)
    return Rate(**{name: value for name, value in found.items() if value is not None})


def _later(start: date | None, after: date | None) -> date | None:
    return max((day for day in (start, after) if day is not None), default=None)


Dated = TypeVar("Dated", Bar, Rate)


def _dated_page(found: list[Dated], limit: int | None) -> Page[Dated]:
    if limit is None or len(found) <= limit:
        return Page(tuple(found), None)
    return Page(tuple(found[:limit]), found[limit - 1].date.isoformat())


def _shown(instrument: Instrument) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal | UUID) else value for name, value in asdict(instrument).items()}
