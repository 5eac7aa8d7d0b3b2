"""Drafts of transactions as facts the ledger can hold, or every reason why not.

A draft is what a program or the form sends: a mapping of field to foreign value. `read_draft` looks at the draft alone (numbers, dates,
what its kind needs), `complete` joins it with what the workspace knows (instruments, base currency). Both collect all that is
wrong, so that the form can mark every field and a batch can name every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from data import calendar
from engine.currencies import CURRENCIES
from engine.errors import CurrencyMismatch, InvalidInput, InvalidTransaction, LedgerError, UnknownInstrument
from engine.types import EFFECTS, Instrument, Kind, Portfolio
from services import fields
from services.fields import Place

Read = TypeVar("Read")

TEXTS = {"account": 80, "note": 2000, "external_id": 200}
NUMBERS = ("quantity", "price", "fee", "tax", "amount", "fx_rate", "ratio", "to_amount")
DRAFT_FIELDS = frozenset({"id", "date", "kind", "symbol", "to_symbol", "currency", "to_currency", "lots", "transfer_id", *TEXTS, *NUMBERS})
KINDS = tuple(kind.value for kind in Kind)
MAX_ROWS = 5000
MAX_LOTS = 1000
PRICE_TOLERANCE = Decimal("0.000001")  # of the amount, or a cent: how far price x quantity and a given amount may differ


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of transaction needs, out of the table of `engine.kinds`: all of `needs`, and one group of `one_of`."""

    needs: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    takes_symbol: bool = True
    local: bool = True  # its money is in the instrument's own currency


SHAPES = {kind: Shape(effect.needs, effect.one_of, effect.takes_symbol, effect.local) for kind, effect in EFFECTS.items()}
OF_CASH = {kind: Shape(effect.of_cash, takes_symbol=False) for kind, effect in EFFECTS.items() if effect.of_cash}
WHOLE_MONEY = frozenset({Kind.DIVIDEND, Kind.INTEREST, Kind.RETURN_OF_CAPITAL, Kind.ADJUSTMENT, Kind.DEPOSIT, Kind.WITHDRAWAL,
                         Kind.TRANSFER_IN, Kind.TRANSFER_OUT, Kind.FX_CONVERSION})
SPECIAL = ("to_symbol", "ratio", "lots", "to_currency", "to_amount", "transfer_id")  # fields that not every kind has a place for
HINTS = {
    "date": "Send the trading date as YYYY-MM-DD", "kind": f"Send one of {', '.join(Kind)}", "quantity": "Send how many units, such as 10",
    "symbol": "Send the instrument's symbol, such as AAPL", "price": "Send the price of a unit, or the gross amount",
    "amount": "Send the gross amount of money", "ratio": "Send new shares per old one, such as 4 for a 4:1 split",
    "to_symbol": "Send the symbol of the new instrument", "to_amount": "Send the amount received",
    "to_currency": "Send the currency received, such as USD",
}


def _day(place: Place, value: object) -> str:
    return fields.trading_date(place, value, today=calendar.today()).isoformat()


def _exact(place: Place, value: object) -> str:
    return str(fields.number(place, value))


def _above(place: Place, value: object) -> str:
    return str(fields.number(place, value, zero=False))


BROUGHT: dict[str, fields.Reader] = {"date": _day, "quantity": _above, "price": _exact, "cost": _exact, "fx_rate": _above}  # of a lot brought in


@dataclass(slots=True)
class Draft:
    """A draft while it is read: the fields that could be, and what is wrong with the others."""

    row: int | None
    fields: dict[str, Any] = field(default_factory=dict)
    errors: list[LedgerError] = field(default_factory=list)

    def refuse(self, name: str, value: object, rule: str, reason: str, hint: str) -> None:
        """Note one thing that is wrong."""
        self.errors.append(self.place(name).refusal(value, rule, reason, hint))

    def place(self, name: str) -> Place:
        """Name a field of this draft."""
        return Place(name, self.row, InvalidTransaction)

    def keep(self, name: str, raw: Mapping[str, Any], read: Callable[[Place, Any], Read]) -> None:
        """Read one field if it was given."""
        if raw.get(name) is None or raw[name] == "":
            return
        try:
            self.fields[name] = read(self.place(name), raw[name])
        except InvalidInput as error:
            self.errors.append(error)


def read_draft(raw: object, *, today: date, row: int | None = None) -> Draft:
    """Read one draft; what cannot be read stands in `errors`."""
    draft = Draft(row)
    if not isinstance(raw, Mapping):
        draft.refuse("body", raw, "not_an_object", "is not an object", 'Send {"date": "2024-03-28", "kind": "BUY", ...}')
        return draft
    draft.errors += [fields.unknown_field(draft.place(str(name)), DRAFT_FIELDS) for name in raw if name not in DRAFT_FIELDS]
    _read_words(draft, raw, today)
    _read_numbers(draft, raw)
    _require(draft, raw, ("date", "kind"))
    if "kind" in draft.fields:
        _rewrite(draft)
        _check_shape(draft, raw)
    return draft


def complete(draft: Draft, portfolio: Portfolio, instruments: Mapping[str, Instrument], known: Iterable[str] = ()) -> Draft:
    """Join a draft with what the workspace knows: symbols, and the currency it is in where it does not say."""
    for name in ("symbol", "to_symbol"):
        wanted = draft.fields.get(name)
        if wanted is not None and wanted not in instruments:
            draft.errors.append(_unknown_symbol(name, wanted, draft.row, known))
    instrument = instruments.get(draft.fields.get("symbol", ""))
    draft.fields.setdefault("currency", instrument.currency if instrument else portfolio.base_currency)
    if instrument and _is_local(draft) and draft.fields["currency"] != instrument.currency:
        draft.errors.append(_mismatch(instrument, draft))
    _check_currencies(draft, portfolio)
    _check_amount(draft, instrument)
    return draft


def raise_first(drafts: Iterable[Draft]) -> None:
    """Raise the first error of all drafts; its context lists them all, at most 100."""
    fields.raise_all([error for draft in drafts for error in draft.errors])


def _read_words(draft: Draft, raw: Mapping[str, Any], today: date) -> None:
    for name in ("id", "transfer_id"):
        draft.keep(name, raw, fields.uuid)
    draft.keep("date", raw, partial(fields.trading_date, today=today))
    draft.keep("kind", raw, _kind)
    for name in ("symbol", "to_symbol"):
        draft.keep(name, raw, fields.symbol)
    for name in ("currency", "to_currency"):
        draft.keep(name, raw, fields.currency)
    for name, limit in TEXTS.items():
        draft.keep(name, raw, partial(fields.text, limit=limit))
    draft.keep("lots", raw, _lots_brought if draft.fields.get("kind") is Kind.TRANSFER_IN else _lots)


def _kind(place: Place, value: object) -> Kind:
    return Kind(fields.choice(place, value, KINDS, upper=True))


def _read_numbers(draft: Draft, raw: Mapping[str, Any]) -> None:
    kind = draft.fields.get("kind")
    signed = EFFECTS[kind].signed if kind else ()
    never_zero = {"quantity", "fx_rate", "ratio", "to_amount"}
    for name in NUMBERS:
        if name not in raw:
            continue
        draft.keep(name, raw, partial(fields.number, signed=name in signed, zero=name not in never_zero))


def _lots(place: Place, value: object) -> list[dict[str, Any]]:
    """Read which lots a sale takes: a list of {id, quantity}."""
    if not isinstance(value, list) or len(value) > MAX_LOTS or not all(isinstance(lot, Mapping) and set(lot) == {"id", "quantity"} for lot in value):
        raise place.refusal(value, "not_lots", "is not a list of lots", 'Send [{"id": "<transaction id of the purchase>", "quantity": "5"}]')
    return [{"id": str(fields.uuid(_at(place, "id"), lot["id"])), "quantity": str(fields.number(_at(place, "quantity"), lot["quantity"], zero=False))}
            for lot in value]


def _lots_brought(place: Place, value: object) -> list[dict[str, Any]]:
    """Read which lots come in with a transfer: the day each was acquired, how many, what they cost, and at which rate."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LOTS or not all(isinstance(lot, Mapping) for lot in value):
        raise place.refusal(value, "not_lots", "is not a list of lots", 'Send [{"date": "2021-03-01", "quantity": "5", "price": "12.50"}]')
    return [_lot_brought(place, lot) for lot in value]


def _lot_brought(place: Place, lot: Mapping[str, Any]) -> dict[str, Any]:
    unknown = next((str(name) for name in lot if name not in BROUGHT), None)
    if unknown is not None:
        raise fields.unknown_field(_at(place, unknown), BROUGHT)
    for name in ("date", "quantity", *(() if lot.get("cost") is not None else ("price",))):
        if lot.get(name) is None:
            raise _at(place, name).refusal(None, "required", "is missing", HINTS[name])
    return {name: read(_at(place, name), lot[name]) for name, read in BROUGHT.items() if lot.get(name) is not None}


def _at(place: Place, name: str) -> Place:
    return Place(f"{place.field}.{name}", place.row, place.error)


def _require(draft: Draft, raw: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if name not in draft.fields and not _complained(draft, name):
            draft.refuse(name, raw.get(name), "required", "is missing", HINTS[name])


def _complained(draft: Draft, name: str) -> bool:
    return any(error.context.get("field") == name for error in draft.errors)


def _rewrite(draft: Draft) -> None:
    """Bring other tools' ways of saying the same to the one the ledger keeps."""
    kind, given = draft.fields["kind"], draft.fields
    if kind is Kind.SPLIT and "ratio" not in given:
        _move(given, "quantity" if "quantity" in given else "amount", "ratio")
    elif kind is Kind.FX_CONVERSION and "quantity" in given and _is_currency(given.get("symbol")):
        _bought_currency(given)
    elif kind in {Kind.DEPOSIT, Kind.WITHDRAWAL} and "amount" not in given and "quantity" in given:
        given["amount"] = given.pop("quantity") * given.pop("price", Decimal(1))


def _bought_currency(given: dict[str, Any]) -> None:
    """Read symbol USD, quantity 110, price 0.9 as 99 of `currency` against 110 USD."""
    bought, price = given.pop("quantity"), given.pop("price", None)
    given["to_currency"], given["to_amount"] = given.pop("symbol"), bought
    if price is not None and "amount" not in given:
        given["amount"] = bought * price


def _move(given: dict[str, Any], source: str, target: str) -> None:
    if source in given:
        given[target] = given.pop(source)


def _is_currency(symbol: str | None) -> bool:
    return symbol in CURRENCIES


def shape_of(given: Mapping[str, Any]) -> Shape:
    """Find what a transaction needs: a transfer or adjustment without symbol and quantity moves cash."""
    kind = given["kind"]
    return OF_CASH[kind] if kind in OF_CASH and "symbol" not in given and "quantity" not in given else SHAPES[kind]


def _check_shape(draft: Draft, raw: Mapping[str, Any]) -> None:
    shape = shape_of(draft.fields)
    _require(draft, raw, shape.needs)
    if shape.one_of and not any(_given(draft, group) for group in shape.one_of):
        _require(draft, raw, [shape.one_of[0][0]])
    _check_strangers(draft, shape)
    _check_money(draft)


def _check_strangers(draft: Draft, shape: Shape) -> None:
    """Refuse what this kind has no place for, so that nothing is dropped in silence."""
    kind = draft.fields["kind"]
    strangers = [name for name in SPECIAL if name in draft.fields and not EFFECTS[kind].takes(name)]
    strangers += ["symbol"] if "symbol" in draft.fields and not shape.takes_symbol else []
    for name in strangers:
        draft.refuse(name, draft.fields[name], "not_taken", f"has no place in a {kind}", f"Leave {name} out, or choose another kind")


def _check_money(draft: Draft) -> None:
    """Refuse money of 0 where money is the whole fact; a price of 0 is a gift or a worthless sale and may stand."""
    given = draft.fields
    if given.get("amount") == 0 and given["kind"] in WHOLE_MONEY and "quantity" not in given:
        draft.refuse("amount", given["amount"], "zero", "must not be 0", "Send an amount other than 0")
    if given.get("symbol") is not None and given.get("symbol") == given.get("to_symbol"):
        draft.refuse("to_symbol", given["to_symbol"], "same_symbol", "is the symbol it comes from", "Name the other instrument")
    if given["kind"] is Kind.SPIN_OFF and given.get("ratio", Decimal(0)) > 1:
        draft.refuse("ratio", given["ratio"], "too_large", "is the share of the cost that moves, at most 1", "Send a fraction such as 0.2")


def _given(draft: Draft, names: Iterable[str]) -> bool:
    return all(draft.fields.get(name) is not None for name in names)


def _unknown_symbol(name: str, wanted: str, row: int | None, known: Iterable[str]) -> UnknownInstrument:
    error = UnknownInstrument(wanted, row=row, near=fields.near(wanted, known))
    error.context["field"] = name
    return error


def _is_local(draft: Draft) -> bool:
    return "kind" in draft.fields and shape_of(draft.fields).local


def _mismatch(instrument: Instrument, draft: Draft) -> CurrencyMismatch:
    error = CurrencyMismatch(expected=instrument.currency, found=draft.fields["currency"])
    if draft.row is not None:
        error.context["row"] = draft.row
    return error


def _check_currencies(draft: Draft, portfolio: Portfolio) -> None:
    given = draft.fields
    rate = given.get("fx_rate")
    if rate is not None and rate != 1 and given["currency"] == portfolio.base_currency:
        draft.refuse("fx_rate", rate, "rate_of_base", f"must be 1: {portfolio.base_currency} is the base currency", "Leave fx_rate out")
    if given.get("to_currency") == given["currency"]:
        draft.refuse("to_currency", given["to_currency"], "same_currency", "is the currency that is paid", "Send two different currencies")


def _check_amount(draft: Draft, instrument: Instrument | None) -> None:
    """Refuse a gross amount that contradicts price x quantity."""
    if instrument is None or not _given(draft, ("amount", "price", "quantity")):
        return
    told, gross = draft.fields["amount"], draft.fields["price"] * draft.fields["quantity"] * instrument.multiplier
    if abs(told - gross) > max(Decimal("0.01"), abs(gross) * PRICE_TOLERANCE):
        draft.refuse("amount", told, "contradiction", f"differs from quantity x price = {gross:f}", "Send price or amount, not both")
