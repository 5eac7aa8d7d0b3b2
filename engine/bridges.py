"""What made the value of each row change, day by day, so that any group and any window has its bridge by adding up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.daily import Grid, When, crossed, grid_of, price_path, sheet
from engine.frames import Records, instant
from engine.ledger import Book, book
from engine.types import Kind
from engine.valuation import BookOptions, Prices, Rates

Floats = NDArray[np.float64]

SHEETS = ("moved", "price_effect", "fx_effect", "action")
ACTIONS = (Kind.SPIN_OFF, Kind.MERGER, Kind.STOCK_DIVIDEND)
_CARRYING = (Kind.SPIN_OFF, Kind.MERGER)


def pnl_bridge(
    ledger: Records,
    prices: Prices,
    fx: Rates = None,
    *,
    start: When,
    end: When,
    base_currency: str,
    transfers_at: str = "booked",
    **options: Unpack[BookOptions],
) -> pd.Series:
    """Explain the change of value from one close to another.

    Parameters
    ----------
    ledger, prices, fx
        As in `valuation`.
    start, end
        The window: the close of `start` to the close of `end`.
    base_currency
        Currency of the result.
    transfers_at
        What securities that cross the boundary count as: ``booked`` (default), their price or cost, or ``market``, the day's close.
    **options
        Conventions of `book`; the cost method changes nothing here.

    Returns
    -------
    Series
        `opening_value flows price fx income fees taxes corporate_actions closing_value residual`, base currency.

    Notes
    -----
    Convention: opening_value + flows + price + fx + income - fees - taxes + corporate_actions = closing_value; `residual` is what
    that misses, and is computed, not assumed. Effects are taken day by day: price at the day's closing rate (so the cross effect of
    a day is in it), fx on the value at the day's opening; what is traded counts from its own price and rate. `fees` and `taxes` are
    all that were paid. `corporate_actions` is the closing value of shares that spin-offs, mergers and stock dividends bring, less
    those they take, plus cash of mergers and returned capital; the fall of the parent's price is in `price`, as with a dividend.
    A holding without price or rate at either end makes its figures NaN.

    Raises
    ------
    InvalidInput
        `end` before `start`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution; price and currency effect after Karnosky and Singer, Global
    Asset Management and Performance Attribution (1994).

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> ledger = [{"date": "2024-01-03", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5, "fee": 1}]
    >>> bridge = pnl_bridge(ledger, pd.DataFrame({"A": [5.0, 6.0]}, index=days), start=days[0], end=days[1], base_currency="EUR")
    >>> bridge[["price", "fees", "closing_value", "residual"]].tolist()
    [2.0, 1.0, 1.0, 0.0]
    """
    booked = book(ledger, base_currency=base_currency, fx=fx, as_of=instant(end, field="end"), **options)
    grid = grid_of(booked, prices, fx, start=start, end=end)
    booked = crossed(booked, grid, transfers_at)
    effects = booked.effects[booked.effects["date"].to_numpy() > grid.days[0]]
    sums = effects[["flow_base", "income", "fee", "tax"]].sum(skipna=False)
    sheets = {name: float(cells.sum()) for name, cells in bridge_sheets(booked, grid).items()}
    opening, closing = (float(grid.holdings_value[at].sum() + grid.cash_value[at].sum()) for at in (0, -1))
    return bridge_of({
        "opening_value": opening,
        "flows": float(sums["flow_base"]),
        "price": sheets["price_effect"],
        "fx": sheets["fx_effect"],
        "income": float(sums["income"]),
        "fees": float(sums["fee"]),
        "taxes": float(sums["tax"]),
        "corporate_actions": sheets["action"],
        "closing_value": closing,
    })


def bridge_of(parts: Mapping[str, float]) -> pd.Series:
    """Put the residual to the parts of a bridge.

    Parameters
    ----------
    parts
        `opening_value flows price fx income fees taxes corporate_actions closing_value`.

    Returns
    -------
    Series
        The same and `residual`, what they miss the closing value by.

    Examples
    --------
    >>> names = ["opening_value", "flows", "price", "fx", "income", "fees", "taxes", "corporate_actions", "closing_value"]
    >>> bridge_of(dict(zip(names, [1.0, 2.0, 3.0, 0.0, 0.0, 1.0, 0.0, 0.0, 5.0])))["residual"]
    np.float64(0.0)
    """
    gained = parts["price"] + parts["fx"] + parts["income"] - parts["fees"] - parts["taxes"] + parts["corporate_actions"]
    return pd.Series({**parts, "residual": parts["closing_value"] - (parts["opening_value"] + parts["flows"] + gained)}, dtype=np.float64)


def bridge_sheets(booked: Book, grid: Grid) -> dict[str, Floats]:
    """Movements of each row of a grid, day by day.

    Parameters
    ----------
    booked
        Ledger booked to the end of the grid.
    grid
        Its days.

    Returns
    -------
    dict of str to ndarray
        `moved price_effect fx_effect action`, shape (n_days, n_symbols + n_currencies), base currency, 0 on the first day.

    Notes
    -----
    Convention: as in `pnl_bridge`, row by row: value[t] = value[t-1] + moved + price_effect + fx_effect + income - fee - tax + action.
    `moved` is what was paid or received for the row, what crossed the boundary included; what a spin-off or a merger carries from row
    to row is in `action`.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution.

    Examples
    --------
    >>> from engine.daily import grid_of
    >>> from engine.ledger import book
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> held = book([{"date": "2024-01-03", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5, "fee": 1}], base_currency="EUR")
    >>> laid = bridge_sheets(held, grid_of(held, pd.DataFrame({"A": [5.0, 6.0]}, index=days), start=days[0], end=days[1]))
    >>> laid["moved"][1].tolist(), laid["price_effect"][1].tolist()
    ([11.0, -11.0], [2.0, 0.0])
    """
    effects = booked.effects
    inside = effects["date"].to_numpy() > grid.days[0]
    chosen, row = effects[inside], grid.row[inside]
    symbol, cash = grid.symbol[inside], grid.cash[inside]
    moved, passed = _moved(chosen, symbol >= 0)
    price, fx, received = _of_symbols(chosen, grid, row, symbol)
    whole = (len(grid.days), grid.units.shape[1] + grid.balance.shape[1])
    place = np.where(symbol >= 0, symbol, grid.units.shape[1] + cash)
    none = np.zeros((whole[0], grid.balance.shape[1]))
    return {
        "moved": sheet(row, place, moved, whole),
        "price_effect": np.hstack([price, none]),
        "fx_effect": np.hstack([fx, _of_cash(chosen, grid, row, cash)]),
        "action": np.hstack([received, none]) + sheet(row, place, passed, whole),
    }


def _moved(effects: pd.DataFrame, symbol: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Give what was paid for each effect's row, and what the row got without paying."""
    told = {name: effects[name].to_numpy(dtype=np.float64) for name in ("flow_base", "transfer_base", "gross_base", "income", "fee", "tax")}
    raw = told["flow_base"] + told["transfer_base"]
    passed = np.where(symbol, told["fee"] + told["tax"] + told["gross_base"] - told["income"] - raw, 0.0)
    carrying = symbol & effects["kind"].isin(_CARRYING).to_numpy()
    if not carrying.any():
        return raw, passed
    paid = np.where(carrying, _cash_of(effects, symbol, carrying), raw)
    return paid, passed + raw - paid


def _cash_of(effects: pd.DataFrame, symbol: NDArray[np.bool_], carrying: NDArray[np.bool_]) -> Floats:
    """Cash that each carrying transaction brought, on its parent's row: the first of its rows that carries."""
    codes, _ = pd.factorize(effects["transaction_id"].to_numpy())
    cash = np.bincount(codes, weights=np.where(symbol, 0.0, effects["transfer_base"].to_numpy()))
    gives = (effects["carried_share"].to_numpy() != 0) & carrying
    rank = np.where(gives, 0, 1)
    order = np.lexsort((np.arange(len(codes)), rank, codes))
    order = order[carrying[order]]
    first = order[np.unique(codes[order], return_index=True)[1]]
    placed = np.zeros(len(codes))
    placed[first] = -cash[codes[first]]
    return placed


def _of_symbols(effects: pd.DataFrame, grid: Grid, row: NDArray[np.int64], symbol: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Price effect, currency effect, and value of what came or went by a corporate action."""
    shape = grid.units.shape
    of_action = effects["kind"].isin(ACTIONS).to_numpy()
    units = effects["quantity_delta"].to_numpy() * np.append(grid.multiplier, 0.0)[symbol]
    traded, received = (sheet(row, symbol, np.where(chosen, units, 0.0), shape)[1:] for chosen in (~of_action, of_action))
    local, base = (sheet(row, symbol, effects[name].to_numpy(), shape)[1:] for name in ("gross_local", "gross_base"))
    path, rates = price_path(grid.price), price_path(grid.rate)
    held, price, rate, before = grid.units[:-1], path[1:], rates[1:], path[:-1]
    price_effect = (held * (price - before) + traded * price - local) * rate
    fx_effect = held * before * (rate - rates[:-1]) + local * rate - base
    none = np.zeros((1, shape[1]))
    return np.vstack([none, price_effect]), np.vstack([none, fx_effect]), np.vstack([none, received * price * rate])


def _of_cash(effects: pd.DataFrame, grid: Grid, row: NDArray[np.int64], cash: NDArray[np.int64]) -> Floats:
    """Currency effect on the balances."""
    shape = grid.balance.shape
    local, base = (sheet(row, cash, effects[name].to_numpy(), shape)[1:] for name in ("cash_delta_local", "cash_delta_base"))
    rates = price_path(grid.cash_rate)
    effect = grid.balance[:-1] * (rates[1:] - rates[:-1]) + local * rates[1:] - base
    return np.vstack([np.zeros((1, shape[1])), effect])
