"""A portfolio at one instant: holdings, cash, totals and what was odd, in frames for pages and programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import CurrencyMismatch
from engine.frames import column, instant
from engine.ledger import Book
from engine.returns import one_of
from engine.revaluation import Marks, Revaluation, Terms, revalue, row_rates, terms
from engine.types import Finding

Floats = NDArray[np.float64]

COST_RATES = ("purchase", "today")
_CARRIED = ["realised", "realised_local", "income", "fees", "taxes", "fees_paid", "taxes_paid"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Positions x prices at an instant. Amounts are base currency unless a column says `_local`.

    Attributes
    ----------
    as_of, base_currency
        As asked for.
    holdings
        One row an open position: `symbol quantity price currency multiplier fx_rate average_cost cost_basis cost_basis_local market_value
        market_value_local unrealised unrealised_local realised realised_local income fees taxes fees_paid taxes_paid day_pnl day_return
        weight`. `average_cost` is local and per unit, `weight` a fraction of the total value.
    cash
        Index currency: `currency balance fx_rate value cost_basis fx_gain day_pnl weight`.
    closed
        One row a position that is no longer held: `symbol currency realised realised_local income fees taxes fees_paid taxes_paid day_pnl`.
    totals
        `value market_value cash cost_basis unrealised realised income fees taxes fees_paid taxes_paid fx_gain total_pnl day_pnl day_return
        net_contributions cost_excluded missing_value_count`.
    findings
        Of the ledger and of the prices.
    """

    as_of: pd.Timestamp
    base_currency: str
    holdings: pd.DataFrame
    cash: pd.DataFrame
    closed: pd.DataFrame
    totals: dict[str, float]
    findings: tuple[Finding, ...]


def snapshot(
    book: Book, marks: Marks, *, as_of: date | datetime | str, base_currency: str | None = None, cost_rate: str = "purchase"
) -> Snapshot:
    """Value a book at an instant.

    Parameters
    ----------
    book
        Ledger booked to `as_of`.
    marks
        Prices and rates now and at the previous close.
    as_of
        Instant; its date is the day of the day P/L.
    base_currency
        The book's, which a caller may state for safety.
    cost_rate
        Rate that the cost of what is held is told at: of the day of ``purchase`` (default), or of ``today``: then unrealised is what prices
        did, and what rates did to the cost is in the total `fx_gain`.

    Returns
    -------
    Snapshot
        Holdings, cash, closed positions, totals and findings.

    Notes
    -----
    Convention: value = net_contributions + total_pnl - cost_excluded, with total_pnl = unrealised + realised + income - fees - taxes
    + fx_gain. A holding without price or rate has NaN cells and is left out of value, cost_basis, unrealised and day_pnl;
    `cost_excluded` is its cost, `missing_value_count` how many there are, and a finding says so. day_return divides by the larger of
    the opening value and the opening value plus what moved in today.

    Raises
    ------
    CurrencyMismatch
        `base_currency` is not the book's.
    InvalidInput
        An unknown `cost_rate`.

    Examples
    --------
    >>> from engine.ledger import book
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> none = pd.Series(dtype=float)
    >>> now = snapshot(held, Marks(pd.Series({"A": 7.0}), pd.Series({"A": 6.0}), none, none), as_of="2024-01-03")
    >>> now.totals["unrealised"], now.totals["day_pnl"]
    (4.0, 2.0)
    """
    if base_currency is not None and base_currency != book.base_currency:
        raise CurrencyMismatch(expected=book.base_currency, found=base_currency, field="base_currency")
    stamp = instant(as_of)
    rows = terms(book, marks, today=stamp.normalize())
    one_of("cost_rate", cost_rate, COST_RATES)
    bought_for = rows.cost_base
    if cost_rate == "today":
        rows = replace(rows, cost_base=_cost_today(book, rows, marks))
    values = revalue(rows, marks.price, marks.rate)
    held = ~rows.is_cash & (rows.units != 0)
    unknown = np.isnan(values.market_value) & (rows.units != 0)
    value = float(np.nansum(values.market_value))
    frame = _holdings(book, rows, values, marks, held, value)
    findings = (*book.findings, *_findings(rows, values, marks, unknown))
    return Snapshot(
        as_of=stamp,
        base_currency=book.base_currency,
        holdings=frame,
        cash=_cash(book, rows, values, marks, value),
        closed=_closed(book, rows, values),
        totals=_totals(book, rows, values, unknown, float((rows.cost_base - bought_for)[~unknown].sum())),
        findings=findings,
    )


def _cost_today(book: Book, rows: Terms, marks: Marks) -> Floats:
    """Cost of each row at the rate of now; at that of its purchase where there is none, and for cash."""
    rates = row_rates(rows.currencies, rows.base_currency, marks.rate)[rows.currency_index]
    local = np.full(len(rows.cost_base), np.nan)
    local[: rows.n_holdings] = book.positions.loc[list(rows.symbols[: rows.n_holdings]), "cost_local"].to_numpy(dtype=np.float64)
    told: Floats = np.where(np.isnan(local * rates), rows.cost_base, local * rates)
    return told


def _holdings(book: Book, rows: Terms, values: Revaluation, marks: Marks, held: NDArray[np.bool_], value: float) -> pd.DataFrame:
    symbols = [symbol for symbol, kept in zip(rows.symbols, held, strict=True) if kept]
    positions = book.positions.loc[symbols]
    price = marks.price.reindex(symbols).to_numpy(dtype=np.float64, na_value=np.nan)
    rate = row_rates(rows.currencies, rows.base_currency, marks.rate)[rows.currency_index][held]
    cost_local = positions["cost_local"].to_numpy()
    market_local = rows.units[held] * price
    frame = pd.DataFrame({
        "symbol": column(np.array(symbols, dtype=object)),
        "quantity": positions["quantity"].to_numpy(),
        "price": price,
        "currency": column(positions["currency"].to_numpy(dtype=object)),
        "multiplier": positions["multiplier"].to_numpy(),
        "fx_rate": rate,
        "average_cost": cost_local / rows.units[held],
        "cost_basis": rows.cost_base[held],
        "cost_basis_local": cost_local,
        "market_value": values.market_value[held],
        "market_value_local": market_local,
        "unrealised": values.unrealised[held],
        "unrealised_local": market_local - cost_local,
    })
    for name in _CARRIED:
        frame[name] = positions[name].to_numpy()
    frame["day_pnl"] = values.day_pnl[held]
    frame["day_return"] = _day_return(values.day_pnl, rows.opening_value, rows.moved_in)[held]
    frame["weight"] = _ratio(values.market_value[held], value)
    return frame


def _cash(book: Book, rows: Terms, values: Revaluation, marks: Marks, value: float) -> pd.DataFrame:
    cash = rows.is_cash
    return pd.DataFrame(
        {
            "currency": column(book.cash.index.to_numpy(dtype=object)).to_numpy(),
            "balance": rows.units[cash],
            "fx_rate": row_rates(rows.currencies, rows.base_currency, marks.rate)[rows.currency_index][cash],
            "value": values.market_value[cash],
            "cost_basis": rows.cost_base[cash],
            "fx_gain": values.unrealised[cash],
            "day_pnl": values.day_pnl[cash],
            "weight": _ratio(values.market_value[cash], value),
        },
        index=book.cash.index,
    )


def _closed(book: Book, rows: Terms, values: Revaluation) -> pd.DataFrame:
    positions = book.positions[book.positions["quantity"] == 0]
    day = pd.Series(values.day_pnl[~rows.is_cash], index=rows.symbols[: rows.n_holdings], dtype=np.float64)
    frame = positions[["currency", *_CARRIED]].reset_index()
    frame["day_pnl"] = day.reindex(positions.index).fillna(0.0).to_numpy() if len(day) else 0.0
    return frame


def _totals(book: Book, rows: Terms, values: Revaluation, unknown: NDArray[np.bool_], of_cost: float) -> dict[str, float]:
    known, holding = ~unknown, ~rows.is_cash
    positions, cash = book.positions, book.cash
    sums = {name: float(positions[name].sum(skipna=False)) for name in ("realised", "income", "fees", "taxes", "fees_paid", "taxes_paid")}
    for name, of_cash in (("income", "income"), ("fees", "fees"), ("taxes", "taxes"), ("fees_paid", "fees"), ("taxes_paid", "taxes")):
        sums[name] += float(cash[of_cash].sum(skipna=False))
    market = float(values.market_value[known & holding].sum())
    balance = float(values.market_value[known & rows.is_cash].sum())
    unrealised = float(values.unrealised[known & holding].sum())
    fx_gain = float(values.unrealised[known & rows.is_cash].sum()) + of_cost
    day = _known_sum(values.day_pnl, known & (rows.units != 0) | (values.day_pnl != 0))
    flows = float(book.effects.loc[book.effects["flow_base"] != 0, "flow_base"].sum(skipna=False))
    anchor, moved = rows.opening_value[~np.isnan(values.day_pnl)], rows.moved_in[~np.isnan(values.day_pnl)]
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
        "net_contributions": flows,
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


def _findings(rows: Terms, values: Revaluation, marks: Marks, unknown: NDArray[np.bool_]) -> list[Finding]:
    rates = row_rates(rows.currencies, rows.base_currency, marks.rate)[rows.currency_index]
    holdings = [rows.symbols[place] for place in np.flatnonzero(unknown & ~rows.is_cash)]
    codes = dict.fromkeys(rows.currencies[index] for index in rows.currency_index[unknown & np.isnan(rates)])
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
