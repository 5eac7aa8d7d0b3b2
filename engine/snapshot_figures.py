"""What a portfolio is worth at one instant, column by column: arrays for whoever sends the figures on, where frames would cost ten times as much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.frames import instant
from engine.ledger import Book
from engine.returns import one_of
from engine.revaluation import Marks, Revaluation, Terms, revalue, row_rates, terms
from engine.types import Finding

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

COST_RATES: Final = ("purchase", "today")
CARRIED: Final = ("realised", "realised_local", "income", "fees", "taxes", "fees_paid", "taxes_paid")
_SUMMED: Final = ("realised", "income", "fees", "taxes", "fees_paid", "taxes_paid")
_OF_CASH: Final = {"income": "income", "fees": "fees", "taxes": "taxes", "fees_paid": "fees", "taxes_paid": "taxes"}


@dataclass(frozen=True, slots=True)
class SnapshotFigures:
    """A `Snapshot` in arrays: the same figures under the same names.

    Attributes
    ----------
    as_of, base_currency, totals, findings
        As in `Snapshot`.
    rows
        The book as `terms` lays it out, its cost at the rates of the purchases.
    holdings, cash, closed
        Column to ndarray of shape (n_rows,); `cash` has its currencies as a column.
    """

    as_of: pd.Timestamp
    base_currency: str
    rows: Terms
    holdings: Columns
    cash: Columns
    closed: Columns
    totals: dict[str, float]
    findings: tuple[Finding, ...]


def snapshot_figures(book: Book, marks: Marks, *, as_of: date | datetime | str, cost_rate: str = "purchase") -> SnapshotFigures:
    """Value a book at an instant, in arrays.

    Parameters
    ----------
    book
        Ledger booked to `as_of`.
    marks
        Prices and rates now and at the previous close.
    as_of
        Instant; its date is the day of the day P/L.
    cost_rate
        As in `snapshot`.

    Returns
    -------
    SnapshotFigures
        Holdings, cash, closed positions, totals and findings.

    Notes
    -----
    Convention: those of `snapshot`, which puts these figures into frames.

    Raises
    ------
    InvalidInput
        An unknown `cost_rate`.

    Examples
    --------
    >>> from engine.ledger import book
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> none = pd.Series(dtype=float)
    >>> now = snapshot_figures(held, Marks(pd.Series({"A": 7.0}), pd.Series({"A": 6.0}), none, none), as_of="2024-01-03")
    >>> now.holdings["market_value"].tolist(), now.totals["day_pnl"]
    ([14.0], 2.0)
    """
    stamp = instant(as_of)
    rows = terms(book, marks, today=stamp.normalize())
    one_of("cost_rate", cost_rate, COST_RATES)
    held_for = replace(rows, cost_base=_cost_today(book, rows, marks)) if cost_rate == "today" else rows
    rates = row_rates(rows.currencies, rows.base_currency, marks.rate)
    values = revalue(held_for, marks.price, rates)
    unknown = np.isnan(values.market_value) & (rows.units != 0)
    value = float(np.nansum(values.market_value))
    return SnapshotFigures(
        as_of=stamp,
        base_currency=book.base_currency,
        rows=rows,
        holdings=_holdings(book, held_for, values, marks, rates, value),
        cash=_cash(book, held_for, values, rates, value),
        closed=_closed(book, held_for, values),
        totals=_totals(book, held_for, values, unknown, float((held_for.cost_base - rows.cost_base)[~unknown].sum())),
        findings=(*book.findings, *_findings(held_for, values, marks, rates, unknown)),
    )


def _column(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64)


def _cost_today(book: Book, rows: Terms, marks: Marks) -> Floats:
    """Cost of each row at the rate of now; at that of its purchase where there is none, and for cash."""
    rates = row_rates(rows.currencies, rows.base_currency, marks.rate)[rows.currency_index]
    local = np.full(len(rows.cost_base), np.nan)
    local[: rows.n_holdings] = book.positions.loc[list(rows.symbols[: rows.n_holdings]), "cost_local"].to_numpy(dtype=np.float64)
    told: Floats = np.where(np.isnan(local * rates), rows.cost_base, local * rates)
    return told


def _holdings(book: Book, rows: Terms, values: Revaluation, marks: Marks, rates: Floats, value: float) -> Columns:
    held = ~rows.is_cash & (rows.units != 0)
    symbols = [symbol for symbol, kept in zip(rows.symbols, held.tolist(), strict=True) if kept]
    positions, places = book.positions, _places_of(book.positions, symbols)
    price = _prices_of(marks.price, symbols)
    cost_local = _column(positions, "cost_local")[places]
    units, currencies = rows.units[held], rows.currency_index[held]
    market_local = units * price
    return {
        "symbol": _texts(symbols),
        "quantity": _column(positions, "quantity")[places],
        "price": price,
        "currency": _texts(rows.currencies)[currencies],
        "multiplier": _column(positions, "multiplier")[places],
        "fx_rate": rates[currencies],
        "average_cost": cost_local / units,
        "cost_basis": rows.cost_base[held],
        "cost_basis_local": cost_local,
        "market_value": values.market_value[held],
        "market_value_local": market_local,
        "unrealised": values.unrealised[held],
        "unrealised_local": market_local - cost_local,
        **{name: _column(positions, name)[places] for name in CARRIED},
        "day_pnl": values.day_pnl[held],
        "day_return": _day_return(values.day_pnl, rows.opening_value, rows.moved_in)[held],
        "weight": _ratio(values.market_value[held], value),
    }


def _places_of(positions: pd.DataFrame, symbols: Sequence[str]) -> NDArray[np.int64]:
    where = {symbol: place for place, symbol in enumerate(positions.index.tolist())}
    return np.array([where[symbol] for symbol in symbols], dtype=np.int64)


def _prices_of(price: pd.Series, symbols: Sequence[str]) -> Floats:
    known = dict(zip(price.index.tolist(), price.to_numpy(dtype=np.float64, na_value=np.nan).tolist(), strict=True))
    return np.array([known.get(symbol, np.nan) for symbol in symbols], dtype=np.float64)


def _texts(values: Sequence[str]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _cash(book: Book, rows: Terms, values: Revaluation, rates: Floats, value: float) -> Columns:
    cash = rows.is_cash
    return {
        "currency": _texts(book.cash.index.tolist()),
        "balance": rows.units[cash],
        "fx_rate": rates[rows.currency_index][cash],
        "value": values.market_value[cash],
        "cost_basis": rows.cost_base[cash],
        "fx_gain": values.unrealised[cash],
        "day_pnl": values.day_pnl[cash],
        "weight": _ratio(values.market_value[cash], value),
    }


def _closed(book: Book, rows: Terms, values: Revaluation) -> Columns:
    """Lay out what is no longer held; its day P/L is 0 unless it was held this morning."""
    positions = book.positions
    gone = np.flatnonzero(_column(positions, "quantity") == 0)
    symbols = [positions.index[place] for place in gone.tolist()]
    today = dict(zip(rows.symbols[: rows.n_holdings], values.day_pnl[~rows.is_cash].tolist(), strict=True))
    return {
        "symbol": _texts(symbols),
        "currency": positions["currency"].to_numpy(dtype=object)[gone],
        **{name: _column(positions, name)[gone] for name in CARRIED},
        "day_pnl": np.nan_to_num(np.array([today.get(symbol, 0.0) for symbol in symbols], dtype=np.float64)),
    }


def _totals(book: Book, rows: Terms, values: Revaluation, unknown: NDArray[np.bool_], of_cost: float) -> dict[str, float]:
    known, holding = ~unknown, ~rows.is_cash
    sums = {name: float(_column(book.positions, name).sum()) for name in _SUMMED}
    for name, of_cash in _OF_CASH.items():
        sums[name] += float(_column(book.cash, of_cash).sum())
    market = float(values.market_value[known & holding].sum())
    balance = float(values.market_value[known & rows.is_cash].sum())
    unrealised = float(values.unrealised[known & holding].sum())
    fx_gain = float(values.unrealised[known & rows.is_cash].sum()) + of_cost
    day = _known_sum(values.day_pnl, known & (rows.units != 0) | (values.day_pnl != 0))
    flows = _column(book.effects, "flow_base")
    dated = ~np.isnan(values.day_pnl)
    anchor, moved = rows.opening_value[dated], rows.moved_in[dated]
    return {
        "value": market + balance,
        "market_value": market,
        "cash": balance,
        "cost_basis": float(rows.cost_base[known & holding].sum()),
        "unrealised": unrealised,
        **sums,
        "fx_gain": fx_gain,
        "total_pnl": unrealised + sums["realised"] + sums["income"] - sums["fees"] - sums["taxes"] + fx_gain,
        "day_pnl": day,
        "day_return": float(_day_return(np.array([day]), np.array([anchor.sum()]), np.array([moved.sum()]))[0]),
        "net_contributions": float(flows[flows != 0].sum()),
        "cost_excluded": float(rows.cost_base[unknown].sum()),
        "missing_value_count": int(unknown.sum()),
    }


def _known_sum(values: Floats, wanted: NDArray[np.bool_]) -> float:
    """Sum of what is known; NaN if something is wanted and nothing of it is known."""
    chosen = values[wanted]
    known = chosen[~np.isnan(chosen)]
    return float("nan") if chosen.size and not known.size else float(known.sum())


def _day_return(day_pnl: Floats, opening: Floats, moved_in: Floats) -> Floats:
    return _ratio(day_pnl, np.maximum(np.abs(opening), np.abs(opening + moved_in)))


def _ratio(values: Floats, whole: Floats | float) -> Floats:
    """Quotient, NaN where the whole is 0."""
    parts = np.broadcast_to(np.asarray(whole, dtype=np.float64), values.shape)
    found: Floats = np.divide(values, parts, out=np.full(values.shape, np.nan), where=parts != 0)
    return found


def _findings(rows: Terms, values: Revaluation, marks: Marks, rates: Floats, unknown: NDArray[np.bool_]) -> list[Finding]:
    holdings = [rows.symbols[place] for place in np.flatnonzero(unknown & ~rows.is_cash)]
    codes = dict.fromkeys(rows.currencies[index] for index in rows.currency_index[unknown & np.isnan(rates[rows.currency_index])])
    unpriced = [name for name in holdings if np.isnan(marks.price.get(name, np.nan))]
    found = [Finding("missing_price", f"{name} has no price", context={"symbol": name}) for name in unpriced]
    found += [Finding("missing_rate", f"No rate of {code} to {rows.base_currency}", context={"pair": code + rows.base_currency}) for code in codes]
    found += _excluded(unknown, rows)
    late = int((np.isnan(values.day_pnl) & ~unknown & (rows.units != 0)).sum())
    if late:
        what = "row" if late == 1 else "rows"
        found.append(Finding("day_pnl_excludes", f"day P/L excludes {late} {what} without previous close", context={"count": late}))
    return found


def _excluded(unknown: NDArray[np.bool_], rows: Terms) -> list[Finding]:
    kinds = (
        (~rows.is_cash, "holding without price", "holdings without price"),
        (rows.is_cash, "cash balance without rate", "cash balances without rate"),
    )
    return [
        Finding("value_excludes", f"value excludes {places.size} {singular if places.size == 1 else plural}", context={"rows": named})
        for chosen, singular, plural in kinds
        for places in [np.flatnonzero(unknown & chosen)]
        for named in [[rows.symbols[place] for place in places]]
        if named
    ]
