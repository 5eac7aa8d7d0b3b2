"""What a draft would do, told before it is saved: the ledger booked with it and without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import pandas as pd

from engine import Book, book, ledger_frame
from engine.errors import PortfolioError
from engine.types import Instrument, Portfolio, Transaction
from services.books.service import Booked
from services.ledger.guards import Rules, refuse_breaches
from services.views import FieldError, Preview


def effect_of(booked: Booked, portfolio: Portfolio, entry: Transaction, instruments: Mapping[str, Instrument], replaces: UUID | None,
            rules: Rules) -> Preview:
    """Book the ledger with and without the draft, and tell the difference."""
    without = booked.ledger if replaces is None else booked.ledger[booked.ledger["id"] != str(replaces)].reset_index(drop=True)
    known = booked.book.positions
    listed = dict(zip(known.index, zip(known["multiplier"].tolist(), known["currency"].tolist(), strict=True), strict=True))
    listed |= {symbol: (float(each.multiplier), each.currency) for symbol, each in instruments.items()}

    def booking(ledger: pd.DataFrame) -> Book:
        return book(ledger, base_currency=portfolio.base_currency, fx=booked.fx, cost_method=portfolio.cost_method.value,
                    multipliers={symbol: each[0] for symbol, each in listed.items()}, currencies={symbol: each[1] for symbol, each in listed.items()})

    before = booked.book if replaces is None else booking(without)
    after = booking(_with(without, [entry]))
    refuse_breaches(booked.book, after, rules, {str(entry.id): None})
    return _difference(before, after, entry, portfolio)


def _difference(before: Book, after: Book, entry: Transaction, portfolio: Portfolio) -> Preview:
    currency = entry.currency or portfolio.base_currency
    cash = [exact(each.cash["balance"].get(currency, 0.0)) for each in (before, after)]
    held = [exact(each.positions["quantity"].get(entry.symbol, 0.0)) for each in (before, after)]
    gained = float(after.positions["realised"].sum() - before.positions["realised"].sum())
    short = held[1] < 0 and held[1] < held[0]
    return Preview(
        warnings=tuple(_warnings(entry, currency, cash, held[1] if short else None)), currency=currency, amount=cash[1] - cash[0],
        cash_before=cash[0], cash_after=cash[1], symbol=entry.symbol, position_before=held[0] if entry.symbol else None,
        position_after=held[1] if entry.symbol else None, realised=gained, base_currency=portfolio.base_currency,
    )


def _warnings(entry: Transaction, currency: str, cash: Sequence[Decimal], short: Decimal | None) -> Iterable[str]:
    if short is not None:
        yield f"Opens a short of {-short:f} {entry.symbol}"
    if cash[1] < 0 and cash[1] < cash[0]:
        yield f"Leaves {cash[1]:f} {currency} in cash"


def exact(number: float) -> Decimal:
    """Turn a booked float into the decimal that a person would write."""
    rounded = Decimal(repr(round(float(number), 9)))
    whole = rounded.to_integral_value()
    return whole if whole == rounded else rounded.normalize()


def field_error(error: PortfolioError) -> FieldError:
    """Tell an error as the form shows it under its field."""
    context = error.context
    return FieldError(str(context.get("field", "body")), str(context.get("rule", error.code)), error.message, context.get("hint"))


def _with(ledger: pd.DataFrame, entries: Sequence[Transaction]) -> pd.DataFrame:
    """Add transactions behind those of their day."""
    return ledger_frame(pd.concat([ledger, ledger_frame(entries)], ignore_index=True)) if entries else ledger

