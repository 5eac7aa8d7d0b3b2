"""What every row of a portfolio was worth at each close, and what moved in and out of it: returns of any group are read from here.

A row is an instrument (its symbol) or the cash of one currency (``cash:EUR``). A group is a selection of rows, so the return of a
sector, of an account or of everything is one function of one table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.bridges import SHEETS, bridge_of
from engine.daily import When, crossed, grid_of
from engine.day_sums import SUMMED, Known, day_sums, has_any
from engine.errors import CurrencyMismatch, InvalidInput, MisalignedSeries
from engine.ledger import Book
from engine.movements import movements
from engine.rate_ages import stale_rates
from engine.types import Finding
from engine.valuation import Prices, Rates

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CASH = "cash:"
_STOCKS = ("value", "value_local")
_MOVEMENTS = ("flow", "income", "fee", "tax", "external", "flow_local", *SHEETS)


@dataclass(frozen=True, slots=True)
class Panel:
    """Values and movements of rows over days.

    The gain of a row on a day is `value[t] - value[t-1] - flow[t]`, after its fees and taxes. Movements of the first day are told but
    are already in its value. Arrays are of shape (n_days, n_rows), base currency unless they say `_local`.

    Attributes
    ----------
    days
        ndarray of shape (n_days,), datetime64, ascending; the first is the close that the window opens with.
    rows, currencies
        Name and own currency of each row: symbols first, then ``cash:EUR``.
    value
        Worth at the close, NaN where a price or rate is missing.
    flow
        What moved into the row from outside of it: a purchase with its charges, less a sale's proceeds, less dividends paid out; cash
        rows mirror it. Over all rows it adds up to the external flow.
    income, fee, tax
        Part of the gain that was income, and what was charged, positive.
    external
        The part of `flow` that crossed the boundary of the portfolio.
    value_local, flow_local
        The same in the row's own currency.
    moved, price_effect, fx_effect, action
        What the change of value is made of with income, fee and tax, as `bridge_sheets` tells; `bridge` adds them up.
    missing
        Where something is held that has no price or rate.
    base_currency
        Currency of the arrays.
    findings
        What was odd: rates that are too old.
    rate
        Base units per unit of the row's currency, NaN where there is none; None: what the values imply.
    known
        What was worked out of the cells already.
    """

    days: NDArray[np.datetime64]
    rows: tuple[str, ...]
    currencies: tuple[str, ...]
    value: Floats
    flow: Floats
    income: Floats
    fee: Floats
    tax: Floats
    external: Floats
    value_local: Floats
    flow_local: Floats
    moved: Floats
    price_effect: Floats
    fx_effect: Floats
    action: Floats
    missing: Mask
    base_currency: str = ""
    findings: tuple[Finding, ...] = ()
    rate: Floats | None = None
    known: Known = field(default_factory=Known, init=False, repr=False, compare=False)

    def select(self, mask: Mask | Sequence[bool] | Sequence[int] | Sequence[str]) -> Panel:
        """Panel of some rows, by mask, places or names; what the others send becomes flow of the group."""
        places = _places(self, mask)
        chosen: dict[str, Any] = {name: getattr(self, name)[:, places] for name in (*_STOCKS, *_MOVEMENTS, "missing")}
        chosen["rate"] = None if self.rate is None else self.rate[:, places]
        chosen |= {name: tuple(getattr(self, name)[place] for place in places) for name in ("rows", "currencies")}
        return replace(self, **chosen)

    def between(self, start: When, end: When) -> Panel:
        """Panel from the last close on or before `start` to the last on or before `end`."""
        first, last = (np.datetime64(pd.Timestamp(day).normalize(), "ns") for day in (start, end))
        opening = max(int(np.searchsorted(self.days, first, side="right")) - 1, 0)
        kept = slice(opening, max(int(np.searchsorted(self.days, last, side="right")), opening + 1))
        cut: dict[str, Any] = {name: getattr(self, name)[kept] for name in ("days", *_STOCKS, *_MOVEMENTS, "missing")}
        shown = replace(self, **cut, rate=None if self.rate is None else self.rate[kept])
        shown.known.share(self.known, opening, opening + len(shown.days))
        return shown

    def settled(self) -> Panel:
        """Panel without gaps: a row counts from its first price on.

        What moves into a row that has no price yet is left outside of the group and comes in on the day of the first price, so that the
        gain from purchase to that price is whole. A row without price at the opening comes in at its first value, without gain.
        """
        return _settled(self) if has_any(self.missing) else self

    def totals(self) -> pd.DataFrame:
        """Add the rows up: `value flow external income fee tax missing` by date, base currency, rows without price left outside."""
        return pd.DataFrame(self.sums(), index=pd.DatetimeIndex(self.days, name="date"))

    def sums(self) -> dict[str, NDArray[Any]]:
        """Give the columns of `totals` as arrays of shape (n_days,)."""
        whole, told = self.settled(), self.by_day()
        held_back = {} if whole is self else day_sums({name: getattr(whole, name) for name in ("value", "flow")})
        missing = np.zeros(len(self.days), dtype=np.int64) if whole is self else self.missing.sum(axis=1)
        return {name: told[name] for name in SUMMED[:6]} | held_back | {"missing": missing}

    def by_day(self) -> dict[str, Floats]:
        """Give the sums of the sheets as they are over the rows, gaps included, each of shape (n_days,); worked out once."""
        if not self.known.sums:
            self.known.sums = day_sums({name: getattr(self, name) for name in SUMMED})
        return self.known.sums

    def bridge(self) -> pd.Series:
        """Explain the change of value from the first close to the last, as `pnl_bridge` does; NaN where an end has no price or rate."""
        told = self.by_day()
        sums = {name: float(told[name][1:].sum()) for name in ("moved", "price_effect", "fx_effect", "income", "fee", "tax", "action")}
        return bridge_of({
            "opening_value": float(told["value"][0]), "flows": sums["moved"], "price": sums["price_effect"], "fx": sums["fx_effect"],
            "income": sums["income"], "fees": sums["fee"], "taxes": sums["tax"], "corporate_actions": sums["action"],
            "closing_value": float(told["value"][-1]),
        })

    @property
    def gain(self) -> Floats:
        """Gain of each row and day after fees and taxes, shape (n_days, n_rows), 0 on the first day."""
        whole = self.settled()
        gain = np.zeros_like(whole.value)
        np.subtract(whole.value[1:], whole.value[:-1], out=gain[1:])
        gain[1:] -= whole.flow[1:]
        return gain


def panel(booked: Book, prices: Prices, fx: Rates = None, *, start: When, end: When, transfers_at: str = "booked") -> Panel:
    """Lay a book out as values and movements of its rows.

    Parameters
    ----------
    booked
        Ledger booked to `end`.
    prices, fx
        As in `valuation`.
    start, end
        The window: from the close of `start` to the close of `end`.
    transfers_at
        What securities that cross the boundary count as: ``booked`` (default), the price the transaction gives, or ``market``, the
        close of the day.

    Returns
    -------
    Panel
        On each day of the window that has a price or a transaction.

    Notes
    -----
    Convention: movements at the rate of their transaction, values at the close. A spin-off or merger moves value between its rows at
    the close of that day (at cost where the successor has no price), so neither row shows a gain that is not one. Fees and taxes are
    the row's that caused them. A rate older than five days is used and told (`stale_rate`).

    Raises
    ------
    InvalidInput
        `end` before `start`, or an unknown `transfers_at`.

    Examples
    --------
    >>> from engine import book
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}], base_currency="EUR")
    >>> laid = panel(held, pd.DataFrame({"A": [5.0, 6.0]}, index=days), start="2024-01-01", end="2024-01-03")
    >>> laid.rows, laid.flow[1].tolist(), laid.gain.sum(axis=0).tolist()
    (('A', 'cash:EUR'), [10.0, -10.0], [2.0, 0.0])
    """
    grid = grid_of(booked, prices, fx, start=start, end=end)
    booked = crossed(booked, grid, transfers_at)
    currencies = (*booked.positions["currency"], *booked.cash.index)
    value_local = np.hstack([np.where(grid.units == 0, 0.0, grid.units * grid.price), grid.balance])
    value = np.hstack([grid.holdings_value, grid.cash_value])
    used = {code: grid.days[(value[:, np.array(currencies) == code] != 0).any(axis=1)] for code in {*currencies} - {booked.base_currency}}
    return Panel(
        days=grid.days,
        rows=(*booked.positions.index, *(CASH + code for code in booked.cash.index)),
        currencies=currencies,
        value=value,
        value_local=value_local,
        missing=np.isnan(value),
        base_currency=booked.base_currency,
        findings=stale_rates(booked.base_currency, used, fx),
        rate=np.hstack([grid.rate, grid.cash_rate]),
        **movements(booked, grid),
    )


def add(panels: Sequence[Panel]) -> Panel:
    """Merge the panels of several portfolios.

    Parameters
    ----------
    panels
        One or more, in the same base currency.

    Returns
    -------
    Panel
        Rows by name, days the union of all, values carried forward.

    Notes
    -----
    Convention: a panel that opens later than the first comes in on its first day as a flow; one that ends earlier stays as it was.

    Raises
    ------
    InvalidInput
        No panel.
    CurrencyMismatch
        Panels in different base currencies, or one row in two currencies.

    Examples
    --------
    >>> from engine import book
    >>> held = book([{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 5}], base_currency="EUR")
    >>> one = panel(held, {}, start="2024-01-01", end="2024-01-03")
    >>> add([one, one]).value.tolist()
    [[0.0], [10.0], [10.0]]
    """
    if not panels:
        raise InvalidInput("panels", "[]", "there is nothing to add", hint="Give at least one panel")
    currencies = _one_currency_each(panels)
    days = np.unique(np.concatenate([each.days for each in panels]))
    rows = tuple(sorted(currencies, key=lambda name: (name.startswith(CASH), name)))
    spread = [_spread(each, days, rows) for each in panels]
    summed = {name: np.sum([cells[name] for cells in spread], axis=0) for name in (*_STOCKS, *_MOVEMENTS)}
    return Panel(
        days=days,
        rows=rows,
        currencies=tuple(currencies[name] for name in rows),
        missing=np.any([cells["missing"] for cells in spread], axis=0),
        base_currency=panels[0].base_currency,
        findings=_once([finding for each in panels for finding in each.findings]),
        rate=_one_rate([cells["rate"] for cells in spread]),
        **summed,
    )


def _places(laid: Panel, mask: Mask | Sequence[bool] | Sequence[int] | Sequence[str]) -> NDArray[np.int64]:
    wanted = np.asarray(mask)
    if wanted.size == 0:
        return np.zeros(0, dtype=np.int64)
    if wanted.dtype == np.bool_:
        if wanted.shape != (len(laid.rows),):
            raise MisalignedSeries("mask", "rows", reason=f"{wanted.size} against {len(laid.rows)}")
        return np.flatnonzero(wanted)
    if wanted.dtype.kind not in "iu":
        names = {name: place for place, name in enumerate(laid.rows)}
        unknown = [name for name in wanted.tolist() if name not in names]
        if unknown:
            raise InvalidInput("mask", unknown[0], f"there is no row {unknown[0]}", hint=f"Use some of {', '.join(laid.rows[:10])}")
        return np.array([names[name] for name in wanted.tolist()], dtype=np.int64)
    return wanted.astype(np.int64)


def _settled(laid: Panel) -> Panel:
    """Hold movements back until the first price."""
    missing = laid.missing
    before = np.vstack([missing[:1], missing[:-1]])
    comes = before & ~missing
    changed: dict[str, Any] = {"missing": np.zeros_like(missing)}
    for stock, flow in (("value", "flow"), ("value_local", "flow_local")):
        held, moved = getattr(laid, stock), getattr(laid, flow)
        waiting = np.where(missing, moved, 0.0)
        waiting[0] = 0.0
        late = np.where(missing[0], held, moved + np.cumsum(waiting, axis=0))
        changed[stock] = np.where(missing, 0.0, held)
        changed[flow] = np.where(missing, 0.0, np.where(comes, late, moved))
    return replace(laid, **changed)


def _one_currency_each(panels: Sequence[Panel]) -> dict[str, str]:
    """Currency of each row name over all panels."""
    found: dict[str, str] = {}
    for each in panels:
        if each.base_currency != panels[0].base_currency:
            raise CurrencyMismatch(expected=panels[0].base_currency, found=each.base_currency, field="base_currency")
        for name, code in zip(each.rows, each.currencies, strict=True):
            if found.setdefault(name, code) != code:
                raise CurrencyMismatch(expected=found[name], found=code, field=name)
    return found


def _spread(laid: Panel, days: NDArray[np.datetime64], rows: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Cells of a panel on more days and rows: stocks carried forward, movements where they were, an opening after the first day as a flow."""
    names = {name: place for place, name in enumerate(rows)}
    columns = np.array([names[name] for name in laid.rows], dtype=np.int64)
    last = np.searchsorted(laid.days, days, side="right") - 1
    at = np.searchsorted(days, laid.days)
    cells: dict[str, NDArray[Any]] = {}
    for name in (*_STOCKS, "missing"):
        cells[name] = np.zeros((len(days), len(rows)), dtype=getattr(laid, name).dtype)
        cells[name][:, columns] = np.where((last >= 0)[:, None], getattr(laid, name)[np.maximum(last, 0)], 0)
    cells["rate"] = np.full((len(days), len(rows)), np.nan)
    if laid.rate is not None:
        cells["rate"][:, columns] = np.where((last >= 0)[:, None], laid.rate[np.maximum(last, 0)], np.nan)
    for name in _MOVEMENTS:
        cells[name] = np.zeros((len(days), len(rows)))
        cells[name][np.ix_(at, columns)] = getattr(laid, name)
    if at[0] > 0:
        for name, stock in (("flow", "value"), ("external", "value"), ("flow_local", "value_local"), ("moved", "value")):
            cells[name][at[0], columns] = getattr(laid, stock)[0]
    return cells


def _one_rate(sheets: list[Floats]) -> Floats:
    """First known rate of each cell."""
    found = sheets[0]
    for sheet in sheets[1:]:
        found = np.where(np.isnan(found), sheet, found)
    return found


def _once(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple({finding.message: finding for finding in findings}.values())


