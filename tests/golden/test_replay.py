"""A fund's trades replayed to the positions it reported at every close, shorts and flips through zero among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import Book, book, daily_values
from engine.daily import Grid, grid_of
from engine.types import CostMethod

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "datasets" / "portfolio"
TRADES, POSITIONS = FOLDER / "pyfolio_test_txn.csv.gz", FOLDER / "pyfolio_test_pos.csv.gz"
OPENING = 100_000.0

# Four days of two instruments, worked by hand: A is bought, sold short through zero and covered; B is sold short first.
SMALL = pd.DataFrame(
    [
        ("2024-01-02", "A", 10, 5.0),
        ("2024-01-02", "B", -4, 20.0),
        ("2024-01-03", "A", -15, 6.0),
        ("2024-01-04", "B", 6, 19.0),
        ("2024-01-08", "A", 5, 4.0),
    ],
    columns=["date", "symbol", "amount", "price"],
)
SMALL_POSITIONS = pd.DataFrame(
    {"A": [50.0, -30.0, -30.0, 0.0], "B": [-80.0, -80.0, 38.0, 38.0], "cash": [100_030.0, 100_120.0, 100_006.0, 99_986.0]},
    index=pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-08"]),
)


def ledger_of(trades: pd.DataFrame) -> pd.DataFrame:
    """Trades with signed amounts as a ledger that begins with the cash."""
    told = pd.DataFrame({
        "date": trades["date"], "kind": np.where(trades["amount"] > 0, "BUY", "SELL"), "symbol": trades["symbol"],
        "quantity": trades["amount"].abs(), "price": trades["price"],
    })  # fmt: skip
    return pd.concat([pd.DataFrame([{"date": trades["date"].min(), "kind": "DEPOSIT", "amount": OPENING}]), told], ignore_index=True)


def replayed(trades: pd.DataFrame, method: str = "fifo") -> tuple[Book, Grid, pd.DataFrame]:
    """The book, its days, and the price of each day's trade."""
    prices = trades.pivot_table(index="date", columns="symbol", values="price", aggfunc="last")
    prices.index = pd.DatetimeIndex(prices.index)
    booked = book(ledger_of(trades), base_currency="USD", cost_method=method)
    return booked, grid_of(booked, prices, start=prices.index[0], end=prices.index[-1]), prices


def same_positions(trades: pd.DataFrame, positions: pd.DataFrame) -> None:
    booked, grid, prices = replayed(trades)
    held = positions.drop(columns="cash")
    assert grid.days.tolist() == positions.index.to_numpy().astype("datetime64[ns]").tolist()
    assert booked.positions.index.tolist() == held.columns.tolist()
    traded = prices.notna().to_numpy()  # what was not traded that day was reported at a close that the trades do not tell
    np.testing.assert_allclose((grid.units * grid.price)[traded], held.to_numpy()[traded], rtol=1e-9, atol=1e-6)
    np.testing.assert_array_equal(np.sign(grid.units), np.sign(held.to_numpy()))
    np.testing.assert_allclose(grid.balance[:, 0], positions["cash"].to_numpy(), atol=1e-5)


@pytest.fixture(scope="module")
def fund() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The shared trades and positions."""
    if not TRADES.exists():
        pytest.skip("pyfolio's ledger is not there: ../shared/datasets/portfolio")
    trades = pd.read_csv(TRADES).rename(columns={"Unnamed: 0": "date"})
    positions = pd.read_csv(POSITIONS, index_col=0)
    trades["date"], positions.index = trades["date"].str[:10], pd.DatetimeIndex(positions.index.str[:10])
    return trades, positions


def test_four_days_by_hand() -> None:
    same_positions(SMALL, SMALL_POSITIONS)


def test_pyfolio_s_ledger_replays_to_its_end_of_day_positions(fund: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    trades, positions = fund
    assert len(trades) == 9_367
    same_positions(trades, positions)


@pytest.mark.parametrize("method", list(CostMethod))
def test_every_method_makes_the_same_money_of_it(fund: tuple[pd.DataFrame, pd.DataFrame], method: CostMethod) -> None:
    booked, grid, prices = replayed(fund[0], method)
    value = daily_values(ledger_of(fund[0]), prices, start=prices.index[-1], end=prices.index[-1], base_currency="USD")["value"].iloc[-1]
    unrealised = (grid.units[-1] * grid.price[-1]).sum() - booked.lots["cost_base"].sum()
    assert booked.gains["gain"].sum() + unrealised == pytest.approx(value - OPENING, rel=1e-9)
