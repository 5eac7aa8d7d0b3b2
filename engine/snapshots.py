"""A portfolio at one instant: holdings, cash, totals and what was odd, in frames for pages and programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from engine.errors import CurrencyMismatch
from engine.frames import frame_of
from engine.ledger import Book
from engine.revaluation import Marks
from engine.snapshot_figures import COST_RATES, Columns, SnapshotFigures, snapshot_figures
from engine.types import Finding

__all__ = ["COST_RATES", "Snapshot", "framed", "snapshot"]


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
    return framed(snapshot_figures(book, marks, as_of=as_of, cost_rate=cost_rate))


def framed(told: SnapshotFigures) -> Snapshot:
    """Put figures into frames.

    Parameters
    ----------
    told
        Figures of a book at an instant.

    Returns
    -------
    Snapshot
        The same in frames.

    Examples
    --------
    >>> from engine.ledger import book
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> none = pd.Series(dtype=float)
    >>> framed(snapshot_figures(held, Marks(pd.Series({"A": 7.0}), none, none, none), as_of="2024-01-03")).holdings["price"].tolist()
    [7.0]
    """
    return Snapshot(
        as_of=told.as_of,
        base_currency=told.base_currency,
        holdings=frame_of(told.holdings),
        cash=_cash(told.cash),
        closed=_closed(told.closed),
        totals=told.totals,
        findings=told.findings,
    )


def _cash(columns: Columns) -> pd.DataFrame:
    frame = frame_of(columns)
    return frame.set_axis(pd.Index(columns["currency"], dtype=object, name="currency"))


def _closed(columns: Columns) -> pd.DataFrame:
    return frame_of(columns)
