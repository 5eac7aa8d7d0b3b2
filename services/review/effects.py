"""What operations on a ledger would do to positions, cash and realised gains: told before they are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine import Book, book, ledger_frame
from engine.errors import InvalidInput, OversoldPosition, PortfolioError
from engine.types import Instrument
from services.books.service import Booked
from services.review_views import FixEffect, Shift

FOLLOWERS = (("price", "amount"), ("amount", "price"), ("symbol", "currency"))


def effect_of(booked: Booked, operations: Sequence[Mapping[str, Any]], instruments: Mapping[str, Instrument]) -> FixEffect:
    """Book what the operations touch with and without them, and tell the difference.

    Parameters
    ----------
    booked : Booked
        The portfolio as it is.
    operations : sequence of mapping
        See `services.operations`; those that put a price move no position.
    instruments : mapping
        Symbol to instrument, of all that the ledger and the operations name.
    """
    facts = [each for each in operations if each["op"] != "price"]
    base = booked.book.base_currency
    if not facts:
        return FixEffect(base_currency=base)
    try:
        before, after = _touched(booked, facts)
        return _difference(booked, _book(before, booked, instruments), _book(after, booked, instruments), _symbols(facts, after))
    except (InvalidInput, OversoldPosition) as error:
        return FixEffect(base_currency=base, errors=(_sentence(error),))


def _sentence(error: PortfolioError) -> str:
    return f"{error.message} {error.context.get('hint') or ''}".strip()


def _touched(booked: Booked, operations: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the rows of the symbols that operations are about, as they are and as they would be."""
    ledger = booked.ledger
    wanted = {str(each["id"]) for each in operations if "id" in each}
    mine = ledger["id"].isin(wanted)
    named = {*ledger.loc[mine, "symbol"].dropna(), *ledger.loc[mine, "to_symbol"].dropna()}
    for each in operations:
        given = each.get("draft") or each.get("changes") or {}
        named |= {given[name] for name in ("symbol", "to_symbol") if given.get(name)}
    kept = ledger[mine | ledger["symbol"].isin(named) | ledger["to_symbol"].isin(named)]
    rows: list[dict[str, Any]] = [_plain(row) for row in kept.to_dict("records")]
    return rows, _applied(rows, operations, booked.portfolio.base_currency)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}


def _applied(rows: Sequence[dict[str, Any]], operations: Sequence[Mapping[str, Any]], base: str) -> list[dict[str, Any]]:
    by_id = {row["id"]: row for row in rows}
    added: list[dict[str, Any]] = []
    for operation in operations:
        if operation["op"] == "record":
            added.append({"currency": base, **operation["draft"]})
        elif operation["op"] == "void":
            by_id.pop(str(operation["id"]), None)
        elif str(operation["id"]) in by_id:
            by_id[str(operation["id"])] = _changed(by_id[str(operation["id"])], operation["changes"])
    return [*by_id.values(), *[{"id": f"new {place}", **row} for place, row in enumerate(added)]]


def _changed(row: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a row as a correction does: what followed from a changed field is asked for anew."""
    kept = dict(row)
    for changed, follower in FOLLOWERS:
        if changed in changes and follower not in changes:
            kept.pop(follower, None)
    return {**kept, **changes}


def _book(rows: Sequence[Mapping[str, Any]], booked: Booked, instruments: Mapping[str, Instrument]) -> Book:
    known = [{**row, "currency": _currency(row, instruments, booked.portfolio.base_currency)} for row in rows]
    return book(ledger_frame(known), base_currency=booked.book.base_currency, fx=booked.fx, cost_method=booked.book.cost_method.value,
                multipliers={symbol: float(each.multiplier) for symbol, each in instruments.items()},
                currencies={symbol: each.currency for symbol, each in instruments.items()})


def _currency(row: Mapping[str, Any], instruments: Mapping[str, Instrument], base: str) -> str:
    """Complete a draft's currency as recording it would: that of its instrument, else of the portfolio."""
    instrument = instruments.get(row.get("symbol") or "")
    drafted = str(row.get("id", "")).startswith("new ")
    return instrument.currency if drafted and instrument else str(row.get("currency") or base)


def _symbols(operations: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    given = [each.get("draft") or each.get("changes") or {} for each in operations]
    ids = {str(each["id"]) for each in operations if "id" in each}
    rows = [*given, *(row for row in after if row["id"] in ids)]
    return list(dict.fromkeys(row[name] for row in rows for name in ("symbol", "to_symbol") if row.get(name)))


def _difference(booked: Booked, before: Book, after: Book, symbols: Sequence[str]) -> FixEffect:
    held = before.positions["quantity"], after.positions["quantity"]
    touched = list(dict.fromkeys([*symbols, *(name for name in held[1].index.union(held[0].index) if _at(held[0], name) != _at(held[1], name))]))
    positions = [Shift(name, _at(held[0], name), _at(held[1], name)) for name in touched]
    now, cash = booked.book.cash["balance"], (before.cash["balance"], after.cash["balance"])
    moved = {code: round(_at(cash[1], code) - _at(cash[0], code), 9) for code in cash[1].index.union(cash[0].index)}
    shifts = [Shift(str(code), _at(now, code), round(_at(now, code) + delta, 9)) for code, delta in moved.items() if delta]
    gained = float(after.positions["realised"].sum() - before.positions["realised"].sum())
    total = float(booked.book.positions["realised"].sum())
    realised = Shift("realised", total, total + gained) if abs(gained) >= 0.005 else None
    return FixEffect(tuple(positions), tuple(shifts), realised, booked.book.base_currency)


def _at(series: pd.Series, name: object) -> float:
    return round(float(series.get(name, 0.0)), 9)
