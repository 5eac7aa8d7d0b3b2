"""Lives a demo plan day by day: save, change money, buy, collect, trim, all on trading days of the month.

What is done on a day follows from the prices up to that day alone, so a longer ledger begins with the shorter one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from engine.types import Transaction
from services.demo.plans import LISTINGS, Plan
from services.demo.writer import CONVERSION_FEE, DOLLAR, Market, Writer

T = TypeVar("T")

QUARTER_STARTS: Final = (1, 4, 7, 10)
TRIM_MONTHS: Final = (1, 7)
KEPT_DOLLARS: Final = Decimal(200)
SMALLEST_PURCHASE: Final = Decimal(400)
SMALLEST_CONVERSION: Final = 500
PURCHASES_A_MONTH: Final = 3
TRIM_ABOVE: Final = Decimal("1.35")
TRIM_TO: Final = Decimal("1.1")


def ledger(plan: Plan, portfolio_id: UUID, market: Market, *, until: date) -> list[Transaction]:
    """Return the transactions of a plan from its opening to a date, in the order of time."""
    writer = Writer(plan, portfolio_id, market)
    before = plan.opened - timedelta(days=1)
    for place, day in _placed(market.days(plan.opened, until)):
        _keep_dates(writer, before, day)
        if place in MONTHLY:
            MONTHLY[place](writer, day)
        before = day
    return writer.entries


def lot(price: Decimal) -> int:
    """Round number of shares that people trade at a price."""
    return next((size for limit, size in ((10, 100), (25, 50), (60, 20), (150, 10)) if price < limit), 5)


def _placed(days: list[date]) -> Iterator[tuple[int, date]]:
    """Trading days with their place in the month, the first is 0."""
    place, month = 0, 0
    for day in days:
        place, month = (place + 1 if day.month == month else 0), day.month
        yield place, day


def _keep_dates(writer: Writer, before: date, day: date) -> None:
    """Do what the plan sets for a date, on the first trading day from then on."""
    plan = writer.plan
    for conversion in plan.conversions:
        if before < conversion.day <= day:
            _convert(writer, day, Decimal(conversion.amount), conversion.currency, conversion.to_currency)
    for when, amount in plan.withdrawals.items():
        if before < when <= day:
            _raise_cash(writer, day, Decimal(amount))
            writer.withdraw(day, amount)
    for symbol, (quantity, sold, bought) in plan.shorts.items():
        if before < sold <= day:
            writer.sell(day, symbol, quantity)
        if before < bought <= day:
            writer.buy(day, symbol, quantity)


def _save(writer: Writer, day: date) -> None:
    if not writer.entries:
        writer.deposit(day, writer.plan.opening)
    elif (amount := _in_force(writer.plan.saving, day)) is not None:
        writer.deposit(day, amount)


def _settle_quarter(writer: Writer, day: date) -> None:
    """Interest of the quarter, and in January the year's custody fee."""
    if day.month not in QUARTER_STARTS or day.year == writer.plan.opened.year:
        return
    for currency in sorted(writer.cash):
        writer.interest(day, currency)
    if day.month == 1:
        writer.charge(day, writer.plan.custody, "Custody fee of the year")


def _go_abroad(writer: Writer, day: date) -> None:
    """Change part of the free cash of another base currency into dollars."""
    base = writer.plan.base_currency
    if writer.plan.abroad and day.month in QUARTER_STARTS:
        _convert(writer, day, writer.cash[base] * writer.plan.abroad, base, DOLLAR)


def _convert(writer: Writer, day: date, wanted: Decimal, currency: str, to_currency: str) -> None:
    """Change whole hundreds, no more than there is."""
    hundreds = min(wanted, writer.cash[currency] - CONVERSION_FEE) // 100 * 100
    if hundreds >= SMALLEST_CONVERSION:
        writer.convert(day, hundreds, currency, to_currency)


def _invest(writer: Writer, day: date) -> None:
    """Leave what is no longer wanted, then buy what is furthest below its share."""
    shares = _shares(writer, day)
    for symbol in sorted(writer.held):
        if writer.held[symbol] > 0 and symbol not in shares:
            writer.sell(day, symbol, writer.held[symbol])
    empty = not any(writer.held.values())
    wanted = {symbol: share * (writer.invested(day) + _budget(writer, day)) - writer.worth(symbol, day) for symbol, share in shares.items()}
    by_need = sorted(wanted, key=lambda symbol: (-wanted[symbol], symbol))
    for symbol in by_need if empty else by_need[:PURCHASES_A_MONTH]:
        _buy_for(writer, day, symbol, min(wanted[symbol], _budget(writer, day)))


def _buy_for(writer: Writer, day: date, symbol: str, amount: Decimal) -> None:
    price = writer.market.closes[symbol][day]
    lots = int((amount - writer.plan.commission) // (price * lot(price)))
    if lots > 0 and amount >= SMALLEST_PURCHASE:
        writer.buy(day, symbol, lots * lot(price))


def _budget(writer: Writer, day: date) -> Decimal:
    """Dollars that may be spent without touching the reserve."""
    total = writer.total(day)
    above_reserve = total - writer.invested(day) - writer.plan.reserve * total
    return min(writer.cash[DOLLAR] - KEPT_DOLLARS, above_reserve)


def _collect(writer: Writer, day: date) -> None:
    """Dividends of the shares whose quarter ends this month."""
    for listing in LISTINGS:
        if listing.dividend_yield and listing.dividend_month % 3 == day.month % 3:
            writer.dividend(day, listing)


def _trim(writer: Writer, day: date) -> None:
    """Sell of what has grown far above its share."""
    if day.month not in TRIM_MONTHS:
        return
    invested = writer.invested(day)
    for symbol, share in _shares(writer, day).items():
        excess = writer.worth(symbol, day) - share * invested * TRIM_TO
        if writer.worth(symbol, day) > share * invested * TRIM_ABOVE:
            _sell_for(writer, day, symbol, excess)


def _sell_for(writer: Writer, day: date, symbol: str, amount: Decimal) -> None:
    """Sell round lots up to an amount, never more than is held."""
    price = writer.market.closes[symbol][day]
    quantity = min(int(amount // (price * lot(price))) * lot(price), writer.held[symbol])
    if quantity > 0:
        writer.sell(day, symbol, quantity)


def _raise_cash(writer: Writer, day: date, amount: Decimal) -> None:
    """Sell of the largest positions until a withdrawal can be paid."""
    for symbol in sorted(writer.held, key=lambda name: -writer.worth(name, day)):
        missing = amount + KEPT_DOLLARS - writer.cash[DOLLAR]
        if missing > 0:
            price = writer.market.closes[symbol][day]
            _sell_for(writer, day, symbol, missing + price * lot(price))


def _shares(writer: Writer, day: date) -> dict[str, Decimal]:
    """Shares of the invested money that are wanted now, fractions."""
    targets = _in_force(writer.plan.targets, day) or {}
    return {symbol: Decimal(points) / sum(targets.values()) for symbol, points in targets.items()}


def _in_force(schedule: Mapping[date, T], day: date) -> T | None:
    """Entry of the newest date that has come."""
    begun = [start for start in schedule if start <= day]
    return schedule[max(begun)] if begun else None


MONTHLY: Final[dict[int, Callable[[Writer, date], None]]] = {0: _save, 1: _settle_quarter, 2: _go_abroad, 3: _invest, 9: _collect, 11: _trim}
