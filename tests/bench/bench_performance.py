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
    """Measure on a running server of this bench's own, and stop it: cold is after it was started again, with process and Redis empty."""
    try:
        with caller(server) as client:
            key = fill(client)
            first = milliseconds(lambda: ask(client, key))
        cold = [started_again(server, key) for _ in range(3)]
        with caller(server) as client:
            milliseconds(lambda: ask(client, key))
            warm = [milliseconds(lambda: ask(client, key)) for _ in range(20)]
            late = [after(client, key, number, dt.datetime.now(dt.UTC).date()) for number in range(5)]
            back = [after(client, key, number, dt.date(2020, 6, 1)) for number in range(3)]
    finally:
        server.stop()
    return [
        Row("performance of 10,000 transactions, for the first time ever", first, None, "ms"),
        Row("performance of 10,000 transactions, cold (median)", statistics.median(cold), 500, "ms"),
        Row("performance of 10,000 transactions, warm (median)", statistics.median(warm), 30, "ms"),
        Row("performance after one trade of today (median)", statistics.median(late), 50, "ms"),
        Row("performance after one trade of 2020 (median)", statistics.median(back), None, "ms"),
    ]


def caller(server: Server) -> httpx.Client:
    """Open a client."""
    return httpx.Client(base_url=f"{server.url}/api/v1", timeout=120)


def ask(client: httpx.Client, key: str) -> httpx.Response:
    """Ask for everything since the first transaction."""
    return client.get(f"/portfolios/{key}/performance")


def started_again(server: Server, key: str) -> float:
    """Stop the server with its Redis, start it, and measure the first answer."""
    server.stop()
    server.start()
    with caller(server) as client:
        client.get("/portfolios")
        return milliseconds(lambda: ask(client, key))


def after(client: httpx.Client, key: str, number: int, day: dt.date) -> float:
    """Measure the first answer after one more trade."""
    milliseconds(lambda: client.post(f"/portfolios/{key}/transactions", json=trade(number, day)))
    return milliseconds(lambda: ask(client, key))
