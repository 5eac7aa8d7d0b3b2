"""Round trips out of the lots of a book, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import book, round_trip_statistics, round_trips
from engine.errors import InvalidInput

LEDGER = pd.DataFrame([
    {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 100},
    {"date": "2024-01-10", "kind": "SELL", "symbol": "A", "quantity": 4, "price": 120},
    {"date": "2024-01-12", "kind": "SELL", "symbol": "A", "quantity": 10, "price": 90},
    {"date": "2024-01-20", "kind": "BUY", "symbol": "A", "quantity": 4, "price": 80},
    {"date": "2024-01-03", "kind": "BUY", "symbol": "B", "quantity": 1, "price": 50},
    {"date": "2024-01-05", "kind": "SELL", "symbol": "B", "quantity": 1, "price": 50},
])
DAYS = pd.to_datetime(["2024-01-02", "2024-01-05", "2024-01-10", "2024-01-12", "2024-01-15", "2024-01-20"])
PRICES = pd.DataFrame({"A": [100.0, 130.0, 120.0, 90.0, 99.0, 80.0], "B": [np.nan, 50.0, 60.0, 1.0, 1.0, 1.0]}, index=DAYS)
TRIPS = round_trips(book(LEDGER, base_currency="EUR").gains, PRICES)


def test_trips_by_hand() -> None:
    """B even; A four up to 120 from 100 with 130 between; six down to 90; four short from 90 to 80 with 99 between."""
    assert TRIPS["symbol"].tolist() == ["B", "A", "A", "A"]
    assert TRIPS["side"].tolist() == ["long", "long", "long", "short"]
    assert TRIPS["gain"].tolist() == pytest.approx([0.0, 80.0, -60.0, 40.0])
    assert TRIPS["return"].tolist() == pytest.approx([0.0, 0.2, -0.1, 1 / 9])
    assert TRIPS["days"].tolist() == [2, 8, 10, 8]
    assert TRIPS["adverse_excursion"].tolist() == pytest.approx([0.0, 0.0, -0.1, -0.1])
    assert TRIPS["favourable_excursion"].tolist() == pytest.approx([0.0, 0.3, 0.3, 1 / 9])


def test_lows_and_highs_of_the_day_reach_further() -> None:
    found = round_trips(book(LEDGER, base_currency="EUR").gains, PRICES, lows=PRICES * 0.9, highs=PRICES * 1.1)
    assert found["adverse_excursion"].iloc[1] == pytest.approx(-0.1)
    assert found["favourable_excursion"].iloc[1] == pytest.approx(0.43)
    assert found["adverse_excursion"].iloc[3] == pytest.approx(-0.21)


def test_statistics_by_hand() -> None:
    found = round_trip_statistics(TRIPS)
    assert found[["count", "winners", "losers", "net_profit", "gross_profit", "gross_loss"]].tolist() == pytest.approx([4, 2, 1, 60, 120, -60])
    assert found["profit_factor"] == pytest.approx(2.0)
    assert found["win_rate"] == pytest.approx(2 / 3)
    assert found[["average_win", "average_loss", "largest_win", "largest_loss"]].tolist() == pytest.approx([60, -60, 80, -60])
    assert found[["average_days", "median_days", "longest_days", "shortest_days"]].tolist() == pytest.approx([7, 8, 10, 2])
    assert found["expectancy"] == pytest.approx((2 / 3 * 60 - 1 / 3 * 60) / 60)


def test_statistics_by_symbol_are_those_of_its_trips() -> None:
    found = round_trip_statistics(TRIPS, by="symbol")
    assert list(found.index) == ["A", "B"]
    alone = round_trip_statistics(TRIPS[TRIPS["symbol"] == "A"])
    assert found.loc["A"].to_numpy() == pytest.approx(alone.to_numpy(), nan_ok=True)
    assert found.loc["B", "net_profit"] == 0.0
    assert np.isnan(found.loc["B", "win_rate"])


def test_nothing_closed_and_nothing_known() -> None:
    nothing = round_trips(book(LEDGER.iloc[:1], base_currency="EUR").gains, PRICES)
    assert nothing.empty
    assert round_trip_statistics(nothing)["count"] == 0
    without = round_trips(book(LEDGER, base_currency="EUR").gains)
    assert without["adverse_excursion"].isna().all()
    with pytest.raises(InvalidInput, match="has no opened"):
        round_trips(pd.DataFrame({"symbol": ["A"]}))
    with pytest.raises(InvalidInput, match="no column"):
        round_trip_statistics(TRIPS, by="colour")
