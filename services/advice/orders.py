"""Trades as transactions that the ledger takes, and as a file that a broker takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from engine.advice.trades import SELL, Conversion, Trade, TradeList
from engine.types import CostMethod, Kind
from services.advice.views_trades import OrderLine
from services.files.writing import Cell, csv_bytes

CSV: Final = ("number", "account", "action", "symbol", "name", "isin", "exchange", "quantity", "limit_price", "currency", "amount", "lots", "reason")
DECIMALS: Final = 10


def orders_of(told: TradeList, *, day: date, base: str, method: CostMethod) -> tuple[OrderLine, ...]:
    """Give what is to be booked once it is done: money in, sales, conversions, purchases, money out.

    Parameters
    ----------
    told
        The trades.
    day
        Of the drafts.
    base
        Base currency of the portfolio.
    method
        Cost method of its book: only under ``specific`` does a sale name its lots.
    """
    money = _money(told, day, base)
    sales = [(_draft(trade, day, base, method), trade.reason) for trade in told.trades if trade.side == SELL]
    bought = [(_draft(trade, day, base, method), trade.reason) for trade in told.trades if trade.side != SELL]
    conversions = [(_conversion(each, day), each.reason) for each in told.conversions]
    every = [*(money if told.new_money > 0 else ()), *sales, *conversions, *bought, *(money if told.new_money < 0 else ())]
    return tuple(OrderLine(number, draft, reason) for number, (draft, reason) in enumerate(every, start=1))


def broker_csv(lines: Sequence[OrderLine], words: Mapping[str, Mapping[str, str | None]]) -> bytes:
    """Write orders for a broker; `words` are name, isin and exchange by symbol."""
    return csv_bytes(CSV, (_row(line, words) for line in lines))


def _row(line: OrderLine, words: Mapping[str, Mapping[str, str | None]]) -> list[Cell]:
    told = line.draft
    word = words.get(str(told.get("symbol")), {})
    amount = told.get("amount") or Decimal(told["quantity"]) * Decimal(told["price"])
    lots = " ".join(f"{each['id']}:{each['quantity']}" for each in told.get("lots") or ())
    return [line.number, told.get("account"), told["kind"], told.get("symbol") or told.get("to_currency"), word.get("name"), word.get("isin"),
            word.get("exchange"), _decimal(told.get("quantity")), _decimal(told.get("price")), told["currency"],
            round(Decimal(amount), 2), lots or None, line.reason]


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _draft(trade: Trade, day: date, base: str, method: CostMethod) -> dict[str, Any]:
    told: dict[str, Any] = {"date": day.isoformat(), "kind": trade.side, "symbol": trade.symbol, "quantity": whole(trade.quantity),
                            "price": exact(trade.price_local), "currency": trade.currency}
    if trade.fee:
        told["fee"] = exact(trade.fee / trade.fx_rate)
    if trade.currency != base:
        told["fx_rate"] = exact(trade.fx_rate, 15)
    if trade.account:
        told["account"] = trade.account
    if trade.side == SELL and method is CostMethod.SPECIFIC:
        told["lots"] = [{"id": key, "quantity": whole(count)} for key, count in _by_purchase(trade).items()]
    return {**told, "note": trade.reason}


def _by_purchase(trade: Trade) -> dict[str, float]:
    """Sum the parts of lots that one purchase opened."""
    found: dict[str, float] = {}
    for part in trade.lots:
        found[part.lot_id] = found.get(part.lot_id, 0.0) + part.quantity
    return found


def _conversion(each: Conversion, day: date) -> dict[str, Any]:
    told: dict[str, Any] = {"date": day.isoformat(), "kind": Kind.FX_CONVERSION.value, "amount": exact(each.amount), "currency": each.currency,
                            "to_amount": exact(each.to_amount), "to_currency": each.to_currency}
    return {**told, **({"account": each.account} if each.account else {}), "note": each.reason}


def _money(told: TradeList, day: date, base: str) -> list[tuple[dict[str, Any], str]]:
    if not told.new_money:
        return []
    kind, reason = (Kind.DEPOSIT, "New money to invest") if told.new_money > 0 else (Kind.WITHDRAWAL, "Money that is taken out")
    draft: dict[str, Any] = {"date": day.isoformat(), "kind": kind.value, "amount": exact(abs(told.new_money)), "currency": base}
    return [({**draft, **({"account": told.money_account} if told.money_account else {}), "note": reason}, reason)]


def whole(units: float) -> str:
    """Write a quantity with all of its digits: what sells everything must not leave a rest, nor sell more."""
    return f"{Decimal(repr(float(units))).quantize(Decimal(1).scaleb(-18), ROUND_DOWN):f}".rstrip("0").rstrip(".") or "0"


def exact(number: float, decimals: int = DECIMALS) -> str:
    """Write a number with so many decimals at most, without an exponent."""
    return f"{number:.{decimals}f}".rstrip("0").rstrip(".") or "0"
