"""Performance of a ledger of 10,000 transactions over 50 instruments and ten years: cold, warm, and after one more trade, over REST."""

from __future__ import annotations

import datetime as dt
import statistics
from typing import Any

import httpx

from tests.bench.bench_rest import milliseconds
from tests.bench.table import Row
from tests.ui.conftest import Server

TRANSACTIONS, INSTRUMENTS, BATCH = 10_000, 50, 1_000
FIRST = dt.date(2015, 1, 2)


def days() -> list[dt.date]:
    """List the business days from the first to yesterday."""
    every = (FIRST + dt.timedelta(days=number) for number in range((dt.datetime.now(dt.UTC).date() - FIRST).days))
    return [day for day in every if day.weekday() < 5]


def trade(number: int, day: dt.date) -> dict[str, Any]:
    """Make a purchase, each fifth time a sale, of one instrument after the other."""
    return {"date": str(day), "kind": "SELL" if number % 5 == 4 else "BUY", "symbol": f"BENCH{number % INSTRUMENTS}", "quantity": str(3 + number % 7),
            "price": str(100 + number % 50), "fee": "1.00"}


def fill(client: httpx.Client) -> str:
    """Make instruments with ten years of closes, and a portfolio of trades spread over them."""
    known = days()
    for place in range(INSTRUMENTS):
        path = f"/instruments/BENCH{place}"
        milliseconds(lambda path=path: client.put(path, json={"name": path, "currency": "USD"}))
        bars = [{"date": str(day), "close": 100 + place + 10 * ((7 * place + 3 * number) % 11) / 10} for number, day in enumerate(known)]
        milliseconds(lambda path=path, bars=bars: client.put(f"{path}/bars", json=bars))
    key = str(client.post("/portfolios", json={"name": "Bench performance", "base_currency": "USD"}).json()["id"])
    deposit = {"date": str(FIRST), "kind": "DEPOSIT", "amount": "50000000", "currency": "USD"}
    rows = [deposit, *(trade(number, known[number * len(known) // TRANSACTIONS]) for number in range(TRANSACTIONS - 1))]
    for start in range(0, TRANSACTIONS, BATCH):
        milliseconds(lambda start=start: client.post(f"/portfolios/{key}/transactions", json=rows[start:start + BATCH]))
    return key


def run(server: Server) -> list[Row]:
    """Measure on a server of this bench's own: cold is after it was started again, with Redis and the process empty."""
    key = ""
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=120) as client:
        key = fill(client)
        first = milliseconds(lambda: client.get(f"/portfolios/{key}/performance"))
    cold: list[float] = []
    for _ in range(3):
        server.stop()
        server.start()
        with httpx.Client(base_url=f"{server.url}/api/v1", timeout=120) as client:
            client.get("/portfolios")
            cold.append(milliseconds(lambda client=client: client.get(f"/portfolios/{key}/performance")))
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=120) as client:
        ask = lambda: client.get(f"/portfolios/{key}/performance")  # noqa: E731  # asked in many ways below
        milliseconds(ask)
        warm = [milliseconds(ask) for _ in range(20)]
        today, late, back = dt.datetime.now(dt.UTC).date(), [], []
        for number in range(5):
            milliseconds(lambda number=number: client.post(f"/portfolios/{key}/transactions", json=trade(number, today)))
            late.append(milliseconds(ask))
        for number in range(3):
            milliseconds(lambda number=number: client.post(f"/portfolios/{key}/transactions", json=trade(number, dt.date(2020, 6, 1))))
            back.append(milliseconds(ask))
    return [
        Row("performance of 10,000 transactions, for the first time ever", first, None, "ms"),
        Row("performance of 10,000 transactions, cold (median)", statistics.median(cold), 500, "ms"),
        Row("performance of 10,000 transactions, warm (median)", statistics.median(warm), 30, "ms"),
        Row("performance after one trade of today (median)", statistics.median(late), 50, "ms"),
        Row("performance after one trade of 2020 (median)", statistics.median(back), None, "ms"),
    ]
