"""What moved in and out of every row of a portfolio on each day, from the effects that a book holds: the movements of a `Panel`.

A row is an instrument or the cash of one currency. Amounts count at the rate their transaction was booked at; what a spin-off or
merger carries from one row to another counts at the close of its day.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.bridges import bridge_sheets
from engine.daily import Grid
from engine.ledger import Book
from engine.types import Kind

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CARRYING = (Kind.SPIN_OFF, Kind.MERGER)


def movements(booked: Book, grid: Grid) -> dict[str, Floats]:
    """Sheets of days x rows of everything that moved, from the effects of the book."""
    effects = booked.effects
    count, width = len(grid.days), len(booked.positions)
    place = np.where(grid.symbol >= 0, grid.symbol, width + grid.cash)
    inside = effects["date"].to_numpy() >= grid.days[0]
    moved, external, local = _flows(booked, grid, place)

    def sheet(amounts: Floats) -> Floats:
        shape = (count, width + len(booked.cash))
        cells = grid.row[inside] * shape[1] + place[inside]
        return np.bincount(cells, weights=amounts[inside], minlength=shape[0] * shape[1]).astype(np.float64).reshape(shape)

    own = {name: sheet(effects[name].to_numpy()) for name in ("income", "fee", "tax")}
    return {"flow": sheet(moved), "external": sheet(external), "flow_local": sheet(local), **own, **bridge_sheets(booked, grid)}


def _flows(booked: Book, grid: Grid, place: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Flow of each effect into its row, the external part of it, and the flow in the row's currency."""
    effects = booked.effects
    of_transaction, _ = pd.factorize(effects["transaction_id"])
    symbol = grid.symbol >= 0
    units = effects["quantity_delta"].to_numpy() * np.append(grid.multiplier, 0.0)[grid.symbol]
    price, rate = (np.hstack([cells, np.ones((len(grid.days), 1))])[grid.row, grid.symbol] for cells in (grid.price, grid.rate))
    market = np.where(units == 0, 0.0, units * price * rate)
    external = effects["flow_base"].to_numpy()
    transfer = _at_close(effects, of_transaction, symbol, market)
    moved = external + transfer
    return moved, external, moved / _rates_of(effects, booked, grid, of_transaction, place)


def _at_close(effects: pd.DataFrame, of_transaction: NDArray[Any], symbol: Mask, market: Floats) -> Floats:
    """Value moved between rows; what a spin-off or merger carries counts at the close instead of at cost."""
    carrying = symbol & effects["kind"].isin(_CARRYING).to_numpy()
    transfer = effects["transfer_base"].to_numpy()
    if not carrying.any():
        return transfer
    shared = np.bincount(of_transaction[carrying], minlength=of_transaction.max() + 1)[of_transaction] > 1
    parent = effects["carried_share"].to_numpy() != 0
    parent |= (effects["quantity_delta"].to_numpy() == 0) & carrying
    child = carrying & shared & ~parent & ~np.isnan(market)
    raised = np.where(child, market - transfer, 0.0)
    taken = np.bincount(of_transaction, weights=raised)[of_transaction]
    return np.where(carrying & parent, transfer - taken, transfer + raised)


def _rates_of(effects: pd.DataFrame, booked: Book, grid: Grid, of_transaction: NDArray[Any], place: NDArray[np.int64]) -> Floats:
    """Give base units per unit of the row's currency at which an effect was booked: its cash's, else its consideration's, else the close's."""
    codes, names = pd.factorize(np.array([*booked.positions["currency"], *booked.cash.index], dtype=object))
    row_code = codes[place]
    cash_code = np.where(grid.cash >= 0, row_code, -1)
    local, base = effects["cash_delta_local"].to_numpy(), effects["cash_delta_base"].to_numpy()
    leg = (cash_code >= 0) & (local != 0)
    size = (of_transaction.max() + 1) * len(names) if len(effects) else 0
    legs = of_transaction * len(names) + row_code
    sums = [np.bincount(legs[leg], weights=np.abs(amounts[leg]), minlength=size)[legs] for amounts in (local, base)]
    gross = [np.abs(effects[name].to_numpy()) for name in ("gross_local", "gross_base")]
    close = np.hstack([grid.rate, grid.cash_rate])[grid.row, place]
    paid = np.divide(sums[1], sums[0], out=np.zeros_like(close), where=sums[0] != 0)
    told = np.divide(gross[1], gross[0], out=np.zeros_like(close), where=gross[0] != 0)
    rate: Floats = np.select([row_code == names.tolist().index(booked.base_currency), paid != 0, told != 0], [1.0, paid, told], default=close)
    return rate
