"""What the rules of the United Kingdom read out of booked ledgers: acquisitions, disposals, and what happens to a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.ledger import Book
from engine.section104_entries import Amounts, Entry
from engine.share_units import share_units
from engine.types import Kind

_CARRIED = (Kind.TRANSFER_OUT.value, Kind.ADJUSTMENT.value)
_ACTIONS = (Kind.SPIN_OFF.value, Kind.MERGER.value)
_CAPITAL = (Kind.RETURN_OF_CAPITAL.value, Kind.SPLIT.value, Kind.SPIN_OFF.value, Kind.MERGER.value)


def entries_of(books: Sequence[Book]) -> list[Entry]:
    """Entries of several booked ledgers, by day, within a day in the order of the books and of their ledgers."""
    if not any(len(book.effects) for book in books):
        return []
    effects = pd.concat([book.effects.assign(part=part) for part, book in enumerate(books)], ignore_index=True)
    accounts = {key: name for book in books for key, name in zip(book.gains["transaction_id"], book.gains["account"], strict=True)}
    cash = effects[effects["cash_currency"].notna()].groupby(["part", "transaction_id"], sort=False)[["cash_delta_base", "cash_delta_local"]].sum()
    rows = effects[effects["symbol"].notna()].copy()
    rows["factor"] = share_units(rows)
    rows["fraction"] = _fractions(rows)
    rows["order"] = np.arange(len(rows))
    rows["day"] = rows["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    rows = rows.sort_values("date", kind="stable")
    children = _children(rows)
    paid = {key: (float(base), float(local)) for key, base, local in zip(cash.index, cash["cash_delta_base"], cash["cash_delta_local"], strict=True)}
    found: list[Entry] = []
    told: Iterator[Any] = rows.itertuples(index=False)
    for row in told:
        key = (row.part, row.transaction_id)
        found += _entries(row, accounts, children.get(key), paid.get(key, (0.0, 0.0)) if row.kind in _CAPITAL else None)
    return found


def _fractions(rows: pd.DataFrame) -> pd.Series:
    """Part of what is held in all that each row's own ledger held before it."""
    ordered = rows.sort_values("date", kind="stable")
    held = ordered.groupby("symbol", sort=False)["quantity_delta"].cumsum() - ordered["quantity_delta"]
    own = ordered.groupby(["part", "symbol"], sort=False)["quantity_delta"].cumsum() - ordered["quantity_delta"]
    return (own / held.where(held != 0, np.nan)).clip(0, 1).fillna(1.0).reindex(rows.index)


def _children(rows: pd.DataFrame) -> dict[tuple[int, str], tuple[str, float]]:
    """Successor and its comparable units of every spin-off and merger."""
    actions = rows[rows["kind"].isin(_ACTIONS) & (rows["quantity_delta"] > 0) & (rows["carried_share"] == 0)]
    keys = zip(actions["part"], actions["transaction_id"], strict=True)
    return dict(zip(keys, zip(actions["symbol"], actions["quantity_delta"] / actions["factor"], strict=True), strict=True))


def _entries(row: Any, accounts: dict[str, str | None], child: tuple[str, float] | None, paid: tuple[float, float] | None) -> list[Entry]:  # noqa: ANN401
    """Entries of one row of the effects: mostly one, two where cash came with new shares, none where nothing of it concerns a pool."""
    role = _role(row, row.transaction_id in accounts)
    cash = Amounts(0.0, 0.0) if paid is None else Amounts(max(paid[0] + row.fee + row.tax, 0.0), max(paid[1], 0.0))
    account = accounts.get(row.transaction_id)
    units = abs(row.quantity_delta) / row.factor if role not in {"repay", ""} else 0.0
    told: dict[str, Any] = {"order": row.order, "day": row.day, "date": row.date, "kind": row.kind, "symbol": row.symbol, "account": account,
                            "factor": row.factor, "transaction_id": row.transaction_id}
    found = []
    if role == "repay" or (cash.base and role == "carry"):
        found.append(Entry(role="repay", units=0.0, amounts=cash, **told))
    if role == "carry":
        name, child_units = child or (None, 0.0)
        share = row.carried_share * row.fraction
        found.append(Entry(role="carry", units=units, amounts=Amounts(0.0, 0.0), share=share, child=name, child_units=child_units, **told))
    elif role not in {"repay", ""}:
        found.append(Entry(role=role, units=units, amounts=_amounts(row, role), **told))
    return found


def _role(row: Any, realised: bool) -> str:  # noqa: ANN401, FBT001
    """Tell what a row is to a pool; nothing where a successor's entry already tells it."""
    if row.kind == Kind.BUY.value:
        return "buy"
    if row.kind == Kind.SELL.value:
        return "sell"
    if row.kind in _ACTIONS:
        return "carry" if row.carried_share else "sell" if row.quantity_delta < 0 else ""
    if row.kind in {Kind.SPLIT.value, Kind.RETURN_OF_CAPITAL.value, Kind.STOCK_DIVIDEND.value}:
        return "repay"
    if row.quantity_delta > 0:
        return "arrive"
    return ("sell" if realised else "leave") if row.quantity_delta < 0 and row.kind in _CARRIED else ""


def _amounts(row: Any, role: str) -> Amounts:  # noqa: ANN401
    """Cost with what it cost to buy, or proceeds without what it cost to sell."""
    gross, local = abs(row.gross_base), abs(row.gross_local)
    sign = 1.0 if role == "buy" else -1.0 if role == "sell" else 0.0
    charge = row.fee + row.tax
    rate = gross / local if local else 1.0
    return Amounts(gross + sign * charge, local + sign * charge / rate, row.fee if sign else 0.0, row.tax if sign else 0.0)
