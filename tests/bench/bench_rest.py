"""Holdings of a ledger of 2,000 transactions, warm and cold, and a batch of 1,000 transactions, through the REST route of a real server."""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.bench.table import Row
from tests.ui.conftest import Server

SYMBOLS = ("AAPL", "MSFT", "JPM", "KO", "PG", "XOM", "JNJ", "WMT")
DAY = dt.date(2018, 1, 2)


def transactions(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Make a ledger: money in, then purchases and sales in turn over the symbols, one or two a day."""
    deposit = [{"date": str(DAY), "kind": "DEPOSIT", "amount": "50000000", "currency": "USD"}] if start == 0 else []
    trades = [trade(number) for number in range(start, start + count - len(deposit))]
    return deposit + trades


def trade(number: int) -> dict[str, Any]:
    kind = "SELL" if number % 5 == 4 else "BUY"
    return {"date": str(DAY + dt.timedelta(days=number)), "kind": kind, "symbol": SYMBOLS[number % len(SYMBOLS)],
            "quantity": str(3 + number % 7), "price": str(100 + number % 50), "fee": "1.00"}


def milliseconds(work: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    answer = work()
    took = (time.perf_counter() - began) * 1000
    assert answer.is_success, answer.text[:400]
    return took


def run(server: Server) -> list[Row]:
    """Measure on a running server with the demo's instruments."""
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=60) as client:
        place = client.post("/portfolios", json={"name": "Bench", "base_currency": "USD"}).json()["id"]
        ledger, holdings = f"/portfolios/{place}/transactions", f"/portfolios/{place}/holdings"
        batches = [milliseconds(lambda start=start: client.post(ledger, json=transactions(1000, start))) for start in (0, 1000)]
        cold, warm = [], []
        for number in range(5):
            milliseconds(lambda number=number: client.post(ledger, json=trade(2000 + number)))
            cold.append(milliseconds(lambda: client.get(holdings)))
            warm += [milliseconds(lambda: client.get(holdings)) for _ in range(10)]
        client.delete(f"/portfolios/{place}", headers={"If-Match": "1"})
    return [
        Row("a batch of 1,000 transactions posted", max(batches), 1000, "ms"),
        Row("holdings of 2,000 transactions, cold (median)", statistics.median(cold), 300, "ms"),
        Row("holdings of 2,000 transactions, cold (worst)", max(cold), None, "ms"),
        Row("holdings of 2,000 transactions, warm (median)", statistics.median(warm), 60, "ms"),
        Row("holdings of 2,000 transactions, warm (p95)", statistics.quantiles(warm, n=20)[-1], None, "ms"),
    ]
